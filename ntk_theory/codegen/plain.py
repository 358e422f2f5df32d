"""Layers taken at their word: c′ = covariance/√(V₁V₂), whatever the equations are.

What is left where nothing more is known of a layer: theories replaced by hand, whose K, K̇ and V need not belong
together. 1 - c′ then has the absolute precision of c′.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ntk_theory.codegen.state import folded_correlation
from ntk_theory.special import root


def plain_fold(
    covariance: Float[Array, "n1 n2"], v1: Float[Array, "n1"], v2: Float[Array, "n2"]
) -> Float[Array, "n1 n2"]:
    """The folded correlation; an input of zero variance is uncorrelated with all."""
    scale = root(v1)[:, None] * root(v2)[None, :]
    return jnp.where(scale > 0, folded_correlation(covariance / jnp.where(scale > 0, scale, 1)), 1)
