r"""E[f(u)g(v)] enclosed, (u, v) a centred Gaussian pair: the trapezoidal rule with the strip theorem.

With u = √q₁ s, v = √q₂ (c s + √(1-c²) t) and s, t independent standard normals,

    E = ∫∫ f(√q₁ s) g(√q₂(c s + √(1-c²) t)) ϕ(s) ϕ(t) ds dt ≈ h k Σ_i Σ_j (the integrand at s = ih, t = jk),

which does not degenerate as c → ±1. If F is analytic in |Im s| < a with ∫|F(s + iy)|ds ≤ M for every
|y| < a, one rule errs by at most 2M/(e^{2πa/h} - 1) (Trefethen & Weideman 2014, theorem 5.1). The rule in s
is applied to the exact inner integrals, the rule in t to each of them, and the sums are cut off: three
errors, each with a bound from |f| ≤ C e^{β|x|} in the strips, which `growth` proves.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import sympy
from flint import arb, ctx
from sympy import Expr

from ntk_theory.enclosure.growth import growth, strip
from ntk_theory.enclosure.mean import gaussian_mean
from ntk_theory.enclosure.nested import nested_covariance
from ntk_theory.enclosure.program import Program, real_program
from ntk_theory.symbols import x

_MOST_NODES = 3_000_000
"""Some 4 s at 17 digits; beyond, nested integration is faster."""


def gaussian_covariance(f: Expr, g: Expr, q1: arb, q2: arb, c: arb, *, bits: int | None = None) -> arb:
    """E[f(u)g(v)] at the working precision, for balls q1, q2 ≥ 0 and c in [-1, 1].

    The rule's own error is made some 2^-bits, by default a last bit of the working precision.
    Raises `EnclosureError` where f or g is not proven analytic in a strip.
    """
    balls = (q1, q2, c)
    if not all(ball.is_finite() for ball in balls) or q1.upper() < 0 or q2.upper() < 0 or not abs(c).lower() <= 1:
        return arb.nan()
    parities = (_parity(f), _parity(g))
    if set(parities) == {1, -1}:
        return arb(0)  # (u, v) and (-u, -v) have one law, and the product changes sign
    if c == 0:
        return gaussian_mean(f, q1) * gaussian_mean(g, q2)
    bits = bits or ctx.prec
    if q1 == 0 or q2 == 0:
        return gaussian_mean(f, q1) * gaussian_mean(g, q2)
    if all(strip(h) > 0 for h in (f, g)):
        sizes = (arb(size.upper()) for size in (_root(q1), _root(q2), abs(c), _root(1 - c * c)))
        rule = _rule(f, g, *sizes, bits=bits)
        if rule.nodes < _MOST_NODES:
            return _trapezoid(f, g, _root(q1), _root(q2), c, rule, symmetric=parities[0] * parities[1] == 1)
    return nested_covariance(f, g, q1, q2, c, bits)


@dataclass(frozen=True)
class _Rule:
    """Steps and numbers of nodes of the two rules, and the proven error of both with what is cut off."""

    step_s: arb
    step_t: arb
    count_s: int
    count_t: int
    error: arb

    @property
    def nodes(self) -> int:
        return (2 * self.count_s + 1) * (2 * self.count_t + 1)


def _trapezoid(f: Expr, g: Expr, root1: arb, root2: arb, c: arb, rule: _Rule, *, symmetric: bool) -> arb:
    across = _root(1 - c * c)
    f_at, g_at = _program(f).function(), _program(g).function()
    weights = [_density(j * rule.step_t) for j in range(rule.count_t + 1)]
    steps = [root2 * across * rule.step_t * j for j in range(rule.count_t + 1)]
    total = arb(0)
    for i in range(0 if symmetric else -rule.count_s, rule.count_s + 1):
        s = i * rule.step_s
        centre = root2 * c * s
        inner = g_at(centre) * weights[0]
        for weight, step in zip(weights[1:], steps[1:], strict=True):
            inner += (g_at(centre + step) + g_at(centre - step)) * weight
        row = f_at(root1 * s) * _density(s) * inner
        total += 2 * row if symmetric and i > 0 else row
    return total * rule.step_s * rule.step_t + arb(0, rule.error)


def _rule(f: Expr, g: Expr, root1: arb, root2: arb, c: arb, across: arb, *, bits: int) -> _Rule:
    """Steps chosen for an error of about 2^-bits; the error that is returned is proven, not assumed."""
    with ctx.workprec(64):
        strip_f, strip_g = strip(f), strip(g)
        nats = 0.6932 * (bits + 8)
        half_s = _half_width(nats, strip_f / root1, strip_g / (root2 * c))
        half_t = _half_width(nats, strip_g / (root2 * across))
        f_size, f_rate = growth(f, _above(half_s * root1)).exponential(root1)
        g_size, g_rate = growth(g, _above(half_s * root2 * c)).exponential(root2)
        t_size, t_rate = growth(g, _above(half_t * root2 * across)).exponential(root2)
        g_size, g_rate = _larger(g_size, t_size), _larger(g_rate, t_rate)
        rate_s, rate_t = f_rate * root1 + g_rate * root2 * c, g_rate * root2 * across
        size = f_size * g_size * 4 * ((rate_s * rate_s + rate_t * rate_t) / 2).exp()
        step_s, step_t = _step(nats, size, half_s), _step(nats, size, half_t)
        # ∫∫ over the strip in s: E e^{A|s|} ≤ 2 e^{A²/2}, and |ϕ(s + iy)| = ϕ(s) e^{y²/2}
        error_s = _strip_error(size, half_s, step_s)
        # the rule in t at each node s; Σ h ϕ(ih) e^{A|ih|} ≤ (2 + 2h) e^{A²/2}: integral and two largest terms
        error_t = _strip_error(size, half_t, step_t) * (1 + step_s)
        count_s, beyond_s = _cut(nats, size, step_s, rate_s)
        count_t, beyond_t = _cut(nats, size, step_t, rate_t)
        # what is cut off in one direction, times the whole sum in the other
        cut = beyond_s * (2 + 2 * step_t) + beyond_t * (2 + 2 * step_s)
        error = error_s + error_t + cut
        return _Rule(step_s, step_t, count_s, count_t, arb(error.upper()))


def _half_width(nats: float, *limits: arb) -> arb:
    """The best a for ϕ alone is √(2·nats); the strips of f and g may not allow so much."""
    finite = [float(limit.lower()) for limit in limits if limit.is_finite()]
    return arb(min([math.sqrt(2 * nats), *finite]))


def _step(nats: float, size: arb, half: arb) -> arb:
    """h with size·e^{a²/2}/(e^{2πa/h}) about e^{-nats}."""
    a = float(half)
    return arb(2 * math.pi * a / (nats + a * a / 2 + max(0.0, float(size.log()))))


def _strip_error(size: arb, half: arb, step: arb) -> arb:
    return 2 * size * (half * half / 2).exp() / ((2 * arb.pi() * half / step).exp() - 1)


def _cut(nats: float, size: arb, step: arb, rate: arb) -> tuple[int, arb]:
    """N, and a bound on size·e^{-A²/2}Σ h ϕ(ih) e^{A|ih|} over |i| > N, by the integral from R = Nh > A on.

    The factor e^{-A²/2} is the one that `size` holds for this direction.
    """
    extra = max(0.0, float(size.log()))
    reach = float(rate) + math.sqrt(2 * (nats + extra))
    count = math.ceil(reach / float(step))
    end = count * step - rate
    return count, 2 * size * (-end * end / 2).exp() / (end * (2 * arb.pi()).sqrt())


def _density(s: arb) -> arb:
    return (-s * s / 2).exp() / (2 * arb.pi()).sqrt()


def _root(value: arb) -> arb:
    """√ of what is known to be ≥ 0, though its ball may reach below."""
    return value.sqrt() if value > 0 else arb(0).union(value.upper().sqrt()) if value.upper() > 0 else arb(0)


def _above(ball: arb) -> float:
    return math.nextafter(float(ball.upper()), math.inf)


def _larger(left: arb, right: arb) -> arb:
    return arb(left.upper()) if left.upper() >= right.upper() else arb(right.upper())


@lru_cache(maxsize=512)
def _program(f: Expr) -> Program:
    return real_program(f, (x,))


@lru_cache(maxsize=512)
def _parity(f: Expr) -> int:
    """1 for even, -1 for odd, 0 for neither that SymPy can show."""
    mirrored = f.subs(x, -x)
    return 1 if sympy.expand(f - mirrored) == 0 else -1 if sympy.expand(f + mirrored) == 0 else 0
