"""Figure of section 4: distance from the theory against width, with the predicted powers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ntk_theory.report.settings import TITLES
from ntk_theory.report.simulation import NNGP_PAIR, NTK_PAIR, Simulated
from ntk_theory.report.style import Palette, figure
from ntk_theory.verify import Convergence

DASHED = (0, (5, 2))


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
            axis.plot(widths, std, marker, color=colour, label=f"{label}, fluctuation")
            if abs(law.bias) > 3 * law.bias_error:
                axis.plot(widths, abs(law.bias) / widths, color=colour, linewidth=1, linestyle=DASHED)
            seen = bias > 2 * error
            axis.errorbar(
                widths[seen],
                bias[seen],
                yerr=np.minimum(2 * error[seen], 0.95 * bias[seen]),
                fmt=marker,
                color=colour,
                markerfacecolor=palette.paper,
                label=f"{label}, bias",
                elinewidth=1,
            )
            axis.plot(widths[~seen], 2 * error[~seen], "v", color=colour, markersize=4, alpha=0.45)
        axis.set(
            title=TITLES[name], xscale="log", yscale="log", xlabel="width $n$", xticks=widths[::2], ylim=(6e-5, 3)
        )
        axis.set_xticklabels([str(int(n)) for n in widths[::2]])
        axis.minorticks_off()
        _planted(axis, simulated[name], palette)
    axes[0, 0].set_ylabel("relative to the kernel's size")
    axes[0, 0].plot([], [], "v", color=palette.quiet, markersize=4, label="bias below two errors")
    axes[0, 0].plot([], [], color=palette.quiet, linewidth=1, label=r"$\propto 1/\sqrt{n}$")
    axes[0, 0].plot([], [], color=palette.quiet, linewidth=1, linestyle=DASHED, label=r"$\propto 1/n$")
    known: dict[str, Any] = {}
    for axis in axes[0, ::-1]:
        known |= dict(zip(*axis.get_legend_handles_labels()[::-1], strict=True))
    drawing.legend(known.values(), known.keys(), loc="outside lower center", ncols=4)
    return drawing


def _planted(axis: Any, simulated: Simulated, palette: Palette) -> None:
    off = abs(simulated.planted_ntk - simulated.theory_ntk) / simulated.scale_ntk
    size = (
        f"{off:.1f}" if off < 100 else rf"{off / 10 ** int(np.log10(off)):.1f} \times 10^{{{int(np.log10(off))}}}"
    )
    text = rf"planted error: off by ${size}$ at any width"
    axis.text(0.98, 0.97, text, transform=axis.transAxes, ha="right", va="top", color=palette.bad, fontsize=9)
