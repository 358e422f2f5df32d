r"""The Hermite series K(q₁, q₂, c) = Σ a_n(q₁) a_n(q₂) cⁿ with proven coefficients and tail (Mehler 1866).

a_n(q) = E[φ(√q z) h_n(z)], h_n orthonormal. Since Σ a_n(q)² = V(q) (Parseval), what follows after n = N is at most
|c|^{N+1} √(V(q₁) - Σa_n(q₁)²) √(V(q₂) - Σa_n(q₂)²), and at least 0 for q₁ = q₂ and c ≥ 0.

One grid serves all coefficients of an analytic φ. Mehler's kernel at (z, z̄) bounds the polynomials:
|h_n(x + iy)|² ≤ r^{-n} (1-r²)^{-1/2} exp(r x²/(1+r) + r y²/(1-r)) for every 0 < r < 1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from flint import acb, arb, ctx
from sympy import Expr

from ntk_theory.activation import Activation, activation
from ntk_theory.enclosure.ball import Enclosure, Number, as_ball
from ntk_theory.enclosure.growth import Growth, growth, strip
from ntk_theory.enclosure.mean import Part, gaussian_mean, parts, real_growth
from ntk_theory.enclosure.program import real_program
from ntk_theory.errors import DataError, EnclosureError
from ntk_theory.symbols import x

Smooth = Callable[[acb, bool], acb]
"""A piece of φ on balls; the flag asks whether it is analytic there."""

_MOST_TERMS = 2000


@dataclass(frozen=True)
class HermiteSeries:
    """K(q₁, q₂, ·) of an activation as a power series in c with proven error. Made by `hermite_series`.

    - `first`, `second`: a_n(q₁) and a_n(q₂) for n = 0, …, `terms` - 1;
    - `missing`: √((V(q₁) - Σa_n(q₁)²)(V(q₂) - Σa_n(q₂)²)), rounded up: what all further terms can add at |c| = 1;
    - `positive`: whether q₁ = q₂, so that no coefficient of the series is negative.
    """

    first: tuple[Enclosure, ...]
    second: tuple[Enclosure, ...]
    missing: Enclosure
    positive: bool

    @property
    def terms(self) -> int:
        """The number of coefficients."""
        return len(self.first)

    def tail_bound(self, c: Number) -> float:
        """A bound on |K - Σ_{n < terms} a_n(q₁) a_n(q₂) cⁿ|, rounded up."""
        with ctx.workprec(64):
            return math.nextafter(float(self._tail(_correlation(c)).upper()), math.inf)

    def value(self, c: Number) -> Enclosure:
        """K(q₁, q₂, c), enclosed: the sum with its tail. Raises `DataError` outside [-1, 1]."""
        with ctx.workprec(max(64, 2 * max(a.ball.bits() for a in self.first) + 64)):
            correlation = _correlation(c)
            total = arb(0)
            for one, other in zip(reversed(self.first), reversed(self.second), strict=True):
                total = total * correlation + one.ball * other.ball
            tail = arb(self._tail(correlation).upper())
            return Enclosure(total + (arb(0).union(tail) if self.positive and correlation >= 0 else arb(0, tail)))

    def _tail(self, correlation: arb) -> arb:
        return arb(abs(correlation).upper()) ** self.terms * self.missing.ball


def hermite_series(
    phi: str | Expr | Activation, q1: Number, q2: Number | None = None, *, terms: int = 64, digits: int = 30
) -> HermiteSeries:
    """The first `terms` Hermite coefficients of φ at the variances q1 and q2 (by default q2 = q1).

    Each has a radius of about 10^-digits of √V. The tail falls like |c|^terms, and slowly at |c| = 1 for large
    variances or kinks: `tail_bound` tells. For analytic φ one trapezoidal grid gives all of them; φ with kinks
    takes one integral each. Raises `DataError` for a negative variance, `EnclosureError` where φ's growth has no
    bound.

    >>> series = hermite_series("tanh", 1, terms=60)
    >>> print(series.value("0.5").rounded(15))
    0.186324413203448 ± 5e-17
    """
    if not 1 <= terms <= _MOST_TERMS:
        raise DataError(f"terms = {terms} must be between 1 and {_MOST_TERMS}.")
    f = activation(phi).expression
    first, rest = _coefficients(f, q1, terms, digits, "q1")
    if q2 is None:
        return HermiteSeries(first, first, rest, positive=True)
    second, other = _coefficients(f, q2, terms, digits, "q2")
    with ctx.workprec(64):
        missing = Enclosure(arb((rest.ball.upper() * other.ball.upper()).sqrt().upper()))
    return HermiteSeries(first, second, missing, positive=False)


def _coefficients(
    f: Expr, variance: Number, terms: int, digits: int, name: str
) -> tuple[tuple[Enclosure, ...], Enclosure]:
    """The coefficients, and a bound on V - Σa_n²."""
    bits = int(3.33 * digits) + 16
    with ctx.workprec(bits + 2 * terms):  # the recurrence of the polynomials loses up to two bits a step
        q = as_ball(variance, name)
        if not q >= 0:
            raise DataError(f"{name} = {variance} must be a variance, at least 0.")
        found = parts(f)
        if q == 0:
            balls = [gaussian_mean(f, q)] + [arb(0)] * (terms - 1)
        elif len(found) == 1 and strip(f) > 0:
            balls = _by_grid(f, q.sqrt(), terms, bits)
        else:
            balls = _by_integrals(found, real_growth(f), q.sqrt(), terms, bits)
    with ctx.workprec(bits + 16):
        rest = gaussian_mean(f**2, q) - sum((a * a for a in balls), arb(0))
        if not rest.is_finite():
            raise EnclosureError(f"E[φ²] at {name} = {variance} could not be enclosed.")
        most = rest.upper()
        return tuple(Enclosure(+a) for a in balls), Enclosure(arb(most) if most > 0 else arb(0))


def _by_grid(f: Expr, root: arb, terms: int, bits: int) -> list[arb]:
    """h Σ_i f(√q ih) h_n(ih) ϕ(ih) for all n at once, with the errors of strip and cut."""
    with ctx.workprec(64):
        most, nats = terms - 1, 0.6932 * (bits + 8)
        half = arb(min(math.sqrt(2 * nats), strip(f) / float(root.upper()) * (1 - 2.0**-20)))
        wide = growth(f, float((half * root).upper()))
        largest = _strip_mass(wide, root, most, half)
        step = arb(2 * math.pi * float(half) / (nats + max(0.0, float(largest.log()))))
        flat = growth(f)
        count = _count(flat, root, most, step, nats)
        errors = [
            2 * _strip_mass(wide, root, n, half) / ((2 * arb.pi() * half / step).exp() - 1)
            + _beyond(flat, root, n, count * step)
            for n in range(terms)
        ]
    function = real_program(f, (x,)).function()
    roots = [arb(n).sqrt() for n in range(terms + 1)]
    totals = [arb(0)] * terms
    for i in range(-count, count + 1):
        z = i * step
        weight = function(root * z) * (-z * z / 2).exp()
        before, current = arb(0), weight
        for n in range(terms):
            totals[n] += current
            before, current = current, (z * current - roots[n] * before) / roots[n + 1]
    scale = step / (2 * arb.pi()).sqrt()
    return [total * scale + arb(0, error.upper()) for total, error in zip(totals, errors, strict=True)]


def _by_integrals(found: tuple[Part, ...], bound: Growth, root: arb, terms: int, bits: int) -> list[arb]:
    """Each coefficient by `acb.integral` between the kinks."""
    with ctx.workprec(64):
        nats = 0.6932 * (bits + 8)
        end = arb(_count(bound, root, terms - 1, arb(1), nats))
        cuts = [part.upper_ball() / root for part in found[:-1]]
        if any(not abs(cut) < end for cut in cuts):
            end = arb(1 + int(max(float(abs(cut).upper()) for cut in cuts)))
        errors = [_beyond(bound, root, n, end) for n in range(terms)]
    cuts = [part.upper_ball() / root for part in found[:-1]]
    tolerance = arb(2) ** -bits
    result = []
    for n in range(terms):
        total = arb(0)
        for part, lower, upper in zip(found, [-end, *cuts], [*cuts, end], strict=True):
            function = part.smooth.function()

            def integrand(z: acb, analytic: bool, n: int = n, function: Smooth = function) -> acb:
                return function(root * z, analytic) * _polynomial(n, z) * (-z * z / 2).exp()

            limit = 4000 + 100 * ctx.prec
            total += acb.integral(
                integrand, lower, upper, rel_tol=tolerance, abs_tol=tolerance, eval_limit=limit
            ).real
        result.append(total / (2 * arb.pi()).sqrt() + arb(0, errors[n].upper()))
    return result


def _polynomial(n: int, z: acb) -> acb:
    """h_n(z): by its recurrence at a point, by its bound on a wide ball."""
    if z.rad() > arb(2) ** -20:
        size = _polynomial_bound(n, arb(abs(z.imag).upper()))
        r = 1 - _gap(n, abs(z.imag))
        square = z.real * z.real  # |h_n| falls off nowhere: at its largest in the ball
        most = size * (r * square / (2 * (1 + r))).exp()
        return acb(arb(0, most.upper()), arb(0, most.upper()))
    before, current = acb(0), acb(1)
    for k in range(n):
        before, current = current, (z * current - arb(k).sqrt() * before) / arb(k + 1).sqrt()
    return current


def _gap(n: int, height: arb) -> float:
    """1 - r near the best, √n-th part of the height."""
    wanted = float(height.upper()) / math.sqrt(n) if n else 1.0
    return max(min(0.875, wanted), 1 / (4 * n + 8))


def _polynomial_bound(n: int, height: arb) -> arb:
    """B with |h_n(x + iy)| ≤ B e^{r x²/(2(1+r))} for |y| ≤ height."""
    r = arb(1 - _gap(n, height))
    return r ** (-arb(n) / 2) * (1 - r * r) ** (-arb(1) / 4) * (r * height * height / (2 * (1 - r))).exp()


def _strip_mass(wide: Growth, root: arb, n: int, half: arb) -> arb:
    """A bound on ∫|f(√q w) h_n(w) ϕ(w)| dx along Im w = y, |y| ≤ half: ∫e^{B|x| - x²/2s} ≤ 2√(2πs) e^{B²s/2}."""
    size, rate = wide.exponential(root)
    spread, slope = 2 - arb(_gap(n, half)), rate * root
    polynomial = _polynomial_bound(n, half) * (half * half / 2).exp()
    return 2 * size * polynomial * spread.sqrt() * (slope * slope * spread / 2).exp()


def _beyond(flat: Growth, root: arb, n: int, end: arb) -> arb:
    """A bound on the sum, or the integral, over |z| > end; infinite where the bound does not fall from there."""
    size, rate = flat.exponential(root)
    spread, slope = 2 - arb(_gap(n, arb(0))), rate * root
    fall = end / spread - slope
    if not fall > 0:
        return arb.pos_inf()
    tail = (slope * end - end * end / (2 * spread)).exp() / fall
    return 2 * size * _polynomial_bound(n, arb(0)) * tail / (2 * arb.pi()).sqrt()


def _count(flat: Growth, root: arb, n: int, step: arb, nats: float) -> int:
    """N with less than e^{-nats} beyond N·step."""
    wanted = arb(-nats).exp()
    count = max(1, math.ceil(math.sqrt(2 * nats) / float(step)))
    while not _beyond(flat, root, n, count * step) < wanted:
        count = count * 9 // 8 + 1
    return count


def _correlation(c: Number) -> arb:
    correlation = as_ball(c, "c")
    if not abs(correlation).lower() <= 1:
        raise DataError(f"c = {c} is a correlation: it must lie in [-1, 1].")
    return correlation
