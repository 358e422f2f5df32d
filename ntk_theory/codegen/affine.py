"""Layers whose covariance is A κ + B and whose variance is A q + B: dense layers, and constants added to φ.

1 - c′ = (√(V₁V₂) - κ′)/√(V₁V₂) with nothing cancelling: √((Aq₁+B)(Aq₂+B)) - A√(q₁q₂) - B is
AB(√q₁ - √q₂)²/(√(V₁V₂) + A√(q₁q₂) + B), where (√q₁ - √q₂)² = 4√(q₁q₂) sinh²(η/2), and √(V₁V₂) - A√(q₁q₂) is
(AB(q₁+q₂) + B²)/(√(V₁V₂) + A√(q₁q₂)).
"""

import jax.numpy as jnp
import sympy
from jaxtyping import Array, Float
from sympy import Expr

from ntk_theory.codegen.norms import sinh_square, sloped
from ntk_theory.codegen.state import product_root, sides, signed
from ntk_theory.special import root
from ntk_theory.symbols import c, kappa, q, q1, q2

SMALL = 0.1
"""Beyond this |η| roots of q₁ and q₂ have as many digits of their difference."""


def affine_parts(variance: Expr, covariance: Expr) -> tuple[Expr, Expr] | None:
    """(A, B) where the two equations are A q + B and A κ + B, else None."""
    A = sympy.expand(covariance).coeff(kappa, 1)
    B = sympy.expand(covariance - A * kappa)
    if covariance.has(c) or (A.free_symbols | B.free_symbols) & {kappa, q, q1, q2}:
        return None
    return (A, B) if sympy.expand(variance - A * q - B) == 0 else None


def affine_fold(
    fold: Float[Array, "n1 n2"],
    apart: Float[Array, "n1 n2"],
    q1: Float[Array, "n1"],
    q2: Float[Array, "n2"],
    A: float | Float[Array, ""],
    B: float | Float[Array, ""],
) -> Float[Array, "n1 n2"]:
    """The folded correlation after the layer, `apart` being η; that of two inputs of which one has no variance is
    0."""
    a, b = root(A * q1 + B), root(A * q2 + B)
    scale = a[:, None] * b[None, :]
    both = product_root(q1, q2)
    pair = sides(fold)
    spread = (root(q1)[:, None] - root(q2)[None, :]) ** 2
    spread = jnp.where(jnp.abs(apart) < SMALL, sloped(both * sinh_square(apart), spread), spread)
    inner = jnp.where(scale > 0, scale + A * both, 1)
    below = A * B * spread / (inner + B) + A * both * pair.delta
    above = (A * B * (q1[:, None] + q2[None, :]) + B * B) / inner + B + A * both * pair.gamma
    negative = above < below
    near = jnp.where(negative, above, below) / jnp.where(scale > 0, scale, 1)
    return jnp.where(scale > 0, signed(jnp.minimum(near, 1), negative), 1)
