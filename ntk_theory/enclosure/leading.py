r"""How a function behaves far to the right, proven: f(z) = e^{μz}(P(z) + r(z)) for Re z ≥ X, |Im z| ≤ a.

P is a finite sum of real powers of z with exact coefficients, |r(z)| ≤ s |z|^d e^{-λ Re z}. Every function of an
activation has a rule that carries such a form along; where a rule can't show what it needs (that a denominator
stays away from 0, that a logarithm stays off its cut), it raises `GrowthError`, and a larger X may help.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce

import sympy
from flint import acb, arb, ctx
from sympy import Expr

from ntk_theory.enclosure.program import complex_program, real_program
from ntk_theory.errors import EnclosureError
from ntk_theory.symbols import x

_FASTEST = 64.0
"""Decays are never claimed faster than e^{-64 Re z}."""


class GrowthError(EnclosureError):
    """No bound on the growth of a function could be proven."""


@dataclass(frozen=True)
class Region:
    """Re z ≥ start ≥ 1 and |Im z| ≤ half_width."""

    start: arb
    half_width: arb

    def supremum(self, size: arb, degree: Fraction, decay: float) -> arb:
        """A bound on size·|z|^degree·e^{-decay·Re z} over the region."""
        if size == 0:
            return size
        end = self.start
        if degree <= 0:
            return size * _power(end, degree) * (-decay * end).exp()
        if not decay > 0:
            raise GrowthError("A remainder is not bounded.")
        top = arb(degree.numerator) / degree.denominator / decay  # t^d e^{-λt} is largest at t = d/λ
        at = end if end >= top else top
        return size * _power((1 + self.half_width / end) * at, degree) * (-decay * at).exp()


@dataclass(frozen=True)
class Bound:
    """size·|z|^degree·e^{-decay·Re z} over a region."""

    size: arb
    degree: Fraction = Fraction(0)
    decay: float = 0.0

    def __mul__(self, other: "Bound") -> "Bound":
        return Bound(self.size * other.size, self.degree + other.degree, _below(self.decay + other.decay))

    def plus(self, other: "Bound", region: Region) -> "Bound":
        if self.size == 0 or other.size == 0:
            return other if self.size == 0 else self
        slow, fast = (self, other) if self.decay <= other.decay else (other, self)
        if slow.decay == fast.decay and fast.degree > slow.degree:
            slow, fast = fast, slow
        gap = _below(fast.decay - slow.decay) if fast.decay > slow.decay else 0.0
        return Bound(
            slow.size + region.supremum(fast.size, fast.degree - slow.degree, gap), slow.degree, slow.decay
        )


@dataclass(frozen=True)
class Leading:
    """e^{rate·z}(Σ terms[k]·z^k + r(z)), |r| ≤ rest. Rate and coefficients are exact SymPy numbers."""

    rate: Expr
    terms: dict[Fraction, Expr]
    rest: Bound
    region: Region

    @property
    def magnitude(self) -> Bound:
        """A bound on |Σ terms[k]·z^k + r(z)|, without the exponential."""
        return self._polynomial().plus(self.rest, self.region)

    def _polynomial(self) -> Bound:
        if not self.terms:
            return Bound(arb(0))
        top = max(self.terms)
        start = self.region.start
        size = sum((abs(ball(p)) * _power(start, k - top) for k, p in self.terms.items()), arb(0))
        return Bound(size, top)

    def __add__(self, other: "Leading") -> "Leading":
        order = sign(self.rate - other.rate)
        if order < 0:
            return other + self
        if order == 0:
            terms = dict(self.terms)
            for k, p in other.terms.items():
                terms[k] = terms.get(k, sympy.S.Zero) + p
            kept = {k: p for k, p in terms.items() if sign(p) != 0}
            return Leading(self.rate, kept, self.rest.plus(other.rest, self.region), self.region)
        slower = Bound(arb(1), Fraction(0), _lower(self.rate - other.rate)) * other.magnitude
        return Leading(self.rate, self.terms, self.rest.plus(slower, self.region), self.region)

    def __mul__(self, other: "Leading") -> "Leading":
        terms: dict[Fraction, Expr] = {}
        for k, p in self.terms.items():
            for l, r in other.terms.items():
                terms[k + l] = terms.get(k + l, sympy.S.Zero) + p * r
        mine, yours = self._polynomial(), other._polynomial()
        rest = (mine * other.rest).plus(yours * self.rest, self.region).plus(self.rest * other.rest, self.region)
        kept = {k: p for k, p in terms.items() if sign(p) != 0}
        return Leading(self.rate + other.rate, kept, rest, self.region)

    def scaled(self, factor: Expr) -> "Leading":
        return self * constant(factor, self.region)

    def flat(self) -> "Leading":
        """The same with rate 0, what decays exponentially counted as remainder."""
        if sign(self.rate) >= 0:
            return self
        decay = Bound(arb(1), Fraction(0), _lower(-self.rate))
        return Leading(sympy.S.Zero, {}, decay * self.magnitude, self.region)

    @property
    def direction(self) -> int:
        """1 or -1 where the function tends to ±∞, 0 where it is bounded or nothing is known."""
        grows = sign(self.rate) > 0 or any(k > 0 for k in self.terms)
        return sign(self.terms[max(self.terms)]) if grows and self.terms else 0

    def relative(self) -> tuple[Fraction, Expr, Bound, arb]:
        """(k, p, ε, U) with the function e^{rate·z}·p·z^k·(1 + e), |e| ≤ ε ≤ U < 1 throughout."""
        if not self.terms:
            raise GrowthError("The leading term is not known.")
        k = max(self.terms)
        p = self.terms[k]
        others = Leading(sympy.S.Zero, {j: r for j, r in self.terms.items() if j != k}, self.rest, self.region)
        small = others.magnitude * Bound(1 / abs(ball(p)), -k)
        most = self.region.supremum(small.size, small.degree, small.decay)
        if not most < 1:
            raise GrowthError("The leading term does not dominate.")
        return k, p, small, arb(most.upper())

    def angle(self) -> arb:
        """A bound on the argument of the function over that of its leading coefficient."""
        k, _, _, most = self.relative()
        region = self.region
        turn = abs(ball(self.rate)) * region.half_width + abs(_arb(k)) * (region.half_width / region.start).atan()
        return turn + most.asin()

    def power(self, exponent: sympy.Rational) -> "Leading":
        """The principal power."""
        if exponent.is_Integer and exponent >= 0:
            return reduce(Leading.__mul__, [self] * int(exponent), constant(sympy.S.One, self.region))
        k, p, small, most = self.relative()
        if not exponent.is_Integer and not (sign(p) > 0 and self.angle() < arb.pi()):
            raise GrowthError("A root may meet its branch cut.")
        r = ball(exponent)
        steep = abs(r) * larger((1 - most) ** (r - 1), (1 + most) ** (r - 1))  # of t ↦ tʳ over |t - 1| ≤ U
        degree = k * Fraction(int(exponent.p), int(exponent.q))
        rest = Bound(abs(ball(p)) ** r * steep * small.size, small.degree + degree, small.decay)
        return Leading(exponent * self.rate, {degree: p**exponent}, rest, self.region)


Nodes = dict[type, Callable[[Expr, "Region"], "Leading"]]
"""For a SymPy class of one's own: from its node, its form in the region."""


