"""Figure of section 5: the kernel regime at a glance, two widths beside the one path of the kernel."""

from typing import Any

import numpy as np

from ntk_theory.report.function_space import FunctionSpace
from ntk_theory.report.style import Palette, figure


def function_space_figure(found: FunctionSpace, palette: Palette) -> Any:
    """Above: paths in the plane of two outputs. Below: of two components of the residual; Θ's is straight."""
    drawing, axes = figure(7.0, columns=len(found.widths), rows=2, sharex="row", sharey="row")
    for column, width in enumerate(sorted(found.widths)):
        above, below = axes[:, column]
        for axis, networks, kernel in (
            (above, found.networks[column], found.kernel[column]),
            (below, found.bent[column], found.straight[column]),
        ):
            for member, path in enumerate(networks):
                shown = path if axis is above else np.where(path > 0, path, np.nan)
                axis.plot(
                    *shown.T,
                    "o-",
                    color=palette.series[1],
                    linewidth=0.9,
                    markersize=2.4,
                    alpha=0.75,
                    label=None if member else "networks",
                )
                axis.plot(*shown[-1], "o", color=palette.series[1], markersize=6)
            axis.plot(*kernel.T, color=palette.series[0], linewidth=2.6, label=r"the kernel's path", zorder=4)
            axis.plot(*kernel[0], "o", color=palette.ink, markersize=6, zorder=5)
            axis.plot(*kernel[-1], "o", color=palette.series[0], markersize=7, zorder=5)
        above.set(title=f"width {width}", xlabel=r"$f(x_1) - f_0(x_1)$")
        first, second = found.ranks
        below.set(xscale="log", yscale="log", xlabel=rf"residual along eigenvector {first}, of its start")
    axes[0, 0].set_ylabel(r"$f(x_2) - f_0(x_2)$")
    axes[1, 0].set_ylabel(rf"along eigenvector {second}")
    lowest = np.min([path[-1] for path in found.straight], axis=0)
    axes[1, 0].set_xlim(max(lowest[0], 1e-4) / 1.5, 1.3)
    axes[1, 0].set_ylim(max(lowest[1], 1e-4) / 1.5, 1.15)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=2)
    return drawing
