"""All pairs in square blocks: temporaries stay in cache whatever the number of inputs, and symmetric halves are
computed once.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

EDGE = 256
"""Rows and columns of a block: in float32 a matrix of 256 kB."""

Block = tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, ""]]
Compute = Callable[..., Block]
"""From two batches, each a tree of arrays with one row an input, which pairs are of two distinct inputs (None for
all), and what is known of the block, if anything is: two matrices and an error."""


def symmetric_blocks(compute: Compute, x: Any, dtype: Any, known: Any = ()) -> Block:
    """Two symmetric matrices and a maximum over pairs of one batch; those on the diagonal are not `distinct`.

    `known` is a tree of arrays from `symmetric_parts`, given to `compute` block by block.
    """
    n = _rows(x)
    edge, starts = _upper(n)

    if len(starts) == 1:
        first, second, error = compute(x, x, ~jnp.eye(n, dtype=bool), *_first(known))
        return _mirrored(first), _mirrored(second), error

    def step(carry: Block, at: tuple[Array, Any]) -> tuple[Block, None]:
        (rows, columns), own = at[0], at[1]
        nngp, ntk, worst = carry
        x1, x2 = (_slice(x, start, edge) for start in (rows, columns))
        first, second, error = jax.checkpoint(compute)(x1, x2, _distinct(rows, columns, edge), *own)
        nngp = jax.lax.dynamic_update_slice(nngp, first, (rows, columns))
        ntk = jax.lax.dynamic_update_slice(ntk, second, (rows, columns))
        return (nngp, ntk, jnp.maximum(worst, error)), None

    def mirror(matrix: Array, at: Array) -> tuple[Array, None]:
        rows, columns = at
        block = jax.lax.dynamic_slice(matrix, (rows, columns), (edge, edge))
        block = jnp.where(rows == columns, _mirrored(block), block.T)
        return jax.lax.dynamic_update_slice(matrix, block, (columns, rows)), None

    # in a loop of its own: XLA computes a block anew for each of its uses
    nngp, ntk, error = jax.lax.scan(step, _empty(n, n, dtype), (starts, known))[0]
    return jax.lax.scan(mirror, nngp, starts)[0], jax.lax.scan(mirror, ntk, starts)[0], error


def symmetric_parts(compute: Callable[..., Any], x: Any) -> Any:
    """What `compute`(x1, x2, distinct) is of every block on and above the diagonal, stacked."""
    edge, starts = _upper(_rows(x))

    def part(at: Array) -> Any:
        rows, columns = at
        return compute(_slice(x, rows, edge), _slice(x, columns, edge), _distinct(rows, columns, edge))

    return jax.lax.map(part, starts)


def rectangular_blocks(compute: Compute, x1: Any, x2: Any, dtype: Any, known: Any = ()) -> Block:
    """The same for all pairs of two batches, all of them wanted."""
    edges, starts = _all(_rows(x1), _rows(x2))

    def step(carry: Block, at: tuple[Array, Any]) -> tuple[Block, None]:
        place, own = (at[0][0], at[0][1]), at[1]
        nngp, ntk, worst = carry
        a, b = (_slice(x, start, edge) for x, start, edge in zip((x1, x2), place, edges, strict=True))
        first, second, error = jax.checkpoint(lambda p, q: compute(p, q, None, *own))(a, b)
        nngp = jax.lax.dynamic_update_slice(nngp, first, place)
        return (nngp, jax.lax.dynamic_update_slice(ntk, second, place), jnp.maximum(worst, error)), None

    if len(starts) == 1:
        return compute(x1, x2, None, *_first(known))
    return jax.lax.scan(step, _empty(_rows(x1), _rows(x2), dtype), (starts, known))[0]


def rectangular_parts(compute: Callable[..., Any], x1: Any, x2: Any) -> Any:
    """What `compute`(x1, x2, None) is of every block, stacked."""
    edges, starts = _all(_rows(x1), _rows(x2))

    def part(at: Array) -> Any:
        return compute(*(_slice(x, at[k], edges[k]) for k, x in enumerate((x1, x2))), None)

    return jax.lax.map(part, starts)


def places(n1: int, n2: int | None) -> Int[np.ndarray, "blocks 2"]:
    """Row and column where each block begins: of all pairs of two batches, or of one batch with itself."""
    return np.asarray((_upper(n1) if n2 is None else _all(n1, n2))[1])


def _distinct(rows: Array, columns: Array, edge: int) -> Bool[Array, "edge edge"]:
    return rows + jnp.arange(edge)[:, None] != columns + jnp.arange(edge)[None, :]


def _mirrored(matrix: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Below the diagonal what is above it: sums in another order differ in their last bits."""
    return jnp.where(jnp.tri(len(matrix), dtype=bool), matrix.T, matrix)


def _rows(x: Any) -> int:
    return int(jax.tree.leaves(x)[0].shape[0])


def _slice(x: Any, start: Array, size: int) -> Any:
    return jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, start, size), x)


def _first(known: Any) -> Any:
    return jax.tree.map(lambda a: a[0], known)


def _empty(rows: int, columns: int, dtype: Any) -> Block:
    empty = jnp.zeros((rows, columns), dtype)
    return empty, empty, jnp.zeros((), dtype)


def _upper(n: int) -> tuple[int, Array]:
    """The edge of blocks, and where those on and above the diagonal begin."""
    edge, starts = _edges(n)
    return edge, jnp.array([(i, j) for k, i in enumerate(starts) for j in starts[k:]], np.int32)


def _all(n1: int, n2: int) -> tuple[tuple[int, int], Array]:
    """Both edges of blocks, and where all of them begin: one alone where it is small."""
    if n1 * n2 <= EDGE * EDGE:
        return (n1, n2), jnp.zeros((1, 2), np.int32)
    (edge1, starts1), (edge2, starts2) = _edges(n1), _edges(n2)
    return (edge1, edge2), jnp.array([(i, j) for i in starts1 for j in starts2], np.int32)


def _edges(n: int) -> tuple[int, list[int]]:
    """The edge, at most EDGE, and where blocks start; the last begins early enough to end with the matrix."""
    edge = -(-n // -(-n // EDGE))
    return edge, [min(start, n - edge) for start in range(0, n, edge)]
