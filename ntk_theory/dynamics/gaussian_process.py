"""The Gaussian process posterior with a given kernel, its evidence, and noise chosen by it.

y = f(X) + ε, f ~ GP(0, s K), ε ~ N(0, s σ²): Rasmussen & Williams 2006, eqs. 2.23, 2.24 and 2.30. The scale s
is what the infinitely wide network leaves open, the variance of its readout. Its best has a closed form,
and the posteriors for all σ² come from one eigendecomposition of K(X, X).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy.optimize import minimize_scalar

from ntk_theory.dynamics.spectrum import Spectrum, spectrum
from ntk_theory.errors import DataError, ShapeError


@dataclass(frozen=True)
class Posterior:
    """Mean and variance of observations y at test points, noise included; the outputs share one variance."""

    mean: Float[np.ndarray, "test *outputs"]
    variance: Float[np.ndarray, "test"]
    scale: float
    noise: float
    log_evidence: float

    @property
    def std(self) -> Float[np.ndarray, "test"]:
        return np.sqrt(self.variance)


def posterior(
    gram: Float[ArrayLike, "train train"] | Spectrum,
    across: Float[ArrayLike, "test train"],
    prior: Float[ArrayLike, "test"],
    y: Float[ArrayLike, "train *outputs"],
    *,
    noise: float,
    scale: float = 1.0,
) -> Posterior:
    """The posterior at test points, from K(X, X), K(x, X) and the diagonal of K(x, x).

    mean = K(x, X)[K + σ²I]⁻¹y, variance = s(k(x, x) + σ² - K(x, X)[K + σ²I]⁻¹K(X, x)): `noise` σ² ≥ 0 is in
    units of the kernel, `scale` s > 0 multiplies kernel and noise. Raises `ShapeError`, `DataError`.
    """
    flow = gram if isinstance(gram, Spectrum) else spectrum(gram)
    target, cross, diagonal = (np.asarray(a, np.float64) for a in (y, across, prior))
    n = len(flow.eigenvalues)
    if len(target) != n or cross.shape != (len(diagonal), n) or diagonal.ndim != 1:
        raise ShapeError(
            f"The shapes do not fit: K(X,X) ({n}, {n}), K(x,X) {cross.shape}, diagonal {diagonal.shape}, "
            f"y {target.shape}."
        )
    if not (np.isfinite(noise) and noise >= 0 and np.isfinite(scale) and scale > 0):
        raise DataError(f"noise = {noise} must be ≥ 0 and scale = {scale} > 0, both finite.")
    rotated, damped = cross @ flow.eigenvectors, flow.eigenvalues + noise
    explained = (rotated**2 / damped).sum(axis=1)
    return Posterior(
        mean=(rotated / damped) @ flow.rotate(target),
        variance=scale * np.maximum(diagonal + noise - explained, 0),
        scale=scale,
        noise=noise,
        log_evidence=log_evidence(flow, target, noise=noise, scale=scale),
    )


def log_evidence(
    gram: Float[ArrayLike, "train train"] | Spectrum,
    y: Float[ArrayLike, "train *outputs"],
    *,
    noise: float,
    scale: float = 1.0,
) -> float:
    """log p(y) = -½ yᵀ(sK + sσ²I)⁻¹y - ½ log det(2π(sK + sσ²I)), summed over the outputs."""
    flow = gram if isinstance(gram, Spectrum) else spectrum(gram)
    target = np.asarray(y, np.float64).reshape(len(flow.eigenvalues), -1)
    variances = scale * (flow.eigenvalues + noise)
    fit = (flow.rotate(target) ** 2 / variances[:, None]).sum()
    return float(-0.5 * (fit + target.shape[1] * np.log(2 * np.pi * variances).sum()))


def best_noise(
    gram: Float[ArrayLike, "train train"] | Spectrum, y: Float[ArrayLike, "train *outputs"]
) -> tuple[float, float]:
    """(σ², s) of the largest evidence: σ²/λ_max is searched in [1e-10, 1e2], s = mean of yᵀ(K + σ²I)⁻¹y.

    Raises `DataError` where y is zero throughout: every scale then fits.
    """
    flow = gram if isinstance(gram, Spectrum) else spectrum(gram)
    target = np.asarray(y, np.float64).reshape(len(flow.eigenvalues), -1)
    energy = (flow.rotate(target) ** 2).mean(axis=1)
    if not energy.any():
        raise DataError("All targets are zero: the scale of the kernel can't be fitted to them.")
    top = flow.eigenvalues[-1]

    def scale(noise: float) -> float:
        return float((energy / (flow.eigenvalues + noise)).mean())

    def cost(log_noise: float) -> float:
        noise = top * np.exp(log_noise)
        return float(np.log(scale(noise)) + np.log(flow.eigenvalues + noise).mean())

    # A grid finds the basin, since the evidence may have two maxima (all signal, all noise).
    grid = np.linspace(np.log(1e-10), np.log(1e2), 60)
    best = int(np.argmin([cost(g) for g in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(cost, bounds=(low, high), method="bounded").x
    noise = float(top * np.exp(found))
    return noise, scale(noise)
