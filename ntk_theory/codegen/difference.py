"""f(1) - f(c) of an expression in c, as an expression that never cancels: the difference calculus.

Δ is exact, one rule a function: Δc = δ; Δ(fg) = Δf·g(1) + f·Δg; Δ√f = Δf/(√f(1) + √f);
Δeᶠ = (e^{f(1)} + eᶠ) tanh(Δf/2); Δasin f = 2 atan(Δf/(√(1 - f(1)²) + √(1 - f²))), since
tan((α - β)/2) = (sin α - sin β)/(cos α + cos β). Where φ is smooth every term is of the order of δ, and the sum
keeps its digits; where φ has a kink the terms of order √δ cancel between them, and `fold_map` measures that.
"""

import sympy
from sympy import Expr

from ntk_theory.codegen.stable import delta, exponentials
from ntk_theory.errors import NotInClassError
from ntk_theory.symbols import c, kappa, q1, q2


def difference(expression: Expr) -> Expr:
    """f(1) - f(c), in c, δ and whatever else is in f. Raises `NotInClassError` for a function without a rule."""
    expression = expression.subs(kappa, c * sympy.sqrt(q1 * q2))
    return _difference(exponentials(expression).rewrite([sympy.sinh, sympy.cosh], sympy.exp))


def _difference(f: Expr) -> Expr:
    if not f.has(c):
        return sympy.S.Zero
    if f == c:
        return delta
    if f.is_Add:
        return sympy.Add(*map(_difference, f.args))
    if f.is_Mul:
        first, rest = f.as_two_terms()
        return _difference(first) * rest.subs(c, 1) + first * _difference(rest)
    if isinstance(f, sympy.exp):
        return (f.subs(c, 1) + f) * sympy.tanh(_difference(f.args[0]) / 2)
    if f.is_Pow and f.exp.is_Rational and f.exp.q <= 2:
        return _power(f.base, f.exp)
    if isinstance(f, sympy.asin):
        a = f.args[0]
        across = [sympy.sqrt(sympy.factor(1 - side**2)) for side in (a.subs(c, 1), a)]
        return 2 * sympy.atan(_difference(a) / (across[0] + across[1]))
    raise NotInClassError(f"No exact difference is known for {f}.")


def _power(base: Expr, exponent: Expr) -> Expr:
    if exponent < 0:
        return -_difference(base**-exponent) * (base * base.subs(c, 1)) ** exponent
    step, end = _difference(base), base.subs(c, 1)
    if exponent.q == 2:
        step, base, end = step / (sympy.sqrt(end) + sympy.sqrt(base)), sympy.sqrt(base), sympy.sqrt(end)
    return step * sympy.Add(*(end**k * base ** (exponent.p - 1 - k) for k in range(exponent.p)))
