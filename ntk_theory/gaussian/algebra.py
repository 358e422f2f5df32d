"""The fraction field that normal forms are written over, and the proofs of sign that square roots need."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, reduce
from operator import mul
from typing import Any

import sympy
from sympy import QQ, Expr, Symbol
from sympy.polys.fields import FracElement, FracField
from sympy.polys.rings import PolyElement

from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.gaussian.functions import FUNCTIONS
from ntk_theory.gaussian.normal_form import Atom, NormalForm, Surd
from ntk_theory.symbols import c as correlation
from ntk_theory.symbols import q1, q2

ROOT_1 = Symbol("r1", positive=True)
ROOT_2 = Symbol("r2", positive=True)
PI = Symbol("pi_", positive=True)
IMAGINARY = Symbol("i_")


class Algebra:
    """The fraction field over √q1, √q2, c, π and the parameters, and what is built from it.

    `constants` are irrational numbers, each with the symbol that stands for it in the field. The domain is
    q1, q2 > 0 and -1 < c < 1, for a `growth` g > 0 with 2·g·q1 < 1 and 2·g·q2 < 1.
    """

    def __init__(
        self,
        parameters: Iterable[Symbol] = (),
        constants: Iterable[tuple[Symbol, Expr]] = (),
        growth: Expr = sympy.S.Zero,
    ) -> None:
        self.constants = dict(constants)
        self.field = FracField([ROOT_1, ROOT_2, correlation, PI, *parameters, *self.constants], QQ, "lex")
        self.growth = self.element(growth)
        self._signs: dict[PolyElement, int] = {}
        self._factors: dict[PolyElement, tuple[Any, list[tuple[PolyElement, int]]]] = {}

    @property
    def zero(self) -> FracElement:
        return self.field.zero

    @property
    def one(self) -> FracElement:
        return self.field.one

    @property
    def pi(self) -> FracElement:
        return self.generator(PI)

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
                if factor is sympy.E:
                    power += self.one
                elif isinstance(factor, sympy.exp):
                    power += self.element(factor.args[0])
                elif is_square_root(factor) and factor not in self.constants.values():
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
        return NormalForm(self, {(surd.radicand, self.one * power, frozenset(atoms)): surd.coefficient})

    def constant(self, value: Any) -> NormalForm:
        return self.term(Surd(self.one * value))

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
            for factor, multiplicity in self.conjugates_joined(factors):
                sign = self.sign(factor)
                content = content * sign**multiplicity
                oriented.append((factor * sign, multiplicity))
            self._factors[polynomial] = (content, oriented)
        return self._factors[polynomial]

    def conjugates_joined(self, factors: list[tuple[PolyElement, int]]) -> list[tuple[PolyElement, int]]:
        """Factors with their multiplicities, f(√q) and f(-√q) as one: 1 - q and not (1 - √q)(1 + √q)."""
        powers = dict(factors)
        for factor in list(powers):
            for i in (0, 1):
                mirrored = self._mirrored(factor, i)
                if mirrored in (factor, -factor):
                    continue
                for partner in (mirrored, -mirrored):
                    both = min(powers[factor], powers.get(partner, 0))
                    if both:
                        powers[factor] -= both
                        powers[partner] -= both
                        powers[factor * partner] = powers.get(factor * partner, 0) + both
        return [(factor, multiplicity) for factor, multiplicity in powers.items() if multiplicity]

    def _mirrored(self, polynomial: PolyElement, i: int) -> PolyElement:
        """`polynomial` with -√q1 (i = 0) or -√q2 (i = 1)."""
        return self.field.ring({m: -value if m[i] % 2 else value for m, value in polynomial.terms()})

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
        symbols = self.field.symbols
        used = {symbols[i] for monomial in polynomial.monoms() for i, e in enumerate(monomial) if e}
        if used <= {PI, *self.constants}:
            return 1 if sympy.N(self.restore(polynomial.as_expr()), 30) > 0 else -1
        position = symbols.index(correlation)
        signed = [i for i, s in enumerate(symbols) if s in used and not s.is_positive and i != position]
        for one in (polynomial, self._bounded(polynomial)):
            found = set() if one is None else _signs_of_coefficients(one, position, signed)
            if len(found) == 1:
                return found.pop()
        if self.growth and self._never_zero(polynomial, position, signed):
            return 1 if sympy.N(self._at_sample(polynomial), 30) > 0 else -1
        raise DivergentExpectationError(
            f"{self.restore(polynomial.as_expr())} has no fixed sign for q1, q2 > 0 and -1 < c < 1, and the "
            "expectation exists only where it is positive."
        )

    def _never_zero(self, polynomial: PolyElement, position: int, signed: list[int]) -> bool:
        """Whether f(√q)·f(-√q) has one sign on the domain, where f itself has odd and even powers of √q."""
        for i in (0, 1):
            if len({monomial[i] % 2 for monomial in polynomial.monoms()}) > 1:
                polynomial *= self._mirrored(polynomial, i)
        bounded = self._bounded(polynomial)
        return bounded is not None and len(_signs_of_coefficients(bounded, position, signed) | {0}) == 2

    def _at_sample(self, polynomial: PolyElement) -> Expr:
        """The value at c = 0, variances at half of what the growth allows, parameters at 1, 2, …"""
        parameters = [s for s in self.field.symbols[4:] if s not in self.constants]
        numbers: dict[Symbol, Expr] = {s: sympy.Integer(i) for i, s in enumerate(parameters, 1)}
        growth = self.restore(self.growth.as_expr()).subs(numbers)
        numbers |= {q1: 1 / (4 * growth), q2: 1 / (4 * growth), correlation: sympy.S.Zero}
        return self.restore(polynomial.as_expr()).subs(numbers)

    def _bounded(self, polynomial: PolyElement) -> PolyElement | None:
        """`polynomial` with q = p/(1 + 2gp) for both variances, times a positive factor: p > 0 is 2gq < 1.

        None without growth, or where odd and even powers of √q stand side by side.
        """
        ring = self.field.ring
        degrees = [polynomial.degree(i) for i in (0, 1)]
        parities = [{monomial[i] % 2 for monomial in polynomial.monoms()} for i in (0, 1)]
        if not self.growth or any(len(parity) > 1 for parity in parities):
            return None
        over, under = self.growth.numer, self.growth.denom
        total = ring.zero
        for monomial, value in polynomial.terms():
            term = ring({(0, 0, *monomial[2:]): value})
            for i, degree in enumerate(degrees):
                p = ring.gens[i] ** 2
                term *= (under * p) ** (monomial[i] // 2)
                term *= (under + 2 * over * p) ** ((degree - monomial[i]) // 2)
            total += term
        return total

    def diff(self, element: FracElement, symbol: Symbol) -> FracElement:
        return element.diff(self.generator(symbol))

    def diff_surd(self, surd: Surd, symbol: Symbol) -> Surd:
        slope = self.diff(surd.coefficient, symbol)
        for factor in surd.radicand:
            slope += surd.coefficient * self.diff(self.field(factor), symbol) / (2 * factor)
        return Surd(slope, surd.radicand)

    def apply(self, function: str, arguments: Sequence[Surd]) -> NormalForm:
        """The form of one transcendental function, in its canonical orientation."""
        return FUNCTIONS[function][0](self, arguments)

    def multiply_waves(self, first: Atom, second: Atom) -> NormalForm:
        """cos a cos b, sin a sin b or sin a cos b as half a sum."""
        (a,), (b,) = first.arguments, second.arguments
        if first.function != second.function:
            sine, cosine = (a, b) if first.function == "sin" else (b, a)
            total = self.apply("sin", [sine + cosine]) + self.apply("sin", [sine + -cosine])
        else:
            sign = 1 if first.function == "cos" else -1
            total = self.apply("cos", [a + -b]) + self.apply("cos", [a + b]).scaled(Surd(self.one * sign))
        return total.scaled(Surd(self.one / 2))

    def differentiate(self, atom: Atom, symbol: Symbol) -> NormalForm:
        """The derivative of one atom with respect to a generator."""
        slopes = [self.diff_surd(argument, symbol) for argument in atom.arguments]
        return FUNCTIONS[atom.function][1](self, atom.arguments, slopes)

    def swap(self, element: FracElement) -> FracElement:
        """√q1 for √q2, and √q2 for √q1."""
        return self.field(self._swap(element.numer)) / self.field(self._swap(element.denom))

    def swap_surd(self, surd: Surd) -> Surd:
        return Surd(self.swap(surd.coefficient), frozenset(map(self._swap, surd.radicand)))

    def _swap(self, polynomial: PolyElement) -> PolyElement:
        # √q1 and √q2 are the first two generators
        return self.field.ring({(m[1], m[0], *m[2:]): value for m, value in polynomial.terms()})

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

    def orientation(self, surd: Surd) -> int:
        """A sign by convention, opposite for opposite surds; 0 for zero."""
        if not surd:
            return 0
        return 1 if surd.coefficient.numer.LC * surd.coefficient.denom.LC > 0 else -1

    def surd_sign(self, surd: Surd) -> int:
        """The sign of a surd on the domain, proven."""
        return self.sign(surd.coefficient.numer) * self.sign(surd.coefficient.denom)

    def restore(self, expression: Expr) -> Expr:
        """Generators back to what they stand for: r1 = √q1, r2 = √q2, π and the constants."""
        return expression.xreplace(
            {ROOT_1: sympy.sqrt(q1), ROOT_2: sympy.sqrt(q2), PI: sympy.pi, **self.constants}
        )


def is_square_root(expression: Expr) -> bool:
    """Whether `expression` is an odd power of a square root."""
    return bool(expression.is_Pow and expression.exp.is_Rational and expression.exp.q == 2)


def _signs_of_coefficients(polynomial: PolyElement, position: int, signed: list[int]) -> set[int]:
    """Signs of the coefficients after c = (u - 1)/(u + 1), and 0 for an odd power of a generator of either sign.

    c stands at `position`; Σ a_k cᵏ times (u + 1)ᵈ is Σ a_k (u - 1)ᵏ (u + 1)ᵈ⁻ᵏ.
    """
    degree = polynomial.degree(position)
    moved: dict[tuple[int, ...], list[Any]] = {}
    for monomial, value in polynomial.terms():
        rest = (*monomial[:position], 0, *monomial[position + 1 :])
        sums = moved.setdefault(rest, [0] * (degree + 1))
        for power, binomial in enumerate(_mobius(monomial[position], degree)):
            sums[power] += value * binomial
    found = set()
    for rest, sums in moved.items():
        odd = any(rest[i] % 2 for i in signed)
        found |= {0 if odd else 1 if v > 0 else -1 for v in sums if v}
    return found


@cache
def _mobius(k: int, degree: int) -> tuple[int, ...]:
    """The coefficients of (u - 1)ᵏ (u + 1)ᵈ⁻ᵏ, lowest power first."""
    coefficients = [1]
    for root in [-1] * k + [1] * (degree - k):
        shifted = [0, *coefficients]
        coefficients = [a + root * b for a, b in zip(shifted, [*coefficients, 0], strict=True)]
    return tuple(coefficients)
