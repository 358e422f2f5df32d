"""All zeros of a formula in one symbol, over a range that may reach to infinity, each with proven digits."""

from functools import partial

import sympy
from flint import arb, ctx
from sympy import Expr, Symbol

from ntk_theory.enclosure.ball import Enclosure, Number, as_ball
from ntk_theory.enclosure.evaluate import ball_function, certify
from ntk_theory.enclosure.far import reduced, sign_beyond
from ntk_theory.enclosure.roots import Root, find_roots
from ntk_theory.errors import DataError, EnclosureError


def roots(expression: Expr, lower: Number, upper: Number = sympy.oo, *, digits: int = 30) -> tuple[Enclosure, ...]:
    """All zeros of `expression`, which has one free symbol, in [lower, upper], in increasing order.

    () is a proof that there is none. Gaussian expectations may stand in the expression; they are differentiated
    by Price's theorem. Where `upper` is infinite (SymPy's oo or a float inf), its leading term as the symbol → ∞
    is derived, and proves that no zero lies beyond the finite range that is searched.
    Raises `EnclosureError` where an interval can't be decided (a double root: it names the interval), or where no
    proof beyond a finite range is found.

    >>> x = Symbol("x")
    >>> [str(root) for root in roots(sympy.exp(x) - 4 * x, 0, digits=8)]
    ['0.357402957 ± 8e-10', '2.15329236 ± 5e-9']
    """
    expression = reduced(expression)
    (symbol,) = _one_symbol(expression)
    bottom = as_ball(lower, "lower")
    top = _end(expression, symbol, upper)
    if not bottom < top:
        if _is_infinite(upper):
            return ()
        raise DataError(f"The range from {lower} to {upper} is empty: lower must be less than upper.")
    function = ball_function(expression, (symbol,))
    derivative = ball_function(expression.diff(symbol), (symbol,))
    found = find_roots(function, derivative, arb(bottom.mid()), arb(top.mid()))
    enclosed = (certify(partial(_ball, root), digits, f"A zero of {expression}")[0] for root in found)
    return tuple(zero for zero in enclosed if not (zero.ball < bottom or zero.ball > top))


def _ball(root: Root) -> list[arb]:
    return [root.ball()]


def _one_symbol(expression: Expr) -> tuple[Symbol]:
    symbols = tuple(expression.free_symbols)
    if len(symbols) != 1:
        names = ", ".join(sorted(map(str, symbols))) or "none"
        raise EnclosureError(
            f"Zeros are looked for in one symbol; {expression} has {names}. Give the others values."
        )
    return symbols


def _end(expression: Expr, symbol: Symbol, upper: Number) -> arb:
    if not _is_infinite(upper):
        return as_ball(upper, "upper")
    _, far = sign_beyond(expression, symbol)
    with ctx.workprec(64):
        return arb(far)


def _is_infinite(upper: Number) -> bool:
    return upper == sympy.oo or upper == float("inf")