def leading(f: Expr, start: float, half_width: float, nodes: Nodes | None = None) -> Leading:
    """The form of `f`, an expression in x without pieces, from `start` ≥ 1 on. Raises `GrowthError`."""
    with ctx.workprec(64):
        return _leading(f, Region(arb(start), arb(half_width)), nodes or {})


def constant(value: Expr, region: Region) -> Leading:
    """A number as a function."""
    terms = {Fraction(0): value} if sign(value) != 0 else {}
    return Leading(sympy.S.Zero, terms, Bound(arb(0)), region)


def _leading(f: Expr, region: Region, nodes: Nodes) -> Leading:
    if x not in f.free_symbols:
        return constant(f, region)
    if f == x:
        return Leading(sympy.S.Zero, {Fraction(1): sympy.S.One}, Bound(arb(0)), region)
    if f.is_Add or f.is_Mul:
        parts = [_leading(part, region, nodes) for part in f.args]
        return reduce(Leading.__add__ if f.is_Add else Leading.__mul__, parts)
    if f.is_Pow and not isinstance(f, sympy.exp):
        if f.exp.is_Rational:
            return _leading(f.base, region, nodes).power(f.exp)
        return _exp(_leading(f.exp * sympy.log(f.base), region, nodes))
    if type(f) in nodes:
        return nodes[type(f)](f, region)
    inner = [_leading(part, region, nodes).flat() for part in f.args]
    rule = _RULES.get(type(f))
    if rule is not None:
        return rule(inner[0])
    if len(inner) == 1:
        return _smooth(f.func, inner[0])
    raise GrowthError(f"How {f} behaves far out is not known.")


