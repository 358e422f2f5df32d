"""Canonical terms: a function as a sum of coefficient·xᵏ·exp(a x² + b x + d)·∏1[wall > 0].

A wall is s·x + t + w·z with s ≠ 0 and z a standard normal variable of its own: w = 0 for the end of a piece,
w > 0 for erf, since erf(αx + β) = 2·P(z > -√2(αx + β)) - 1. Thresholds and erf are one kind of object.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import sympy
from sympy import Expr, Symbol

from ntk_theory.activation import Activation
from ntk_theory.activation.pieces import Piece
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.algebra import IMAGINARY, Algebra, is_square_root
from ntk_theory.symbols import x


@dataclass(frozen=True)
class Wall:
    """The event slope·x + offset + √noise·z > 0, z a standard normal variable of this wall alone."""

    slope: Expr
    offset: Expr
    noise: Expr


@dataclass(frozen=True)
class Term:
    """coefficient·x**power·exp(quadratic·x² + linear·x)·∏1[wall > 0]."""

    coefficient: Expr
    power: int
    quadratic: Expr
    linear: Expr
    walls: tuple[Wall, ...]

    def __str__(self) -> str:
        exponent = self.quadratic * x**2 + self.linear * x
        ends = "".join(f"·1[{w.slope * x + w.offset}{' + noise' if w.noise else ''} > 0]" for w in self.walls)
        return f"({self.coefficient * x**self.power * sympy.exp(exponent)}){ends}"

    def raised(self, powers: int) -> "Term":
        """The term times x**powers."""
        return replace(self, power=self.power + powers)


def canonical_terms(phi: Activation) -> tuple[Term, ...]:
    """φ as canonical terms. Raises `NotInClassError` naming the part outside the class.

    Pieces become half-line indicators, oriented so that an exponential is cut where it grows.
    """
    smooth = [_smooth_terms(piece.expression) for piece in phi.pieces]
    groups: dict[tuple[Expr, Expr, int, tuple[Wall, ...]], dict[int, Expr]] = defaultdict(dict)
    for number, found in enumerate(smooth):
        for term in found:
            shape = (term.quadratic, term.linear, term.power, term.walls)
            groups[shape][number] = groups[shape].get(number, sympy.S.Zero) + term.coefficient
    terms: list[Term] = []
    for (quadratic, linear, power, walls), coefficients in groups.items():
        heights = [coefficients.get(number, sympy.S.Zero) for number in range(len(phi.pieces))]
        for coefficient, ends in _half_lines(heights, phi.pieces, leftward=bool(sympy.re(linear).is_positive)):
            coefficient = sympy.expand(coefficient)
            if coefficient != 0:
                terms.append(Term(coefficient, power, quadratic, linear, walls + ends))
        if quadratic.is_positive and heights[0] == heights[-1] == 0:
            raise NotInClassError(
                f"exp({quadratic}*x**2) on a bounded piece alone is outside the class: cut into half-lines, its "
                "expectations would not exist."
            )
    return tuple(terms)


def growth(terms: Iterable[Term]) -> Expr:
    """The largest a of the factors exp(a·x²), 0 where none grows: E[Σ terms] exists where 1 - 2aq > 0.

    Raises `NotInClassError` where parameters leave it open which is the largest.
    """
    largest: Expr = sympy.S.Zero
    for quadratic in dict.fromkeys(term.quadratic for term in terms):
        more = (quadratic - largest).is_nonpositive
        if more is None:
            raise NotInClassError(
                f"Which is larger of {quadratic} and {largest}, in exp(…*x**2), can't be decided; give numbers."
            )
        largest = largest if more else quadratic
    return largest


def algebra_of(parameters: Iterable[Symbol], terms: Sequence[Term], *, times: int = 1) -> Algebra:
    """The field for expectations of products of `times` of these terms, all of one variance."""
    return Algebra(parameters, irrational_constants(terms), growth=times * growth(terms))


def _half_lines(
    heights: list[Expr], pieces: tuple[Piece, ...], *, leftward: bool
) -> list[tuple[Expr, tuple[Wall, ...]]]:
    """A step function as its value at one end and the jumps away from it."""
    if leftward:
        steps = [
            (heights[i] - heights[i + 1], (Wall(-sympy.S.One, pieces[i].upper, sympy.S.Zero),))
            for i in range(len(pieces) - 1)
        ]
        return [(heights[-1], ()), *steps]
    steps = [
        (heights[i] - heights[i - 1], (Wall(sympy.S.One, -pieces[i].lower, sympy.S.Zero),))
        for i in range(1, len(pieces))
    ]
    return [(heights[0], ()), *steps]


_BY_EXPONENTIALS = [sympy.sinh, sympy.cosh, sympy.sin, sympy.cos]


def _smooth_terms(expression: Expr) -> list[Term]:
    expanded = sympy.expand(expression.rewrite(_BY_EXPONENTIALS, sympy.exp), power_exp=False)
    found = []
    for summand in sympy.Add.make_args(expanded):
        found += _summand_terms(summand)
    return found


def _summand_terms(summand: Expr) -> list[Term]:
    coefficient: Expr = sympy.S.One
    power = 0
    exponent: Expr = sympy.S.Zero
    signs: list[tuple[Expr, Wall]] = []
    for factor in sympy.Mul.make_args(summand):
        base, times = factor.as_base_exp()
        if not factor.has(x):
            coefficient *= factor
        elif base == x and times.is_Integer and times > 0:
            power += int(times)
        elif isinstance(factor, sympy.exp):
            exponent += factor.args[0]
        elif isinstance(base, sympy.erf) and times.is_Integer and times > 0:
            signs += [_erf_wall(base.args[0], factor)] * int(times)
        else:
            raise NotInClassError(
                f"{factor} is outside the class: sums of xᵏ·exp(quadratic)·∏erf(linear), in pieces."
            )
    quadratic, linear, constant = _quadratic(exponent, summand)
    coefficient *= sympy.exp(constant)
    terms = []
    for chosen in product((True, False), repeat=len(signs)):
        # erf is odd·(2·1[wall] - 1): expand the product over the walls
        weight = coefficient
        walls = []
        for take, (sign, wall) in zip(chosen, signs, strict=True):
            weight *= 2 * sign if take else -sign
            walls += [wall] if take else []
        terms.append(Term(weight, power, quadratic, linear, tuple(walls)))
    return terms


def _erf_wall(argument: Expr, factor: Expr) -> tuple[Expr, Wall]:
    polynomial = sympy.Poly(argument, x) if argument.is_polynomial(x) else None
    if polynomial is None or polynomial.degree() != 1:
        raise NotInClassError(f"{factor} is outside the class: the argument of erf must be linear in x.")
    slope, offset = polynomial.all_coeffs()
    if slope.is_positive is None:
        raise NotInClassError(f"The sign of {slope} in {factor} can't be decided; give it an assumption.")
    size = slope if slope.is_positive else -slope
    sign = sympy.S.One if slope.is_positive else -sympy.S.One
    offset = sympy.cancel(sign * offset / size)
    return sign, Wall(sympy.S.One, offset, sympy.cancel(1 / (2 * size**2)))


def _quadratic(exponent: Expr, summand: Expr) -> tuple[Expr, Expr, Expr]:
    polynomial = sympy.Poly(exponent, x) if exponent.is_polynomial(x) else None
    if polynomial is None or polynomial.degree() > 2:
        raise NotInClassError(f"{summand} is outside the class: exponents must be quadratic in x.")
    quadratic, linear, constant = (polynomial.coeff_monomial(x**k) for k in (2, 1, 0))
    if quadratic.is_positive is None and quadratic.is_nonpositive is None:
        raise NotInClassError(f"The sign of {quadratic} in {summand} can't be decided; give it an assumption.")
    return quadratic, linear, constant


def irrational_constants(terms: Iterable[Term]) -> tuple[tuple[Symbol, Expr], ...]:
    """The irrational numbers that need a symbol of their own in the fraction field.

    Square roots and exponentials in a coefficient need none: the normal form knows their relations.
    """
    found: dict[Expr, None] = {}
    for term in terms:
        for summand in sympy.Add.make_args(term.coefficient):
            for factor in sympy.Mul.make_args(summand):
                known = is_square_root(factor) or isinstance(factor, sympy.exp)
                _collect(factor.args[0] if known else factor, found)
        for part in (
            term.quadratic,
            term.linear,
            *(p for w in term.walls for p in (w.slope, w.offset, w.noise)),
        ):
            _collect(part, found)
    names = (IMAGINARY if value is sympy.I else Symbol(f"k{i}_", positive=True) for i, value in enumerate(found))
    return tuple(zip(names, found, strict=True))


def _collect(expression: Expr, found: dict[Expr, None]) -> None:
    if expression.is_Rational or expression in (sympy.pi, sympy.E) or expression.is_Symbol:
        return
    integer_power = expression.is_Pow and expression.exp.is_Integer
    if expression.is_Add or expression.is_Mul or integer_power:
        for part in expression.args[:1] if integer_power else expression.args:
            _collect(part, found)
    elif (
        expression is sympy.I or (expression.is_number and expression.is_real) or _is_root_of_parameter(expression)
    ):
        found.setdefault(expression)
    else:
        raise NotInClassError(f"{expression} is not rational in the parameters.")


def _is_root_of_parameter(expression: Expr) -> bool:
    return bool(expression.is_Pow and expression.base.is_Symbol and expression.exp.is_Rational)
