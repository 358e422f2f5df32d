"""The order-to-chaos line: the pairs (σ_w², σ_b²) where χ₁ = 1 at a fixed point of the variance.

In parametric form, with q the fixed point: σ_w² = 1/E[φ′²], σ_b² = q - E[φ²]/E[φ′²], at variance q. So the
points of the line at a given σ_b² are the roots q of (q - σ_b²)·D(q) - V(q) = 0.
χ₁ = 1 is not enough for criticality: if χ_∥ > 1 the fixed point repels, and no deep network sits on it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flint import arb, ctx

from ntk_theory.enclosure import Enclosure, find_roots
from ntk_theory.enclosure.ball import Number, as_ball
from ntk_theory.enclosure.evaluate import certify, narrower
from ntk_theory.enclosure.roots import RealFunction, Root
from ntk_theory.errors import DataError, NoFixedPointError
from ntk_theory.phase.far import line_beyond
from ntk_theory.phase.fixed_points import FARTHEST, SearchRange, is_zero, positive, variances
from ntk_theory.phase.length_map import LengthMap

_SMALL = 2.0**-7
"""Below this variance Taylor's polynomial at 0 is the better bound."""
_CANCELS = 0.25
"""Below this one the terms of F′ cancel."""
_NARROW = 30
"""Balls of variances with more bits than this need no mean value form."""


@dataclass(frozen=True)
class CriticalPoint:
    """A point of the order-to-chaos line.

    `W_var`, `b_var`: σ_w² and σ_b²; `q`: the fixed point there; `chi_parallel`: the slope of the length map at
    it; `stable`: whether the fixed point is proven to attract: |χ_∥| < 1, or at the line's start q = 0, where
    χ_∥ = χ₁ = 1, that V(q) < V′(0)q near 0;
    `every_q`: True where every variance is a fixed point (ReLU at σ_w² = 2); q is then 1, one of them.
    """

    W_var: Enclosure
    b_var: Enclosure
    q: Enclosure
    chi_parallel: Enclosure
    stable: bool
    every_q: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "W_var": self.W_var.as_dict(),
            "b_var": self.b_var.as_dict(),
            "q": self.q.as_dict(),
            "chi_parallel": self.chi_parallel.as_dict(),
            "stable": self.stable,
            "every_q": self.every_q,
        }


def critical_point(length: LengthMap, q: Number, digits: int) -> CriticalPoint:
    """The point of the line whose fixed point is `q`. Raises `NoFixedPointError` where σ_b² would be negative."""
    at = as_ball(q, "q")
    if at < 0:
        raise DataError(f"q = {q} is negative; it is a variance, at least 0.")
    if length.scale is not None:
        return _scale_invariant(length, 0, digits)[0]
    if is_zero(q):
        if not length.fixes_zero:
            raise NoFixedPointError(
                f"{length.name} is not 0 at 0, so q = 0 is never a fixed point. Take q larger: the line starts at "
                "critical_points(b_var=0)."
            )
        return _start(length, digits)

    def compute() -> tuple[arb, arb, arb, arb]:
        variance = as_ball(q)
        V, D = length.variance(variance), length.gain(variance)
        return 1 / D, variance - V / D, variance, length.variance_slope(variance) / D

    point = _certified(compute, digits, f"The critical line of {length.name} at q = {q}")
    if point.b_var.ball < 0:
        raise NoFixedPointError(
            f"{length.name} has no critical point with q = {q}: E[φ²] > q·E[φ′²] there, so σ_b² would have to be "
            f"{float(point.b_var):.6g}."
        )
    return point


