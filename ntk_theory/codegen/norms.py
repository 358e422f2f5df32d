"""How far two norms are apart, η = ½ log(q₁/q₂), through a layer: η with its relative precision, down to zero.

From q₁ and q₂ themselves η has eps/η of its digits left, and what near norms add to 1 - c is of the order η².
With ρ(s) = d(½ log V)/ds at s = ½ log q, η′ is η times the mean of ρ between the two inputs: by Hermite's
two-point rule with the derivatives at both, or by the plain difference of ½ log V where that rule is no better.
Gradients do not go through η: what is computed from it takes its slope from the plain form, by `sloped`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen.polynomial import horner

NEAR = 1 / 64
"""Beyond this |η| the difference of logarithms has as many digits."""


class Rates(NamedTuple):
    """½ log V of each input, and its first three derivatives in s = ½ log q."""

    level: Float[Array, "n"]
    first: Float[Array, "n"]
    second: Float[Array, "n"]
    third: Float[Array, "n"]


def rates(variance: Callable[[Array], Array], q: Float[Array, "n"], after: Float[Array, "n"]) -> Rates:
    """The rates of V = `variance`(q), of which `after` are the values."""
    q, after = jax.lax.stop_gradient((q, after))
    # V is a power of q where q is so small
    q = jnp.maximum(q, 1e-20 if q.dtype == np.float64 else 1e-8)

    def first(s: Array) -> Array:
        return _tangent(lambda s: _level(variance(q * jnp.exp(2 * s))), s)[1]

    ((one, two), (_, three)) = _tangent(lambda s: _tangent(first, s), jnp.zeros_like(q))
    return Rates(_level(after), one, two, three)


def line_rates(A: float | Float[Array, ""], B: float | Float[Array, ""], q: Float[Array, "n"]) -> Rates:
    """The rates of V = Aq + B: ρ = Aq/V is a logistic function of 2s."""
    q = jax.lax.stop_gradient(q)
    variance = A * q + B
    first = jnp.where(variance > 0, A * q / jnp.where(variance > 0, variance, 1), 1)
    second = 2 * first * (1 - first)
    return Rates(_level(variance), first, second, 2 * second * (1 - 2 * first))


def _tangent(f: Callable[[Array], Any], s: Float[Array, "n"]) -> tuple[Any, Any]:
    """f and its derivative."""
    return jax.jvp(f, (s,), (jnp.ones_like(s),))


def difference(q1: Float[Array, "n1"], q2: Float[Array, "n2"]) -> Float[Array, "n1 n2"]:
    """η of variances that are exact; far from 0 where one of them is 0."""
    a, b = (jnp.maximum(jax.lax.stop_gradient(q), np.finfo(q.dtype).tiny) for q in (q1, q2))
    relative = (a[:, None] - b[None, :]) / b[None, :]
    near = jnp.log1p(jnp.clip(relative, -0.5, 1)) / 2
    return jnp.where(jnp.abs(relative) < 0.5, near, _level(a)[:, None] - _level(b)[None, :])


def _level(variance: Float[Array, "n"]) -> Float[Array, "n"]:
    return jnp.log(jnp.maximum(variance, np.finfo(variance.dtype).tiny)) / 2


def carried(apart: Float[Array, "n1 n2"], left: Rates, right: Rates) -> Float[Array, "n1 n2"]:
    """η′ of all pairs."""
    a, b = (Rates(*side) for side in ((v[:, None] for v in left), (v[None, :] for v in right)))
    mean = a.first + b.first + apart * ((b.second - a.second) / 5 + apart * (a.third + b.third) / 60)
    # the rule is off by η⁶ρ⁗″/100800, of ρ that bends on a scale of √|ρ/ρ″|
    scale = (1e5 * np.finfo(apart.dtype).eps) ** (1 / 6)
    bend = scale * jnp.sqrt(jnp.abs(a.first) / jnp.maximum(jnp.abs(a.third), np.finfo(apart.dtype).tiny))
    return jnp.where(jnp.abs(apart) < jnp.minimum(bend, NEAR), apart / 2 * mean, a.level - b.level)


_SINH = (1.0, 1 / 12, 1 / 360, 1 / 20160, 1 / 1814400)


def sinh_square(apart: Float[Array, "..."]) -> Float[Array, "..."]:
    """4 sinh²(η/2) for |η| ≤ 0.15."""
    square = apart**2
    return square * horner(_SINH, square)


def sloped(value: Float[Array, "..."], plain: Float[Array, "..."]) -> Float[Array, "..."]:
    """`value`, with the slope of `plain`: another form of the same function."""
    return jax.lax.stop_gradient(value) + (plain - jax.lax.stop_gradient(plain))
