"""The gap of two near norms, 1 - K(q₁,q₂,1)/√(V₁V₂), from how fast φ(eˢz) moves with s.

V₁ + V₂ - 2K(q₁,q₂,1) = ∫∫M over the square between s₁ and s₂, s = ½ log q, with M(u,v) = E[φ_u φ_v] for
φ_u = ∂φ(eᵘz)/∂u, and √(V₁V₂) - (V₁+V₂)/2 = -2√(V₁V₂) sinh²(η′/2) with η′ = ½ log(V₁/V₂): the gap is
η² mean(M)/(2√(V₁V₂)) - 2 sinh²(η′/2), nothing of the order of 1 in it. By parts M = eᵘ⁺ᵛ(1 + ∂_u + ∂_v)K̇,
K̇ = E[φ′(eᵘz)φ′(eᵛz)]: a slope along one ratio of norms. M has a kink at u = v where φ has kinks, so the mean over
[s, s + h]² is one analytic function of h > 0 and another of h < 0: both are Chebyshev series in h for each input.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen.norms import sinh_square


class Rule(NamedTuple):
    """The largest |η| that is near; nodes t in [-1, 1], or in [0, 1] on one side; the matrix from values p(t) to
    Chebyshev coefficients of 2/t² ∫₀ᵗ t p; Gauss's nodes and weights on [0, 1]."""

    reach: float
    nodes: np.ndarray
    matrix: np.ndarray
    across: np.ndarray
    weights: np.ndarray


@lru_cache(maxsize=4)
def rule(double: bool, smooth: bool) -> Rule:
    """Beyond `reach` the gap as it stands loses no more than eps/reach²."""
    reach, across = (0.08, 4) if double else (0.15, 3)
    terms = {(True, True): 10, (True, False): 8, (False, True): 5, (False, False): 4}[double, smooth]
    with mpmath.workdps(40):
        turns = [mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * terms)) for k in range(terms)]
        nodes = turns if smooth else [(1 + x) / 2 for x in turns]
        powers = mpmath.matrix([[t**j for j in range(terms)] for t in nodes])
        means = powers * mpmath.diag([mpmath.mpf(2) / (j + 2) for j in range(terms)]) * powers**-1
        basis = mpmath.matrix(
            [[(2 if n else 1) * mpmath.chebyt(n, x) / terms for x in turns] for n in range(terms)]
        )
        matrix = np.array((basis * means).tolist(), float)
    gauss, weights = np.polynomial.legendre.leggauss(across)
    return Rule(reach, np.array(nodes, float), matrix, (gauss + 1) / 2, weights / 2)


def near_gap(
    slope: Callable[[Array, Array], Array],
    smooth: bool,
    apart: Float[Array, "n1 n2"],
    after: Float[Array, "n1 n2"],
    q: Float[Array, "n1"],
    v1: Float[Array, "n1"],
    v2: Float[Array, "n2"],
) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"]]:
    """The gap, and where it is good to a last bit of η².

    `slope` is K̇(q₁, q₂, 1), `smooth` whether φ has no kinks, `apart` and `after` are η and η′, `q` the variances
    of the first inputs, `v1` and `v2` those after the layer.
    """
    reach, nodes, matrix, across, weights = rule(q.dtype == np.float64, smooth)
    ends = (nodes[None, :] if smooth else np.stack([nodes, -nodes]))[:, :, None] * reach
    u, v = (jnp.asarray(np.exp(2 * t), q.dtype) * q[:, None, None, None] for t in (ends, ends * across))
    u = jnp.broadcast_to(u, v.shape)
    value, along = jax.jvp(lambda u, v: jnp.broadcast_to(slope(u, v), v.shape), (u, v), (2 * u, 2 * v))
    speed = (jnp.sqrt(u * v) * (value + along)) @ jnp.asarray(weights, q.dtype)
    speed = speed / jnp.where(v1 > 0, v1, 1)[:, None, None]
    series = jnp.einsum("nk,isk->isn", jnp.asarray(matrix, q.dtype), speed, precision="highest")
    tail = jnp.max(jnp.sum(jnp.abs(series[..., -2:]), axis=-1), axis=-1)
    least = 4 * np.finfo(q.dtype).eps / reach**2
    good = reach * (least / jnp.maximum(tail, least)) ** (1 / (len(nodes) + 1))
    # the second input is the larger one where η < 0
    y = jnp.clip(-apart / reach if smooth else 2 / reach * jnp.abs(apart) - 1, -1, 1)
    mean, before = jnp.zeros_like(y), jnp.zeros_like(y)
    for n in range(len(nodes) - 1, -1, -1):
        coefficient = series[:, 0, n, None]
        if not smooth:
            coefficient = jnp.where(apart < 0, coefficient, series[:, 1, n, None])
        mean, before = coefficient + (2 if n else 1) * y * mean - before, mean
    ratio = jnp.sqrt(v1)[:, None] / jnp.sqrt(jnp.where(v2 > 0, v2, 1))[None, :]
    gap = apart**2 / 2 * mean * ratio - sinh_square(after) / 2
    return gap, jnp.abs(apart) < good[:, None]
