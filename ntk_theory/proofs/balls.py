"""Inequalities and roots in balls: on boxes, by bisection until every piece is decided."""

from collections.abc import Mapping

from flint import arb, ctx
from sympy import Expr, Symbol

from ntk_theory.enclosure import Enclosure, Number, find_roots
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import ball_function, certify
from ntk_theory.errors import EnclosureError

_BITS = 128
_MAX_PIECES = 20_000


def between(expression: Expr, values: Mapping[Symbol | str, Number], lower: Expr, upper: Expr) -> bool | None:
    """Whether lower < expression < upper at a point: True, False, or None where balls can't separate them."""
    signs = [sign(expression - lower, values), sign(upper - expression, values)]
    return None if None in signs and -1 not in signs else all(s == 1 for s in signs)


def sign(expression: Expr, values: Mapping[Symbol | str, Number]) -> int | None:
    """The sign of an expression at a point, 1 or -1 as proven by balls; None if it can't be told."""
    symbols = tuple(sorted(expression.free_symbols, key=str))
    given = {str(symbol): value for symbol, value in values.items()}
    missing = [str(symbol) for symbol in symbols if str(symbol) not in given]
    if missing:
        raise EnclosureError(f"{', '.join(missing)} in {expression} must be given a value.")
    function = ball_function(expression, symbols)
    for bits in (64, 128, 256, 512):
        with ctx.workprec(bits):
            ball = function(*(as_ball(given[str(symbol)]) for symbol in symbols))
        if ball > 0 or ball < 0:
            return 1 if ball > 0 else -1
    return None


def positive_on(expression: Expr, symbol: Symbol, lower: Number, upper: Number) -> bool | None:
    """Whether expression > 0 on all of [lower, upper]: False by a point where it is < 0, None if undecided."""
    function = ball_function(expression, (symbol,))
    with ctx.workprec(_BITS):
        waiting = [(as_ball(lower), as_ball(upper))]
        for _ in range(_MAX_PIECES):
            if not waiting:
                return True
            low, high = waiting.pop()
            if function(low.union(high)) > 0:
                continue
            middle = arb(((low + high) / 2).mid())
            if function(middle) < 0:
                return False
            waiting += [(low, middle), (middle, high)]
    return None


def the_root(expression: Expr, symbol: Symbol, lower: Number, upper: Number, digits: int) -> Enclosure:
    """The root of `expression` in [lower, upper], proven to be the only one there.

    Raises `EnclosureError` where there is none, more than one, or balls can't tell.
    """
    function, rise = (ball_function(e, (symbol,)) for e in (expression, expression.diff(symbol)))
    with ctx.workprec(_BITS):
        roots = find_roots(function, rise, as_ball(lower), as_ball(upper))
    if len(roots) != 1:
        raise EnclosureError(f"{expression} has {len(roots)} roots in [{lower}, {upper}], not one.")
    return certify(lambda: [roots[0].ball()], digits, f"the root of {expression}")[0]
