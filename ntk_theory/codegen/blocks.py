"""All pairs in square blocks: temporaries stay in cache whatever the number of inputs, and symmetric halves are
computed once.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

EDGE = 256
"""Rows and columns of a block: in float32 a matrix of 256 kB."""

Block = tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, ""]]
Compute = Callable[[Any, Any, Bool[Array, "n1 n2"] | None], Block]
"""From two batches, each a tree of arrays with one row an input, their two matrices and an error."""


def symmetric_blocks(compute: Compute, x: Any) -> Block:
    """Two symmetric matrices and a maximum over pairs of one batch; those on the diagonal are not `distinct`."""
    n = _rows(x)
    if n <= EDGE:
        first, second, error = compute(x, x, ~jnp.eye(n, dtype=bool))
        return _mirrored(first), _mirrored(second), error
    edge, starts = _edges(n)
    upper = jnp.array([(i, j) for k, i in enumerate(starts) for j in starts[k:]], np.int32)

    def step(carry: Block, place: Array) -> tuple[Block, None]:
        nngp, ntk, worst = carry
        rows, columns = place[0], place[1]
        x1, x2 = (_slice(x, start, edge) for start in (rows, columns))
        distinct = rows + jnp.arange(edge)[:, None] != columns + jnp.arange(edge)[None, :]
        first, second, error = jax.checkpoint(compute)(x1, x2, distinct)
        first, second = (jnp.where(rows == columns, _mirrored(block), block) for block in (first, second))
        nngp = jax.lax.dynamic_update_slice(nngp, first, (rows, columns))
        ntk = jax.lax.dynamic_update_slice(ntk, second, (rows, columns))
        nngp = jax.lax.dynamic_update_slice(nngp, first.T, (columns, rows))
        ntk = jax.lax.dynamic_update_slice(ntk, second.T, (columns, rows))
        return (nngp, ntk, jnp.maximum(worst, error)), None

    return jax.lax.scan(step, _empty(x, n, n), upper)[0]


def rectangular_blocks(compute: Compute, x1: Any, x2: Any) -> Block:
    """The same for all pairs of two batches, all of them wanted."""
    n1, n2 = _rows(x1), _rows(x2)
    if n1 * n2 <= EDGE * EDGE:
        return compute(x1, x2, None)
    (edge1, starts1), (edge2, starts2) = _edges(n1), _edges(n2)
    places = jnp.array([(i, j) for i in starts1 for j in starts2], np.int32)

    def step(carry: Block, place: Array) -> tuple[Block, None]:
        nngp, ntk, worst = carry
        at = (place[0], place[1])
        a, b = _slice(x1, at[0], edge1), _slice(x2, at[1], edge2)
        first, second, error = jax.checkpoint(lambda p, q: compute(p, q, None))(a, b)
        nngp = jax.lax.dynamic_update_slice(nngp, first, at)
        return (nngp, jax.lax.dynamic_update_slice(ntk, second, at), jnp.maximum(worst, error)), None

    return jax.lax.scan(step, _empty(x1, n1, n2), places)[0]


def _mirrored(matrix: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Below the diagonal what is above it: sums in another order differ in their last bits."""
    return jnp.where(jnp.tri(len(matrix), dtype=bool), matrix.T, matrix)


def _rows(x: Any) -> int:
    return int(jax.tree.leaves(x)[0].shape[0])


def _slice(x: Any, start: Array, size: int) -> Any:
    return jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, start, size), x)


def _empty(x: Any, rows: int, columns: int) -> Block:
    dtype = jax.tree.leaves(x)[0].dtype
    empty = jnp.zeros((rows, columns), dtype)
    return empty, empty, jnp.zeros((), dtype)


def _edges(n: int) -> tuple[int, list[int]]:
    """The edge, at most EDGE, and where blocks start; the last begins early enough to end with the matrix."""
    edge = -(-n // -(-n // EDGE))
    return edge, [min(start, n - edge) for start in range(0, n, edge)]
