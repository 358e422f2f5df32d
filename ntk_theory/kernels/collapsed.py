"""Many pairs at once: a program that measures the data, and one that evaluates the network's polynomials on it.

The first computes every pair's correlation and what range they and the variances have; on that range the network
is fitted (`ntk_theory.codegen.collapse`), and the second program reads two polynomials off, whatever the depth.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen import CompiledKernel
from ntk_theory.codegen.blocks import (
    rectangular_blocks,
    rectangular_parts,
    symmetric_blocks,
    symmetric_parts,
)
from ntk_theory.codegen.collapse import Collapse, Domain
from ntk_theory.codegen.compile import scaled, with_diagonal
from ntk_theory.codegen.inputs import Prepared, folds
from ntk_theory.codegen.state import DiagonalState

WIDEST = 5.0
"""Log variances of a wider range than this are not fitted."""


class Batch(NamedTuple):
    """Of each input log q as it enters the network, and its final state."""

    log_q: Float[Array, "n"]
    final: DiagonalState


class Measured(NamedTuple):
    """Two batches (the second None for one batch with itself), the folded correlations f of all blocks, and in
    `range` the least and the largest log q, the least 1/f, and the least -1/f."""

    left: Batch
    right: Batch | None
    folds: Float[Array, "blocks rows columns"]
    range: Float[Array, "4"]


def measure(
    kernel: CompiledKernel, x1: Float[Array, "n1 features"], x2: Float[Array, "n2 features"] | None
) -> Measured:
    """All that the two polynomials need of the inputs, and what they are to be fitted on."""
    prepared = [kernel.prepared(x) for x in (x1, x2) if x is not None]
    entering = [before for before, _ in prepared]
    if x2 is None:
        found, ends = symmetric_parts(_block, entering[0])
    else:
        found, ends = rectangular_parts(_block, *entering)
    log_q = [jnp.log(before.q) for before in entering]
    every = jnp.concatenate(log_q)
    ends = jnp.min(ends, axis=(0, 2)).astype(every.dtype)
    left, *right = (Batch(s, final) for s, (_, final) in zip(log_q, prepared, strict=True))
    span = jnp.concatenate([jnp.stack([jnp.min(every), jnp.max(every)]), ends])
    return Measured(left, right[0] if right else None, found, span)


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
    whole: Collapse, measured: Measured
) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, "variances"]]:
    """Σ and Θ, and the variances and Θ(x, x) of all inputs: where these are finite, all are."""
    dtype = measured.folds.dtype

    def block(left: Batch, right: Batch, _: Any, fold: Array) -> Any:
        found = scaled(*whole(fold, left.log_q, right.log_q), left.final, right.final)
        return *found, jnp.zeros((), dtype)

    known = (measured.folds,)
    if measured.right is None:
        nngp, ntk, _ = symmetric_blocks(block, measured.left, dtype, known)
        nngp, ntk = with_diagonal(nngp, ntk, measured.left.final)
        single = measured.left.final
    else:
        nngp, ntk, _ = rectangular_blocks(block, measured.left, measured.right, dtype, known)
        single = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), measured.left.final, measured.right.final)
    return nngp, ntk, jnp.concatenate(single)
