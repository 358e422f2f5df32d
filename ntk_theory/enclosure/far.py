r"""E[f(√q z)] as q → ∞, proven, and with it statements beyond every bound: the sign of a formula for all q ≥ Q.

With f = P± + r± on both sides of |x| ≤ Y, each term p·x^k, k > -1, gives p·E[z^k; z > 0]·q^{k/2},
E[z^k; z > 0] = 2^{k/2-1} Γ((k+1)/2)/√π. What is left is bounded: by ϕ_q ≤ 1/√(2πq) where f differs from P± by
something integrable, and by its own moments where r± is a power.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce

import sympy
from flint import arb
from sympy import Expr, Lambda, Symbol

from ntk_theory.activation.pieces import pieces
from ntk_theory.enclosure.boxes import range_bound
from ntk_theory.enclosure.leading import Bound, GrowthError, Leading, Nodes, Region, ball, constant, leading, sign
from ntk_theory.errors import EnclosureError
from ntk_theory.gaussian.expectations import GaussianMean
from ntk_theory.symbols import q, x

_STARTS = tuple(2.0**k for k in range(0, 80, 2))
_FAR = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


def sign_beyond(expression: Expr, symbol: Symbol) -> tuple[int, float]:
    """(s, Q) with `expression` proven to have the sign s, 1 or -1, for every value Q and beyond of its symbol.

    Gaussian means E[f(√(a·symbol) z)] may stand in it, with any piecewise f. Numbers must be exact.
    Raises `GrowthError` where its leading term as the symbol → ∞ is not known, or is 0.

    >>> from ntk_theory.symbols import q
    >>> sign_beyond(2 * GaussianMean(Lambda(x, sympy.tanh(x) ** 2), q) + 1 - q, q)
    (-1, 4.0)
    """
    shifted = expression.xreplace({symbol: x})
    if shifted.free_symbols - {x}:
        raise GrowthError(f"{expression} has symbols beside {symbol}: give them values.")
    refused: EnclosureError = GrowthError("")
    for start in _STARTS:
        try:
            form = leading(shifted, start, 0.0, _NODES)
            _, coefficient, _, _ = form.relative()
            return sign(coefficient), start
        except EnclosureError as error:
            refused = error
    raise GrowthError(f"The sign of {expression} as {symbol} → ∞ could not be proven. {refused}")


def asymptotic_slope(f: Expr) -> Expr:
    """lim E[f(√q z)]/q as q → ∞, exactly. Of f = φ², σ_w² times it says whether variances stay bounded.

    ∞ where f grows like a higher power. Raises `GrowthError` where it grows in a way that is not known, or like an
    exponential.
    """
    mean = GaussianMean(Lambda(x, f), q).xreplace({q: x})
    refused: EnclosureError = GrowthError("")
    for start in _STARTS:
        try:
            form = leading(mean, start, 0.0, _NODES).flat()
        except EnclosureError as error:
            refused = error
            continue
        top = max([*form.terms, Fraction(-1)])
        if form.rest.degree >= max(top, Fraction(1)):
            raise GrowthError(f"The leading term of E[f(√q z)] as q → ∞ is not known for f = {f}.")
        if top > 1:
            return sympy.oo * sign(form.terms[top])
        return sympy.simplify(form.terms.get(Fraction(1), sympy.S.Zero))
    raise GrowthError(f"How E[f(√q z)] grows for f = {f} could not be proven. {refused}")


def reduced(expression: Expr) -> Expr:
    """`expression` with each mean E[f(√w z)] written as its terms p·w^{k/2} for large w, and the mean of what is
    left of f: the same number, and near a line in w the formula then shows it.
    """
    changed = expression.replace(lambda part: isinstance(part, GaussianMean), _reduced_mean)
    return expression if changed == expression else sympy.expand(changed)


def _reduced_mean(node: Expr) -> Expr:
    f, variance = node.args[0](x), node.args[1]
    try:
        sides = _far(f).sides
    except EnclosureError:
        return node
    powers = [{k: p for k, p in side.terms.items() if k > 0 and k.denominator == 1} for side in sides]
    if not any(powers) or any(sign(side.rate) > 0 for side in sides):
        return node
    right, left = (
        sympy.Add(*(p * argument ** int(k) for k, p in terms.items()))
        for terms, argument in zip(powers, (x, -x), strict=True)
    )
    total = sympy.Add(
        *(p * _moment(k) * variance ** (sympy.Integer(k) / 2) for terms in powers for k, p in terms.items())
    )
    rest = GaussianMean(Lambda(x, f - sympy.Piecewise((left, x < 0), (right, True))), variance)
    return total + rest


def _moment(k: Fraction) -> Expr:
    """E[z^k; z > 0]."""
    exact = sympy.Rational(k.numerator, k.denominator)
    return 2 ** (exact / 2 - 1) * sympy.gamma((exact + 1) / 2) / sympy.sqrt(sympy.pi)


@dataclass(frozen=True)
class _Far:
    """f beyond |x| = start: its forms to the right and, mirrored, to the left; |f| ≤ size in between."""

    start: arb
    sides: tuple[Leading, Leading]
    size: arb


@lru_cache(maxsize=256)
def _far(f: Expr) -> _Far:
    found = pieces(f)
    ends = [abs(ball(piece.upper)) for piece in found[:-1]]
    right, left = found[-1].expression, found[0].expression.subs(x, -x)
    refused: EnclosureError = GrowthError("")
    for start in _FAR:
        if not all(end < start for end in ends):
            continue
        try:
            sides = leading(right, start, 0.0).flat(), leading(left, start, 0.0).flat()
        except EnclosureError as error:
            refused = error
            continue
        size = arb(0)
        for piece in found:
            lower = arb(-start) if piece.lower == -sympy.oo else ball(piece.lower)
            upper = arb(start) if piece.upper == sympy.oo else ball(piece.upper)
            bound = range_bound(piece.expression, lower, upper)
            size = bound if bound > size else size
        return _Far(arb(start), sides, size)
    raise GrowthError(f"How {f} grows could not be proven. {refused}")


def _mean(node: Expr, region: Region) -> Leading:
    f, variance = node.args
    factor = variance / x
    if x in factor.free_symbols or region.half_width != 0 or sign(factor) <= 0:
        raise GrowthError(
            f"How {node} behaves far out is not known: its variance must be a multiple of the symbol."
        )
    start = ball(factor) * region.start
    if not start >= 1:
        raise GrowthError("The variance starts below 1.")
    form = _mean_of(f(x), Region(arb(start.lower()), arb(0)))
    rest = form.rest
    scaled = Bound(rest.size * ball(factor) ** _arb(rest.degree), rest.degree, 0.0)
    terms = {k: p * factor ** sympy.Rational(k.numerator, k.denominator) for k, p in form.terms.items()}
    return Leading(sympy.S.Zero, terms, scaled, region)


def _mean_of(f: Expr, region: Region) -> Leading:
    """The form of E[f(√x z)] in x."""
    far = _far(f)
    width = (2 * arb.pi()).sqrt()
    near = 2 * far.start * far.size / width
    total, rest = constant(sympy.S.Zero, region), Bound(arb(0))
    for side in far.sides:
        if sign(side.rate) > 0:
            raise GrowthError("A Gaussian mean of an exponential grows faster than any power of the variance.")
        powers = []
        for k, p in side.terms.items():
            if k > -1:
                total = total + Leading(sympy.S.Zero, {k / 2: p * _moment(k)}, Bound(arb(0)), region)
                near += abs(ball(p)) * far.start ** _arb(k + 1) / _arb(k + 1) / width
            else:
                powers.append(Bound(abs(ball(p)), k, 0.0))
        bounds = [_integrated(bound, far.start) for bound in (*powers, side.rest)]
        rest = reduce(lambda one, other: one.plus(other, region), bounds, rest)
    rest = rest.plus(Bound(near, Fraction(-1, 2)), region)
    return Leading(sympy.S.Zero, total.terms, rest, region)


def _integrated(bound: Bound, start: arb) -> Bound:
    """∫_Y^∞ of the bound against the density of variance x, as a bound in x ≥ 1."""
    width = (2 * arb.pi()).sqrt()
    if bound.decay > 0:
        half = bound.decay / 2
        most = Region(start, arb(0)).supremum(bound.size, bound.degree, half)
        return Bound(most * (-half * start).exp() / half / width, Fraction(-1, 2))
    degree, size = bound.degree, bound.size
    if degree == -1:
        degree, size = Fraction(-1, 2), size / start.sqrt()
    if degree < -1:
        return Bound(size * start ** _arb(degree + 1) / -_arb(degree + 1) / width, Fraction(-1, 2))
    moment = arb(2) ** (_arb(degree) / 2 - 1) * (_arb(degree + 1) / 2).gamma() / arb.pi().sqrt()
    return Bound(size * moment, degree / 2)


def _arb(number: Fraction) -> arb:
    return arb(number.numerator) / number.denominator


_NODES: Nodes = {GaussianMean: _mean}
