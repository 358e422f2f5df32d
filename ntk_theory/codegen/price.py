"""Price's theorem over all correlations: K(1) - K(c) = √(q₁q₂) ∫ K̇(cos t) sin t dt for t from 0 to acos c.

Where variances are so small or so large that a formula's terms are far larger than K, this is what has its
digits: K̇ is of its own size everywhere, and K(1) = E[φ(u)] E[φ(v)] + √(q₁q₂) ∫ K̇(cos t) sin t dt for t up to π/2.
For large q thresholds are near 0 in units of √q, and K̇ changes at t of the order of 1/√q: nodes lie at all scales
from there on.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen.state import Sides, product_root, sides, signed

TERMS = {"float64": 512.0, "float32": 16.0}
"""A formula whose terms are this much larger than √(V₁V₂) is left for the integral."""
LIMIT = {"float64": 1e-6, "float32": 1e-2}
"""The largest error, relative to √(V₁V₂), that is let pass."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_GRADING = 8


class Integrals(NamedTuple):
    """∫ K̇(cos t) sin t dt from 0 to π/2, and from 0 to acos c."""

    quarter: Float[Array, "n1 n2"]
    below: Float[Array, "n1 n2"]


class Loss(NamedTuple):
    """Where a formula has lost digits, where the integral has them, and where neither has enough of them."""

    formula: Bool[Array, "n1 n2"]
    integral: Bool[Array, "n1 n2"]
    both: Bool[Array, "n1 n2"]


def loss(scale: Float[Array, "n1 n2"], q1: Float[Array, "n1"], q2: Float[Array, "n2"], degree: int = 1) -> Loss:
    """Of a formula with terms of the orders of 1 to q^`degree`; `scale` is √(V₁V₂). The integral has its digits
    at small variances and at nearly equal ones: K̇ of different large ones changes too fast for its nodes."""
    key = str(scale.dtype)
    formula = 1 + product_root(q1, q2) > TERMS[key] * scale
    larger, smaller = jnp.maximum(q1[:, None], q2[None, :]), jnp.minimum(q1[:, None], q2[None, :])
    integral = formula & ((larger < 1) | (larger < 2 * smaller))
    rounding = 4 * np.finfo(scale.dtype).eps * larger**degree
    return Loss(formula, integral, (larger > 1) & (rounding > LIMIT[key] * scale))


def integrals(
    slope: Callable[[Sides], Array], fold: Float[Array, "n1 n2"], q1: Float[Array, "n1"], q2: Float[Array, "n2"]
) -> Integrals:
    """Those of K̇, given as a function of the sides of several correlations for each pair."""
    pair = sides(fold)
    quarter = jnp.full_like(fold, np.pi / 2)
    # beyond π/2 by the supplement of t: K̇ may change fast at c = -1 too
    start = jnp.stack([jnp.zeros_like(fold), jnp.zeros_like(fold), jnp.minimum(pair.supplement, np.pi / 2)])
    end = jnp.stack([quarter, jnp.minimum(pair.angle, np.pi / 2), quarter])
    turned = jnp.asarray([False, False, True])[:, None, None]
    rate = jnp.sqrt(1 + jnp.maximum(q1[:, None], q2[None, :]))
    # p = e^{-u/8} with rate·t = sinh u, from e^{-u/8} at the start downwards; u from differences, for short ends
    u = jnp.arcsinh(rate * start)
    width = -jnp.expm1((u - jnp.arcsinh(rate * end)) / _GRADING)
    spent = width * jnp.asarray(_NODES, fold.dtype)[:, None, None, None]
    u = u - _GRADING * jnp.log1p(-spent)
    t = jnp.sinh(u) / rate
    step = jnp.cosh(u) / rate * _GRADING * width / (1 - spent)
    found = slope(sides(signed(2 * jnp.sin(t / 2) ** 2, jnp.broadcast_to(turned, t.shape))))
    weights = jnp.asarray(_WEIGHTS, fold.dtype)[:, None, None, None]
    parts = jnp.sum(weights * step * jnp.sin(t) * found, axis=0)
    return Integrals(parts[0], jnp.where(fold >= 0, parts[1], parts[0] + parts[2]))
