"""Which form of a closed K keeps its digits: each candidate measured against ball arithmetic.

The grid is of variances that are equal, nearly equal and apart, and of correlations from 1 - 1e-12 to -0.8. The
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
from ntk_theory.printing import Frozen, freeze
from ntk_theory.symbols import c, kappa, q, q1, q2

VARIANCES = (0.125, 1.0, 5.0)
NEAR = (2.0**-13, 2.0**-20, 2.0**-4)
"""How much larger than each of them, relatively, is one more that it is paired with."""
_SECOND = (*VARIANCES, *(v * (1 + step) for v, step in zip(VARIANCES, NEAR, strict=True)))
DELTAS = (2.0**-40, 2.0**-27, 2.0**-14, 2.0**-7, 0.125, 0.5, 1.0, 1.75)
"""Exact in either precision, so that what is measured is the form and not its argument."""
ENOUGH = {"difference": 1e-12, "price": 1e-7, "plain": 0.0}
"""A form within this is taken without a look at the next one. What Price's rule loses it loses to the formula for
1 - c > NEAR and to the gap of norms, and there the formula alone is no better."""
AGREES = 1e-3
"""A form off by more than this is another formula."""
_QUICK: dict[str, str | bool] = {"xla_backend_optimization_level": "0", "xla_llvm_disable_expensive_passes": True}


@lru_cache(maxsize=256)
def closed_map(variance: Expr, covariance: Expr, slope: Expr | None) -> ClosedMap | None:
    """The best map for these equations; None where none agrees with them."""
    covariance = covariance.subs(kappa, c * sympy.sqrt(q1 * q2))
    exact, lengths = reference(variance, covariance), _lengths(variance)
    if exact is None:
        return None
    arguments = [q1, q2, *SIDES]
    built = ClosedMap(
        covariance=freeze(arguments, in_sides(in_range(covariance))),
        slope=None if slope is None else freeze(arguments, in_sides(in_range(slope))),
        difference=_difference(covariance),
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
    """1 - K/√(V₁V₂) on the grid, shape (deltas, variances, variances and those near each), nan where the second
    is near another variance; None where balls can't enclose it."""
    K, V = ball_function(covariance, (q1, q2, c)), ball_function(variance, (q,))
    count = len(VARIANCES)
    table = np.full((len(DELTAS), count, 2 * count), np.nan)
    with ctx.workprec(160):
        lengths = [V(arb(v)).sqrt() for v in _SECOND]
        for k, delta in enumerate(DELTAS):
            for i, first in enumerate(VARIANCES):
                for j in (*range(i + 1), count + i):
                    value = 1 - K(arb(first), arb(_SECOND[j]), 1 - arb(delta)) / (lengths[i] * lengths[j])
                    if not value.is_finite() or not value.rel_accuracy_bits() > 50:
                        return None
                    table[k, i, j] = float(value)
                    if j < count:
                        table[k, j, i] = float(value)
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


def measured(candidate: ClosedMap, exact: np.ndarray, lengths: tuple[np.ndarray, ...], dtype: str) -> float:
    """The largest relative error of 1 - c′ on the grid, in that precision; inf where it is not finite.

    `lengths` are V at the second variances, and η and η′ of the pairs.
    """
    with jax.enable_x64(dtype == "float64"):
        deltas, v = np.asarray(DELTAS, dtype), lengths[0].astype(dtype)
        values = np.asarray(_SECOND, dtype)
        fold = np.where(deltas > 1, deltas - 2, deltas)[:, None, None] + np.zeros_like(exact, dtype)
        shape = -1, len(_SECOND)
        norms = [np.broadcast_to(apart, exact.shape).reshape(shape).astype(dtype) for apart in lengths[1:]]
        first = [np.tile(side[: len(VARIANCES)], len(DELTAS)) for side in (values, v)]
        arguments = (fold.reshape(shape), *norms, first[0], values, first[1], v)
        compiled = jax.jit(candidate.__call__).lower(*arguments).compile(compiler_options=_QUICK)
        result = np.asarray(compiled(*arguments), np.float64)
    found = np.where(result >= 0, result, 2 + result).reshape(exact.shape)
    asked = ~np.isnan(exact)
    worst = float(np.max(np.abs(found - exact)[asked] / exact[asked]))
    return worst if np.isfinite(worst) else np.inf


def _lengths(variance: Expr) -> tuple[np.ndarray, ...]:
    """V at all second variances, and η and η′ of the pairs of the grid."""
    with ctx.workprec(160):
        before = [arb(v) for v in _SECOND]
        after = [ball_function(variance, (q,))(v) for v in before]
        apart = [
            np.array([[float((first / second).log() / 2) for second in side] for first in side[: len(VARIANCES)]])
            for side in (before, after)
        ]
        return np.array([float(v) for v in after]), *apart


def _difference(covariance: Expr) -> Frozen | None:
    try:
        return freeze([q1, q2, *SIDES], in_sides(difference(covariance)))
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
