"""The normal form of exact Gaussian expectations: sums of R·√D·exp(E)·S over one fraction field.

R and E are elements of the fraction field in r1 = √q1, r2 = √q2, c, π and the parameters; D is a product of
distinct irreducible polynomials that are positive on the domain r1, r2 > 0, -1 < c < 1; S is a product of
asin(ρ) and Φ(h) with ρ, h of the form R·√D. A form is zero if and only if its table is empty, up to relations
among irrational constants that were entered as generators.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from operator import mul
from typing import Any

import sympy
from sympy import QQ, Expr, Symbol
from sympy.polys.fields import FracElement, FracField
from sympy.polys.rings import PolyElement

from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.symbols import c as correlation
from ntk_theory.symbols import q1, q2

ROOT_1 = Symbol("r1", positive=True)
ROOT_2 = Symbol("r2", positive=True)
PI = Symbol("pi_", positive=True)


@dataclass(frozen=True)
class Surd:
    """coefficient·√(product of radicand), the radicand's factors irreducible, distinct and positive."""

    coefficient: FracElement
    radicand: frozenset[PolyElement] = frozenset()

    def __mul__(self, other: "Surd") -> "Surd":
        coefficient = self.coefficient * other.coefficient
        for shared in self.radicand & other.radicand:
            coefficient = coefficient * shared
        return Surd(coefficient, self.radicand ^ other.radicand)

    def __neg__(self) -> "Surd":
        return Surd(-self.coefficient, self.radicand)

    @property
    def squared(self) -> FracElement:
        return reduce(mul, self.radicand, self.coefficient**2)

    @property
    def inverse(self) -> "Surd":
        return Surd(self.coefficient / self.squared, self.radicand)


@dataclass(frozen=True)
class Atom:
    """One transcendental factor: "asin" of a surd, or "Phi" of a surd (the normal distribution function)."""

    function: str
    argument: Surd


Atoms = frozenset[tuple[Atom, int]]
Key = tuple[frozenset[PolyElement], FracElement, Atoms]


@dataclass(frozen=True)
class NormalForm:
    """A sum of R·√D·exp(E)·S: `table` maps (D, E, S) to R ≠ 0."""

    algebra: "Algebra"
    table: Mapping[Key, FracElement] = field(default_factory=dict)

    def __add__(self, other: "NormalForm") -> "NormalForm":
        table = dict(self.table)
        for key, coefficient in other.table.items():
            total = table.pop(key, self.algebra.zero) + coefficient
            if total:
                table[key] = total
        return NormalForm(self.algebra, table)

    def __sub__(self, other: "NormalForm") -> "NormalForm":
        return self + other.scaled(Surd(-self.algebra.one))

    def __mul__(self, other: "NormalForm") -> "NormalForm":
        result = NormalForm(self.algebra)
        for (key, left), (other_key, right) in product(self.table.items(), other.table.items()):
            surd = Surd(left, key[0]) * Surd(right, other_key[0])
            atoms = _multiply_atoms(key[2], other_key[2])
            result += NormalForm(self.algebra, {(surd.radicand, key[1] + other_key[1], atoms): surd.coefficient})
        return result

    def scaled(self, factor: Surd, exponent: FracElement | int = 0) -> "NormalForm":
        """The form times factor·exp(exponent)."""
        if not factor.coefficient:
            return NormalForm(self.algebra)
        table: dict[Key, FracElement] = {}
        for (radicand, power, atoms), coefficient in self.table.items():
            surd = Surd(coefficient, radicand) * factor
            table[(surd.radicand, power + exponent, atoms)] = surd.coefficient
        return NormalForm(self.algebra, table)

    @property
    def is_zero(self) -> bool:
        return not self.table

    def diff(self, symbol: Symbol) -> "NormalForm":
        """The derivative with respect to one generator, in normal form again."""
        algebra = self.algebra
        result = NormalForm(algebra)
        for (radicand, power, atoms), coefficient in self.table.items():
            slope = algebra.diff(coefficient, symbol) + coefficient * algebra.diff(power, symbol)
            for factor in radicand:
                slope += coefficient * algebra.diff(algebra.field(factor), symbol) / (2 * factor)
            result += algebra.term(Surd(slope, radicand), power, atoms)
            for atom, multiplicity in atoms:
                rest = atoms - {(atom, multiplicity)}
                if multiplicity > 1:
                    rest |= {(atom, multiplicity - 1)}
                inner = algebra.diff_atom(atom, symbol)
                outer = algebra.term(Surd(multiplicity * coefficient, radicand), power, rest)
                result += inner * outer
        return result

    def substitute(self, values: Mapping[Symbol, Any]) -> "NormalForm":
        """The form with generators replaced by field elements or numbers. Raises ZeroDivisionError at poles."""
        algebra = self.algebra
        result = NormalForm(algebra)
        for (radicand, power, atoms), coefficient in self.table.items():
            surd = algebra.substitute_surd(Surd(coefficient, radicand), values)
            term = algebra.constant(1).scaled(surd, algebra.substitute(power, values))
            for atom, multiplicity in atoms:
                argument = algebra.substitute_surd(atom.argument, values)
                value = algebra.asin(argument) if atom.function == "asin" else algebra.Phi(argument)
                for _ in range(multiplicity):
                    term = term * value
            result += term
        return result


