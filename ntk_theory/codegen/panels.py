"""Gaussian expectations of functions with kinks anywhere, in one and two dimensions: Gauss's rule between kinks.

With u = √q₁ (a z + b w), v = ±√q₂ (a z - b w), a = √(1 - s/2), b = √(s/2), s = 1 - |c| and ± the sign of c, panels
in z end where u or v meets a kink; where two such points meet they end in w. 1 - c′ is ½E[(f(u)/√V₁ - f(v)/√V₂)²],
where less cancels than in E[f(u)f(v)]: its relative error is that of rounding over √s. A pair takes some 50,000
values of f: this is for functions whose series converge too slowly.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.special import root

REACH = 9.0
"""The normal law beyond is 2e-19."""
_EDGES = np.linspace(-REACH, REACH, 13)
_ORDER = 16

Function = Callable[..., Array]


def square(
    f: Function, variance: Float[Array, "n"], knots: tuple[float, ...], order: int = _ORDER
) -> Float[Array, "n"]:
    """E[f(√variance z)²]."""
    return mean(lambda x: f(x) ** 2, variance, knots, order)


def mean(
    f: Function, variance: Float[Array, "..."], knots: tuple[float, ...], order: int = _ORDER
) -> Float[Array, "..."]:
    """E[f(√variance z)]."""
    scale = root(variance)
    z, weights = _panels([_at(knot, scale) for knot in knots], scale, order)
    return jnp.sum(f(scale[..., None] * z) * weights, axis=-1)


def product(
    f: Function,
    q1: Float[Array, "n1"],
    q2: Float[Array, "n2"],
    fold: Float[Array, "n1 n2"],
    knots: tuple[float, ...],
) -> Float[Array, "n1 n2"]:
    """E[f(u)f(v)] of all pairs."""
    return _plane(lambda u, v: f(u) * f(v), q1, q2, fold, knots)


def apart(
    f: Function,
    lengths: tuple[Float[Array, "n1 1"], Float[Array, "n2 1"]],
    q1: Float[Array, "n1"],
    q2: Float[Array, "n2"],
    fold: Float[Array, "n1 n2"],
    knots: tuple[float, ...],
) -> Float[Array, "n1 n2"]:
    """½E[(f(u)/√V₁ - f(v)/√V₂)²] of all pairs."""
    first, second = lengths[0][:, :, None], lengths[1].T[:, :, None]
    return _plane(lambda u, v: (f(u) / first - f(v) / second) ** 2 / 2, q1, q2, fold, knots)


def _plane(
    of: Function,
    q1: Float[Array, "n1"],
    q2: Float[Array, "n2"],
    fold: Float[Array, "n1 n2"],
    knots: tuple[float, ...],
) -> Float[Array, "n1 n2"]:
    near, sign = jnp.abs(fold), jnp.where(fold >= 0, 1.0, -1.0).astype(fold.dtype)
    along, across = root(1 - near / 2), root(near / 2)
    scale1, scale2 = (root(q) + jnp.zeros_like(fold) for q in (q1[:, None], q2[None, :]))
    firsts = [_at(knot, scale1) for knot in knots]
    seconds = [sign * _at(knot, scale2) for knot in knots]
    ws, outer = _panels([_at(a - b, 2 * across) for a in firsts for b in seconds], fold, _ORDER)

    def step(total: Array, node: tuple[Array, Array]) -> tuple[Array, None]:
        w, weight = node
        cuts = [(a - across * w) / along for a in firsts] + [(b + across * w) / along for b in seconds]
        z, inner = _panels(cuts, fold, _ORDER)
        shared, turned = along[..., None] * z, (across * w)[..., None]
        values = of(scale1[..., None] * (shared + turned), (sign * scale2)[..., None] * (shared - turned))
        return total + weight * jnp.sum(values * inner, axis=-1), None

    return jax.lax.scan(step, jnp.zeros_like(fold), (jnp.moveaxis(ws, -1, 0), jnp.moveaxis(outer, -1, 0)))[0]


def _at(point: float | Float[Array, "..."], scale: Float[Array, "..."]) -> Float[Array, "..."]:
    """point/scale, as far as it is within reach."""
    least = np.finfo(scale.dtype).tiny * 1e4
    quotient = point / jnp.where(scale > least, scale, 1)
    return jnp.where(scale > least, jnp.clip(quotient, -REACH, REACH), REACH)


def _panels(
    cuts: list[Float[Array, "..."]], like: Float[Array, "..."], order: int
) -> tuple[Float[Array, "... nodes"], Float[Array, "... nodes"]]:
    """Nodes, and weights of the standard normal law, of panels that end at the cuts."""
    fixed = jnp.broadcast_to(jnp.asarray(_EDGES, like.dtype), (*like.shape, len(_EDGES)))
    inside = [jnp.clip(cut, -REACH, REACH)[..., None] for cut in cuts]
    edges = jnp.sort(jnp.concatenate([fixed, *inside], axis=-1), axis=-1)
    points, weights = np.polynomial.legendre.leggauss(order)
    widths = edges[..., 1:, None] - edges[..., :-1, None]
    z = edges[..., :-1, None] + widths * ((points + 1) / 2).astype(like.dtype)
    density = widths * (weights / 2 / np.sqrt(2 * np.pi)).astype(like.dtype) * jnp.exp(-z * z / 2)
    flat = (*like.shape, -1)
    return z.reshape(flat), density.reshape(flat)
