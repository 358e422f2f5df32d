"""A SymPy closed form, or an exact representation with Gaussian expectations in it, as a number with an error
bound: to as many digits as asked for, or an `EnclosureError`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import sympy
from flint import arb, ctx
from sympy import Expr, Symbol

from ntk_theory.enclosure.ball import Enclosure, Number, as_ball
from ntk_theory.enclosure.bivariate import bivariate_normal
from ntk_theory.enclosure.covariance import gaussian_covariance
from ntk_theory.enclosure.hypergeometric import hypergeometric
from ntk_theory.enclosure.mean import gaussian_mean
from ntk_theory.enclosure.orthant import orthant
from ntk_theory.enclosure.program import Nodes, real_program
from ntk_theory.errors import DataError, EnclosureError
from ntk_theory.gaussian.expectations import GaussianCovariance, GaussianMean
from ntk_theory.gaussian.special import Orthant, Phi2
from ntk_theory.symbols import x

MAX_DIGITS = 1000
BallFunction = Callable[..., arb]
"""Balls to a ball, at the working precision; not finite where nothing could be proven."""


def enclose(
    expression: Expr, values: Mapping[Symbol | str, Number] | None = None, *, digits: int = 30
) -> Enclosure:
    """The value of `expression` where its symbols have these `values`, to `digits` significant digits.

    A value too near 0 to have significant digits comes with a radius of at most 10^(-2·digits).
    Symbols may be given by name. Floats are read as the decimals they print as; an `Enclosure` as a value
    passes its radius on. Raises `EnclosureError` where the digits can't be reached or a function in the
    expression is unknown, `DataError` for a value that is no finite number.

    >>> print(enclose(sympy.erf(1), digits=10))
    0.84270079295 ± 9e-12
    """
    values = values or {}
    symbols = sorted(expression.free_symbols, key=str)
    given = {str(symbol): value for symbol, value in values.items()}
    missing = [str(symbol) for symbol in symbols if str(symbol) not in given]
    if missing:
        raise EnclosureError(f"{', '.join(missing)} in {expression} must be given a value.")
    function = ball_function(expression, tuple(symbols))

    def compute() -> list[arb]:
        return [function(*(as_ball(given[str(symbol)], str(symbol)) for symbol in symbols))]

    return certify(compute, digits, str(expression))[0]


@lru_cache(maxsize=512)
def ball_function(expression: Expr, symbols: tuple[Symbol, ...]) -> BallFunction:
    """`expression` as a function of balls in the order of `symbols`."""
    return real_program(expression, symbols, _NODES).at


def certify(compute: Callable[[], Sequence[arb]], digits: int, what: str) -> tuple[Enclosure, ...]:
    """Run `compute` at rising precision until every ball that it returns has `digits` certified digits.

    Raises `EnclosureError` when more precision no longer helps, with the digits that were reached.
    """
    if not isinstance(digits, int) or not 1 <= digits <= MAX_DIGITS:
        raise DataError(f"digits = {digits!r} must be a whole number between 1 and {MAX_DIGITS}.")
    bits = int(3.33 * digits) + 24
    best, reached = -1.0, ""
    for attempt in range(8):
        with ctx.workprec(bits):
            balls = list(compute())
        accuracies = [_accuracy(ball, digits) for ball in balls]
        if all(accuracy >= 1 for accuracy in accuracies):
            return tuple(Enclosure(ball).rounded(digits) for ball in balls)
        worst = min(accuracies)
        reached = f"{max(0, int(worst * digits))} digits at {bits} bits"
        if attempt >= 3 and worst <= best * 1.05:
            break
        best = max(best, worst)
        missing = int(3.33 * digits * (1 - max(worst, 0.0))) + 12
        bits = bits + missing if attempt < 3 else bits * 2
    if best < 0:
        raise EnclosureError(
            f"{what} has no finite value that ball arithmetic can prove here: a division by 0, a root or a "
            "logarithm of a negative number, or an argument whose radius reaches there."
        )
    raise EnclosureError(
        f"{what} could not be enclosed to {digits} digits: {reached}. Ask for fewer digits; if an argument has "
        "a radius of its own, give it more precisely."
    )


def _accuracy(ball: arb, digits: int) -> float:
    """Certified digits over those wanted: 1 or more is enough."""
    if not ball.is_finite():
        return -1.0
    if ball.is_exact() or abs(ball).upper() < arb(10) ** (-2 * digits):
        return 2.0
    return (float(ball.rel_accuracy_bits()) - 2) / (3.3220 * digits)


def narrower(left: arb, right: arb) -> arb:
    """What both enclosures of one number say."""
    if not (left.is_finite() and right.is_finite()):
        return right if right.is_finite() else left
    return left.intersection(right)


def _mean_node(node: Expr) -> tuple[Callable[..., Any], tuple[Expr, ...]]:
    return partial(gaussian_mean, node.args[0](x)), (node.args[1],)


def _covariance_node(node: Expr) -> tuple[Callable[..., Any], tuple[Expr, ...]]:
    f, g = node.args[0](x), node.args[1](x)
    return (lambda q1, q2, c: gaussian_covariance(f, g, q1, q2, c)), tuple(node.args[2:])


def _bivariate_node(node: Expr) -> tuple[Callable[..., Any], tuple[Expr, ...]]:
    return bivariate_normal, tuple(node.args)


def _orthant_node(node: Expr) -> tuple[Callable[..., Any], tuple[Expr, ...]]:
    return orthant, tuple(node.args)


def _hypergeometric_node(node: Expr) -> tuple[Callable[..., Any], tuple[Expr, ...]]:
    above, below, z = node.args
    if (len(above), len(below)) != (2, 1):
        raise EnclosureError(f"No ball arithmetic is known for {node}: of hypergeometric functions only ₂F₁.")
    return partial(hypergeometric, equal=above[0] == above[1]), (z, *above, *below)


_NODES: Nodes = {
    GaussianMean: _mean_node,
    GaussianCovariance: _covariance_node,
    Phi2: _bivariate_node,
    Orthant: _orthant_node,
    sympy.hyper: _hypergeometric_node,
}
"""What closed forms and representations hold beside SymPy's elementary functions: one line for each new atom."""
