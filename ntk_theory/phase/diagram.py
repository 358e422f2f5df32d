"""`Phase`: what mean field theory says of an activation, every number with its error bound."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

import sympy
from flint import arb, ctx

from ntk_theory.dual import Dual
from ntk_theory.enclosure import Enclosure, Number
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import certify
from ntk_theory.errors import EnclosureError, NoFixedPointError, NotInClassError
from ntk_theory.phase import critical, fixed_points
from ntk_theory.phase.asymptotics import DepthAsymptotics
from ntk_theory.phase.correlation import DepthScales, depth_scales
from ntk_theory.phase.critical import CriticalPoint
from ntk_theory.phase.far import line_beyond
from ntk_theory.phase.fixed_points import FixedPoint, SearchRange
from ntk_theory.phase.half_stable import half_stable
from ntk_theory.phase.homogeneous import homogeneous
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.phase.regimes import Place, at_fixed_point
from ntk_theory.phase.summary import PhaseRow, PhaseSummary
from ntk_theory.phase.universality import Universality, universality
from ntk_theory.phase.vanishing import vanishing

Derived = TypeVar("Derived")

Q_MAX = 100.0
"""How far fixed points are looked for where φ has no proven bound."""


@dataclass(frozen=True)
class Phase:
    """The phases of `dual.activation` over σ_w² (`W_var`) and σ_b² (`b_var`). Made by `ntk_theory.phase`.

    Variances may be given as numbers, as text ("0.05", "1/20"), as fractions or SymPy numbers; a float is read
    as the decimal that it prints as. All methods raise `DataError` for negative or non-finite variances,
    `DivergentExpectationError` where φ jumps, and `EnclosureError` where the digits can't be reached.
    """

    dual: Dual

    @cached_property
    def length_map(self) -> LengthMap:
        """V, D and their slopes as ball functions."""
        return LengthMap(self.dual)

    def variance(self, q: Number, *, digits: int = 30) -> Enclosure:
        """V(q) = E[φ(√q z)²]."""
        return certify(lambda: [self.length_map.variance(as_ball(q, "q"))], digits, f"V({q})")[0]

    def chi_1(self, q: Number, W_var: Number = 1, *, digits: int = 30) -> Enclosure:
        """χ₁ = σ_w² E[φ′(√q z)²] at any variance q."""
        fixed_points.variances(W_var, q)
        return certify(lambda: [as_ball(W_var) * self.length_map.gain(as_ball(q, "q"))], digits, f"χ₁ at q = {q}")[
            0
        ]

    def fixed_points(
        self, W_var: Number, b_var: Number, *, digits: int = 30, q_max: float = Q_MAX
    ) -> tuple[FixedPoint, ...]:
        """All fixed points of q ↦ σ_w² V(q) + σ_b² in `search_range`, in increasing order.

        An empty tuple proves that there is none in the range.
        """
        return fixed_points.fixed_points(self.length_map, W_var, b_var, digits, q_max)

    def search_range(self, W_var: Number, b_var: Number, *, q_max: float = Q_MAX) -> SearchRange:
        """Where `fixed_points` looks: all there can be if φ is bounded or scale-invariant, else up to `q_max`."""
        fixed_points.variances(W_var, b_var)
        return fixed_points.search_range(self.length_map, W_var, b_var, q_max)

    def fixed_point(self, W_var: Number, b_var: Number, *, digits: int = 30, q_max: float = Q_MAX) -> FixedPoint:
        """The stable fixed point; of several, the one that the length map leads to from q = 1.

        Raises `NoFixedPointError` where there is none in `search_range`.
        """
        points = self.fixed_points(W_var, b_var, digits=digits, q_max=q_max)
        searched = self.search_range(W_var, b_var, q_max=q_max)
        return fixed_points.the_fixed_point(self.length_map, points, W_var, b_var, searched)

    def critical_points(
        self, b_var: Number = Fraction(1, 20), *, digits: int = 30, q_max: float = Q_MAX
    ) -> tuple[CriticalPoint, ...]:
        """All points of the order-to-chaos line at σ_b² = `b_var`, stable or not, in increasing order of q."""
        return critical.critical_points(self.length_map, b_var, digits, q_max)

    def critical_W_var(
        self, b_var: Number = Fraction(1, 20), *, digits: int = 30, q_max: float = Q_MAX
    ) -> Enclosure:
        """σ_w² on the order-to-chaos line at σ_b² = `b_var`: χ₁ = 1 at a stable fixed point of the variance.

        The smallest, should there be several. Raises `NoFixedPointError` where the line has no such point.
        """
        points = self.critical_points(b_var, digits=digits, q_max=q_max)
        searched = critical.search_range(self.length_map, b_var, q_max)
        return critical.the_critical_point(self.length_map, points, b_var, searched).W_var

    def critical_point(self, q: Number, *, digits: int = 30) -> CriticalPoint:
        """The point of the line whose fixed point is `q`: σ_w² = 1/E[φ′²], σ_b² = q - E[φ²]/E[φ′²].

        Raises `NoFixedPointError` where that σ_b² is negative.
        """
        return critical.critical_point(self.length_map, q, digits)

    @property
    def boundary_W_var(self) -> Enclosure | None:
        """For a scale-invariant φ the σ_w² where χ₁ = 1 at every variance and σ_b² (ReLU: 2). None for others."""
        if self.length_map.scale is None:
            return None
        gain = self.dual.derivative_variance
        return certify(lambda: [1 / as_ball(gain)], 30, "1/E[φ′²]")[0]

    def critical_line(self, b_var_max: Number = 1, *, points: int = 40) -> tuple[tuple[float, float], ...]:
        """Points (σ_w², σ_b²) of the line for drawing, from σ_b² = 0 to `b_var_max`: midpoints of enclosures.

        Raises `NoFixedPointError` where the line does not reach from 0 to `b_var_max` on stable fixed points.
        """
        boundary = self.boundary_W_var
        if boundary is not None:
            return ((float(boundary), 0.0), (float(boundary), float(as_ball(b_var_max))))
        start, end = (float(self._stable(b).q) for b in (0, b_var_max))
        middle = (start + (end - start) * (k / (points - 1)) ** 2 for k in range(1, points - 1))
        line = [self._stable(0), *(self.critical_point(q, digits=10) for q in middle), self._stable(b_var_max)]
        return tuple((float(point.W_var), float(point.b_var)) for point in line)

    def depth_scales(self, W_var: Number, b_var: Number, *, digits: int = 15, q_max: float = Q_MAX) -> DepthScales:
        """Depth scales of variance, correlation and gradients at `fixed_point`, with c* and the slope there."""
        point = self.fixed_point(W_var, b_var, digits=digits + 20, q_max=q_max)
        return depth_scales(self.length_map, point, W_var, b_var, digits)

    def universality(self, *, digits: int = 20, q_max: float = Q_MAX) -> Universality:
        """The universality class, with the critical initialization that belongs to it (Roberts, Yaida & Hanin)."""
        return universality(self.length_map, digits, q_max)

    def critical_asymptotics(self, *, digits: int = 15, q_max: float = Q_MAX) -> DepthAsymptotics:
        """`asymptotics` at the critical initialization of the universality class.

        Raises `NoFixedPointError` where the class has none.
        """
        found = self.universality(digits=digits + 25, q_max=q_max)
        point = found.critical
        if point is None:
            raise NoFixedPointError(
                f"{self.length_map.name} has no critical initialization: {found.reason}. asymptotics(b_var=...) "
                "takes a point of the order-to-chaos line instead."
            )
        if found.name != "half-stable":
            return self.asymptotics(b_var=0, digits=digits, q_max=q_max)
        one = Enclosure(arb(1))
        place = FixedPoint(point.q, one, one, stable=False)
        texts = (as_text(point.W_var), as_text(point.b_var))
        return half_stable(Place(self.length_map, point.W_var, point.b_var, texts, place, digits))

    def asymptotics(
        self, W_var: Number | None = None, b_var: Number = 0, *, digits: int = 15, q_max: float = Q_MAX
    ) -> DepthAsymptotics:
        """What variance, correlation and NTK do at depth l → ∞, as formulas in l with derived constants.

        Without `W_var`, on the order-to-chaos line at `b_var`. Raises `NoFixedPointError` where no deep network
        has a limit there, `EnclosureError` where `W_var` can't be told from the critical one.
        """
        fixed_points.variances(0 if W_var is None else W_var, b_var)
        length = self.length_map
        if self.dual.derivative_variance == 0:
            raise NoFixedPointError(f"{length.name} is constant: χ₁ = 0, and one layer makes all inputs the same.")
        if length.scale is not None:
            W: Number = sympy.simplify(1 / self.dual.derivative_variance) if W_var is None else W_var
            points = self.fixed_points(W, b_var, digits=digits + 15)
            return homogeneous(length, W, b_var, (as_text(W), as_text(b_var)), points, digits)
        if W_var is None:
            line = self._stable(b_var, digits + 20, q_max)
            W, point = line.W_var, FixedPoint(line.q, Enclosure(arb(1)), line.chi_parallel, line.stable)
            if line.q.ball == 0:
                W = sympy.simplify(1 / length.gain_at_zero)
        else:
            W, point = W_var, self.fixed_point(W_var, b_var, digits=digits + 20, q_max=q_max)
        place = Place(length, W, b_var, (as_text(W), as_text(b_var)), point, digits)
        if point.q.ball == 0:
            return vanishing(place)
        if point.phase == "critical" and W_var is not None and not isinstance(W_var, Enclosure):
            raise EnclosureError(
                f"χ₁ at σ_w² = {W_var} is {point.chi_1}, which can't be told from 1. Leave W_var out for the "
                "critical point itself, or ask for more digits."
            )
        return at_fixed_point(place)

    def summary(
        self, b_var: Number = Fraction(1, 20), W_var: Number | None = None, *, digits: int = 20
    ) -> PhaseSummary:
        """The order-to-chaos line at `b_var`, and fixed point and depth scales at `W_var`.

        Without `W_var`: at half and at twice the critical value, to two digits, one in each phase. Depth scales
        come to 15 digits at most.
        """
        points = self.critical_points(b_var, digits=digits)
        searched = critical.search_range(self.length_map, b_var, Q_MAX)
        line: Enclosure | None
        try:
            line, note = critical.the_critical_point(self.length_map, points, b_var, searched).W_var, ""
        except NoFixedPointError as error:
            line, note = self.boundary_W_var, str(error)
        around = 1.0 if line is None else float(line)
        chosen = [Fraction(f"{factor * around:.2g}") for factor in (0.5, 2.0)] if W_var is None else [W_var]
        rows = tuple(self._row(W, b_var, min(digits, 15), deep=W_var is not None) for W in chosen)
        deep = _maybe(lambda: self.asymptotics(b_var=b_var)) if W_var is None else None
        universal = _maybe(lambda: self.universality(digits=digits))
        return PhaseSummary(
            self.dual.activation.name,
            as_text(b_var),
            line,
            points,
            rows,
            note,
            searched,
            self.line_ends(),
            universal,
            deep,
        )

    def line_ends(self) -> str:
        """Where the order-to-chaos line starts, and what it does at large variances, as far as that is proven."""
        length = self.length_map
        if length.scale is not None:
            return "the line: vertical, and on a fixed point of the variance only at σ_b = 0"
        try:
            start = self.critical_points(0, digits=10)
        except EnclosureError as error:
            return f"the line: its start at σ_b = 0 was not found ({error})"
        ends = [f"σ_w² = {p.W_var} ({'stable' if p.stable else 'not stable'})" for p in start]
        searched = critical.search_range(length, 0, Q_MAX)
        text = "the line: at σ_b = 0 " + (", ".join(ends) if ends else f"none with q in {searched}")
        if length.fixes_zero and length.derived:
            return f"{text}; every q > 0 has its point, with σ_b² = q E[(φ′ - φ/x)²]/E[φ′²] > 0"
        beyond = line_beyond(length.dual.activation, arb(0))
        if beyond is None:
            return f"{text}; what it does as q → ∞ was not proven"
        if beyond.sign > 0:
            return f"{text}; it goes on to q → ∞: every q ≥ {beyond.start:g} has its point, with σ_b² > 0"
        return f"{text}; it has no point with q ≥ {beyond.start:g}: σ_b² would be negative"

    def _row(self, W_var: Number, b_var: Number, digits: int, *, deep: bool) -> PhaseRow:
        asymptotics = _maybe(lambda: self.asymptotics(W_var, b_var, digits=digits)) if deep else None
        try:
            scales = self.depth_scales(W_var, b_var, digits=digits)
            return PhaseRow(as_text(W_var), scales, "", asymptotics)
        except (NoFixedPointError, EnclosureError) as error:
            return PhaseRow(as_text(W_var), None, str(error), asymptotics)

    def _stable(self, b_var: Number, digits: int = 10, q_max: float = Q_MAX) -> CriticalPoint:
        points = self.critical_points(b_var, digits=digits, q_max=q_max)
        searched = critical.search_range(self.length_map, b_var, q_max)
        return critical.the_critical_point(self.length_map, points, b_var, searched)


def _maybe(derive: Callable[[], Derived]) -> Derived | None:
    """What `derive` gives, or None where there is none to give: a summary says what it can."""
    try:
        return derive()
    except (NoFixedPointError, EnclosureError, NotInClassError):
        return None


def as_text(value: Number) -> str:
    """A variance as it is printed: a fraction that is a short decimal as that decimal."""
    with ctx.workprec(64):
        short = f"{float(as_ball(value)):.12g}"
    try:
        return short if isinstance(value, Enclosure) or Fraction(short) == Fraction(str(value)) else str(value)
    except ValueError:
        return str(value)
