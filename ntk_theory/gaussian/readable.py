"""A normal form as a person would write it: common factors in front, radicals merged, acos where it shortens."""

from functools import reduce
from math import gcd, lcm
from operator import mul

import sympy
from sympy import Expr
from sympy.polys.fields import FracElement
from sympy.polys.rings import PolyElement

from ntk_theory.gaussian.algebra import Algebra
from ntk_theory.gaussian.budget import spend
from ntk_theory.gaussian.normal_form import Atom, Atoms, Key, NormalForm, Surd
from ntk_theory.gaussian.special import Orthant, Phi2
from ntk_theory.gaussian.tails import with_fewest_terms
from ntk_theory.symbols import c as correlation


def expression(form: NormalForm) -> Expr:
    """The form as a SymPy expression in √q1, √q2, c and the parameters; no `simplify` is involved."""
    algebra = form.algebra
    spend(f"writing {len(form.table)} terms readably")
    if form.is_zero:
        return sympy.S.Zero
    table = dict(form.table)
    shown: list[tuple[Surd, FracElement, Expr]] = []
    for key, coefficient in form.table.items():
        turned = _turned_angle(algebra, table, key)
        if turned is not None:
            radicand, power, _ = key
            del table[(radicand, power, frozenset())], table[key]
            shown.append((Surd(coefficient, radicand), power, turned))
    table = with_fewest_terms(algebra, table)
    shown += _hyperbolic_pairs(algebra, table)
    for (radicand, power, atoms), coefficient in table.items():
        shown.append((Surd(coefficient, radicand), power, _product(algebra, atoms)))
    common = _common_factor(algebra, [surd.coefficient for surd, _, _ in shown])
    rest = Surd(1 / common)
    summands = [_term(algebra, rest * surd, power, value) for surd, power, value in shown]
    if all(summand.as_coeff_Mul()[0].is_negative for summand in summands):
        common, summands = -common, [-summand for summand in summands]
    return algebra.restore(_factored(algebra, common)) * sympy.Add(*summands)


def _turned_angle(algebra: Algebra, table: dict[Key, FracElement], key: Key) -> Expr | None:
    """π/2 ± asin(c) is written with the angle acos(c) between the inputs, as in Cho & Saul 2009."""
    radicand, power, atoms = key
    if atoms != frozenset({(Atom("asin", (Surd(algebra.generator(correlation)),)), 1)}):
        return None
    constant = table.get((radicand, power, frozenset()))
    half_turn = algebra.pi / 2 * table[key]
    if constant == half_turn:
        return sympy.pi - sympy.acos(correlation)
    return -sympy.acos(correlation) if constant == -half_turn else None


def _hyperbolic_pairs(algebra: Algebra, table: dict[Key, FracElement]) -> list[tuple[Surd, FracElement, Expr]]:
    """exp(E₀ + E₁) ± exp(E₀ - E₁), E₁ the part odd in c, is taken out of `table` and written with cosh or sinh."""
    found = []
    minus_c = {correlation: -algebra.generator(correlation)}
    for key in list(table):
        radicand, power, atoms = key
        mirrored = algebra.substitute(power, minus_c)
        partner = (radicand, mirrored, atoms)
        odd = (power - mirrored) / 2
        if key not in table or partner not in table or not odd or algebra.orientation(Surd(odd)) < 0:
            continue
        coefficient, other = table[key], table[partner]
        if other not in (coefficient, -coefficient):
            continue
        del table[key], table[partner]
        function = sympy.cosh if other == coefficient else sympy.sinh
        value = function(algebra.restore(_factored(algebra, odd))) * _product(algebra, atoms)
        found.append((Surd(2 * coefficient, radicand), (power + mirrored) / 2, value))
    return found