def search_range(length: LengthMap, b_var: Number, q_max: float) -> SearchRange:
    """The variances that `critical_points` searches. A fixed point is never below σ_b².

    If φ(0) = 0, qD - V = q E[(φ′ - φ/x)²], by Stein's identity for φ²/x: positive at every q > 0 unless φ is
    scale-invariant. So without biases the line has no point but its start q = 0.

    For |φ| ≤ B there are none beyond Q: D(q)√q = ∫φ′²e^{-x²/2q}dx/√(2π) increases with q, hence
    q - V/D ≥ q - M√q with M = B²/(D(Q)√Q), which increases from √q = M/2 on. For other φ `far` may show it.
    """
    positive(q_max)
    q_max = min(q_max, length.last_finite)
    if length.scale is not None or (is_zero(b_var) and length.fixes_zero and length.derived):
        return SearchRange(0.0, math.inf, True)
    with ctx.workprec(53):
        b = as_ball(b_var, "b_var")
        lower = float(b.lower()) * (1 - 2.0**-20)
        if length.bound is None:
            beyond = line_beyond(length.dual.activation, b)
            if beyond is None or beyond.start > FARTHEST:
                return SearchRange(lower, max(q_max, 2 * lower), False)
            return SearchRange(lower, max(beyond.start, 2 * lower), True)
        for exponent in range(0, 40):
            Q = 2 * arb(2) ** exponent + b
            root = Q.sqrt()
            steep = length.bound**2 / (length.gain(Q) * root)
            if steep.is_finite() and 2 * root >= steep and Q - steep * root > b:
                return SearchRange(lower, float(Q.upper()), True)
    return SearchRange(lower, max(q_max, 2 * lower), False)


def critical_points(length: LengthMap, b_var: Number, digits: int, q_max: float) -> tuple[CriticalPoint, ...]:
    """All points of the line at σ_b² = `b_var` with q in `search_range`, in increasing order of q."""
    variances(0, b_var)
    if length.scale is not None:
        return _scale_invariant(length, b_var, digits)
    if length.dual.derivative_variance == 0:
        return ()  # φ is constant, and χ₁ = 0
    found = []
    if is_zero(b_var) and length.fixes_zero and length.gain_at_zero != 0:
        found.append(_start(length, digits))
    searched = search_range(length, b_var, q_max)
    if searched.upper < math.inf:
        found += [_at(length, b_var, root, digits) for root in _roots(length, b_var, searched)]
    return tuple(found)


@lru_cache(maxsize=256)
def _roots(length: LengthMap, b_var: Number, searched: SearchRange) -> tuple[Root, ...]:
    residual, rise = _residual(length, b_var)
    return find_roots(residual, rise, arb(searched.lower), arb(searched.upper))


def _residual(length: LengthMap, b_var: Number) -> tuple[RealFunction, RealFunction]:
    """F = (q - σ_b²)D - V and F′ = (q - σ_b²)D′ - E[φφ″], over wide balls by the mean value form too.

    Near q = 0 they are differences of nearly equal terms, of order q³ and q² for odd φ. There G = qD - V is
    φ″(0)²q²/4 + G‴(t)q³/6, 0 < t < q, by Taylor, if φ(0) = 0 and φ has no kinks.
    """
    V, D, C, D_slope = length.variance, length.gain, length.curvature, length.gain_slope
    cancels = length.derived and length.fixes_zero
    smooth = len(length.dual.activation.pieces) == 1

    def residual(q: arb) -> arb:
        value = (q - as_ball(b_var)) * D(q) - V(q)
        if not near_zero(q):
            return value
        first, third = taylor(q)
        return narrower(value, q * q * (first + third * q / 6) - as_ball(b_var) * D(q))

    def rise(q: arb) -> arb:
        value = (q - as_ball(b_var)) * D_slope(q) - C(q)
        if near_zero(q):
            first, third = taylor(q)
            value = narrower(value, q * (2 * first + third * q / 2) - as_ball(b_var) * D_slope(q))
        if not (cancels and q < _CANCELS) or q.rel_accuracy_bits() > _NARROW or not value.contains(0):
            return value
        middle = arb(q.mid())
        bend = D_slope(q) - length.curvature_slope(q) + (q - as_ball(b_var)) * length.gain_bend(q)
        return narrower(value, (middle - as_ball(b_var)) * D_slope(middle) - C(middle) + bend * (q - middle))

    def near_zero(q: arb) -> bool:
        return cancels and smooth and bool(q > 0) and bool(q < _SMALL)

    def taylor(q: arb) -> tuple[arb, arb]:
        (V_third, D_third), (_, D_second) = length.near_zero(3, q), length.near_zero(2, q)
        return as_ball(length.beside_zero(2)[0]) ** 2 / 4, q * D_third + 3 * D_second - V_third

    return residual, rise


