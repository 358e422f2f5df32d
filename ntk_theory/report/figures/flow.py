"""Figure of section 5: the closed form of gradient flow drawn through the training of one wide network."""

from collections.abc import Mapping
from typing import Any

from ntk_theory.report.flow import Paths
from ntk_theory.report.settings import TITLES
from ntk_theory.report.style import MARKERS, Palette, figure


def flow_figure(paths: Mapping[str, Paths], palette: Palette) -> Any:
    """Above: outputs on four test inputs, lines in closed form, markers the network. Below: the distance."""
    drawing, axes = figure(5.2, columns=len(paths), rows=2, sharex="col", height_ratios=(1.7, 1))
    for (above, below), (name, path) in zip(axes.T, paths.items(), strict=True):
        for i, colour in zip(range(path.network.shape[1]), palette.series, strict=False):
            above.plot(path.curve_times, path.curve[:, i], color=colour, linewidth=1.3)
            above.plot(path.times[1:], path.network[1:, i], MARKERS[i], color=colour, markersize=3.8)
        above.set(title=TITLES[name], xscale="log")
        below.plot(
            path.times[1:],
            path.infinite_distance[1:],
            color=palette.ink,
            label=r"with $\Theta$ of infinite width: $O(1/\sqrt{n})$",
        )
        below.plot(
            path.times[1:],
            path.own_distance[1:],
            color=palette.ink,
            linestyle=(0, (4, 2)),
            label=r"with the network's own $\Theta$ at the start: $O(1/n)$",
        )
        below.set(yscale="log", xlabel=r"time $t\,\lambda_{\max}$", ylim=(5e-4, 0.3))
    axes[0, 0].set_ylabel(r"$f_t(x)$ on test inputs")
    axes[1, 0].set_ylabel("distance / distance moved")
    handles, labels = axes[1, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=2)
    return drawing