def _common_factor(algebra: Algebra, coefficients: list[FracElement]) -> FracElement:
    """What all coefficients share: numerators' common divisor, numbers, and powers of single symbols below."""
    ring = algebra.field.ring
    numerator = reduce(lambda a, b: a.gcd(b), (r.numer.primitive()[1] for r in coefficients))
    shared = tuple(
        max(exponents) for exponents in zip(*(_monomial_divisor(r.denom) for r in coefficients), strict=True)
    )
    denominator = ring({shared: ring.domain.one})
    contents = [ring.domain.to_sympy(r.numer.content() / r.denom.content()) for r in coefficients]
    content = sympy.Rational(gcd(*(int(r.p) for r in contents)), lcm(*(int(r.q) for r in contents)))
    common = algebra.field(numerator) / algebra.field(denominator) * algebra.field.domain.from_sympy(content)
    negative = all((r / common).numer.LC < 0 for r in coefficients)
    return -common if negative else common


def _monomial_divisor(polynomial: PolyElement) -> tuple[int, ...]:
    """The largest monomial that divides `polynomial`, as exponents."""
    return tuple(map(min, zip(*polynomial.monoms(), strict=True)))


def _term(algebra: Algebra, surd: Surd, power: FracElement, value: Expr) -> Expr:
    # one product of all: SymPy multiplies 2·(a + b) alone out
    exponential = sympy.exp(algebra.restore(_factored(algebra, power)))
    return sympy.Mul(*map(algebra.restore, _factors_of_surd(algebra, surd)), exponential, value)


def _surd(algebra: Algebra, surd: Surd) -> Expr:
    return algebra.restore(sympy.Mul(*_factors_of_surd(algebra, surd)))


def _factors_of_surd(algebra: Algebra, surd: Surd) -> list[Expr]:
    """R·√D with factors of D that divide R's denominator moved under one root there."""
    coefficient = surd.coefficient
    above: list[PolyElement] = []
    below: list[PolyElement] = []
    for factor in surd.radicand:
        quotient, remainder = coefficient.denom.div(factor)
        if remainder:
            above.append(factor)
        else:
            coefficient = algebra.field(coefficient.numer) / algebra.field(quotient)
            below.append(factor)
    result = _factors(algebra, coefficient)
    for factors, sign in ((above, 1), (below, -1)):
        result += [radicand ** sympy.Rational(sign, 2) for radicand in _merged(algebra, factors)]
    return result


def _merged(algebra: Algebra, factors: list[PolyElement]) -> list[Expr]:
    """Radicands to print: (1 - c)(1 + c) as 1 - c², everything else factor by factor."""
    ring = algebra.field.ring
    c = ring.gens[2]
    rest = [f for f in factors if f not in (1 - c, 1 + c)]
    pair = [f for f in factors if f in (1 - c, 1 + c)]
    return [f.as_expr() for f in rest] + ([reduce(mul, pair).as_expr()] if pair else [])


def _factored(algebra: Algebra, element: FracElement) -> Expr:
    return sympy.Mul(*_factors(algebra, element))


def _factors(algebra: Algebra, element: FracElement) -> list[Expr]:
    """Numerator and denominator in irreducible factors, each turned to be positive where that is proven."""
    content = algebra.field.domain.one
    sides = []
    for polynomial, exponent in ((element.numer, 1), (element.denom, -1)):
        number, factors = polynomial.factor_list()
        content = content * number**exponent
        for factor, multiplicity in algebra.conjugates_joined(factors):
            sign = algebra.sign(factor) if algebra.has_sign(factor) else _majority(factor)
            content = content * sign**multiplicity
            sides.append((factor * sign).as_expr() ** (exponent * multiplicity))
    return [algebra.field.domain.to_sympy(content), *sides]


def _majority(polynomial: PolyElement) -> int:
    """The sign that more of the coefficients have."""
    return 1 if 2 * sum(value > 0 for value in polynomial.coeffs()) >= len(polynomial) else -1


def _product(algebra: Algebra, atoms: Atoms) -> Expr:
    return sympy.Mul(*(_value(algebra, atom) ** multiplicity for atom, multiplicity in atoms))


def _value(algebra: Algebra, atom: Atom) -> Expr:
    arguments = [_surd(algebra, argument) for argument in atom.arguments]
    if atom.function != "orthant":
        return {"asin": sympy.asin, "cos": sympy.cos, "sin": sympy.sin}[atom.function](*arguments)
    if len(arguments) == 1:
        return (1 + sympy.erf(arguments[0] / sympy.sqrt(2))) / 2
    return Phi2(*arguments) if len(arguments) == 3 else Orthant(*arguments)
