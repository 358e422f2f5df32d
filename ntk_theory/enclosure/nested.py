r"""E[f(u)g(v)] by nested integration, for f and g with kinks or jumps, or with poles too near the real line.

With m = c√(q₂/q₁), τ = √(q₂(1-c²)): E = ∫ f(u) G(u) e^{-u²/2q₁}/√(2πq₁) du, G(u) = E[g(mu + τt)]. The outer
integral is `acb.integral`'s between the kinks of f. It asks for G at points, where an inner `acb.integral` between
the kinks of g gives all digits, and on wide complex balls, where a sum over a few intervals is enough for its
bounds. G continues analytically in one of two ways:
- ∫ g(y) e^{-(y-mu)²/2τ²}/(τ√2π) dy over real y, for any g: it varies over lengths of τ/m;
- ∫ g_p(mu + τt) ϕ(t) dt over |t| ≤ T, where the whole interval lies within one piece g_p: good as c → ±1.
What is left out, |u| > S√q₁ and |t| > T, is bounded by the growth of f and g.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from flint import acb, arb, ctx
from sympy import Expr

from ntk_theory.enclosure.growth import Growth, strip
from ntk_theory.enclosure.mean import Part, parts, real_growth
from ntk_theory.errors import EnclosureError

_INTERVALS = 20
"""Into how many intervals the inner integral is cut for a bound."""
_Function = Callable[[acb, bool], acb]


@dataclass(frozen=True)
class _Side:
    parts: tuple[Part, ...]
    growth: Growth
    scale: float

    @property
    def kinks(self) -> list[arb]:
        return [part.upper_ball() for part in self.parts[:-1]]


def nested_covariance(f: Expr, g: Expr, q1: arb, q2: arb, c: arb, bits: int) -> arb:
    """E[f(u)g(v)] for balls q1, q2 > 0 and c. Takes 0.1 to 20 s. Not finite where nothing could be proven.

    Raises `GrowthError` where the growth of f or g has no bound.
    """
    left, right = _side(f), _side(g)
    if not (q1 > 0 and q2 > 0):
        return arb.nan()
    root1, root2 = q1.sqrt(), q2.sqrt()
    across = (1 - c * c).sqrt() if abs(c) < 1 else arb(0)
    if not abs(c) < 1 and not (c == 1 or c == -1):
        return arb.nan()
    reach_s, reach_t, tail = _truncation(left.growth, right.growth, root1, root2, c, across, bits)
    plane = _Plane(left, right, c * root2 / root1, root2 * across, reach_t)
    tolerance = arb(2) ** -bits + max(map(_looseness, (q1, q2, plane.slope))) / 1024
    weight = acb(-1 / (2 * q1))
    total = arb(0)
    for part, lower, upper in plane.outer(arb((reach_s * root1).upper())):
        inner = plane.inner(lower, upper)
        outer = part.smooth.function()

        def integrand(u: acb, analytic: bool, outer: _Function = outer, inner: _Function = inner) -> acb:
            value = outer(u, analytic)
            return value * (u * u * weight).exp() * inner(u, analytic) if value.is_finite() else value

        total += acb.integral(
            integrand,
            lower,
            upper,
            rel_tol=tolerance,
            abs_tol=tolerance * root1,
            eval_limit=1000 + 20 * ctx.prec,
        ).real
    return (total + plane.doubtful()) / (2 * arb.pi() * q1).sqrt() + arb(0, tail)


@dataclass(frozen=True)
class _Plane:
    """f(u) and g(v), v = slope·u + tau·t with |t| ≤ reach."""

    left: _Side
    right: _Side
    slope: arb
    tau: arb
    reach: arb

    def outer(self, end: arb) -> list[tuple[Part, arb, arb]]:
        """The intervals of u: between the kinks of f, and where kinks of g come into and out of sight."""
        for kink in self.left.kinks:
            end = arb((2 * end).upper()) if abs(kink).overlaps(end) else end
        kinks = [kink for kink in self.left.kinks if abs(kink) < end]
        cuts = [-end, *kinks, end]
        for kink in self.right.kinks if abs(self.slope) > 0 else ():
            centre, width = kink / self.slope, abs(self.reach * self.tau / self.slope) * 65 / 64
            for place in (centre - width, centre, centre + width) if self.tau > 0 else (centre,):
                at = place if self.tau == 0 else arb(place.mid())
                if abs(at) < end and not any(at.overlaps(cut) for cut in cuts):
                    cuts.append(at)
        ordered = sorted(cuts, key=lambda cut: float(cut.mid()))
        return [(_part_at(self.left.parts, lower, upper), lower, upper) for lower, upper in pairwise(ordered)]

    def doubtful(self) -> arb:
        """At τ = 0: what the places change where a kink of f can't be told from one of g, taken for one cut."""
        error = arb(0)
        for mine in self.left.kinks if self.tau == 0 else ():
            for other in self.right.kinks:
                place = other / self.slope
                if place.overlaps(mine) and not (place.is_exact() and mine.is_exact()):
                    both = mine.union(place)
                    size = self.left.growth.at(both) * self.right.growth.at(self.slope * both)
                    error += 4 * both.rad() * size
        return arb(0, error.upper())

    def inner(self, lower: arb, upper: arb) -> _Function:
        """G over this interval, as a function of complex balls."""
        # by its two ends: a ball's radius has 30 bits, too few to tell apart what is nearly the same
        at_ends = sorted((self.slope * lower, self.slope * upper), key=lambda end: float(end.mid()))
        least, most = at_ends[0] - self.tau * self.reach, at_ends[1] + self.tau * self.reach
        hidden = all(kink < least or kink > most for kink in self.right.kinks)
        if self.tau == 0:
            single = _part_at(self.right.parts, self.slope * lower, self.slope * upper).smooth.function()
            return lambda u, analytic: single(self.slope * u, analytic)
        if hidden and not self.tau > self.right.scale:
            part = _part_at(self.right.parts, least, most)
            return _Shifted(part, self.slope, self.tau, arb(self.reach.upper()))
        seen = [kink for kink in self.right.kinks if not (kink < least or kink > most)]
        first, last = arb(least.lower()), arb(most.upper())
        if seen and not first < seen[0]:
            first = arb((seen[0] - self.tau).lower())
        if seen and not last > seen[-1]:
            last = arb((seen[-1] + self.tau).upper())
        ends = [first, *seen, last]
        pieces = [(_part_at(self.right.parts, low, high), low, high) for low, high in pairwise(ends)]
        return _Smoothed(pieces, self.slope, self.tau)


