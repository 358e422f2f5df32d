"""Figure of section 5: the test error of random-feature regression against their number, twice descending."""

from typing import Any

from ntk_theory.report.double_descent import DoubleDescent
from ntk_theory.report.style import Palette, figure


def double_descent_figure(found: DoubleDescent, palette: Palette) -> Any:
    """The theory's line through the medians of regressions that were run, bars from quartile to quartile."""
    drawing, axes = figure(3.2, width=6.4)
    axis = axes[0, 0]
    low, middle, high = found.quartiles
    axis.plot(found.line_features, found.line, color=palette.series[0], label="theory, from the eigenvalues")
    axis.errorbar(
        found.features,
        middle,
        yerr=[middle - low, high - middle],
        fmt="o",
        color=palette.series[1],
        elinewidth=1.1,
        label="regressions run",
    )
    axis.axhline(found.kernel, color=palette.quiet, linewidth=1, linestyle=(0, (4, 2)), label="the kernel")
    axis.axvline(found.samples, color=palette.quiet, linewidth=0.8)
    axis.set(xscale="log", yscale="log", xlabel="random features", ylabel="test error", ylim=(0.1, 3 * high.max()))
    axis.annotate("as many features as samples", (found.samples, 2.4 * high.max()), xytext=(6, 0),
                  textcoords="offset points", color=palette.quiet, fontsize=9, va="center")  # fmt: skip
    axis.legend(loc="center right", fontsize=9)
    return drawing