def _smooth(function: Callable[[Expr], Expr], w: Leading) -> Leading:
    """g(p + r) = g(p) + r′ with |r′| ≤ |r| sup|g′|, where w tends to a number p."""
    p, small, most = _limit(w)
    if most == 0:
        return constant(function(p), w.region)
    disc = acb(ball(p) + arb(0, most), arb(0, most))
    steep = complex_program(function(x).diff(x), x).at(disc, True)
    if not (steep.is_finite() and complex_program(function(x), x).at(disc, True).is_finite()):
        raise GrowthError(f"{function} is not proven analytic near {p}.")
    rest = Bound(small.size * steep.abs_upper(), small.degree, small.decay)
    value = function(p)
    return Leading(sympy.S.Zero, {Fraction(0): value} if sign(value) != 0 else {}, rest, w.region)


def _limit(w: Leading) -> tuple[Expr, Bound, arb]:
    """(p, r, sup|r|) where w = p + r is bounded."""
    if sign(w.rate) > 0 or any(k > 0 for k in w.terms):
        raise GrowthError("A function is needed where its argument grows without bound.")
    falling = {k: p for k, p in w.terms.items() if k < 0}
    small = Leading(sympy.S.Zero, falling, w.rest, w.region).magnitude
    return (
        w.terms.get(Fraction(0), sympy.S.Zero),
        small,
        w.region.supremum(small.size, small.degree, small.decay),
    )


def _exp(w: Leading) -> Leading:
    w = w.flat()
    if sign(w.rate) > 0:
        return _exp_of_exponential(w)
    growing = {k: p for k, p in w.terms.items() if k > 0}
    bounded = Leading(w.rate, {k: p for k, p in w.terms.items() if k <= 0}, w.rest, w.region)
    p, small, most = _limit(bounded)
    stretch = small.size * ((most.exp() - 1) / most if most > 0 else arb(1))  # |e^r - 1| ≤ |r|(e^R - 1)/R
    factor = Leading(sympy.S.Zero, {Fraction(0): sympy.S.One}, Bound(stretch, small.degree, small.decay), w.region)
    factor = factor.scaled(sympy.exp(p))
    if not growing:
        return factor
    if set(growing) == {Fraction(1)}:
        return Leading(growing[Fraction(1)], factor.terms, factor.rest, w.region)
    top = max(growing)
    if sign(growing[top]) > 0 and top > 1:
        raise GrowthError("A function grows faster than an exponential.")
    if all(k.denominator == 1 for k in growing):
        return _faster_than_exponential({int(k): q for k, q in growing.items()}, w.region) * factor
    if sign(growing[top]) < 0 and Leading(w.rate, growing, Bound(arb(0)), w.region).angle() < arb.pi() / 2:
        return Leading(sympy.S.Zero, {}, Bound(arb(1)), w.region) * factor
    raise GrowthError("The size of an exponential is not known.")