@dataclass(frozen=True)
class _Shifted:
    """∫ g_p(mu + τt) ϕ(t) dt over |t| ≤ reach."""

    part: Part
    slope: arb
    tau: arb
    reach: arb

    def __call__(self, u: acb, analytic: bool) -> acb:
        function, centre = self.part.smooth.function(), self.slope * u

        def integrand(t: acb, inside: bool) -> acb:
            return function(centre + self.tau * t, inside or analytic) * (-t * t / 2).exp()

        if _is_point(u, self.tau):
            total = _integral(integrand, -self.reach, self.reach, self.tau)
        else:
            total = _sum(integrand, -self.reach, self.reach)
        return total / (2 * arb.pi()).sqrt()


@dataclass(frozen=True)
class _Smoothed:
    """∫ g(y) e^{-(y-mu)²/2τ²}/(τ√2π) dy over the pieces, y real."""

    pieces: Sequence[tuple[Part, arb, arb]]
    slope: arb
    tau: arb

    def __call__(self, u: acb, analytic: bool) -> acb:  # noqa: ARG002 (entire in u)
        centre, total = self.slope * u, acb(0)
        for part, low, high in self.pieces:
            function = part.smooth.function()

            def integrand(y: acb, inside: bool, function: _Function = function) -> acb:
                far = (y - centre) / self.tau
                return function(y, inside) * (-far * far / 2).exp()

            point = _is_point(u, self.tau)
            total += _integral(integrand, low, high, self.tau) if point else _sum(integrand, low, high)
        return total / (self.tau * (2 * arb.pi()).sqrt())


def _integral(integrand: _Function, low: arb, high: arb, tau: arb) -> acb:
    tolerance = arb(2) ** -ctx.prec + _looseness(tau) / 64
    return acb.integral(integrand, low, high, rel_tol=tolerance, abs_tol=tolerance * (high - low))


def _sum(integrand: _Function, low: arb, high: arb) -> acb:
    """The integral as a sum over intervals, its integrand a ball on each: coarse, for any wide ball inside it."""
    step = (high - low) / _INTERVALS
    return sum((_term(integrand, low + k * step, low + (k + 1) * step, 6) for k in range(_INTERVALS)), acb(0))


def _term(integrand: _Function, low: arb, high: arb, halvings: int) -> acb:
    value = integrand(acb(low.union(high)), False)
    if value.is_finite() or halvings == 0:
        return value * (high - low)
    middle = (low + high) / 2
    left = _term(integrand, low, middle, halvings - 1)
    return left + _term(integrand, middle, high, halvings - 1) if left.is_finite() else left


def _looseness(ball: arb) -> float:
    """The relative width of a ball; 0 for an exact one."""
    return 0.0 if ball.is_exact() else float(2 * ball.rad() / abs(ball).lower()) if abs(ball) > 0 else 0.0


def _is_point(u: acb, tau: arb) -> bool:
    return bool(u.imag.is_zero() and u.real.rad() < tau / 1024)


def _part_at(all_parts: Sequence[Part], lower: arb, upper: arb) -> Part:
    """The piece that holds the interval, by its middle."""
    middle = arb(((lower + upper) / 2).mid())
    for part in all_parts:
        if part.upper is None or middle < part.upper_ball():
            return part
    raise EnclosureError("The pieces of an activation do not cover the line.")


@lru_cache(maxsize=256)
def _side(f: Expr) -> _Side:
    found = parts(f)
    with ctx.workprec(64):
        return _Side(found, real_growth(f), strip(f) or 1.0 if len(found) == 1 else 1.0)


def _truncation(
    f: Growth, g: Growth, root1: arb, root2: arb, c: arb, across: arb, bits: int
) -> tuple[arb, arb, arb]:
    """S, T, and a bound on E|f(u)g(v)| over |s| > S or |t| > T: E e^{A|s|+B|t|}, tails by ϕ(S)e^{AS}/(S - A)."""
    with ctx.workprec(64):
        f_size, f_rate = f.exponential(root1)
        g_size, g_rate = g.exponential(root2)
        along, aside = f_rate * root1 + g_rate * root2 * abs(c), g_rate * root2 * across
        size, wanted = f_size * g_size, arb(2) ** -(bits + 4)
        s, error_s = _tail(along, 2 * size * (aside * aside / 2).exp(), wanted)
        t, error_t = _tail(aside, 2 * size * (along * along / 2).exp(), wanted)
        return s, t, arb((error_s + error_t).upper())


def _tail(rate: arb, size: arb, wanted: arb) -> tuple[arb, arb]:
    reach = arb(((-2 * wanted.log()).sqrt() + rate).upper())
    for _ in range(200):
        error = 2 * size * (rate * reach - reach * reach / 2).exp() / ((2 * arb.pi()).sqrt() * (reach - rate))
        if error < wanted:
            break
        reach = arb((reach * 17 / 16).mid())
    return reach, error
