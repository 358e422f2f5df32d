"""The correlation map at a fixed point of the variance, its own fixed point c* and slope, and depth scales.

c ↦ (σ_w² K(q*, q*, c) + σ_b²)/q*. On [0, 1] it is a power series in c with coefficients ≥ 0 (Mehler), so
h(c) = σ_w² K(q*, q*, c) + σ_b² - q* c is convex there, h(0) ≥ 0, h(1) = 0 and h′(1) = q*(χ₁ - 1). In the
chaotic phase, χ₁ > 1, h has therefore exactly one zero c* in [0, 1): its signs on two sides enclose c*.

Depth scales (Schoenholz et al. 2017): ξ_q = -1/log|χ_∥| for the variance, ξ_c = -1/log χ_c for the
correlation, χ_c the map's slope at c*, and -1/log χ₁ for gradients, negative where they explode.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from ntk_theory.enclosure import Enclosure
from ntk_theory.enclosure.ball import Number, as_ball
from ntk_theory.enclosure.evaluate import ball_function, certify
from ntk_theory.errors import EnclosureError
from ntk_theory.phase.fixed_points import FixedPoint, is_zero
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.symbols import c, q1, q2

Function = Callable[[arb], arb]


@dataclass(frozen=True)
class DepthScales:
    """How many layers signals survive at a fixed point of the variance.

    - `point`: the fixed point;
    - `c_star`: the correlation that all pairs of inputs tend to; `chi_c`: the correlation map's slope there;
    - `xi_q`, `xi_c`: depth scales of variance and correlation; `xi_gradient` = -1/log χ₁.

    None stands for a scale that is infinite or has no meaning; `note` says why.
    """

    point: FixedPoint
    c_star: Enclosure | None
    chi_c: Enclosure | None
    xi_q: Enclosure | None
    xi_c: Enclosure | None
    xi_gradient: Enclosure | None
    note: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON; None becomes null."""
        result: dict[str, Any] = {"point": self.point.as_dict(), "note": self.note}
        for name in ("c_star", "chi_c", "xi_q", "xi_c", "xi_gradient"):
            value: Enclosure | None = getattr(self, name)
            result[name] = None if value is None else value.as_dict()
        return result


def depth_scales(length: LengthMap, point: FixedPoint, W_var: Number, b_var: Number, digits: int) -> DepthScales:
    """The depth scales at `point`, a fixed point at (σ_w², σ_b²) known to some more than `digits` digits."""
    one = Enclosure(arb(1))
    xi_q = _scale(point.chi_parallel, digits) if abs(point.chi_parallel.ball) < 1 else None
    xi_gradient = None if point.phase == "critical" else _scale(point.chi_1, digits)
    shown = point.rounded(digits)
    if point.q.ball == 0:
        note = "q* = 0: all activations vanish with depth, and correlations have no limit map."
        return DepthScales(shown, None, None, xi_q, None, xi_gradient, note)
    if point.phase == "critical":
        note = "χ₁ = 1: correlations tend to 1 like a power of the depth, and gradients keep their size."
        return DepthScales(shown, one, one, xi_q, None, None, note)
    if point.phase == "ordered":
        return DepthScales(shown, one, shown.chi_1, xi_q, xi_gradient, xi_gradient, "")
    c_star, chi_c, xi_c = chaotic_correlation(length, point, W_var, b_var, digits)
    return DepthScales(shown, c_star, chi_c, xi_q, xi_c, xi_gradient, "")


def chaotic_correlation(
    length: LengthMap, point: FixedPoint, W_var: Number, b_var: Number, digits: int
) -> tuple[Enclosure, Enclosure, Enclosure]:
    """c*, the correlation map's slope there and ξ_c, in the chaotic phase."""
    kernel = ball_function(length.dual.kernel, (q1, q2, c))
    derivative = ball_function(length.dual.derivative, (q1, q2, c))
    q = point.q.ball
    independent = is_zero(b_var) and length.dual.mean == 0  # then h(0) = 0 exactly

    def excess(correlation: arb) -> arb:
        return as_ball(W_var) * kernel(q, q, correlation) + as_ball(b_var) - q * correlation

    def slope(correlation: arb) -> arb:
        return as_ball(W_var) * derivative(q, q, correlation)

    start = None if independent else _start(excess, lambda at: q * (slope(at) - 1))

    def compute() -> tuple[arb, arb, arb]:
        c_star = arb(0) if start is None else _zero(excess, *start)
        rate = slope(c_star)
        return c_star, rate, _depth(rate)

    c_star, chi_c, xi_c = certify(compute, digits, f"The correlation c* of {length.name}")
    return c_star, chi_c, xi_c


def kernel_bend(length: LengthMap, point: FixedPoint, W_var: Number) -> Function:
    """The correlation map's second derivative, σ_w² ∂K̇/∂c, as a function of c."""
    bend = ball_function(length.dual.derivative.diff(c), (q1, q2, c))
    return lambda correlation: as_ball(W_var) * bend(point.q.ball, point.q.ball, correlation)


def _start(h: Function, rise: Function) -> tuple[arb, arb]:
    """Where the convex h, h(0) > 0, first is 0, to some ten digits of 1 - c, and its slope there.

    Newton's steps from 0 stay on the left of it, until the balls are wider than the steps.
    """
    for bits in (48, 96, 192):
        with ctx.workprec(bits):
            at = arb(0)
            for _ in range(4 * bits):
                steepness, value = arb(rise(at).mid()), h(at)
                if not steepness < 0 or abs(value).upper() < arb(2) ** -28 * (1 - at) * -steepness:
                    break
                if value.contains(0):
                    break
                at = arb((at - arb(value.mid()) / steepness).mid())
            if steepness < 0 and abs(value).upper() < arb(2) ** -28 * (1 - at) * -steepness:
                return at, steepness
    raise EnclosureError(
        "The correlation's fixed point c* lies so near 1 that it can't be told from 1: σ_w² is too near the "
        "order-to-chaos line. Take σ_w² farther from it."
    )


def _zero(h: Function, at: arb, steepness: arb) -> arb:
    """The zero of h near `at`: steps with the slope kept, then a ball with opposite signs at its ends."""
    closest = arb(2) ** (8 - ctx.prec)
    for _ in range(ctx.prec):
        value = h(at)
        step = -(value / steepness)
        if abs(step).upper() < closest or value.contains(0):
            break
        at = arb((at + step).mid())
    radius = 2 * abs(step).upper() + closest / 16
    for _ in range(8):
        if h(at - radius) > 0 and h(at + radius) < 0:
            return arb(at, radius)
        radius = radius * 8
    return arb.nan()


def _scale(rate: Enclosure, digits: int) -> Enclosure:
    return certify(lambda: [_depth(rate.ball)], digits, "A depth scale")[0]


def _depth(rate: arb) -> arb:
    """-1/log|rate|; 0 where the rate is 0, because then one layer is enough."""
    return arb(0) if rate == 0 else -1 / abs(rate).log()