class Algebra:
    """The fraction field over √q1, √q2, c, π and the parameters, and what is built from it.

    `constants` are irrational numbers, each with the symbol that stands for it in the field.
    """

    def __init__(self, parameters: Iterable[Symbol] = (), constants: Iterable[tuple[Symbol, Expr]] = ()) -> None:
        self.constants = dict(constants)
        self.field = FracField([ROOT_1, ROOT_2, correlation, PI, *parameters, *self.constants], QQ, "lex")
        self._signs: dict[PolyElement, int] = {}
        self._factors: dict[PolyElement, tuple[Any, list[tuple[PolyElement, int]]]] = {}

    @property
    def zero(self) -> FracElement:
        return self.field.zero

    @property
    def one(self) -> FracElement:
        return self.field.one

    def generator(self, symbol: Symbol) -> FracElement:
        return self.field.gens[self.field.symbols.index(symbol)]

    def element(self, expression: Expr) -> FracElement:
        """A SymPy expression, rational in the generators, as a field element."""
        stand_ins = {value: symbol for symbol, value in self.constants.items()} | {sympy.pi: PI}
        try:
            return self.field.from_expr(sympy.sympify(expression).xreplace(stand_ins))
        except (ValueError, ZeroDivisionError) as error:
            raise NotInClassError(f"{expression} is not rational in the parameters.") from error

    def coefficient(self, expression: Expr) -> "NormalForm":
        """A SymPy expression free of x as a form: square roots and exponentials keep their relations."""
        total = NormalForm(self)
        for summand in sympy.Add.make_args(sympy.expand(expression, power_exp=False)):
            surd, power = Surd(self.one), self.zero
            for factor in sympy.Mul.make_args(summand):
                if isinstance(factor, sympy.exp):
                    power += self.element(factor.args[0])
                elif is_square_root(factor):
                    root = self.sqrt(self.element(factor.base))
                    whole = self.element(factor.base) ** int(sympy.floor(factor.exp))
                    surd = surd * root * Surd(whole)
                else:
                    surd = surd * Surd(self.element(factor))
            total += self.term(surd, power)
        return total

    def term(self, surd: Surd, power: FracElement | int = 0, atoms: Iterable[tuple[Atom, int]] = ()) -> NormalForm:
        if not surd.coefficient:
            return NormalForm(self)
        return NormalForm(self, {(surd.radicand, self.zero + power, frozenset(atoms)): surd.coefficient})

    def constant(self, value: Any) -> NormalForm:
        return self.term(Surd(self.zero + value))

    def sqrt(self, element: FracElement) -> Surd:
        """√element as a surd. Raises `DivergentExpectationError` where it is not positive on the domain."""
        if not element:
            return Surd(self.zero)
        numerator, denominator = element.numer, element.denom
        content, factors = self.factors(numerator * denominator)
        outside = self.one / denominator * self.sign(denominator)
        inside: list[PolyElement] = []
        if content < 0:
            raise DivergentExpectationError(
                f"{element.as_expr()} is negative on the domain: an expectation does not exist."
            )
        for prime, multiplicity in sympy.factorint(int(content.numerator) * int(content.denominator)).items():
            outside = outside * prime ** (multiplicity // 2)
            inside += [self.field.ring(prime)] * (multiplicity % 2)
        outside = outside / int(content.denominator)
        for factor, multiplicity in factors:
            outside = outside * factor ** (multiplicity // 2)
            inside += [factor] * (multiplicity % 2)
        return Surd(outside, frozenset(inside))

    def factors(self, polynomial: PolyElement) -> tuple[Any, list[tuple[PolyElement, int]]]:
        """content and irreducible factors, each oriented so that it is positive on the domain."""
        if polynomial not in self._factors:
            content, factors = polynomial.factor_list()
            oriented = []
            for factor, multiplicity in factors:
                sign = self.sign(factor)
                content = content * sign**multiplicity
                oriented.append((factor * sign, multiplicity))
            self._factors[polynomial] = (content, oriented)
        return self._factors[polynomial]

    def sign(self, polynomial: PolyElement) -> int:
        """The sign of `polynomial` on r1, r2 > 0, -1 < c < 1, proven by its coefficients.

        With c = (u - 1)/(u + 1) and u > 0 the domain is an orthant, where coefficients of one sign decide;
        for polynomials in constants alone their value does.
        """
        if polynomial not in self._signs:
            self._signs[polynomial] = self._prove_sign(polynomial)
        return self._signs[polynomial]

    def has_sign(self, polynomial: PolyElement) -> bool:
        """Whether `sign` can be proven."""
        try:
            return bool(self.sign(polynomial))
        except DivergentExpectationError:
            return False

    def _prove_sign(self, polynomial: PolyElement) -> int:
        expression = polynomial.as_expr()
        if expression.free_symbols <= {PI, *self.constants}:
            return 1 if sympy.N(self.restore(expression), 30) > 0 else -1
        u = Symbol("u", positive=True)
        degree = sympy.Poly(expression, correlation).degree()
        moved = sympy.cancel(expression.subs(correlation, (u - 1) / (u + 1)) * (u + 1) ** degree)
        signed = {s for s in expression.free_symbols if not s.is_positive and s != correlation}
        positive = sorted((moved.free_symbols | {u}) - signed, key=str)
        for generators in (positive, [*positive, *sorted(signed, key=str)]):
            terms = sympy.Poly(moved, *generators).terms()
            if all(_is_nonnegative(monomial, generators, signed, value) for monomial, value in terms):
                return 1
            if all(_is_nonnegative(monomial, generators, signed, -value) for monomial, value in terms):
                return -1
        raise DivergentExpectationError(
            f"{self.restore(expression)} has no fixed sign for q1, q2 > 0 and -1 < c < 1, and the expectation "
            "exists only where it is positive."
        )

    def diff(self, element: FracElement, symbol: Symbol) -> FracElement:
        return element.diff(self.generator(symbol))

    def diff_surd(self, surd: Surd, symbol: Symbol) -> Surd:
        slope = self.diff(surd.coefficient, symbol)
        for factor in surd.radicand:
            slope += surd.coefficient * self.diff(self.field(factor), symbol) / (2 * factor)
        return Surd(slope, surd.radicand)

    def diff_atom(self, atom: Atom, symbol: Symbol) -> NormalForm:
        inner = self.diff_surd(atom.argument, symbol)
        if atom.function == "asin":
            return self.term(inner * self.sqrt(1 - atom.argument.squared).inverse)
        density = self.sqrt(2 * self.generator(PI)).inverse
        return self.term(inner * density, -atom.argument.squared / 2)

    def substitute(self, element: FracElement, values: Mapping[Symbol, Any]) -> FracElement:
        arguments = [values.get(s, g) for s, g in zip(self.field.symbols, self.field.gens, strict=True)]
        numerator, denominator = (self._evaluate(p, arguments) for p in (element.numer, element.denom))
        return numerator / denominator

    def _evaluate(self, polynomial: PolyElement, arguments: list[Any]) -> FracElement:
        total = self.zero
        for monomial, coefficient in polynomial.terms():
            total += reduce(
                mul, (a**e for a, e in zip(arguments, monomial, strict=True) if e), self.one * coefficient
            )
        return total

    def substitute_surd(self, surd: Surd, values: Mapping[Symbol, Any]) -> Surd:
        result = Surd(self.substitute(surd.coefficient, values))
        for factor in surd.radicand:
            result = result * self.sqrt(self.substitute(self.field(factor), values))
        return result

    def asin(self, argument: Surd) -> NormalForm:
        """asin, odd in its argument; ±π/2 at ±1."""
        if not argument.coefficient:
            return NormalForm(self)
        if argument.squared == 1:
            return self.term(Surd(self.generator(PI) / 2 * self._surd_sign(argument)))
        sign = self._orientation(argument)
        oriented = argument if sign > 0 else -argument
        return self.term(Surd(self.one * sign), 0, [(Atom("asin", oriented), 1)])

    def Phi(self, argument: Surd) -> NormalForm:
        """The normal distribution function, with Φ(-h) = 1 - Φ(h)."""
        if not argument.coefficient:
            return self.constant(self.one / 2)
        if self._orientation(argument) > 0:
            return self.term(Surd(self.one), 0, [(Atom("Phi", argument), 1)])
        return self.constant(1) - self.term(Surd(self.one), 0, [(Atom("Phi", -argument), 1)])

    def _orientation(self, surd: Surd) -> int:
        return 1 if surd.coefficient.numer.LC * surd.coefficient.denom.LC > 0 else -1

    def _surd_sign(self, surd: Surd) -> int:
        return self.sign(surd.coefficient.numer) * self.sign(surd.coefficient.denom)

    def restore(self, expression: Expr) -> Expr:
        """Generators back to what they stand for: r1 = √q1, r2 = √q2, π and the constants."""
        return expression.xreplace(
            {ROOT_1: sympy.sqrt(q1), ROOT_2: sympy.sqrt(q2), PI: sympy.pi, **self.constants}
        )


def is_square_root(expression: Expr) -> bool:
    """Whether `expression` is an odd power of a square root."""
    return bool(expression.is_Pow and expression.exp.is_Rational and expression.exp.q == 2)


def _multiply_atoms(left: Atoms, right: Atoms) -> Atoms:
    powers = dict(left)
    for atom, multiplicity in right:
        powers[atom] = powers.get(atom, 0) + multiplicity
    return frozenset(powers.items())


def _is_nonnegative(monomial: tuple[int, ...], generators: list[Symbol], signed: set[Symbol], value: Expr) -> bool:
    even = all(e % 2 == 0 for e, g in zip(monomial, generators, strict=True) if g in signed)
    return bool(even and value.is_nonnegative)
