"""Figure of section 2: the order-to-chaos line over the depth scale of correlations."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ntk_theory.report.phases import Diagram, Phases
from ntk_theory.report.settings import TITLES
from ntk_theory.report.style import Palette, figure

DEPTHS = (1, 2, 3, 5, 10, 20, 50)
TICKS = tuple(base * 10**power for power in (-1, 0, 1, 2) for base in (1, 2, 5))


def diagram_figure(diagrams: Mapping[str, Diagram], phases: Mapping[str, Phases], palette: Palette) -> Any:
    """One panel an activation: ξ_c in colour and contours, the line, and the three networks of section 3."""
    from matplotlib.colors import BoundaryNorm
    from matplotlib.patheffects import withStroke

    drawing, axes = figure(3.3, columns=len(diagrams))
    halo = [withStroke(linewidth=1.8, foreground="#10131a")]
    levels = [0.3, 0.5, *DEPTHS, 100]
    for axis, (name, diagram) in zip(axes[0], diagrams.items(), strict=True):
        grid = np.where(diagram.exists, np.clip(diagram.xi_c, 0.31, 99), np.nan)
        coloured = axis.contourf(
            diagram.W_vars,
            diagram.b_vars,
            grid,
            levels=levels,
            norm=BoundaryNorm(levels, 256),
            cmap=palette.sequential,
        )
        coloured.set_edgecolor("face")
        axis.plot(*diagram.line.T, color="white", linewidth=2.2, path_effects=halo)
        W_min, W_max, b_max = diagram.W_vars[0], diagram.W_vars[-1], diagram.b_vars[-1]
        middle = np.interp(0.75 * b_max, diagram.line[:, 1], diagram.line[:, 0])
        _label(axis, np.sqrt(middle * W_min), 0.75 * b_max, "ordered", "white", halo)
        if diagram.exists.all():
            _label(axis, np.sqrt(middle * W_max), 0.75 * b_max, "chaotic", "white", halo)
        else:
            axis.axvspan(middle, W_max, color=palette.quiet, alpha=0.22, linewidth=0)
            text = "chaotic:\nthe variance\ngrows without\nbound"
            _label(axis, np.sqrt(middle * W_max), 0.75 * b_max, text, palette.ink, [])
        axis.set(
            title=TITLES[name],
            xlabel=r"$\sigma_w^2$",
            xscale="log",
            xlim=(W_min, W_max),
            ylim=(0, b_max),
        )
        ticks = [t for t in TICKS if W_min <= t <= W_max]
        axis.set_xticks(ticks[::2] if len(ticks) > 6 else ticks)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.minorticks_off()
        points = phases[name].points
        axis.plot(
            [float(p.W_var) for p in points],
            [float(Fraction(p.b_var)) for p in points],
            "o",
            color="white",
            markeredgecolor="#10131a",
            markersize=5.5,
            clip_on=False,
            zorder=5,
        )
    axes[0, 0].set_ylabel(r"$\sigma_b^2$")
    bar = drawing.colorbar(coloured, ax=list(axes[0]), pad=0.015, ticks=[0.5, *DEPTHS])
    bar.ax.set_yticklabels(["½", *map(str, DEPTHS)])
    bar.set_label(r"depth scale $\xi_c$ (layers)")
    bar.outline.set_visible(False)
    return drawing


def _label(axis: Any, x: float, y: float, text: str, colour: str, halo: Any) -> None:
    axis.text(x, y, text, color=colour, ha="center", va="center", path_effects=halo, fontsize=9.5)
