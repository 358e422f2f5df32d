"""Equations in c rewritten in δ = 1 - c, the state that numerical code carries between layers.

Near c = 1 the printed forms lose digits: 1 - c² cancels, acos(c) has an infinite slope. With δ they are
√(δ(2 - δ)) and atan2(√(δ(2 - δ)), 1 - δ), which keep them.
"""

import sympy
from sympy import Expr, Symbol

from ntk_theory.symbols import c, kappa, q1, q2

delta = Symbol("delta", nonnegative=True)
"""δ = 1 - c, in [0, 2]."""


def in_delta(expression: Expr) -> Expr:
    """`expression` with every c and κ written in δ, sines and angles of c in their stable forms."""
    sine = Symbol("sine", nonnegative=True)
    angle = sympy.atan2(sympy.sqrt(delta * (2 - delta)), 1 - delta)
    expression = expression.replace(sympy.acos(c), angle).replace(sympy.asin(c), sympy.pi / 2 - angle)
    expression = expression.replace(
        lambda part: part.is_Pow and part.base == 1 - c**2, lambda part: sine ** (2 * part.exp)
    )
    expression = expression.subs(kappa, c * sympy.sqrt(q1 * q2))
    # e⁻ᵃ sinh b overflows where its two exponentials, each within range, do not
    expression = expression.replace(lambda part: part.is_Mul and part.has(sympy.sinh, sympy.cosh), _exponentials)
    return expression.subs(c, 1 - delta).subs(sine, sympy.sqrt(delta * (2 - delta)))


def _exponentials(product: Expr) -> Expr:
    expanded = sympy.expand_mul(product.rewrite([sympy.sinh, sympy.cosh], sympy.exp))
    return sympy.Add(*(sympy.powsimp(term, combine="exp") for term in sympy.Add.make_args(expanded)))