def _exp_of_exponential(w: Leading) -> Leading:
    """e^{w}, Re w ≤ -κe^{μ Re z} for a negative leading coefficient: it decays faster than any exponential."""
    k, p, _, most = w.relative()
    angle = w.angle()
    if not (sign(p) < 0 and k >= 0 and angle < arb.pi() / 2):
        raise GrowthError("A function grows faster than an exponential.")
    start, rate = w.region.start, ball(w.rate)
    depth = abs(ball(p)) * (1 - most) * angle.cos() * _power(start, k) * (rate * start).exp()
    decay = min(_FASTEST, float((depth * rate).lower()))
    return Leading(sympy.S.Zero, {}, Bound((decay * start - depth).exp(), Fraction(0), decay), w.region)


def _faster_than_exponential(powers: dict[int, Expr], region: Region) -> Leading:
    """exp(Σ p_k z^k), negative on top: |Re (x + iy)^k - x^k| ≤ Σ_{i=2,4,…} C(k,i) x^{k-i} a^i."""
    top = max(powers)
    real = [arb(0)] * (top + 1)
    for k, p in powers.items():
        real[k] += ball(p)
        for i in range(2, k + 1, 2):
            real[k - i] += abs(ball(p)) * math.comb(k, i) * region.half_width**i
    shifted = [
        sum((real[k] * math.comb(k, j) * region.start ** (k - j) for k in range(j, top + 1)), arb(0))
        for j in range(top + 1)
    ]  # in powers of x - X
    decay = min(_FASTEST, float((-shifted[1]).lower()))
    if not (decay > 0 and all(value <= 0 for value in shifted[2:])):
        raise GrowthError("An exponential does not fall from here on.")
    size = (shifted[0] + decay * region.start).exp()
    return Leading(sympy.S.Zero, {}, Bound(size, Fraction(0), decay), region)


def _log(w: Leading) -> Leading:
    k, p, small, most = w.relative()
    if not (sign(p) > 0 and w.angle() < arb.pi()):
        raise GrowthError("A logarithm may meet its branch cut.")
    stretch = -(1 - most).log() / most if most > 0 else arb(1)
    rest = Bound(small.size * stretch, small.degree, small.decay)
    region = w.region
    if k != 0:  # |log z| ≤ log|z| + |arg z|, log t ≤ 2√t/e
        turn = (region.half_width / region.start).atan() / region.start.sqrt()
        rest = rest.plus(Bound(abs(_arb(k)) * (2 / arb.const_e() + turn), Fraction(1, 2)), region)
    line = {Fraction(1): w.rate} if sign(w.rate) != 0 else {}
    return Leading(sympy.S.Zero, line, rest, region) + constant(sympy.log(p), region)


def _tanh(w: Leading) -> Leading:
    """1 - 2E/(1 + E), E = e^{-2w}, on the side where E is small."""
    side = w.direction
    if side == 0:
        return _smooth(sympy.tanh, w)
    one = constant(sympy.S.One, w.region)
    small = _exp(w.scaled(sympy.Integer(-2 * side)))
    return (one + (small * (one + small).power(sympy.S.NegativeOne)).scaled(sympy.Integer(-2))).scaled(
        sympy.Integer(side)
    )


def _erf(w: Leading) -> Leading:
    """|erfc z| ≤ |e^{-z²}| for Re z ≥ 0 (DLMF 7.7.1)."""
    side = w.direction
    if side == 0:
        return _smooth(sympy.erf, w)
    if not w.angle() < arb.pi() / 2:
        raise GrowthError("erf is not near its limit.")
    rest = _exp((w * w).scaled(sympy.S.NegativeOne)).flat().magnitude
    return Leading(sympy.S.Zero, {Fraction(0): sympy.Integer(side)}, rest, w.region)


