"""Gaussian expectations without a closed form, in JAX: trapezoidal sums and Hermite (Mehler) series.

E[f(u)f(v)] = Σ_n a_n b_n cⁿ with a_n, b_n = E[f(√q z) h_n(z)] at the two variances, h_n the normalised Hermite
polynomials: coefficients per input, a polynomial per pair. The truncation error at N terms is at most
|c|ᴺ·√((E f² - Σ a_n²)(E f² - Σ b_n²)), by Cauchy-Schwarz and Parseval. The error of the trapezoidal sums shows in
E f² between the step and its double; both are reported. Where f has a kink
at 0 the sums are Gauss-Legendre panels on either side; the coefficients of a jump of f′ fall like n^(-5/4), and
pairs with |c| near 1 have a wide bound.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen.state import correlation, folded_delta, sides, signed
from ntk_theory.special import root

REACH = 16.0
"""h_n(z) exp(-z²/4) is bounded by about 1, so for bounded f the sums could stop at |z| = 12.5 (e⁻³⁹); 16 leaves
room for f that grow like e^{2z}."""


@dataclass(frozen=True)
class Resolution:
    """The step of the trapezoidal sums and the number of Hermite coefficients.

    The frequencies of h_n stay below √n, so a step h leaves those of f up to 2π/h - √terms without aliasing.
    """

    step: float
    terms: int


FINEST = Resolution(0.02, 1024)
"""tanh at variance 100 has e^{-0.157·282} = e⁻⁴⁴ left beyond the frequencies that step 0.02 resolves."""

LADDER = (Resolution(0.16, 64), Resolution(0.05, 256), FINEST)
"""What is tried, the cheapest first, each a compilation; smooth f at variances of about 1 need the first alone."""

TERMS = FINEST.terms

Parity = Literal["odd", "even"] | None


@dataclass(frozen=True)
class Coefficients:
    """Hermite coefficients of f(√q z), one row an input; of odd or even f only those that are not zero.

    `size` is E[f²]; `rest` what the coefficients leave of it, `aliasing` how far it moves between the step and its
    double, both relative to it.
    """

    values: Float[Array, "inputs terms"]
    parity: Parity
    size: Float[Array, "inputs"]
    rest: Float[Array, "inputs"]
    aliasing: Float[Array, "inputs"]
    terms: int


def _cut_rule(panels: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre panels on either side of 0, finest there: exact for f that is smooth but for a kink at 0."""
    edges = REACH * (np.arange(panels + 1) / panels) ** 1.5
    nodes, weights = np.polynomial.legendre.leggauss(20)
    halves = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + halves * (1 + nodes)).ravel()
    steps = (halves * weights).ravel()
    return np.concatenate([-z[::-1], z]), np.concatenate([steps[::-1], steps])


