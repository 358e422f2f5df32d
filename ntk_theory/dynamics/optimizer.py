"""What an optimizer has learned along each eigenvector of Θ: flow, descent, and descent with momentum.

On ½Σ|f - y|² with a kernel that does not move, each component of the residual along an eigenvector of Θ(X, X)
evolves by itself: e_t = r_t(λ) e_0. All that training needs is g_t(λ) = (1 - r_t(λ))/λ, for
f_t(x) = f_0(x) - Θ(x, X) g_t(Θ) (f_0(X) - y). It is computed without subtracting from 1, so that small λ keep
their digits.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError


@dataclass(frozen=True)
class GradientFlow:
    """df/dt = -Θ(f - y) (Jacot, Gabriel & Hongler 2018): r_t(λ) = e^{-λt}, for any t ≥ 0."""

    def learned(self, eigenvalues: Float[np.ndarray, "n"], t: float) -> Float[np.ndarray, "n"]:
        """g_t(λ) = (1 - e^{-λt})/λ."""
        return -np.expm1(-eigenvalues * t) / eigenvalues


@dataclass(frozen=True)
class GradientDescent:
    """Steps of size η = `step_size` with heavy-ball `momentum` 0 ≤ β < 1 (Polyak 1964); t counts the steps.

    f_{k+1} = f_k - ηΘ(f_k - y) + β(f_k - f_{k-1}), f_{-1} = f_0. Without momentum r_k(λ) = (1 - ηλ)^k.
    Raises `DataError` for numbers out of range.
    """

    step_size: float
    momentum: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.step_size) and self.step_size > 0):
            raise DataError(f"step_size = {self.step_size} must be positive and finite.")
        if not 0 <= self.momentum < 1:
            raise DataError(f"momentum = {self.momentum} must lie in [0, 1).")

    def largest_step(self, largest_eigenvalue: float) -> float:
        """2(1 + β)/λ_max: below it every component contracts, above it that of λ_max grows without bound."""
        return 2 * (1 + self.momentum) / largest_eigenvalue

    def learned(self, eigenvalues: Float[np.ndarray, "n"], t: float) -> Float[np.ndarray, "n"]:
        """g_t(λ) from g_{k+1} = (1 + β - ηλ) g_k - β g_{k-1} + η, g_{-1} = g_0 = 0, by repeated squaring.

        Raises `DataError` where t is no number of steps, where t = ∞ and the step size is not below
        2(1 + β)/λ_max, or where a diverging descent has left the finite numbers.
        """
        if np.isinf(t):
            return self._limit(eigenvalues)
        if t != int(t):
            raise DataError(f"t = {t}: descent takes whole steps, so t must be an integer (or inf).")
        with np.errstate(over="ignore", invalid="ignore"):
            power = _power(self._step(eigenvalues), int(t))
        result = power[:, 0, 2]
        if not np.isfinite(result).all():
            raise DataError(
                f"After {int(t)} steps of {self.step_size:.4g} descent has left the finite numbers. "
                f"Choose one below 2(1 + momentum)/λ_max = {self.largest_step(float(eigenvalues.max())):.6g}."
            )
        return result

    def _limit(self, eigenvalues: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        bound = self.largest_step(float(eigenvalues.max()))
        if self.step_size >= bound:
            raise DataError(
                f"step_size = {self.step_size:.6g} is not below 2(1 + momentum)/λ_max = {bound:.6g}: descent has "
                "no limit as t → ∞. Choose a smaller step, or a finite number of steps."
            )
        return 1 / eigenvalues

    def _step(self, eigenvalues: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n 3 3"]:
        """The affine map (g_k, g_{k-1}, 1) ↦ (g_{k+1}, g_k, 1) of each eigenvalue."""
        step = np.zeros((len(eigenvalues), 3, 3))
        step[:, 0, 0] = 1 + self.momentum - self.step_size * eigenvalues
        step[:, 0, 1] = -self.momentum
        step[:, 0, 2] = self.step_size
        step[:, 1, 0] = step[:, 2, 2] = 1
        return step


Optimizer = GradientFlow | GradientDescent


def _power(matrices: Float[np.ndarray, "n 3 3"], exponent: int) -> Float[np.ndarray, "n 3 3"]:
    result = np.broadcast_to(np.eye(3), matrices.shape)
    while exponent:
        if exponent & 1:
            result = result @ matrices
        matrices, exponent = matrices @ matrices, exponent >> 1
    return result
