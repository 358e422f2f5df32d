"""E[φ(√q z)²] and E[φ′(√q z)²] of φ in pieces, where the closed form loses digits: a sum over Gauss's nodes.

What is left of a closed form at small or large q is far smaller than its terms where thresholds are near or far in
units of √q. The integrand is positive and smooth on each piece, and nothing cancels between pieces.
"""

from functools import lru_cache

import jax
import numpy as np
import sympy
from flint import arb, ctx
from sympy import Expr

from ntk_theory.activation.pieces import Piece
from ntk_theory.codegen.ranges import in_scale
from ntk_theory.codegen.stable import in_range
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.gaussian import GaussianMean
from ntk_theory.printing import Either, PieceMean, freeze, integrand
from ntk_theory.symbols import q, x

VARIANCES = (1e-12, 1e-6, 1e-3, 0.05, 0.5, 2.0, 30.0, 1e3, 1e6)
ENOUGH = 5e-14


@lru_cache(maxsize=256)
def moment(parts: tuple[Piece, ...] | None, closed: Expr) -> Expr:
    """The expectation of the function with these pieces under variance q, to be printed, given its closed form."""
    stable = in_scale(in_range(closed))
    if parts is None or len(parts) == 1 or closed.has(GaussianMean) or closed.free_symbols != {q}:
        return stable
    if _keeps_digits(stable, closed):
        return stable
    total = sympy.Add(
        *(PieceMean(q, p.lower, p.upper, integrand(in_scale(p.expression))) for p in parts if p.expression != 0)
    )
    if all(p.expression.is_polynomial(x) for p in parts):
        return total
    # exponentials bring a scale of their own, that of the closed form's tails
    return Either(q, sympy.S.One, total, stable)


def _keeps_digits(printed: Expr, closed: Expr) -> bool:
    with jax.enable_x64(True):
        found = np.broadcast_to(freeze([q], printed).function(np.asarray(VARIANCES)), len(VARIANCES))
    exact = ball_function(closed, (q,))
    with ctx.workprec(500):
        balls = [exact(arb(v)) for v in VARIANCES]
        known = [(float(v), ball) for v, ball in zip(found, balls, strict=True) if ball.rel_accuracy_bits() > 60]
        # a value that underflows may have underflown
        errors = [abs(float((arb(v) - ball) / ball)) if float(ball) > 1e-290 else v for v, ball in known]
    return bool(np.all(np.asarray(errors) <= ENOUGH))