@lru_cache(maxsize=2 * len(LADDER))
def _nodes(resolution: Resolution, kink: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes z, weights of the standard normal law, and weighted h_n(z)."""
    terms = resolution.terms
    if kink:
        z, step = _cut_rule(24)
    else:
        z = np.arange(-round(REACH / resolution.step), round(REACH / resolution.step) + 1) * resolution.step
        step = np.full(z.size, resolution.step)
    weights = step * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    hermite = np.empty((terms, z.size))
    # the recursion runs on h_n·exp(-z²/4), which stays bounded where h_n alone overflows
    damped = np.exp(-(z**2) / 4)
    hermite[0] = damped
    hermite[1] = z * damped
    for n in range(1, terms - 1):
        hermite[n + 1] = (z * hermite[n] - np.sqrt(n) * hermite[n - 1]) / np.sqrt(n + 1)
    return z, weights, hermite * (step * np.exp(-(z**2) / 4) / np.sqrt(2 * np.pi))


def mean(
    f: Callable[..., Array],
    variance: Float[Array, "..."],
    resolution: Resolution = FINEST,
    kink: bool = False,
) -> Float[Array, "..."]:
    """E[f(√variance z)], by the trapezoidal rule; by panels where f has a kink at 0."""
    z, weights, _ = _nodes(resolution, kink)
    values = f(root(variance)[..., None] * z.astype(variance.dtype))
    return jnp.broadcast_to(values, (*variance.shape, z.size)) @ weights.astype(variance.dtype)


def coefficients(
    f: Callable[..., Array],
    variance: Float[Array, "inputs"],
    parity: Parity = None,
    resolution: Resolution = FINEST,
    kink: bool = False,
) -> Coefficients:
    """a_n = E[f(√variance z) h_n(z)], for f of the stated parity, which may have a `kink` at 0."""
    z, weights, hermite = _nodes(resolution, kink)
    dtype = variance.dtype
    values = f(root(variance)[:, None] * z.astype(dtype))
    values = jnp.broadcast_to(values, (variance.size, z.size))
    kept = hermite[{"odd": slice(1, None, 2), "even": slice(0, None, 2), None: slice(None)}[parity]]
    a = jnp.matmul(values, kept.T.astype(dtype), precision=jax.lax.Precision.HIGHEST)
    squares = values**2 * weights.astype(dtype)
    size = jnp.sum(squares, axis=-1)
    if kink:
        coarse, steps = _cut_rule(12)
        density = steps * np.exp(-(coarse**2) / 2) / np.sqrt(2 * np.pi)
        again = jnp.broadcast_to(f(root(variance)[:, None] * coarse.astype(dtype)), (variance.size, coarse.size))
        doubled = again**2 @ density.astype(dtype)
    else:
        # z has an odd number of nodes with 0 in the middle, so every second one, 0 among them, is a grid as well
        doubled = 2 * jnp.sum(squares[:, z.size // 2 % 2 :: 2], axis=-1)
    rest, aliasing = size - jnp.sum(a**2, axis=-1), jnp.abs(doubled - size)
    if resolution != FINEST and not kink:
        aliasing = jnp.zeros_like(aliasing)  # `resolve` held it against the finest; its double is far coarser
    # what rounding alone leaves is no error of the series
    floor = 100 * np.finfo(dtype).eps * size
    rest, aliasing = (jnp.where(v > floor, v / jnp.where(size > 0, size, 1), 0) for v in (rest, aliasing))
    return Coefficients(a, parity, size, rest, aliasing, resolution.terms)


def covariance(
    left: Coefficients, right: Coefficients, fold: Float[Array, "n1 n2"]
) -> tuple[Float[Array, "n1 n2"], Float[Array, ""]]:
    """Σ a_n b_n cⁿ for all pairs, and the largest error among them, relative to √(E f² E f²)."""
    c = correlation(fold)
    argument = c if left.parity is None else c * c
    step = lambda state, a, b: (state[0] * argument + a * b,)  # noqa: E731
    (total,) = _horner(left.values, right.values, (jnp.zeros_like(c),), step)
    return total * c if left.parity == "odd" else total, error(left, right, c)


def core_fold(
    left: Coefficients, right: Coefficients, fold: Float[Array, "n1 n2"]
) -> tuple[Float[Array, "n1 n2"], Float[Array, ""]]:
    """The folded correlation of f(u) and f(v), and the largest error of 1 - |c′|.

    With â and b̂ of length 1, 1 - c′ = ½Σ(â_n - b̂_n)² + Σ â_n b̂_n (1 - cⁿ), and by parts
    Σ p_n(1 - cⁿ) = (1 - c) Σ_m cᵐ Σ_{n>m} p_n: nothing cancels. Of odd f the correlation at c < 0 is that at -c,
    turned round; powers of c then go by twos, 1 - c² = δγ.
    """
    a, b = (side.values / root(jnp.where(side.size > 0, side.size, 1))[:, None] for side in (left, right))
    pair = sides(fold if left.parity is None else jnp.abs(fold))
    argument = pair.c if left.parity is None else pair.c * pair.c
    zero = jnp.zeros_like(fold)

    def step(state: tuple[Array, ...], a: Array, b: Array) -> tuple[Array, ...]:
        polynomial, tail, apart = state
        tail = tail + a * b
        return polynomial * argument + tail, tail, apart + (a - b) ** 2

    polynomial, tail, apart = _horner(a[:, 1:], b[:, 1:], (zero, zero, zero), step)
    first, second = a[:, 0][:, None], b[:, 0][None, :]
    apart = (apart + (first - second) ** 2) / 2
    if left.parity is None:
        delta = apart + pair.delta * polynomial
    else:
        delta = apart + pair.delta * pair.gamma * polynomial * (pair.c if left.parity == "odd" else 1)
        if left.parity == "odd":
            delta = delta + pair.delta * (tail + first * second)
    # what the terms left out hold of E f² is taken as one term of their lowest degree: right at c = 1, and as good
    # as nothing elsewhere
    rest = (left.rest[:, None] + right.rest[None, :]) / 2
    result = folded_delta(delta + rest * (1 - jnp.abs(pair.c) ** left.terms))
    if left.parity == "odd":
        result = jnp.where(fold >= 0, result, signed(jnp.abs(result), result >= 0))
    some = (left.size > 0)[:, None] & (right.size > 0)[None, :]
    return jnp.where(some, result, 1), error(left, right, pair.c)


def error(left: Coefficients, right: Coefficients, c: Float[Array, "n1 n2"]) -> Float[Array, ""]:
    """The largest error among all pairs, relative to √(E f² E f²)."""
    rest = root(left.rest)[:, None] * root(right.rest)[None, :] * jnp.abs(c) ** left.terms
    aliasing = jnp.maximum(jnp.max(left.aliasing, initial=0), jnp.max(right.aliasing, initial=0))
    return jnp.maximum(jnp.max(rest, initial=0), aliasing)


_UNROLLED = 64


def _horner(
    a: Float[Array, "n1 terms"],
    b: Float[Array, "n2 terms"],
    start: tuple[Array, ...],
    step: Callable[[tuple[Array, ...], Array, Array], tuple[Array, ...]],
) -> tuple[Array, ...]:
    """`step` from the last term to the first; few terms in one fused loop, many in a scan."""
    if a.shape[1] <= _UNROLLED:
        state = start
        for n in range(a.shape[1] - 1, -1, -1):
            state = step(state, a[:, n][:, None], b[:, n][None, :])
        return state
    once = lambda state, ab: (step(state, ab[0][:, None], ab[1][None, :]), None)  # noqa: E731
    return jax.lax.scan(once, start, (a.T[::-1], b.T[::-1]), unroll=8)[0]
