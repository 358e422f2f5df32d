"""The normal form of exact Gaussian expectations: sums of R·√D·exp(E)·S over one fraction field.

R and E are elements of the fraction field in r1 = √q1, r2 = √q2, c, π and the parameters (`algebra`); D is a
product of distinct irreducible polynomials that are positive on the domain r1, r2 > 0, -1 < c < 1; S is a product
of asin(ρ), cos(ω), sin(ω) and normal orthant probabilities (`functions`), with arguments of the form R·√D. A form
is zero if and only if its table is empty, up to relations among irrational constants entered as generators.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from operator import mul
from typing import TYPE_CHECKING, Any

from sympy import Symbol
from sympy.polys.fields import FracElement
from sympy.polys.rings import PolyElement

if TYPE_CHECKING:
    from ntk_theory.gaussian.algebra import Algebra


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

    def __add__(self, other: "Surd") -> "Surd":
        """The sum, where both have one radicand or one of them is zero."""
        if not self.coefficient:
            return other
        if other.coefficient and self.radicand != other.radicand:
            raise ArithmeticError(f"{self} and {other} have different radicands")
        return Surd(self.coefficient + other.coefficient, self.radicand)

    def __bool__(self) -> bool:
        return bool(self.coefficient)

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
    """One transcendental factor.

    "asin", "cos" and "sin" have one argument; "orthant" of n thresholds h and their correlations ρ, in the order
    h_1, …, h_n, ρ_12, ρ_13, …, ρ_23, …, is the probability P(Z_i < h_i for all i) of standard normal Z.
    """

    function: str
    arguments: tuple[Surd, ...]


WAVES = ("cos", "sin")
"""At most one of these stands in a term: products of them are written as sums."""

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
            waves = [w for atoms in (key[2], other_key[2]) for w in atoms if w[0].function in WAVES]
            if len(waves) == 2:
                rest = (key[2] | other_key[2]) - set(waves)
                product_of_waves = self.algebra.multiply_waves(waves[0][0], waves[1][0])
                result += self.algebra.term(surd, key[1] + other_key[1], rest) * product_of_waves
            else:
                atoms = _multiply_atoms(key[2], other_key[2])
                result += self.algebra.term(surd, key[1] + other_key[1], atoms)
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
                inner = algebra.differentiate(atom, symbol)
                outer = algebra.term(Surd(multiplicity * coefficient, radicand), power, rest)
                result += inner * outer
        return result

    def swapped(self) -> "NormalForm":
        """The form with the two variables' roles exchanged: √q1 for √q2."""
        algebra = self.algebra
        result = NormalForm(algebra)
        for (radicand, power, atoms), coefficient in self.table.items():
            surd = algebra.swap_surd(Surd(coefficient, radicand))
            term = algebra.term(surd, algebra.swap(power))
            for atom, multiplicity in atoms:
                value = algebra.apply(atom.function, [algebra.swap_surd(a) for a in atom.arguments])
                for _ in range(multiplicity):
                    term = term * value
            result += term
        return result

    def substitute(self, values: Mapping[Symbol, Any]) -> "NormalForm":
        """The form with generators replaced by field elements or numbers. Raises ZeroDivisionError at poles."""
        algebra = self.algebra
        result = NormalForm(algebra)
        for (radicand, power, atoms), coefficient in self.table.items():
            surd = algebra.substitute_surd(Surd(coefficient, radicand), values)
            term = algebra.constant(1).scaled(surd, algebra.substitute(power, values))
            for atom, multiplicity in atoms:
                value = algebra.apply(atom.function, [algebra.substitute_surd(a, values) for a in atom.arguments])
                for _ in range(multiplicity):
                    term = term * value
            result += term
        return result


def _multiply_atoms(left: Atoms, right: Atoms) -> Atoms:
    powers = dict(left)
    for atom, multiplicity in right:
        powers[atom] = powers.get(atom, 0) + multiplicity
    return frozenset(powers.items())
