"""Standard normal numbers in float32, two to three times faster on a CPU than `jax.random.normal`.

Box & Muller 1958: √(-2 ln u)·(sin 2πv, cos 2πv) from two uniform numbers. The sine is a polynomial and the
cosine its square root with a random sign, both of which vectorize; and no word of the generator is thrown away.
"""

from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.random import threefry_2x32
from jaxtyping import Array, Float
from numpy.polynomial import Chebyshev, Polynomial

from ntk_theory.errors import DataError

_SINE = (
    Chebyshev.interpolate(lambda s: np.pi * np.sinc(np.sqrt(s)), 4, domain=[0, 0.25]).convert(kind=Polynomial).coef
)
"""Coefficients of sin(πt)/t in t² on |t| ≤ ½; the error is below 2e-8."""


def threefry_key(key: Array) -> Array:
    """A threefry key that depends on `key` alone, of whatever kind that is. Raises `DataError` for no key."""
    try:
        words = jax.random.bits(key, (2,), jnp.uint32)
    except (TypeError, ValueError) as error:
        raise DataError(f"key = {key!r} is no key of JAX; give one, as in jax.random.key(0).") from error
    return jax.random.wrap_key_data(words, impl="threefry2x32")


def standard_normal(key: Array, shape: tuple[int, ...], dtype: Any) -> Float[Array, "..."]:
    """Independent N(0, 1) numbers from a threefry key; other dtypes than float32 go to `jax.random.normal`.

    |z| ≤ 6.8, the normal law's 1e-11 quantile: more than the 5.4 that `jax.random.normal` reaches in float32.
    """
    if dtype != jnp.float32:
        return jax.random.normal(key, shape, dtype)
    half = (prod(shape) + 1) // 2
    words = threefry_2x32(jax.random.key_data(key), jnp.arange(2 * half, dtype=jnp.uint32)).reshape(2, half)
    radius = jnp.sqrt(-2 * jnp.log((words[0].astype(jnp.float32) + 0.5) * 2.0**-32))
    t = jax.lax.bitcast_convert_type(words[1], jnp.int32).astype(jnp.float32) * 2.0**-32
    sine = t * jnp.polyval(jnp.asarray(_SINE[::-1], jnp.float32), t * t)
    cosine = jnp.sqrt(jnp.maximum(1 - sine * sine, 0))
    cosine = jnp.where(words[1] & 1, cosine, -cosine)
    return jnp.concatenate([radius * sine, radius * cosine])[: prod(shape)].reshape(shape)
