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
from ntk_theory.enclosure.leading import GrowthError, larger
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
        rule = trapezoidal_rule(f, g, *sizes, bits=bits)
        if rule.nodes < _MOST_NODES:
            return trapezoid(f, g, _root(q1), _root(q2), c, rule, symmetric=parities[0] * parities[1] == 1)
    return nested_covariance(f, g, q1, q2, c, bits)


@dataclass(frozen=True)
class Strips:
    """|f(√q₁ s) g(√q₂(c s + √(1-c²) t))| times both densities is at most `size`·e^{-A²/2 - B²/2}·e^{A|s| + B|t|},
    A = rate_s and B = rate_t, times what the densities are at the real parts, in |Im s| ≤ half_s, t real, and in
    |Im t| ≤ half_t, s real; the densities' own factors e^{half²/2} are not in `size`.
    """

    half_s: arb
    half_t: arb
    rate_s: arb
    rate_t: arb
    size: arb

    def discretisation_s(self, step_s: arb) -> arb:
        """The rule in s on exact inner integrals: E e^{A|s|} ≤ 2e^{A²/2}, and |ϕ(s + iy)| = ϕ(s) e^{y²/2}."""
        return _strip_error(self.size, self.half_s, step_s)

    def discretisation_t(self, step_s: arb, step_t: arb) -> arb:
        """The rule in t at each node of s: Σ hϕ(ih) e^{A|ih|} ≤ (2 + 2h) e^{A²/2}, an integral and two terms."""
        return _strip_error(self.size, self.half_t, step_t) * (1 + step_s)

    def cut_s(self, step_s: arb, step_t: arb, count_s: int) -> arb:
        """What lies beyond |s| = count_s·step_s, times the whole sum in t."""
        return _beyond(self.size, self.rate_s, step_s, count_s) * (2 + 2 * step_t)

    def cut_t(self, step_s: arb, step_t: arb, count_t: int) -> arb:
        """What lies beyond |t| = count_t·step_t, times the whole sum in s."""
        return _beyond(self.size, self.rate_t, step_t, count_t) * (2 + 2 * step_s)


@dataclass(frozen=True)
class Rule:
    """Steps and numbers of nodes of the two rules, and the proven error of both with what is cut off."""

    strips: Strips
    step_s: arb
    step_t: arb
    count_s: int
    count_t: int

    @property
    def nodes(self) -> int:
        """How many values of the integrand the sums take."""
        return (2 * self.count_s + 1) * (2 * self.count_t + 1)

    @property
    def errors(self) -> tuple[arb, arb, arb, arb]:
        """Of discretisation in s and in t, of cutting off in s and in t."""
        with ctx.workprec(64):
            strips, h, k = self.strips, self.step_s, self.step_t
            return (
                strips.discretisation_s(h),
                strips.discretisation_t(h, k),
                strips.cut_s(h, k, self.count_s),
                strips.cut_t(h, k, self.count_t),
            )

    @property
    def error(self) -> arb:
        """The sum of the four, rounded up."""
        with ctx.workprec(64):
            return arb(sum(self.errors, arb(0)).upper())


def trapezoid(f: Expr, g: Expr, root1: arb, root2: arb, c: arb, rule: Rule, *, symmetric: bool = False) -> arb:
    """The double sum, with the rule's error as radius."""
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


def trapezoidal_rule(f: Expr, g: Expr, root1: arb, root2: arb, c: arb, across: arb, *, bits: int) -> Rule:
    """Steps chosen for an error of about 2^-bits; the error that the rule states is proven, not assumed."""
    with ctx.workprec(64):
        nats = 0.6932 * (bits + 8)
        found = _strips(f, g, root1, root2, c, across, nats)
        step_s, step_t = (_step(nats, found.size, half) for half in (found.half_s, found.half_t))
        count_s = _count(nats, found.size, step_s, found.rate_s)
        return Rule(found, step_s, step_t, count_s, _count(nats, found.size, step_t, found.rate_t))


def _strips(f: Expr, g: Expr, root1: arb, root2: arb, c: arb, across: arb, nats: float) -> Strips:
    """The widest strips, or narrower ones where the bounds on f and g are so much smaller that fewer nodes do."""
    half_s = _half_width(nats, strip(f) / root1, strip(g) / (root2 * c))
    half_t = _half_width(nats, strip(g) / (root2 * across))
    best, fewest = None, math.inf
    for part in (1.0, 0.75, 0.5, 0.3, 0.15):
        found = _bounded(f, g, root1, root2, c, across, part * half_s, part * half_t)
        extra = max(0.0, float(found.size.log()))
        nodes = math.prod(
            (nats + extra + float(half) ** 2 / 2) / float(half) for half in (found.half_s, found.half_t)
        )
        if nodes < fewest:
            best, fewest = found, nodes
        if extra < nats / 4:
            break
    if best is None:
        raise GrowthError(f"No finite bound on {f} and {g} in a strip was found.")
    return best


def _bounded(f: Expr, g: Expr, root1: arb, root2: arb, c: arb, across: arb, half_s: arb, half_t: arb) -> Strips:
    f_size, f_rate = growth(f, _above(half_s * root1)).exponential(root1)
    g_size, g_rate = growth(g, _above(half_s * root2 * c)).exponential(root2)
    t_size, t_rate = growth(g, _above(half_t * root2 * across)).exponential(root2)
    g_size, g_rate = larger(g_size, t_size), larger(g_rate, t_rate)
    rate_s, rate_t = f_rate * root1 + g_rate * root2 * c, g_rate * root2 * across
    size = f_size * g_size * 4 * ((rate_s * rate_s + rate_t * rate_t) / 2).exp()
    return Strips(half_s, half_t, rate_s, rate_t, size)


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


def _count(nats: float, size: arb, step: arb, rate: arb) -> int:
    reach = float(rate) + math.sqrt(2 * (nats + max(0.0, float(size.log()))))
    return math.ceil(reach / float(step))


def _beyond(size: arb, rate: arb, step: arb, count: int) -> arb:
    """A bound on size·e^{-A²/2}Σ h ϕ(ih) e^{A|ih|} over |i| > N, by the integral from R = Nh > A on.

    The factor e^{-A²/2} is the one that `size` holds for this direction.
    """
    end = count * step - rate
    if not end > 0:
        return arb.pos_inf()
    return 2 * size * (-end * end / 2).exp() / (end * (2 * arb.pi()).sqrt())


def _density(s: arb) -> arb:
    return (-s * s / 2).exp() / (2 * arb.pi()).sqrt()


def _root(value: arb) -> arb:
    """√ of what is known to be ≥ 0, though its ball may reach below."""
    return value.sqrt() if value > 0 else arb(0).union(value.upper().sqrt()) if value.upper() > 0 else arb(0)


def _above(ball: arb) -> float:
    return math.nextafter(float(ball.upper()), math.inf)


@lru_cache(maxsize=512)
def _program(f: Expr) -> Program:
    return real_program(f, (x,))


@lru_cache(maxsize=512)
def _parity(f: Expr) -> int:
    """1 for even, -1 for odd, 0 for neither that SymPy can show."""
    mirrored = f.subs(x, -x)
    return 1 if sympy.expand(f - mirrored) == 0 else -1 if sympy.expand(f + mirrored) == 0 else 0
