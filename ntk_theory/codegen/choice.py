"""Which form of a closed K keeps its digits: each candidate measured against ball arithmetic.

The grid is of variances that are equal and apart, and of correlations from 1 - 1e-12 to -0.8. The
reference is 1 - K/√(V₁V₂) enclosed by `ntk_theory.enclosure`; a candidate that does not agree with its own
equations, as where K, K̇ and V of a theory replaced by hand do not belong together, is left out.
"""

from dataclasses import replace
from functools import lru_cache

import jax
import numpy as np
import sympy
from flint import arb, ctx
from sympy import Expr

from ntk_theory.codegen.angle import AngleMap
from ntk_theory.codegen.closed import ClosedMap, Form
from ntk_theory.codegen.difference import difference
from ntk_theory.codegen.stable import SIDES, in_range, in_sides
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian import GaussianMean
from ntk_theory.printing import Frozen, freeze
from ntk_theory.symbols import c, kappa, q, q1, q2

VARIANCES = (0.125, 1.0, 5.0)
DELTAS = (2.0**-40, 2.0**-27, 2.0**-14, 2.0**-7, 0.125, 0.5, 1.0, 1.75)
"""Exact in either precision, so that what is measured is the form and not its argument."""
ENOUGH = {"difference": 1e-12, "price": 1e-7, "plain": 0.0}
"""A form within this is taken without a look at the next one. What Price's rule loses it loses to the formula for
1 - c > NEAR and to the gap of norms, and there the formula alone is no better."""
AGREES = 1e-3
"""A form off by more than this is another formula."""
_QUICK: dict[str, str | bool] = {"xla_backend_optimization_level": "0", "xla_llvm_disable_expensive_passes": True}


@lru_cache(maxsize=256)
def closed_map(
    variance: Expr, covariance: Expr, slope: Expr | None, slope_square: Expr | None
) -> ClosedMap | None:
    """The best map for these equations; None where none agrees with them."""
    covariance = covariance.subs(kappa, c * sympy.sqrt(q1 * q2))
    exact, lengths = reference(variance, covariance), _variances(variance)
    if exact is None:
        return None
    arguments = [q1, q2, *SIDES]
    built = ClosedMap(
        covariance=freeze(arguments, in_sides(in_range(covariance))),
        slope=None if slope is None else freeze(arguments, in_sides(in_range(slope))),
        difference=_difference(covariance),
        metric=_metric(variance, slope_square),
        parity=_parity(covariance),
        form="plain",
    )
    forms: list[tuple[Form, Frozen | None]] = [
        ("difference", built.difference),
        ("price", built.slope),
        ("plain", built.covariance),
    ]
    best, least = None, np.inf
    for form, printed in forms:
        if printed is None:
            continue
        candidate = replace(built, form=form)
        bound = measured(candidate, exact, lengths, "float64")
        if bound < least:
            best, least = replace(candidate, bound=bound), bound
        if bound <= ENOUGH[form]:
            break
    return best if least < AGREES else None


def reference(variance: Expr, covariance: Expr) -> np.ndarray | None:
    """1 - K/√(V₁V₂) on the grid, shape (deltas, variances, variances); None where balls can't enclose it."""
    K, V = ball_function(covariance, (q1, q2, c)), ball_function(variance, (q,))
    table = np.empty((len(DELTAS), len(VARIANCES), len(VARIANCES)))
    with ctx.workprec(160):
        lengths = [V(arb(v)).sqrt() for v in VARIANCES]
        for k, delta in enumerate(DELTAS):
            for i, first in enumerate(VARIANCES):
                for j, second in enumerate(VARIANCES[: i + 1]):
                    value = 1 - K(arb(first), arb(second), 1 - arb(delta)) / (lengths[i] * lengths[j])
                    if not value.is_finite() or not value.rel_accuracy_bits() > 50:
                        return None
                    table[k, i, j] = table[k, j, i] = float(value)
    return table


def angle_bound(variance: Expr, covariance: Expr, folds: AngleMap) -> float:
    """The largest relative error of 1 - c′ on the grid in float64; nan where balls can't enclose the reference."""
    exact = reference(variance, covariance.subs(kappa, c * sympy.sqrt(q1 * q2)))
    if exact is None:
        return float("nan")
    with jax.enable_x64(True):
        deltas = np.asarray(DELTAS)
        result = np.asarray(jax.jit(folds.__call__)(np.where(deltas > 1, deltas - 2, deltas)[:, None]))
    found = np.where(result >= 0, result, 2 + result)
    return float(np.max(np.abs(found - exact[:, 0, :1]) / exact[:, 0, :1]))


def measured(candidate: ClosedMap, exact: np.ndarray, lengths: list[float], dtype: str) -> float:
    """The largest relative error of 1 - c′ on the grid, in that precision; inf where it is not finite."""
    with jax.enable_x64(dtype == "float64"):
        deltas, v = np.asarray(DELTAS, dtype), np.asarray(lengths, dtype)
        values = np.asarray(VARIANCES, dtype)
        fold = np.where(deltas > 1, deltas - 2, deltas)[:, None, None] + np.zeros_like(exact, dtype)
        arguments = (np.tile(values, len(DELTAS)), values, np.tile(v, len(DELTAS)), v)
        function = jax.jit(candidate.__call__).lower(fold.reshape(-1, len(values)), *arguments)
        compiled = function.compile(compiler_options=_QUICK)
        result = np.asarray(compiled(fold.reshape(-1, len(values)), *arguments), np.float64)
    found = np.where(result >= 0, result, 2 + result)
    exact = exact.reshape(found.shape)
    worst = float(np.max(np.abs(found - exact) / exact))
    return worst if np.isfinite(worst) else np.inf


def _variances(variance: Expr) -> list[float]:
    with ctx.workprec(80):
        return [float(ball_function(variance, (q,))(arb(v))) for v in VARIANCES]


def _difference(covariance: Expr) -> Frozen | None:
    try:
        return freeze([q1, q2, *SIDES], in_sides(difference(covariance)))
    except NotInClassError:
        return None


def _metric(variance: Expr, slope_square: Expr | None) -> Frozen | None:
    """E[f_a²]/V - (E[f f_a]/V)² with f_a = ∂φ(eᵃz)/∂a at q = e²ᵃ: E[f_a²] = q(W + 2qW′), E[f f_a] = qV′."""
    if slope_square is None or (variance + slope_square).atoms(GaussianMean):
        return None
    speed = q * (slope_square + 2 * q * slope_square.diff(q)) / variance
    try:
        return freeze([q], speed - (q * variance.diff(q) / variance) ** 2)
    except NotInClassError:
        return None


def _parity(covariance: Expr) -> int:
    """1 or -1 where K(-c) is K(c) or -K(c), else 0."""
    K = ball_function(covariance, (q1, q2, c))
    with ctx.workprec(100):
        values = [
            (K(arb(a), arb(b), arb(t)), K(arb(a), arb(b), -arb(t)))
            for a, b, t in ((0.5, 2.0, 0.25), (1.5, 1.0, 0.75))
        ]
        for sign in (1, -1):
            if all(abs(plus - sign * minus) < arb(1e-20) for plus, minus in values):
                return sign
    return 0