def the_critical_point(
    length: LengthMap, points: tuple[CriticalPoint, ...], b_var: Number, searched: SearchRange
) -> CriticalPoint:
    """The one with the smallest σ_w² among those on a stable fixed point."""
    stable = [point for point in points if point.stable]
    if length.dual.derivative_variance == 0:
        raise NoFixedPointError(f"{length.name} is constant: χ₁ = 0 at every σ_w², so it has no such line.")
    if stable:
        return min(stable, key=lambda point: float(point.W_var))
    if length.scale is not None:
        gain = length.dual.derivative_variance
        raise NoFixedPointError(
            f"{length.name} is scale-invariant: χ₁ = σ_w²·{gain} at every variance, so its order-to-chaos "
            f"boundary is the vertical line σ_w² = {1 / gain}; on it "
            f"the variance grows by σ_b² = {b_var} in each layer and has no fixed point. Take b_var = 0, or use "
            "boundary_W_var, the line itself."
        )
    if points:
        values = ", ".join(f"σ_w² = {float(p.W_var):.6g} with χ_∥ = {float(p.chi_parallel):.4g}" for p in points)
        raise NoFixedPointError(
            f"At σ_b² = {b_var}, χ₁ = 1 is reached by {length.name} only at fixed points of the variance that "
            f"repel, or are not proven to attract ({values}). critical_points(b_var) gives them."
        )
    hint = "" if searched.complete else " A larger q_max searches further."
    raise NoFixedPointError(
        f"The order-to-chaos line of {length.name} has no point at σ_b² = {b_var} with q in {searched}.{hint}"
    )


def _at(length: LengthMap, b_var: Number, root: Root, digits: int) -> CriticalPoint:
    def compute() -> tuple[arb, arb, arb, arb]:
        q = root.ball()
        D = length.gain(q)
        return 1 / D, as_ball(b_var), q, length.variance_slope(q) / D

    return _certified(compute, digits, f"The critical point of {length.name} at σ_b² = {b_var}")


def _certified(compute: Callable[[], Sequence[arb]], digits: int, what: str) -> CriticalPoint:
    W, b, q, chi_parallel = certify(compute, digits, what)
    return CriticalPoint(W, b, q, chi_parallel, bool(abs(chi_parallel.ball) < 1))


def _start(length: LengthMap, digits: int) -> CriticalPoint:
    """The end of the line at σ_b = 0, q → 0 where φ(0) = 0: σ_w² = 1/φ′(0)²."""
    if length.gain_at_zero == 0:
        raise NoFixedPointError(f"φ′(0) = 0 for {length.name}, so χ₁ = 0 at q = 0 for every σ_w².")
    zero = Enclosure(arb(0))
    (W,) = certify(lambda: [1 / as_ball(length.gain_at_zero)], digits, "1/φ′(0)²")
    return CriticalPoint(W, zero, zero, Enclosure(arb(1)), length.attracts_at_zero)


def _scale_invariant(length: LengthMap, b_var: Number, digits: int) -> tuple[CriticalPoint, ...]:
    """χ₁ and χ_∥ do not depend on q; critical where both are 1 and there are no biases."""
    gain = length.dual.derivative_variance
    if not is_zero(b_var) or gain != length.scale:
        return ()
    (W,) = certify(lambda: [1 / as_ball(gain)], digits, "1/E[φ′²]")
    one = Enclosure(arb(1))
    return (CriticalPoint(W, Enclosure(arb(0)), one, one, stable=True, every_q=True),)
