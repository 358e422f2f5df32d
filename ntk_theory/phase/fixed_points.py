"""All fixed points of the length map q ↦ σ_w² V(q) + σ_b² in a range, with χ₁, χ_∥ and stability, proven.

χ₁ = σ_w² E[φ′²] decides whether two nearby inputs come together (ordered, χ₁ < 1) or apart (chaotic);
χ_∥ = σ_w² V′(q*) = σ_w² (E[φ′²] + E[φφ″]) whether the variance itself returns to q* (Poole et al. 2016,
Schoenholz et al. 2017).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Literal

import sympy
from flint import arb, ctx
from sympy import Expr

from ntk_theory.enclosure import Enclosure, find_roots
from ntk_theory.enclosure.ball import Number, as_ball, as_fraction
from ntk_theory.enclosure.evaluate import certify
from ntk_theory.enclosure.leading import sign
from ntk_theory.enclosure.roots import Root
from ntk_theory.errors import DataError, EnclosureError, NoFixedPointError
from ntk_theory.phase.length_map import LengthMap

FARTHEST = 1e7
"""Bounds on fixed points beyond this, for σ_w² next to where V outgrows q, are not searched up to."""

PhaseName = Literal["ordered", "critical", "chaotic"]


@dataclass(frozen=True)
class FixedPoint:
    """A variance that a layer returns unchanged.

    - `q`: the fixed point q*;
    - `chi_1`: σ_w² E[φ′(√q* z)²]; `chi_parallel`: the slope of the length map at q*;
    - `stable`: whether the length map is proven to lead to q*: |χ_∥| < 1, or at q* = 0 with χ_∥ = 1 that
      V(q) < V′(0)q near 0;
    - `phase`: "ordered" where χ₁ < 1 and "chaotic" where χ₁ > 1 is proven, else "critical": χ₁ is 1 exactly,
      or to all digits computed;
    - `every_q`: True where every variance is a fixed point (ReLU at σ_w² = 2, σ_b = 0); q is then 1, one of them.
    """

    q: Enclosure
    chi_1: Enclosure
    chi_parallel: Enclosure
    stable: bool
    every_q: bool = False

    @property
    def phase(self) -> PhaseName:
        if self.chi_1.ball < 1:
            return "ordered"
        return "chaotic" if self.chi_1.ball > 1 else "critical"

    def rounded(self, digits: int) -> "FixedPoint":
        """The same point, its numbers to about `digits` digits."""
        q, chi_1, chi_parallel = (n.rounded(digits) for n in (self.q, self.chi_1, self.chi_parallel))
        return FixedPoint(q, chi_1, chi_parallel, self.stable, self.every_q)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "q": self.q.as_dict(),
            "chi_1": self.chi_1.as_dict(),
            "chi_parallel": self.chi_parallel.as_dict(),
            "stable": self.stable,
            "phase": self.phase,
            "every_q": self.every_q,
        }


@dataclass(frozen=True)
class SearchRange:
    """Where fixed points were looked for; `complete` where it is proven that there are none elsewhere."""

    lower: float
    upper: float
    complete: bool

    def __str__(self) -> str:
        if math.isinf(self.upper):
            return "[0, ∞)"
        return f"[{self.lower:.6g}, {self.upper:.6g}]" + (", and nowhere else" if self.complete else "")


def variances(W_var: Number, b_var: Number) -> None:
    """Check σ_w² and σ_b². Raises `DataError` where one is no finite number or negative."""
    for name, value in (("W_var", W_var), ("b_var", b_var)):
        if as_ball(value, name) < 0:
            raise DataError(f"{name} = {value} is negative; it is a variance (σ², not σ), at least 0.")


def positive(q_max: float) -> None:
    """Check the end of a search. Raises `DataError` where it is no finite positive number."""
    if not (isinstance(q_max, Real) and math.isfinite(q_max) and q_max > 0):
        raise DataError(f"q_max = {q_max} must be positive and finite: the largest variance to look at.")


def is_zero(value: Number) -> bool:
    """Whether a number is exactly 0."""
    return bool(as_ball(value) == 0)


def exactly(value: Number) -> Expr:
    """A variance as an exact SymPy number. Raises `DataError` where it has a radius."""
    if isinstance(value, Enclosure):
        if not value.exact:
            raise DataError(f"{value} has a radius: a homogeneous activation's formulas need exact variances.")
        return value.mid
    if isinstance(value, Expr) and not value.is_Float:
        return value
    fraction = as_fraction(value)
    return sympy.Rational(fraction.numerator, fraction.denominator)


def excess(W_var: Number, gain: Expr) -> int:
    """The sign of σ_w²·gain - 1, decided exactly. Raises `EnclosureError` where the radius of W_var hides it."""
    if not isinstance(W_var, Enclosure) or W_var.exact:
        return sign(exactly(W_var) * gain - 1)
    ball = W_var.ball * as_ball(gain) - 1
    if ball.contains(0):
        raise EnclosureError(f"Whether σ_w²·{gain} is 1 can't be told for σ_w² = {W_var}: give it exactly.")
    return 1 if ball > 0 else -1


def search_range(length: LengthMap, W_var: Number, b_var: Number, q_max: float) -> SearchRange:
    """The range that `fixed_points` searches. Every fixed point is at least σ_b², and, if |φ| ≤ B, at most
    σ_w² B² + σ_b². If |φ - α_±x| ≤ M, s = (α₊² + α₋²)/2, |√V - √(sq)| ≤ M: with y = √q and σ_w²s < 1 a fixed
    point has y² ≤ σ_w²(√s y + M)² + σ_b²; with σ_w²s > 1, y ≥ σ_w(√s y - M)."""
    positive(q_max)
    q_max = min(q_max, length.last_finite)
    if length.scale is not None:
        return SearchRange(0.0, math.inf, True)
    with ctx.workprec(256):
        W, b = as_ball(W_var, "W_var"), as_ball(b_var, "b_var")
        lower = float(b.lower()) * (1 - 2.0**-20)
        if is_zero(b_var) and length.fixes_zero:
            lower = _clear_of_zero(length, W)
        highest = _highest(length, W, b)
        if highest is not None and length.bound is None and not highest < FARTHEST:
            highest = None
        complete = highest is not None and lower >= 0
        upper = q_max if highest is None else float(highest.upper())
        upper = max(upper, 2 * abs(lower)) * (1 + 2.0**-10) + 2.0**-30
        return SearchRange(abs(lower), upper, complete)


def _highest(length: LengthMap, W: arb, b: arb) -> arb | None:
    """No fixed point is higher. None where that was not proven."""
    if length.bound is not None:
        return W * length.bound**2 + b
    if length.growth is None:
        return None
    square, M = as_ball(length.growth.square), length.growth.error
    rate = W * square
    if rate < 1:
        half = W * square.sqrt() * M
        return ((half + (half**2 + (1 - rate) * (W * M**2 + b)).sqrt()) / (1 - rate)) ** 2
    if rate > 1:
        return (W.sqrt() * M / (rate.sqrt() - 1)) ** 2
    return None


def fixed_points(
    length: LengthMap, W_var: Number, b_var: Number, digits: int, q_max: float
) -> tuple[FixedPoint, ...]:
    """All fixed points in `search_range`, in increasing order of q."""
    variances(W_var, b_var)
    if length.scale is not None:
        return _scale_invariant(length, W_var, b_var, digits)
    found = []
    if is_zero(b_var) and length.fixes_zero:
        gain = length.gain_at_zero
        found.append(_certified(lambda: (arb(0), *[as_ball(W_var) * as_ball(gain)] * 2), digits, length))
    searched = search_range(length, W_var, b_var, q_max)

    def residual(q: arb) -> arb:
        return as_ball(W_var) * length.variance(q) + as_ball(b_var) - q

    def rise(q: arb) -> arb:
        return as_ball(W_var) * length.variance_slope(q) - 1

    for root in find_roots(residual, rise, arb(searched.lower), arb(searched.upper)):
        found.append(_at(length, W_var, root, digits))
    return tuple(found)


def the_fixed_point(
    length: LengthMap, points: tuple[FixedPoint, ...], W_var: Number, b_var: Number, searched: SearchRange
) -> FixedPoint:
    """The stable one; of several, the one that iteration from q = 1 goes to if V increases."""
    stable = [point for point in points if point.stable or point.every_q]
    if not stable:
        raise NoFixedPointError(_absence(length, points, W_var, b_var, searched))
    if len(stable) == 1:
        return stable[0]
    below = [point for point in points if point.q.ball <= 1]
    above = [point for point in points if point.q.ball > 1]
    nearest = below[-1] if below and below[-1].stable else above[0] if above else below[-1]
    return nearest if nearest.stable else stable[0]


def _at(length: LengthMap, W_var: Number, root: Root, digits: int) -> FixedPoint:
    def compute() -> tuple[arb, arb, arb]:
        q, W = root.ball(), as_ball(W_var)
        return q, W * length.gain(q), W * length.variance_slope(q)

    point = _certified(compute, digits, length)
    if point.stable or point.chi_parallel.ball > 1:
        return point
    with ctx.workprec(512):  # where σ_w²V + σ_b² - q falls through 0 by the search's proof, χ_∥ < 1
        falls = root.function(arb(root.upper)) < 0
    return replace(point, stable=bool(falls and point.chi_parallel.ball > -1))


def _certified(compute: Callable[[], Sequence[arb]], digits: int, length: LengthMap) -> FixedPoint:
    q, chi_1, chi_parallel = certify(compute, digits, f"The fixed point of {length.name}")
    contracts = bool(abs(chi_parallel.ball) < 1)
    bends = q.ball == 0 and chi_parallel.ball == 1 and length.attracts_at_zero
    return FixedPoint(q, chi_1, chi_parallel, contracts or bends)


def _scale_invariant(length: LengthMap, W_var: Number, b_var: Number, digits: int) -> tuple[FixedPoint, ...]:
    """V(q) = s·q: q* = σ_b²/(1 - σ_w² s), if σ_w² s < 1."""
    side, gain = excess(W_var, length.scale), length.dual.derivative_variance

    def compute() -> tuple[arb, arb, arb]:
        W, b = as_ball(W_var), as_ball(b_var)
        rate = W * as_ball(length.scale)
        return (arb(0) if is_zero(b_var) else b / (1 - rate)), W * as_ball(gain), rate

    if side == 0 and is_zero(b_var):
        one = Enclosure(arb(1))
        (chi,) = certify(lambda: [as_ball(sympy.simplify(exactly(W_var) * gain))], digits, "χ₁")
        return (FixedPoint(one, chi, one, stable=False, every_q=True),)
    if side < 0 or is_zero(b_var):
        return (replace(_certified(compute, digits, length), stable=side < 0),)
    return ()


def _clear_of_zero(length: LengthMap, W: arb) -> float:
    """ε where (0, ε] holds no fixed point if σ_b = 0 and φ(0) = 0: there V(q)/q, a mean of V′ over (0, q], is
    not 1/σ_w². At σ_w² V′(0) = 1 itself V″ < 0 shows it. Negative where nothing was proven: then the search
    starts at -ε.
    """
    tangent = W * as_ball(length.gain_at_zero) <= 1
    for exponent in range(2, 140, 3):
        end = arb(2) ** -exponent
        ratio = W * length.near_zero(1, end)[0]
        if ratio.is_finite() and not ratio.contains(1):
            return 2.0**-exponent
        if tangent and length.near_zero(2, end)[0] < 0:
            return 2.0**-exponent
    return -(2.0**-30)


def _absence(
    length: LengthMap, points: tuple[FixedPoint, ...], W_var: Number, b_var: Number, searched: SearchRange
) -> str:
    where = f"{length.name} at σ_w² = {W_var}, σ_b² = {b_var}"
    if length.scale is not None:
        return (
            f"{where} has no stable fixed point: the variance obeys q ↦ {length.scale}·σ_w²·q + σ_b², which grows "
            f"without bound from σ_w² = {1 / length.scale} on, unless σ_w² = {1 / length.scale} and σ_b = 0. "
            "Take σ_w² smaller."
        )
    if points:
        return (
            f"{where} has {len(points)} fixed point(s), and none is stable (χ_∥ = "
            f"{', '.join(f'{float(point.chi_parallel):.6g}' for point in points)}). fixed_points(...) gives them."
        )
    hint = "" if searched.complete else " A larger q_max searches further."
    return f"{where} has no fixed point of the variance in {searched}.{hint}"
