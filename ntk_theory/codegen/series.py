"""Gaussian expectations without a closed form, in JAX: trapezoidal sums and Hermite (Mehler) series.

E[f(u)f(v)] = Σ_n a_n b_n cⁿ with a_n, b_n = E[f(√q z) h_n(z)] at the two variances, h_n the normalised Hermite
polynomials: coefficients per input, a polynomial per pair. The truncation error at N terms is at most
|c|ᴺ·√((E f² - Σ a_n²)(E f² - Σ b_n²)), by Cauchy-Schwarz and Parseval. The error of the trapezoidal sums shows in
E f² between the step and its double; both are reported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

REACH = 16.0
STEP = 0.02
TERMS = 1024
"""h_n(z) exp(-z²/4) is bounded by about 1, so for bounded f the sums could stop at |z| = 12.5 (e⁻³⁹); 16 leaves
room for f that grow like e^{2z}. The frequencies of h_n stay below √n, so step 0.02 leaves those of f up to
2π/0.02 - √1024 = 282 without aliasing: tanh at variance 100 has e^{-0.157·282} = e⁻⁴⁴ left there."""

Parity = Literal["odd", "even"] | None


@dataclass(frozen=True)
class Coefficients:
    """Hermite coefficients of f(√q z), one row an input; of odd or even f only those that are not zero.

    `rest` is what they leave of E[f²], `aliasing` how far E[f²] moves between the step and its double, both
    relative to E[f²].
    """

    values: Float[Array, "inputs terms"]
    parity: Parity
    rest: Float[Array, "inputs"]
    aliasing: Float[Array, "inputs"]


@lru_cache(maxsize=1)
def _nodes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes z, weights of the standard normal law, and weighted h_n(z) for n < TERMS."""
    z = np.arange(-round(REACH / STEP), round(REACH / STEP) + 1) * STEP
    weights = STEP * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    hermite = np.empty((TERMS, z.size))
    # the recursion runs on h_n·exp(-z²/4), which stays bounded where h_n alone overflows
    damped = np.exp(-(z**2) / 4)
    hermite[0] = damped
    hermite[1] = z * damped
    for n in range(1, TERMS - 1):
        hermite[n + 1] = (z * hermite[n] - np.sqrt(n) * hermite[n - 1]) / np.sqrt(n + 1)
    return z, weights, hermite * (STEP * np.exp(-(z**2) / 4) / np.sqrt(2 * np.pi))


def mean(f: Callable[..., Array], variance: Float[Array, "..."]) -> Float[Array, "..."]:
    """E[f(√variance z)], by the trapezoidal rule."""
    z, weights, _ = _nodes()
    values = f(jnp.sqrt(variance)[..., None] * z.astype(variance.dtype))
    return jnp.broadcast_to(values, (*variance.shape, z.size)) @ weights.astype(variance.dtype)


def coefficients(f: Callable[..., Array], variance: Float[Array, "inputs"], parity: Parity = None) -> Coefficients:
    """a_n = E[f(√variance z) h_n(z)] for n < TERMS, for f of the stated parity."""
    z, weights, hermite = _nodes()
    dtype = variance.dtype
    values = f(jnp.sqrt(variance)[:, None] * z.astype(dtype))
    values = jnp.broadcast_to(values, (variance.size, z.size))
    kept = hermite[{"odd": slice(1, None, 2), "even": slice(0, None, 2), None: slice(None)}[parity]]
    a = jnp.matmul(values, kept.T.astype(dtype), precision=jax.lax.Precision.HIGHEST)
    squares = values**2 * weights.astype(dtype)
    size = jnp.sum(squares, axis=-1)
    # z has an odd number of nodes with 0 in the middle, so every second one, 0 among them, is a grid as well
    doubled = 2 * jnp.sum(squares[:, z.size // 2 % 2 :: 2], axis=-1)
    rest, aliasing = size - jnp.sum(a**2, axis=-1), jnp.abs(doubled - size)
    # what rounding alone leaves is no error of the series
    floor = 100 * np.finfo(dtype).eps * size
    rest, aliasing = (jnp.where(v > floor, v / jnp.where(size > 0, size, 1), 0) for v in (rest, aliasing))
    return Coefficients(a, parity, rest, aliasing)


def covariance(
    left: Coefficients, right: Coefficients, correlation: Float[Array, "n1 n2"]
) -> tuple[Float[Array, "n1 n2"], Float[Array, ""]]:
    """Σ a_n b_n cⁿ for all pairs, and the largest error among them, relative to √(E f² E f²)."""

    def row(arguments: tuple[Array, Array]) -> Array:
        a, c = arguments
        argument = c if left.parity is None else c * c
        # Horner's rule, unrolled so that a block of c stays in registers
        step = lambda total, ab: (total * argument + ab[0] * ab[1], None)  # noqa: E731
        total, _ = jax.lax.scan(step, jnp.zeros_like(c), (a[::-1], right.values.T[::-1]), unroll=8)
        return total * c if left.parity == "odd" else total

    total = jax.lax.map(row, (left.values, correlation), batch_size=16)
    rest = jnp.sqrt(left.rest[:, None] * right.rest[None, :]) * jnp.abs(correlation) ** TERMS
    aliasing = jnp.maximum(jnp.max(left.aliasing, initial=0), jnp.max(right.aliasing, initial=0))
    return total, jnp.maximum(jnp.max(rest, initial=0), aliasing)