def _atan(w: Leading) -> Leading:
    """π/2 - atan(1/w) for Re w > 0."""
    side = w.direction
    if side == 0:
        return _smooth(sympy.atan, w)
    if not w.angle() < arb.pi() / 2:
        raise GrowthError("atan is not near its limit.")
    inverse = _smooth(sympy.atan, w.power(sympy.S.NegativeOne).flat())
    return constant(side * sympy.pi / 2, w.region) + inverse.scaled(sympy.S.NegativeOne)


def _asinh(w: Leading) -> Leading:
    """log w + log(1 + √(1 + w⁻²)) for Re w > 0."""
    side = w.direction
    if side == 0:
        return _smooth(sympy.asinh, w)
    if not w.angle() < arb.pi() / 2:
        raise GrowthError("asinh may meet its branch cut.")
    w = w.scaled(sympy.Integer(side))
    one = constant(sympy.S.One, w.region)
    root = (one + w.power(sympy.Integer(-2)).flat()).power(sympy.S.Half)
    return (_log(w) + _log(one + root)).scaled(sympy.Integer(side))


def _wave(w: Leading) -> Leading:
    """|sin w|, |cos w| ≤ cosh(Im w)."""
    slope = w.terms.get(Fraction(1), sympy.S.Zero)
    bounded = Leading(w.rate, {k: p for k, p in w.terms.items() if k != 1}, w.rest, w.region)
    _, _, most = _limit(bounded)
    size = (abs(ball(slope)) * w.region.half_width + most).cosh()
    return Leading(sympy.S.Zero, {}, Bound(size), w.region)


def _sum_of_exponentials(sinh: int, w: Leading) -> Leading:
    return (_exp(w) + _exp(w.scaled(sympy.S.NegativeOne)).scaled(sympy.Integer(sinh))).scaled(sympy.S.Half)


def _sech(w: Leading) -> Leading:
    return _sum_of_exponentials(1, w).power(sympy.S.NegativeOne)


_RULES: dict[type, Callable[[Leading], Leading]] = {
    sympy.exp: _exp,
    sympy.log: _log,
    sympy.tanh: _tanh,
    sympy.erf: _erf,
    sympy.atan: _atan,
    sympy.asinh: _asinh,
    sympy.sin: _wave,
    sympy.cos: _wave,
    sympy.sinh: lambda w: _sum_of_exponentials(-1, w),
    sympy.cosh: lambda w: _sum_of_exponentials(1, w),
    sympy.sech: _sech,
}


def ball(value: Expr) -> arb:
    """An exact SymPy number as a ball of 64 bits."""
    return _ball(sympy.sympify(value))


@lru_cache(maxsize=4096)
def _ball(value: Expr) -> arb:
    with ctx.workprec(64):
        return real_program(value, ()).at()


@lru_cache(maxsize=4096)
def sign(value: Expr) -> int:
    """The sign of an exact SymPy number. Raises `GrowthError` where it can't be told from 0."""
    if value.is_Rational:
        return int(value.p > 0) - int(value.p < 0)
    near = ball(value)
    if near > 0 or near < 0:
        return 1 if near > 0 else -1
    if value.is_zero or sympy.simplify(value) == 0:
        return 0
    raise GrowthError(f"Whether {value} is 0 can't be decided.")


def _lower(value: Expr) -> float:
    return _below(min(_FASTEST, float(ball(value).lower())))


def _below(number: float) -> float:
    return math.nextafter(number, 0.0) if number > 0 else 0.0


def _arb(number: Fraction) -> arb:
    return arb(number.numerator) / number.denominator


def _power(base: arb, exponent: Fraction) -> arb:
    return base ** _arb(exponent) if exponent else arb(1)


def larger(left: arb, right: arb) -> arb:
    """The larger of two upper ends."""
    return arb(left.upper()) if left.upper() >= right.upper() else arb(right.upper())
