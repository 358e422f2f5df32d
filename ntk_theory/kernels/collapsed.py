"""Many pairs at once: a program that measures the data, and one that evaluates the network's polynomials on it.

The first computes every pair's correlation and what range they and the variances have; on that range the network
is fitted (`ntk_theory.codegen.collapse`), and the second program reads two polynomials off, whatever the depth.
Where a few pairs are so close that nothing short fits them all, the polynomials are those of the others, and the
few go layer by layer.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from ntk_theory.codegen import CompiledKernel
from ntk_theory.codegen.blocks import (
    places,
    rectangular_blocks,
    rectangular_parts,
    symmetric_blocks,
    symmetric_parts,
)
from ntk_theory.codegen.collapse import Collapse, Domain
from ntk_theory.codegen.compile import scaled, with_diagonal
from ntk_theory.codegen.inputs import Prepared, folds
from ntk_theory.codegen.state import DiagonalState, correlation, product_root

WIDEST = 5.0
"""Log variances of a wider range than this are not fitted."""
FEW = 2**15
"""So many pairs may go layer by layer beside the polynomials."""


class Measured(NamedTuple):
    """The variances of two batches (the second None for one batch with itself), the folded correlations f of all
    blocks, and in `range` the least and the largest log q, the least 1/f, and the least -1/f."""

    q1: Float[Array, "n1"]
    q2: Float[Array, "n2"] | None
    folds: Float[Array, "blocks rows columns"]
    range: Float[Array, "4"]


def measure(
    kernel: CompiledKernel, x1: Float[Array, "n1 features"], x2: Float[Array, "n2 features"] | None
) -> Measured:
    """All that the two polynomials need of the inputs, and what they are to be fitted on."""
    left, *right = (kernel.entering(x) for x in (x1, x2) if x is not None)
    found, ends = rectangular_parts(_block, left, right[0]) if right else symmetric_parts(_block, left)
    log_q = jnp.log(jnp.concatenate([left.q, *(other.q for other in right)]))
    ends = jnp.min(ends, axis=(0, 2)).astype(log_q.dtype)
    span = jnp.concatenate([jnp.stack([jnp.min(log_q), jnp.max(log_q)]), ends])
    return Measured(left.q, right[0].q if right else None, found, span)


def _block(
    left: Prepared, right: Prepared, distinct: Bool[Array, "n1 n2"] | None
) -> tuple[Float[Array, "n1 n2"], Float[Array, "2 n2"]]:
    """Folds f, and of each column the least 1/f and -1/f: 1/f falls with the angle, from ∞ to -∞."""
    fold = folds(left, right, distinct)
    inverse = 1 / fold
    sides = (
        (inverse, -inverse) if distinct is None else (jnp.where(distinct, s, jnp.inf) for s in (inverse, -inverse))
    )
    return fold, jnp.stack([jnp.min(side, axis=0) for side in sides])


def domain(span: Float[np.ndarray, "4"], dtype: Any) -> Domain | None:
    """The range that `measure` found, as a domain; None where no fit is to be tried on it."""
    low, high, last, first = map(float, span)
    if not np.isfinite([low, high]).all() or high - low > WIDEST:
        return None
    if high - low <= 4 * np.finfo(dtype).eps:
        low = high = (low + high) / 2
    slack = 8 * np.finfo(dtype).eps
    near, far = _angle(-first) * (1 - slack), _angle(last) * (1 + slack)
    return Domain(low, high, near, min(far, float(np.pi))).rounded()


def _angle(inverse: float) -> float:
    """The angle whose folded correlation is 1/`inverse`."""
    versine = 0.0 if np.isinf(inverse) else min(1 / abs(inverse), 1.0)
    small = float(2 * np.arcsin(np.sqrt(versine / 2)))
    return small if inverse > 0 else float(np.pi) - small


def evaluate(
    kernel: CompiledKernel, whole: Collapse, measured: Measured
) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, "variances"]]:
    """Σ and Θ, and the variances and Θ(x, x) of all inputs: where these are finite, all are."""
    dtype = measured.folds.dtype
    left, *right = (_Batch(jnp.log(q), kernel.leaving(q)) for q in (measured.q1, measured.q2) if q is not None)

    def block(one: _Batch, other: _Batch, _: Any, fold: Array) -> Any:
        found = scaled(*whole(fold, one.log_q, other.log_q), one.final, other.final)
        return *found, jnp.zeros((), dtype)

    known = (measured.folds,)
    if right:
        nngp, ntk, _ = rectangular_blocks(block, left, right[0], dtype, known)
    else:
        nngp, ntk, _ = symmetric_blocks(block, left, dtype, known)
        nngp, ntk = with_diagonal(nngp, ntk, left.final)
    return nngp, ntk, jnp.concatenate([v for batch in (left, *right) for v in batch.final])


class Close(NamedTuple):
    """Pairs by folded correlation, row and column, some more than once: few lengths, few programs."""

    folds: Float[np.ndarray, "pairs"]
    rows: Int[np.ndarray, "pairs"]
    columns: Int[np.ndarray, "pairs"]


def close(measured: Measured, near: float) -> Close | None:
    """The pairs with smaller angles than `near`; None where they are none, or not few."""
    values = np.asarray(measured.folds)
    found = np.flatnonzero((values >= 0) & (values < 2 * np.sin(near / 2) ** 2))
    if not 0 < len(found) <= FEW:
        return None
    length = 256
    while length < len(found):
        length *= 4
    found = np.resize(found, length)
    starts = places(len(measured.q1), None if measured.q2 is None else len(measured.q2))
    block, row, column = np.unravel_index(found, values.shape)
    return Close(values.ravel()[found], starts[block, 0] + row, starts[block, 1] + column)


def patched(
    kernel: CompiledKernel,
    nngp: Float[Array, "n1 n2"],
    ntk: Float[Array, "n1 n2"],
    measured: Measured,
    few: Close,
) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, ""]]:
    """Σ and Θ with the values of `few` pairs layer by layer, and the largest error of a series among those."""
    symmetric = measured.q2 is None
    first, second = measured.q1[few.rows], (measured.q1 if measured.q2 is None else measured.q2)[few.columns]

    def one(q1: Array, q2: Array, fold: Array) -> Any:
        left, right, state = kernel.states(q1[None], q2[None], fold[None, None])
        return (correlation(state.fold) * product_root(left.q, right.q))[0, 0], state.ntk[0, 0], state.truncation

    *values, truncation = jax.vmap(one)(first, second, jnp.asarray(few.folds, first.dtype))
    mirrored = [(few.columns, few.rows)] if symmetric else []
    for place in ((few.rows, few.columns), *mirrored):
        nngp, ntk = (m.at[place].set(v.astype(m.dtype)) for m, v in zip((nngp, ntk), values, strict=True))
    return nngp, ntk, jnp.max(truncation)


class _Batch(NamedTuple):
    log_q: Float[Array, "n"]
    final: DiagonalState
