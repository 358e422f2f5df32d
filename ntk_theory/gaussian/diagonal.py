"""A form where the two variables become one, q1 = q2 and c → 1: what K must share with V.

Thresholds of normal probabilities run off to ±∞ there, and exponents to -∞, so that each term has a limit of its
own though the formula has no value.
"""

from sympy.polys.fields import FracElement
from sympy.polys.rings import PolyElement

from ntk_theory.errors import DivergentExpectationError
from ntk_theory.gaussian.algebra import ROOT_1, ROOT_2, Algebra
from ntk_theory.gaussian.functions import Walls
from ntk_theory.gaussian.normal_form import Atom, Key, NormalForm, Surd
from ntk_theory.symbols import c


def on_diagonal(form: NormalForm) -> NormalForm | None:
    """The limit of `form` at q1 = q2, c → 1; None where only a sum of terms has one, or a sign is not proven."""
    algebra = form.algebra
    # equal variances first: that cancels factors 1 - c
    equal = form.substitute({ROOT_2: algebra.generator(ROOT_1)})
    try:
        return equal.substitute({c: algebra.one})
    except ZeroDivisionError:
        pass
    total = NormalForm(algebra)
    for key, coefficient in equal.table.items():
        try:
            limit = _limit(algebra, key, coefficient)
        except DivergentExpectationError:
            return None
        if limit is None:
            return None
        total += limit
    return total


def _limit(algebra: Algebra, key: Key, coefficient: FracElement) -> NormalForm | None:
    radicand, power, atoms = key
    vanishes = False
    exponent = Surd(power)
    if _order(algebra, exponent) < 0:
        if _leading_sign(algebra, exponent) > 0:
            return None
        vanishes = True
    factors = []
    for atom, multiplicity in atoms:
        value = _limit_of_atom(algebra, atom)
        if value is None:
            return None
        vanishes = vanishes or (value.is_zero and any(_order(algebra, a) < 0 for a in atom.arguments))
        factors += [value] * multiplicity
    surd = Surd(coefficient, radicand)
    order = _order(algebra, surd)
    if vanishes or order > 0:  # exponentially fast, or as a power with all else bounded
        return NormalForm(algebra)
    if order < 0:
        return None
    at_one = {c: algebra.one}
    term = algebra.constant(1).scaled(_stripped_at_one(algebra, surd), algebra.substitute(power, at_one))
    for value in factors:
        term = term * value
    return term


def _limit_of_atom(algebra: Algebra, atom: Atom) -> NormalForm | None:
    """The limit of one transcendental factor, None where it has none."""
    infinite = [_order(algebra, a) < 0 for a in atom.arguments]
    if atom.function != "orthant":
        if any(infinite):
            return None
        return algebra.apply(atom.function, [_value(algebra, a) for a in atom.arguments])
    walls = Walls.unpack(atom.arguments)
    far = [i for i, h in enumerate(walls.h) if _order(algebra, h) < 0]
    if any(_leading_sign(algebra, walls.h[i]) < 0 for i in far):
        return NormalForm(algebra)
    kept = walls.without(*far)
    return algebra.apply("orthant", [_value(algebra, a) for a in kept.arguments])


def _value(algebra: Algebra, surd: Surd) -> Surd:
    return Surd(algebra.zero) if _order(algebra, surd) > 0 else _stripped_at_one(algebra, surd)


def _leading_sign(algebra: Algebra, surd: Surd) -> int:
    return algebra.surd_sign(_stripped_at_one(algebra, surd))


def _stripped_at_one(algebra: Algebra, surd: Surd) -> Surd:
    """The surd without its powers of 1 - c, at c = 1."""
    gap = algebra.one - algebra.generator(c)
    whole = _multiplicity(algebra, surd.coefficient.numer) - _multiplicity(algebra, surd.coefficient.denom)
    rest = Surd(surd.coefficient / gap**whole, frozenset(f for f in surd.radicand if f != gap.numer))
    return algebra.substitute_surd(rest, {c: algebra.one})


def _order(algebra: Algebra, surd: Surd) -> int:
    """Twice the order in which the surd vanishes at c = 1; negative for a pole, 1 and more for zero itself."""
    if not surd:
        return 1
    numerator, denominator = (_multiplicity(algebra, p) for p in (surd.coefficient.numer, surd.coefficient.denom))
    gap = (algebra.one - algebra.generator(c)).numer
    return 2 * (numerator - denominator) + (gap in surd.radicand)


def _multiplicity(algebra: Algebra, polynomial: PolyElement) -> int:
    gap = (algebra.one - algebra.generator(c)).numer
    count = 0
    while True:
        quotient, remainder = polynomial.div(gap)
        if remainder or not polynomial:
            return count
        polynomial, count = quotient, count + 1
