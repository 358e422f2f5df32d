"""Equations in c rewritten in the forms that keep digits at c = ±1: δ = 1 - c, γ = 1 + c, sine, angle, supplement.

Near c = ±1 the printed forms lose digits: 1 - c² cancels, acos(c) has an infinite slope. `state.sides` computes
the symbols below from the folded correlation, each to a last bit.
"""

import sympy
from sympy import Expr, Symbol

from ntk_theory.codegen.ranges import in_quadrants, in_scale
from ntk_theory.printing import complemented
from ntk_theory.symbols import c, kappa, q1, q2

delta = Symbol("delta", nonnegative=True)
"""δ = 1 - c, in [0, 2]."""

gamma = Symbol("gamma", nonnegative=True)
"""γ = 1 + c, in [0, 2]."""

sine = Symbol("sine", nonnegative=True)
"""√(1 - c²)."""

angle = Symbol("angle", nonnegative=True)
"""acos c."""

supplement = Symbol("supplement", nonnegative=True)
"""π - acos c."""

SIDES = (c, delta, gamma, sine, angle, supplement)
"""The arguments that stand for a correlation, in the order of `state.Sides`."""


def in_sides(expression: Expr, scaled: bool = True) -> Expr:
    """`expression` with κ written out and every 1 ± c, 1 - c², acos c and asin c in their stable symbols; `scaled`
    for large and small variances, in functions that JAX alone is given."""
    expression = expression.subs(kappa, c * sympy.sqrt(q1 * q2))
    if scaled:
        expression = in_quadrants(by_tangents(expression))
    expression = expression.replace(lambda part: part.is_Mul and {1 - c, 1 + c} <= set(part.args), _joined)
    expression = expression.replace(sympy.acos(c), angle).replace(sympy.asin(c), sympy.pi / 2 - angle)
    expression = expression.subs(sympy.pi - angle, supplement)
    expression = expression.replace(lambda part: isinstance(part, sympy.exp), _decaying)
    expression = expression.replace(
        lambda part: part.is_Pow and part.base == 1 - c**2, lambda part: sine ** (2 * part.exp)
    )
    known = {c**2: sine**2, c: delta, -c: gamma}
    expression = complemented(expression, lambda z: known.get(z, 1 - z))
    # first where they stand as they are: `subs` writes 1 + c as 2 - δ too
    shorter = {1 - c: delta, 1 + c: gamma}
    expression = expression.xreplace(shorter).subs(shorter)
    expression = expression.replace(lambda part: part.is_Add and part.has(c), _with_sine)
    return in_scale(expression) if scaled else expression


def _joined(product: Expr) -> Expr:
    """(1 - c)(1 + c) as 1 - c²."""
    return sympy.Mul(*(factor for factor in product.args if factor not in (1 - c, 1 + c)), 1 - c**2)


def _decaying(exponential: Expr) -> Expr:
    """e^{A + Bc} and e^{(A + Bc)/(1 - c²)}, the density of two thresholds, with A + B or A - B as a square.

    Here A = -(a² + b²)/2 and B = ±ab, for instance with thresholds a, b in units of their standard deviations: the
    first is e^{A + B - B(1 - c)}, the second e^{(A + B)/(1 - c²) - B/(1 + c)} for B > 0. A + B = -(a - b)²/2, so
    that all terms are negative, where A and Bc cancel near c = 1. For B < 0 the same at c = -1.
    """
    if not exponential.free_symbols & {c, q1, q2}:
        return exponential
    roots = sympy.symbols("r1 r2", positive=True)
    squares = {q1: roots[0] ** 2, q2: roots[1] ** 2}
    back = {root: sympy.sqrt(variance) for variance, root in zip(squares, roots, strict=True)}
    plain = sympy.expand(exponential.args[0].subs(squares))
    spread = sympy.S.One if plain.is_polynomial(c) else 1 - c**2
    line = plain if spread == 1 else sympy.cancel(exponential.args[0].subs(squares) * spread)
    A, B = (sympy.expand(line).coeff(c, n) for n in (0, 1))
    if sympy.expand(line - A - B * c) != 0 or (A + B).has(c) or not (spread != 1 or (A + B).is_polynomial(*roots)):
        return exponential
    sign = 1 if B.is_nonnegative else -1
    gap = sympy.factor(A + sign * B)
    if spread == 1:
        if not gap.has(sympy.Add):
            return exponential
        return sympy.exp((gap - sign * B * (1 - sign * c)).subs(back))
    return sympy.exp((gap / spread).subs(back) - (sign * B / (1 + sign * c)).subs(back))


def _with_sine(total: Expr) -> Expr:
    """A sum in which c² = 1 - sine² cancels terms, as in 1 + q1 + q2 + q1 q2 - c² q1 q2."""
    other = sympy.expand(total).replace(
        lambda part: part.is_Pow and part.base == c and part.exp.is_Integer and part.exp > 1,
        lambda part: c ** (part.exp % 2) * (1 - sine**2) ** (part.exp // 2),
    )
    other = sympy.expand(other)
    return other if len(sympy.Add.make_args(other)) < len(total.args) + (not other.has(c)) else total


def in_range(expression: Expr) -> Expr:
    """e⁻ᵃ sinh b as two exponentials: it overflows where they, each within range, do not; and asin a by its
    tangent, 1 - a² written out: near a = ±1 it has √eps for digits."""
    return exponentials(by_tangents(expression))


def by_tangents(expression: Expr) -> Expr:
    """Every asin but that of c by its tangent."""
    return expression.replace(lambda part: isinstance(part, sympy.asin) and part.args[0] != c, _by_tangent)


def exponentials(expression: Expr) -> Expr:
    """Every product with sinh or cosh in it as a sum of exponentials."""
    return expression.replace(lambda part: part.is_Mul and part.has(sympy.sinh, sympy.cosh), _exponentials)


def _by_tangent(arcsine: Expr) -> Expr:
    sine = arcsine.args[0]
    if not sine.is_algebraic_expr():
        return arcsine
    return sympy.atan2(sine, sympy.sqrt(sympy.factor(1 - sine**2)))


def _exponentials(product: Expr) -> Expr:
    rest, terms = [], [(sympy.S.One, sympy.S.Zero)]
    for factor in product.args:
        if isinstance(factor, sympy.exp):
            terms = [(a, e + factor.args[0]) for a, e in terms]
        elif isinstance(factor, sympy.sinh | sympy.cosh):
            sign, b = (-1 if isinstance(factor, sympy.sinh) else 1), factor.args[0]
            terms = [(a * k / 2, e + f) for a, e in terms for k, f in ((1, b), (sign, -b))]
        else:
            rest.append(factor)
    return sympy.Add(*(sympy.Mul(a, *rest, sympy.exp(e)) for a, e in terms))
