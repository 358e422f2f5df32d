"""What the command line and the report print of an activation's phases, as plain records."""

from dataclasses import dataclass
from typing import Any

from ntk_theory.enclosure import Enclosure
from ntk_theory.phase.asymptotics import DepthAsymptotics
from ntk_theory.phase.correlation import DepthScales
from ntk_theory.phase.critical import CriticalPoint
from ntk_theory.phase.fixed_points import SearchRange
from ntk_theory.phase.universality import Universality


@dataclass(frozen=True)
class PhaseRow:
    """One σ_w²: its depth scales, with the fixed point in them; or None and a `note` that says why not."""

    W_var: str
    scales: DepthScales | None
    note: str
    asymptotics: DepthAsymptotics | None = None

    def __str__(self) -> str:
        deep = [] if self.asymptotics is None else ["", str(self.asymptotics)]
        if self.scales is None:
            return "\n".join([f"σ_w² = {self.W_var}: {self.note}", *deep])
        point = self.scales.point
        values: dict[str, Enclosure | None] = {"q*": point.q, "χ₁": point.chi_1, "χ_∥": point.chi_parallel}
        values |= {"c*": self.scales.c_star, "χ at c*": self.scales.chi_c}
        values |= {"ξ_q": self.scales.xi_q, "ξ_c": self.scales.xi_c, "ξ of gradients": self.scales.xi_gradient}
        lines = [f"σ_w² = {self.W_var}: {point.phase}"]
        lines += [f"  {name} = {value}" for name, value in values.items() if value is not None]
        return "\n".join(lines + ([f"  {self.scales.note}"] if self.scales.note else []) + deep)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "W_var": self.W_var,
            "scales": None if self.scales is None else self.scales.as_dict(),
            "note": self.note,
            "asymptotics": None if self.asymptotics is None else self.asymptotics.as_dict(),
        }


@dataclass(frozen=True)
class PhaseSummary:
    """The order-to-chaos line at σ_b² = `b_var`, and what happens beside it.

    `critical_W_var` is σ_w² on the line, or for a scale-invariant φ its vertical boundary; None where there is
    none, and `note` says why. `critical_points` are all points with χ₁ = 1, unstable ones too, in the range of
    variances `searched`. `line` says where the whole line starts and what it does far out; `universality` is the
    activation's class, `asymptotics` what depth does on the line.
    """

    activation: str
    b_var: str
    critical_W_var: Enclosure | None
    critical_points: tuple[CriticalPoint, ...]
    rows: tuple[PhaseRow, ...]
    note: str
    searched: SearchRange
    line: str
    universality: Universality | None
    asymptotics: DepthAsymptotics | None

    def __str__(self) -> str:
        lines = [f"{self.activation} at σ_b² = {self.b_var}"]
        if self.critical_W_var is not None:
            lines.append(f"order-to-chaos line: σ_w² = {self.critical_W_var}")
        lines += [
            f"χ₁ = 1 at σ_w² = {point.W_var}, q* = {point.q}, χ_∥ = {point.chi_parallel}"
            f" ({'stable' if point.stable else 'not stable'})"
            for point in self.critical_points
        ]
        lines += [self.note] if self.note else []
        lines.append(f"fixed points of the line looked for in {self.searched}")
        lines += [self.line, *([] if self.universality is None else [str(self.universality)])]
        parts = ["\n".join(lines), *map(str, self.rows)]
        return "\n\n".join([*parts, *([] if self.asymptotics is None else [str(self.asymptotics)])])

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "activation": self.activation,
            "b_var": self.b_var,
            "critical_W_var": None if self.critical_W_var is None else self.critical_W_var.as_dict(),
            "critical_points": [point.as_dict() for point in self.critical_points],
            "rows": [row.as_dict() for row in self.rows],
            "note": self.note,
            "searched": str(self.searched),
            "complete": self.searched.complete,
            "line": self.line,
            "universality": None if self.universality is None else self.universality.as_dict(),
            "asymptotics": None if self.asymptotics is None else self.asymptotics.as_dict(),
        }
