"""A dense layer in the NTK parameterization: h ↦ σ_w W h/√n + σ_b b, all entries of W and b standard normal.

Equations (Jacot, Gabriel & Hongler 2018, theorem 1; Lee et al. 2019, eq. 5 and appendix D):
Σ′ = σ_w² Σ + σ_b², Θ′ = Σ′ + σ_w² Θ. The first term of Θ′ is this layer's own W and b, the second all below.
"""

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ntk_theory.errors import DataError
from ntk_theory.layers.equations import LayerEquations
from ntk_theory.symbols import kappa, q, sigma_b, sigma_w, theta


class DenseParams(NamedTuple):
    """Standard normal entries: W of shape (features, features_out), b of shape (features_out,)."""

    W: Float[Array, "features features_out"]
    b: Float[Array, "features_out"]


@dataclass(frozen=True)
class Dense:
    """σ_w W h/√n + σ_b b with `W_std` = σ_w > 0 and `b_std` = σ_b ≥ 0.

    `width` is the number of outgoing features; None means the hidden width that `Network.init` is given.
    Raises `DataError` for standard deviations that are negative or not finite.
    """

    W_std: float
    b_std: float = 0.0
    width: int | None = None

    def __post_init__(self) -> None:
        for name, value, lowest in (("W_std", self.W_std, "> 0"), ("b_std", self.b_std, "≥ 0")):
            if not isfinite(value) or value < 0 or (name == "W_std" and value == 0):
                raise DataError(f"{name} = {value} is not a standard deviation: it must be finite and {lowest}.")
        if self.width is not None and self.width < 1:
            raise DataError(f"width = {self.width} must be at least 1.")

    @property
    def equations(self) -> LayerEquations:
        """Σ′ = σ_w² Σ + σ_b² and Θ′ = Σ′ + σ_w² Θ."""
        covariance = sigma_w**2 * kappa + sigma_b**2
        variance = sigma_w**2 * q + sigma_b**2
        return LayerEquations(
            variance=variance,
            covariance=covariance,
            ntk=covariance + sigma_w**2 * theta,
            ntk_diagonal=variance + sigma_w**2 * theta,
            values={sigma_w: float(self.W_std), sigma_b: float(self.b_std)},
        )

    def init(self, key: Array, features: int, width: int) -> tuple[DenseParams, int]:
        """Draw W and b from the standard normal distribution."""
        features_out = self.width or width
        key_W, key_b = jax.random.split(key)
        W = jax.random.normal(key_W, (features, features_out))
        return DenseParams(W, jax.random.normal(key_b, (features_out,))), features_out

    def apply(self, params: DenseParams, h: Float[Array, "batch features"]) -> Float[Array, "batch features_out"]:
        """σ_w h W/√n + σ_b b, n the number of incoming features."""
        return self.W_std / sqrt(h.shape[-1]) * jnp.matmul(h, params.W) + self.b_std * params.b
