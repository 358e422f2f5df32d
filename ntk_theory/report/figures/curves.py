"""Figure of section 1: φ, K and K̇ of each activation."""

from collections.abc import Mapping
from typing import Any

from ntk_theory.report.derivation import Curves
from ntk_theory.report.settings import TITLES
from ntk_theory.report.style import DASHES, Palette, figure


def curves_figure(curves: Mapping[str, Curves], palette: Palette) -> Any:
    """Three panels: the activations, and K and K̇ at q1 = q2 = 1 against the correlation c."""
    drawing, axes = figure(2.9, columns=3)
    left, middle, right = axes[0]
    for (name, curve), colour, dash in zip(curves.items(), palette.series, DASHES, strict=False):
        style = {"color": colour, "linestyle": dash, "label": TITLES[name]}
        left.plot(curve.x, curve.phi, **style)
        middle.plot(curve.c, curve.kernel, **style)
        right.plot(curve.c, curve.derivative, **style)
    left.set(title=r"activation  $\phi(x)$", xlabel="$x$", ylim=(-1.15, 2.2), xlim=(-3, 3))
    middle.set(title=r"$K(1, 1, c)$", xlabel="correlation $c$", xlim=(-1, 1))
    right.set(title=r"$\dot{K}(1, 1, c)$", xlabel="correlation $c$", xlim=(-1, 1))
    for axis in axes[0]:
        axis.axhline(0, color=palette.quiet, linewidth=0.6, zorder=0)
    handles, labels = left.get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return drawing
