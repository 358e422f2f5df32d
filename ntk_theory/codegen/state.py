"""The state of a pair between two layers, and what the generated equations read from it.

A correlation is carried folded: s = 1 - c where c ≥ 0, s = -(1 + c) where c < 0. |s| is the distance to the
nearer of c = 1 and c = -1, and keeps its relative precision down to zero at both; 1 - c alone has √eps left of
the angle at c = -1. On either side ds = -dc.
"""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen.polynomial import horner, interpolant, powers
from ntk_theory.special import root


class DiagonalState(NamedTuple):
    """q and Θ(x, x) of each input."""

    q: Float[Array, "n"]
    ntk: Float[Array, "n"]


class PairState(NamedTuple):
    """The folded correlation, η = ½ log(q₁/q₂) and Θ of each pair, and the largest error of a series, relative to
    √(E f² E f²). η has its relative precision, for norms that are nearly equal too."""

    fold: Float[Array, "n1 n2"]
    apart: Float[Array, "n1 n2"]
    ntk: Float[Array, "n1 n2"]
    truncation: Float[Array, ""]


class Sides(NamedTuple):
    """A correlation in the forms that equations need, each exact to a last bit or two.

    c; δ = 1 - c; γ = 1 + c; sine √(1 - c²); angle acos c; supplement π - acos c.
    """

    c: Float[Array, "..."]
    delta: Float[Array, "..."]
    gamma: Float[Array, "..."]
    sine: Float[Array, "..."]
    angle: Float[Array, "..."]
    supplement: Float[Array, "..."]


@jax.custom_jvp
def along(value: Float[Array, "..."], slope: Float[Array, "..."]) -> Float[Array, "..."]:  # noqa: ARG001
    """0, with this slope in `value`: a derivative that is known, beside a function that is held constant."""
    return jnp.zeros_like(value)


@along.defjvp
def _along_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    return jnp.zeros_like(primals[0]), primals[1] * tangents[0]


@lru_cache(maxsize=2)
def _arcsine_coefficients(double: bool) -> tuple[float, ...]:
    """asin(√y)/√y on [0, 1/2] as a polynomial in y: its singularity at y = 1 leaves 5.8⁻ⁿ at degree n."""
    fit = interpolant(lambda y: mpmath.asin(mpmath.sqrt(y)) / mpmath.sqrt(y), 0.5)
    return powers(fit or [], 0.5, 3e-17 if double else 1e-8)


def arc(versine: Float[Array, "..."]) -> Float[Array, "..."]:
    """The angle θ in [0, π/2] with 1 - cos θ = `versine` in [0, 1]."""
    half = versine / 2
    return 2 * root(half) * horner(_arcsine_coefficients(versine.dtype == np.float64), half)


def sides(fold: Float[Array, "..."]) -> Sides:
    """All forms of the correlation that `fold` stands for."""
    near, positive = jnp.abs(fold), fold >= 0
    small = arc(near)
    large = np.pi - small
    return Sides(
        c=correlation(fold),
        delta=jnp.where(positive, fold, 2 + fold),
        gamma=jnp.where(positive, 2 - fold, -fold),
        sine=root(near * (2 - near)),
        angle=jnp.where(positive, small, large),
        supplement=jnp.where(positive, large, small),
    )


def correlation(fold: Float[Array, "..."]) -> Float[Array, "..."]:
    """c."""
    return jnp.where(fold >= 0, 1 - fold, -1 - fold)


def folded_delta(delta: Float[Array, "..."]) -> Float[Array, "..."]:
    """The fold of c = 1 - δ, for δ that is right to a last bit where it is small; rounding may leave [0, 2]."""
    delta = jnp.clip(delta, 0, 2)
    return signed(jnp.where(delta <= 1, delta, 2 - delta), delta > 1)


def folded_correlation(c: Float[Array, "..."]) -> Float[Array, "..."]:
    """The fold of c, with the absolute precision that c itself has near ±1."""
    return signed(jnp.maximum(1 - jnp.abs(c), 0), c < 0)


def signed(near: Float[Array, "..."], negative: Bool[Array, "..."]) -> Float[Array, "..."]:
    """The fold at distance `near` from 1, or from -1 where `negative`; never -0, which would read as c = 1."""
    return jnp.where(negative, -jnp.maximum(near, _least(near)), near)


def _least(value: Float[Array, "..."]) -> float:
    return float(4 * np.finfo(value.dtype).tiny)


def product_root(q1: Float[Array, "n1"], q2: Float[Array, "n2"]) -> Float[Array, "n1 n2"]:
    """√(q1 q2) for all pairs; the product itself may overflow or underflow where its root does not."""
    return root(q1)[:, None] * root(q2)[None, :]
