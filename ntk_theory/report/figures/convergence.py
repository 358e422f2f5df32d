"""Figure of section 4: distance from the theory against width, with the predicted powers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ntk_theory.report.settings import TITLES
from ntk_theory.report.simulation import NNGP_PAIR, NTK_PAIR, Simulated
from ntk_theory.report.style import Palette, figure
from ntk_theory.verify import Convergence


def convergence_figure(
    grown: Mapping[str, Convergence], simulated: Mapping[str, Simulated], palette: Palette
) -> Any:
    """One panel an activation: fluctuation of one network and bias of the mean, with lines ∝ n^-½ and n^-1."""
    drawing, axes = figure(4.0, columns=len(grown), sharey=True)
    for axis, (name, data) in zip(axes[0], grown.items(), strict=True):
        widths = np.array(data.widths, float)
        for quantity, label, colour, marker in (
            (NTK_PAIR, "NTK", palette.series[0], "o"),
            (NNGP_PAIR, "NNGP", palette.series[1], "s"),
        ):
            law = next(one for one in simulated[name].laws if one.quantity == quantity)
            column = data.quantities.index(quantity)
            scale = data.scale[column]
            std, bias = data.std[:, column] / scale, data.bias[:, column] / scale
            error = data.standard_error[:, column] / scale
            axis.plot(widths, law.fluctuation / np.sqrt(widths), color=colour, linewidth=1)
            axis.plot(widths, std, marker, color=colour, label=f"{label}: fluctuation of one network")
            if abs(law.bias) > 3 * law.bias_error:
                axis.plot(widths, abs(law.bias) / widths, color=colour, linewidth=1, linestyle=(0, (5, 2)))
            seen = bias > 2 * error
            axis.errorbar(
                widths[seen],
                bias[seen],
                yerr=np.minimum(2 * error[seen], 0.95 * bias[seen]),
                fmt=marker,
                color=colour,
                markerfacecolor=palette.paper,
                label=f"{label}: bias of the mean",
                elinewidth=1,
            )
            hidden = {"color": colour, "markersize": 4, "alpha": 0.45, "linestyle": "none"}
            axis.plot(widths[~seen], 2 * error[~seen], marker="v", label=f"{label}: bias not resolved", **hidden)
        axis.set(
            title=TITLES[name], xscale="log", yscale="log", xlabel="width $n$", xticks=widths[::2], ylim=(6e-5, 3)
        )
        axis.set_xticklabels([str(int(n)) for n in widths[::2]])
        axis.minorticks_off()
        _slopes(axis, widths, simulated[name], palette)
    axes[0, 0].set_ylabel("relative to the kernel's size")
    handles, labels = axes[0, -1].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=3)
    return drawing


def _slopes(axis: Any, widths: Any, simulated: Simulated, palette: Palette) -> None:
    law = next(one for one in simulated.laws if one.quantity == NTK_PAIR)
    n = widths[-3]
    axis.text(n, 1.9 * law.fluctuation / np.sqrt(n), r"$\propto 1/\sqrt{n}$", color=palette.series[0], ha="center")
    axis.text(n, 0.32 * abs(law.bias) / n, r"$\propto 1/n$", color=palette.series[0], ha="center")
    off = abs(simulated.planted_ntk - simulated.theory_ntk) / simulated.scale_ntk
    size = (
        f"{off:.1f}" if off < 100 else rf"{off / 10 ** int(np.log10(off)):.1f} \times 10^{{{int(np.log10(off))}}}"
    )
    text = rf"planted error: off by ${size}$ at any width"
    axis.text(0.98, 0.97, text, transform=axis.transAxes, ha="right", va="top", color=palette.bad, fontsize=9)
