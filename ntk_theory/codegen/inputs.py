"""The first state, from the inputs: variances, and correlations folded without cancellation.

All products come from one matrix product. Where it leaves too few digits of 1 - |c|, in the few pairs that are
nearly parallel, the angle is computed from the difference of the two inputs: with d = x ∓ x′ and d⊥ what of it
is perpendicular to x, sin θ = |d⊥|/|x′| and 1 - |cos θ| = sin²θ/(1 + |cos θ|).

Norms that are nearly equal are told apart by |x|² in three parts: with x = a + b + c, a and b of so few bits that
sums of their products are exact, Σa² + 2Σab + Σ(b² + 2ac + 2bc + c²).
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen.state import folded_correlation, signed

CLOSE = {"float64": 2e-2, "float32": 2e-2}
"""Pairs with 1 - |c| below this are corrected: the product is off by some eps, relatively by eps/CLOSE."""
_BATCH = 32


class Prepared(NamedTuple):
    """Inputs as x/2ᵏ with entries at most 1 (`within`, exact), 2ᵏ, x/|x|, q = |x|²/features, |x/2ᵏ|² in its three
    parts, and k."""

    within: Float[Array, "n features"]
    scale: Float[Array, "n"]
    unit: Float[Array, "n features"]
    q: Float[Array, "n"]
    squares: Float[Array, "n 3"]
    exponent: Float[Array, "n"]


def prepare(x: Float[Array, "n features"]) -> Prepared:
    """What all pairs need of each input. Squares of scaled entries neither overflow nor underflow."""
    x = _off_zero(x)
    largest = jax.lax.stop_gradient(jnp.max(jnp.abs(x), axis=-1))
    _, exponent = jnp.frexp(jnp.where(largest > 0, largest, 1))
    scale = jnp.ldexp(jnp.ones_like(largest), exponent)
    within = x / scale[:, None]
    square = jnp.sum(within * within, axis=-1)
    unit = within / jnp.sqrt(jnp.where(square > 0, square, 1))[:, None]
    q, fixed = square / x.shape[-1] * scale * scale, jax.lax.stop_gradient(within)
    least = 2 * np.finfo(x.dtype).minexp  # an input of zeros is smaller than all others
    exponent = jnp.where(largest > 0, exponent, least).astype(x.dtype)
    return Prepared(fixed, scale, unit, q, _squares(fixed), exponent)


def _squares(within: Float[Array, "n features"]) -> Float[Array, "n 3"]:
    digits = np.finfo(within.dtype).nmant + 1 - math.ceil(math.log2(max(within.shape[-1], 1)))
    grid = 2.0 ** max(digits // 2, 1)
    a = jnp.round(within * grid) / grid
    b = jnp.round((within - a) * grid**2) / grid**2
    c = within - a - b
    parts = a * a, 2 * a * b, b * b + (2 * (a + b) + c) * c
    return jnp.stack([jnp.sum(part, axis=-1) for part in parts], axis=-1)


def norms_apart(left: Prepared, right: Prepared) -> Float[Array, "n1 n2"]:
    """½ log(q₁/q₂) of all pairs, with its relative precision; far from 0 with an input of zeros."""
    tiny = np.finfo(left.q.dtype).tiny

    def total(side: Prepared) -> Array:
        return jnp.maximum(jnp.sum(side.squares, axis=-1), tiny)

    steps = left.exponent[:, None] - right.exponent[None, :]
    ratio = jnp.exp2(2 * jnp.clip(steps, -20, 20))
    difference = left.squares[:, None] * ratio[..., None] - right.squares[None, :]
    near = jnp.sum(difference, axis=-1) / total(right)[None, :]
    logs = (jnp.log(total(left))[:, None] - jnp.log(total(right))[None, :]) / 2 + steps * np.log(2)
    return jnp.where(jnp.abs(logs) < 0.1, jnp.log1p(jnp.maximum(near, -0.5)) / 2, logs)


@jax.custom_jvp
def _off_zero(x: Float[Array, "n features"]) -> Float[Array, "n features"]:
    """x. Where it is differentiated, an input of zeros is moved by so little that no kernel changes: at zero it
    has no direction, and slopes in x′·x could not be told from slopes in |x|."""
    return x


@_off_zero.defjvp
def _off_zero_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (x,), (step,) = primals, tangents
    least = 2.0**-100 if x.dtype == np.float64 else 2.0**-30
    return jnp.where(jnp.any(x != 0, axis=-1, keepdims=True), x, jnp.asarray(least, x.dtype)), step


def folds(left: Prepared, right: Prepared, distinct: Bool[Array, "n1 n2"] | None) -> Float[Array, "n1 n2"]:
    """The folded correlations of all pairs; 1, uncorrelated, with a zero input and where not `distinct`."""
    if distinct is None:
        distinct = jnp.ones((left.unit.shape[0], right.unit.shape[0]), bool)
    return _folds(left.unit, right.unit, left.within, right.within, left.scale, right.scale, distinct)


@jax.custom_jvp
def _folds(
    u: Float[Array, "n1 features"],
    v: Float[Array, "n2 features"],
    a: Float[Array, "n1 features"],
    b: Float[Array, "n2 features"],
    s1: Float[Array, "n1"],
    s2: Float[Array, "n2"],
    distinct: Bool[Array, "n1 n2"],
) -> Float[Array, "n1 n2"]:
    fold = jnp.where(distinct, folded_correlation(_products(u, v)), 1)
    close = jnp.abs(fold) < CLOSE[str(fold.dtype)]
    return jax.lax.cond(jnp.any(close), lambda f: _corrected(f, close, a, b, s1, s2), lambda f: f, fold)


@_folds.defjvp
def _folds_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    u, v, a, b, s1, s2, distinct = primals
    fold = _folds(*primals)
    close = (jnp.abs(fold) < CLOSE[str(fold.dtype)]) & distinct

    def plain(du: Array, dv: Array) -> Array:
        return _products(du, v) + _products(u, dv)

    def corrected(du: Array, dv: Array) -> Array:
        """u and du are perpendicular: of v, only what of it is perpendicular to u counts, and of u likewise."""

        @jax.checkpoint
        def row(_: None, at: tuple[Array, ...]) -> tuple[None, Array]:
            x, scale, sign, slope = at
            others = b * (sign * _comparable(s2 / scale))[:, None]
            of_others, of_x = _across(x, others)
            return None, sign * (of_others @ slope) + jnp.sum(of_x * dv, axis=-1)

        exact = jax.lax.scan(row, None, (a, s1, jnp.where(fold >= 0, 1, -1).astype(fold.dtype), du))[1]
        return jnp.where(close, exact, plain(du, dv))

    slope = jax.lax.cond(jnp.any(close), corrected, plain, *tangents[:2])
    return fold, jnp.where(distinct, -slope, 0)


def _products(u: Float[Array, "n1 features"], v: Float[Array, "n2 features"]) -> Float[Array, "n1 n2"]:
    return jnp.matmul(u, v.T, precision=jax.lax.Precision.HIGHEST)


def _corrected(
    fold: Float[Array, "n1 n2"],
    close: Bool[Array, "n1 n2"],
    a: Float[Array, "n1 features"],
    b: Float[Array, "n2 features"],
    s1: Float[Array, "n1"],
    s2: Float[Array, "n2"],
) -> Float[Array, "n1 n2"]:
    """Row after row that has close pairs, `_BATCH` of them at a time."""

    def step(state: tuple[Array, Array]) -> tuple[Array, Array]:
        fold, left = state
        row = jnp.argmax(jnp.any(left, axis=1))
        (columns,) = jnp.nonzero(left[row], size=_BATCH, fill_value=b.shape[0])
        others = b.at[columns].get(mode="fill", fill_value=0)
        sign = jnp.where(fold.at[row, columns].get(mode="fill", fill_value=0) >= 0, 1, -1).astype(fold.dtype)
        ratio = _comparable(s2.at[columns].get(mode="fill", fill_value=1) / s1[row])
        near = signed(_versine(a[row], others * (sign * ratio)[:, None]), sign < 0)
        fold = fold.at[row, columns].set(near, mode="drop")
        return fold, left.at[row, columns].set(False, mode="drop")

    return jax.lax.while_loop(lambda state: jnp.any(state[1]), step, (fold, close))[0]


def _comparable(ratio: Float[Array, "..."]) -> Float[Array, "..."]:
    """A power of two that brings one input to the scale of another, where they can be close at all."""
    return jnp.where((ratio >= 0.25) & (ratio <= 4), ratio, 1)


def _across(
    x: Float[Array, "features"], others: Float[Array, "batch features"]
) -> tuple[Float[Array, "batch features"], Float[Array, "batch features"]]:
    """What of each others/|others| is perpendicular to x, and of x/|x| to each of them, from their difference."""
    difference = others - x
    square, squares = jnp.sum(x * x), jnp.sum(others * others, axis=-1)
    square, squares = (jnp.where(v > 0, v, 1) for v in (square, squares))
    first = difference - x * (difference @ x / square)[:, None]
    second = others * (jnp.sum(difference * others, axis=-1) / squares)[:, None] - difference
    return first / jnp.sqrt(squares)[:, None], second / jnp.sqrt(square)


def _versine(x: Float[Array, "features"], others: Float[Array, "batch features"]) -> Float[Array, "batch"]:
    """1 - cos θ between x and each of the others, all within some 0.2 of parallel."""
    difference = x - others
    square = jnp.sum(x * x)
    across = difference - x * (jnp.sum(difference * x, axis=-1) / jnp.where(square > 0, square, 1))[:, None]
    size = jnp.sum(others * others, axis=-1)
    sine_square = jnp.sum(across * across, axis=-1) / jnp.where(size > 0, size, 1)
    return sine_square / (1 + jnp.sqrt(jnp.maximum(1 - sine_square, np.finfo(x.dtype).tiny)))
