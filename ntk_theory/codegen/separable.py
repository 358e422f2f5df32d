"""Functions Σ_m T_m(y) P_m(u, v), symmetric in u and v, as polynomials: fitted in NumPy, evaluated in JAX.

P_m(u, v) = Σ_k λ_k f_k(u) f_k(v) by the eigenvectors of its Chebyshev coefficients, so that what depends on u and
v costs one product a term; in y the sum is Clenshaw's.
"""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


@partial(jax.tree_util.register_dataclass, data_fields=("left", "right"), meta_fields=("ranks",))
@dataclass(frozen=True)
class Separable:
    """`ranks`: how many products each P_m has; the rows of `left` and `right` are their factors' Chebyshev
    coefficients, P_0's first. Rows of one entry are constants."""

    ranks: tuple[int, ...]
    left: Float[Array, "products degree"] | Float[np.ndarray, "products degree"]
    right: Float[Array, "products degree"] | Float[np.ndarray, "products degree"]

    def __call__(
        self, y: Float[Array, "... n1 n2"], u: Float[Array, "n1"], v: Float[Array, "n2"]
    ) -> Float[Array, "... n1 n2"]:
        """Its values at y, u and v in [-1, 1]."""
        product = self._products(y.dtype, u, v)
        ends = np.cumsum(self.ranks)
        twice, last, before = 2 * y, jnp.zeros_like(y), jnp.zeros_like(y)
        for m in range(len(self.ranks) - 1, -1, -1):
            sum_before = -before
            for k in range(int(ends[m]) - self.ranks[m], int(ends[m])):
                sum_before = sum_before + product(k)
            last, before = (twice if m else y) * last + sum_before, last
        return last

    def _products(self, dtype: Any, u: Array, v: Array) -> Any:
        """The k-th product for all pairs."""
        if self.left.shape[1] == 1:
            constants = (self.left * self.right)[:, 0].astype(dtype)
            return lambda k: constants[k]
        first, second = (_values(side, w).astype(dtype) for side, w in ((self.left, u), (self.right, v)))
        return lambda k: first[k][:, None] * second[k][None, :]


def _values(factors: Any, u: Float[Array, "n"]) -> Float[Array, "products n"]:
    """All factors at all u."""
    basis = [jnp.ones_like(u), u]
    while len(basis) < factors.shape[1]:
        basis.append(2 * u * basis[-1] - basis[-2])
    return jnp.matmul(factors, jnp.stack(basis), precision=jax.lax.Precision.HIGHEST)


def nodes(count: int) -> Float[np.ndarray, "count"]:
    """Chebyshev's nodes on [-1, 1]."""
    return np.cos(np.pi * (2 * np.arange(count) + 1) / (2 * count))


def transformed(values: Float[np.ndarray, "..."], axis: int) -> Float[np.ndarray, "..."]:
    """Chebyshev coefficients along one axis, from values at the nodes."""
    return np.moveaxis(np.tensordot(_transform(values.shape[axis]), values, axes=(1, axis)), 0, axis)


@lru_cache(maxsize=16)
def _transform(count: int) -> Float[np.ndarray, "count count"]:
    turns = np.outer(np.arange(count), 2 * np.arange(count) + 1) % (4 * count)  # whole turns would cost digits
    basis = np.cos(np.pi * turns / (2 * count)) * 2 / count
    basis[0] /= 2
    return basis


def shortest(
    values: Float[np.ndarray, "y u v"], weights: Float[np.ndarray, "y u v"], tolerance: float, most: int
) -> Separable | None:
    """One of few products, at most `most` of them, within `tolerance`·`weights` of `values`, which are given at
    Chebyshev's nodes in all three; None where there is none."""
    chebyshev = values
    for axis in range(3):
        chebyshev = transformed(chebyshev, axis)
    sizes, vectors = np.linalg.eigh((chebyshev + chebyshev.transpose(0, 2, 1)) / 2)
    order = np.argsort(-np.abs(sizes), axis=1)
    sizes = np.take_along_axis(sizes, order, axis=1)
    vectors = np.take_along_axis(vectors, order[:, None, :], axis=2)
    bases = [np.polynomial.chebyshev.chebvander(nodes(n), n - 1) for n in values.shape[:2]]
    at_nodes = bases[1] @ vectors
    least = tolerance * float(np.max(weights))
    for _ in range(40):
        ranks = _falling(np.sum(np.abs(sizes) > least, axis=1))
        if sum(ranks) > most:
            return None
        kept = sizes[: len(ranks)] * (np.arange(values.shape[1]) < np.asarray(ranks)[:, None])
        planes = (at_nodes[: len(ranks)] * kept[:, None, :]) @ at_nodes[: len(ranks)].transpose(0, 2, 1)
        found = np.tensordot(bases[0][:, : len(ranks)], planes, axes=1)
        if np.max(np.abs(found - values) / weights) <= tolerance:
            factors = [vectors[m, :, :rank].T for m, rank in enumerate(ranks)]
            scaled = [vectors[m, :, :rank].T * sizes[m, :rank, None] for m, rank in enumerate(ranks)]
            return Separable(ranks, np.concatenate(factors), np.concatenate(scaled))
        least /= 2
    return None


def _falling(ranks: np.ndarray) -> tuple[int, ...]:
    """No rank below a later one, as many of them as are a multiple of four: few programs for many fits."""
    kept = np.maximum.accumulate(ranks[::-1])[::-1]
    count = min(-(-int(np.sum(kept > 0)) // 4) * 4, len(kept))
    return tuple(int(rank) for rank in np.maximum(kept[: max(count, 1)], 1))
