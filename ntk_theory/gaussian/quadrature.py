"""Numbers for Gaussian expectations of any function in smooth pieces, to the working precision of mpmath.

Analytic functions by the trapezoidal rule, which converges exponentially for them. Functions with pieces by
Gauss-Legendre panels cut where they are not smooth, both rules refined until they agree; where a piece ends in a
singularity that can be integrated (x log x, √x) the double exponential rule takes over (Takahasi & Mori 1974).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import mpmath
import sympy
from mpmath.calculus.quadrature import GaussLegendre
from sympy import Expr

from ntk_theory.activation.pieces import pieces
from ntk_theory.errors import NotInClassError
from ntk_theory.symbols import x

Real = Any
"""An mpmath number."""
Rule = tuple[tuple[tuple[Real, Real], ...], Real]
"""Nodes and weights on [-1, 1], and the widest panel that they are meant for."""

FINEST_STEP = -11
"""The trapezoidal rule gives up at a step of 2^-11, the double exponential rule at 2^-9."""
FINEST_DOUBLE_EXPONENTIAL = 9
LEGENDRE_DEGREES = (2, 3, 4, 5, 6)
"""6 to 96 nodes a panel."""
WIDEST_PANEL = mpmath.mpf("3.5")


@dataclass(frozen=True)
class _Function:
    """f as numbers: where its pieces meet, and each piece as a function of an mpmath number."""

    cuts: tuple[Expr, ...]
    smooth: tuple[Callable[[Real], Real], ...]

    def positions(self) -> tuple[Real, ...]:
        """The cuts at the working precision."""
        return _positions(self.cuts, mpmath.mp.prec)

    def near(self, point: Real) -> Callable[[Real], Real]:
        """The piece that `point`, no cut itself, lies in; never taken at its ends or, by rounding, beyond."""
        positions = self.positions()
        number = sum(bool(cut < point) for cut in positions)
        smooth = self.smooth[number]
        lower = positions[number - 1] if number else mpmath.ninf
        upper = positions[number] if number < len(positions) else mpmath.inf
        tiny = mpmath.ldexp(1, -mpmath.mp.prec)

        def inside(y: Real) -> Real:
            if lower < y < upper:
                return smooth(y)
            return smooth(lower + tiny if y <= lower else upper - tiny)

        return inside

    def at_zero(self) -> Real:
        """f(0), or the mean of its two sides: what is left at variance 0."""
        zero = mpmath.mpf(0)
        tiny = mpmath.mpf(2) ** -mpmath.mp.prec
        return (self.near(-tiny)(zero) + self.near(tiny)(zero)) / 2


@lru_cache(maxsize=256)
def _positions(cuts: tuple[Expr, ...], precision: int) -> tuple[Real, ...]:
    digits = int(precision * 0.302) + 10
    return tuple(mpmath.mpf(cut.evalf(digits)) for cut in cuts)


@lru_cache(maxsize=128)
def _function(f: Expr) -> _Function:
    found = pieces(f)
    smooth = tuple(sympy.lambdify(x, piece.expression, "mpmath") for piece in found)
    return _Function(tuple(piece.upper for piece in found[:-1]), smooth)


def mean(f: Expr, variance: Real) -> Real:
    """E[f(√variance z)], z standard normal."""
    function, scale = _function(f), mpmath.sqrt(variance)
    if not scale:
        return function.at_zero()
    if not function.cuts:
        return _trapezoid(lambda z: function.smooth[0](scale * z))[0]
    cuts = [cut / scale for cut in function.positions()]
    return _refined(lambda rule: _sum_of_panels(lambda z: function.near(scale * z), scale, cuts, rule))


def covariance(f: Expr, g: Expr, q1: Real, q2: Real, c: Real) -> Real:
    """E[f(u)g(v)], (u, v) centred Gaussian with variances q1, q2 and correlation c, from u = √q1 s and
    v = √q2 (c s + √(1-c²) t) with s and t independent: no part of this degenerates as c → ±1.
    """
    if not q1 or not q2:
        return mean(f, q1) * mean(g, q2)
    first, second = _function(f), _function(g)
    if not first.cuts and not second.cuts:
        return _analytic_covariance(first.smooth[0], second.smooth[0], q1, q2, c)
    if abs(c) == 1:
        return _refined(lambda rule: _degenerate(first, second, mpmath.sqrt(q1), c * mpmath.sqrt(q2), rule))
    return _refined(lambda rule: _pair(first, second, q1, q2, c, rule))


def _analytic_covariance(f: Any, g: Any, q1: Real, q2: Real, c: Real) -> Real:
    along, across = c * mpmath.sqrt(q2), mpmath.sqrt(q2 * (1 - c**2))
    # the inner integrands are g, shifted and narrowed: a step that serves g² serves them all
    _, step = _trapezoid(lambda z: g(mpmath.sqrt(q2) * z) ** 2)

    def slice_at(u: Real) -> Real:
        return f(mpmath.sqrt(q1) * u) * _sum(lambda w: g(along * u + across * w), step, 1, 0)

    return _trapezoid(slice_at)[0]


def _pair(f: _Function, g: _Function, q1: Real, q2: Real, c: Real, rule: Rule) -> Real:
    scale, along, across = mpmath.sqrt(q1), c * mpmath.sqrt(q2), mpmath.sqrt(q2 * (1 - c) * (1 + c))
    corners = g.positions()
    cuts = [cut / scale for cut in f.positions()]
    width = abs(across / along) if along else mpmath.inf
    if width < mpmath.mpf(1) / 2:
        # the inner expectation follows g closely, its corners rounded over this width
        near = [cut / along + k * width for cut in corners for k in (-_reach(), -3, 0, 3, _reach())]
        cuts += near

    def at(middle: Real) -> Callable[[Real], Real]:
        outer = f.near(scale * middle)

        def inner(s: Real) -> Real:
            centre = along * s

            def shifted(t: Real) -> Callable[[Real], Real]:
                piece = g.near(centre + across * t)
                return lambda y: piece(centre + y)

            return _sum_of_panels(shifted, across, [(cut - centre) / across for cut in corners], rule)

        return lambda y: outer(y) * inner(y / scale)

    return _sum_of_panels(at, scale, cuts, rule)


def _degenerate(f: _Function, g: _Function, scale: Real, other: Real, rule: Rule) -> Real:
    """E[f(scale·z) g(other·z)]."""
    cuts = [cut / scale for cut in f.positions()] + [cut / other for cut in g.positions()]

    def at(middle: Real) -> Callable[[Real], Real]:
        left, right = f.near(scale * middle), g.near(other * middle)
        return lambda y: left(y) * right(y * other / scale)

    return _sum_of_panels(at, scale, cuts, rule)


def _reach() -> Real:
    """Beyond this many standard deviations the normal density is below the working precision."""
    return mpmath.sqrt(2 * mpmath.log(2) * (mpmath.mp.prec + 10))


def _sum_of_panels(
    at: Callable[[Real], Callable[[Real], Real]], scale: Real, cuts: Sequence[Real], rule: Rule
) -> Real:
    """E[f(scale·z)] panel by panel; `at` gives f on the panel around a point z."""
    nodes, widest = rule
    reach = _reach()
    inside = {cut for cut in cuts if -reach < cut < reach}
    total = mpmath.mpf(0)
    for a, b in pairwise(sorted({*_grid(reach, widest), *inside})):
        f = at((a + b) / 2)
        total += mpmath.fdot((f(scale * t), weight) for t, weight in _weighted(a, b, nodes))
    return total / mpmath.sqrt(2 * mpmath.pi)


@lru_cache(maxsize=256)
def _weighted(a: Real, b: Real, nodes: tuple[tuple[Real, Real], ...]) -> list[tuple[Real, Real]]:
    """Nodes on (a, b), and their weights times exp(-t²/2)."""
    middle, half = (a + b) / 2, (b - a) / 2
    places = [(middle + half * node, half * weight) for node, weight in nodes]
    return [(t, weight * mpmath.exp(-t * t / 2)) for t, weight in places]


def _grid(reach: Real, widest: Real) -> list[Real]:
    """Fixed ends of panels: most panels are the same for all rows of a pair, and their weights computed once."""
    count = 1 if widest == mpmath.inf else int(mpmath.ceil(2 * reach / widest))
    return [-reach + 2 * reach * k / count for k in range(count + 1)]


def _refined(total: Callable[[Rule], Real]) -> Real:
    """`total` by finer and finer rules until the last two leave no error at the working precision."""
    for rules in (map(_legendre, LEGENDRE_DEGREES), map(_double_exponential, range(3, FINEST_DOUBLE_EXPONENTIAL))):
        values: list[Real] = []
        for rule in rules:
            values.append(total(rule))
            correct = _correct_bits(values)
            if correct >= mpmath.mp.prec - 10:
                return values[-1]
            if len(values) > 2 and correct < mpmath.mp.prec / 4 and rule[1] != mpmath.inf:
                break  # not smooth up to the ends of the panels
    raise NotInClassError(
        "The quadrature does not converge: the integrand has a singularity or oscillates faster than it resolves."
    )


def _correct_bits(values: list[Real]) -> Real:
    """How many bits of the last value are right, for a rule whose digits double at each step: the error after
    steps d₁, d₂ towards the last value is at most d₁², and d₁²/d₂ on the scale of digits.
    """
    if len(values) < 3:
        return 0
    size = max(abs(values[-1]), mpmath.ldexp(1, -mpmath.mp.prec))
    last, before = (abs(values[-1] - earlier) / size for earlier in (values[-2], values[-3]))
    if last <= mpmath.ldexp(1, 8 - mpmath.mp.prec):
        return mpmath.mp.prec
    if last >= 1 or before <= last:
        return 0
    bits, fewer = -mpmath.log(last, 2), -mpmath.log(before, 2)
    return min(2 * bits, bits * bits / fewer) if fewer > 0 else bits


def _legendre(degree: int) -> Rule:
    return _legendre_nodes(degree, mpmath.mp.prec), WIDEST_PANEL


@lru_cache(maxsize=32)
def _legendre_nodes(degree: int, precision: int) -> tuple[tuple[Real, Real], ...]:
    return tuple(GaussLegendre(mpmath.mp).calc_nodes(degree, precision))


def _double_exponential(level: int) -> Rule:
    return _double_exponential_nodes(level, mpmath.mp.prec), mpmath.inf


@lru_cache(maxsize=32)
def _double_exponential_nodes(level: int, precision: int) -> tuple[tuple[Real, Real], ...]:
    """tanh(π/2 sinh t) at t = k·2^-level, as far as the weights matter."""
    step = mpmath.ldexp(1, -level)
    nodes = []
    for k in range(int(mpmath.ceil(mpmath.asinh(2 * precision * mpmath.log(2) / mpmath.pi) / step)) + 1):
        inner = mpmath.pi / 2 * mpmath.sinh(k * step)
        node, weight = mpmath.tanh(inner), step * mpmath.pi / 2 * mpmath.cosh(k * step) / mpmath.cosh(inner) ** 2
        if node == 1:
            break
        nodes += [(node, weight), (-node, weight)] if k else [(node, weight)]
    return tuple(nodes)


def _trapezoid(f: Any) -> tuple[Real, Real]:
    """E[f(z)] by the trapezoidal rule, exponentially accurate for f analytic in a strip, and the step it took.

    The step is halved until two sums agree to the working precision.
    """
    step = mpmath.mpf(1) / 2
    total = _sum(f, step, 1, 0)
    while step > mpmath.mpf(2) ** FINEST_STEP:
        step /= 2
        previous, total = total, total / 2 + _sum(f, step, 2, 1)
        if abs(total - previous) <= mpmath.ldexp(1, -mpmath.mp.prec + 8) * max(1, abs(total)):
            return total, step
    raise NotInClassError("The trapezoidal rule does not converge: the integrand is not analytic.")


def _sum(f: Any, step: Real, stride: int, first: int) -> Real:
    """step·Σ f(z) × (standard normal density at z) over z = (first + stride·k)·step within reach."""
    count = int(_reach() / step)
    start = -count + (count + first) % stride
    nodes = (k * step for k in range(start, count + 1, stride))
    return step * mpmath.fsum(f(z) * mpmath.npdf(z) for z in nodes)
