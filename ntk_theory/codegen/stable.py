"""Equations in c rewritten in the forms that keep digits at c = ±1: δ = 1 - c, γ = 1 + c, sine, angle, supplement.

Near c = ±1 the printed forms lose digits: 1 - c² cancels, acos(c) has an infinite slope. `state.sides` computes
the symbols below from the folded correlation, each to a last bit.
"""

import sympy
from sympy import Expr, Symbol

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


def in_sides(expression: Expr) -> Expr:
    """`expression` with κ written out and every 1 ± c, 1 - c², acos c and asin c in their stable symbols."""
    expression = expression.subs(kappa, c * sympy.sqrt(q1 * q2))
    expression = expression.replace(sympy.acos(c), angle).replace(sympy.asin(c), sympy.pi / 2 - angle)
    expression = expression.subs(sympy.pi - angle, supplement)
    expression = expression.replace(lambda part: isinstance(part, sympy.exp), _decaying)
    expression = expression.replace(
        lambda part: part.is_Pow and part.base == 1 - c**2, lambda part: sine ** (2 * part.exp)
    )
    known = {c**2: sine**2, c: delta, -c: gamma}
    expression = complemented(expression, lambda z: known.get(z, 1 - z))
    expression = expression.subs({1 - c: delta, 1 + c: gamma})
    return expression.replace(lambda part: part.is_Add and part.has(c), _with_sine)


def _decaying(exponential: Expr) -> Expr:
    """e^{(A + Bc)/(1 - c²)}, the density of two thresholds, as e^{(A + B)/(1 - c²) - B/(1 + c)} for B > 0.

    A = -(a² + b²)/2 and B = ab for thresholds a, b in units of their standard deviations, so A + B = -(a - b)²/2:
    both terms are negative, where A and Bc cancel near c = 1. For B < 0 the same at c = -1.
    """
    if not exponential.has(c):
        return exponential
    roots = sympy.symbols("r1 r2", positive=True)
    squares = {q1: roots[0] ** 2, q2: roots[1] ** 2}
    line = sympy.cancel(exponential.args[0].subs(squares) * (1 - c**2))
    A, B = (sympy.expand(line).coeff(c, n) for n in (0, 1))
    if sympy.expand(line - A - B * c) != 0 or (A + B).has(c):
        return exponential
    sign = 1 if B.is_nonnegative else -1
    back = {root: sympy.sqrt(variance) for variance, root in zip(squares, roots, strict=True)}
    gap = (sympy.factor(A + sign * B) / (1 - c**2)).subs(back)
    return sympy.exp(gap - (sign * B / (1 + sign * c)).subs(back))


def _with_sine(total: Expr) -> Expr:
    """A sum in which c² = 1 - sine² cancels terms, as in 1 + q1 + q2 + q1 q2 - c² q1 q2."""
    other = sympy.expand(sympy.expand(total).subs(c**2, 1 - sine**2))
    return other if len(sympy.Add.make_args(other)) < len(total.args) + (not other.has(c)) else total


def in_range(expression: Expr) -> Expr:
    """e⁻ᵃ sinh b as two exponentials: it overflows where they, each within range, do not."""
    return expression.replace(lambda part: part.is_Mul and part.has(sympy.sinh, sympy.cosh), _exponentials)


def _exponentials(product: Expr) -> Expr:
    expanded = sympy.expand_mul(product.rewrite([sympy.sinh, sympy.cosh], sympy.exp))
    return sympy.Add(*(sympy.powsimp(term, combine="exp") for term in sympy.Add.make_args(expanded)))
