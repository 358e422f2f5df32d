"""Expected test error of kernel regression, and of its random features, from the kernel's eigenvalues.

With λ_i the eigenvalues over the distribution of inputs, f* = Σ v_i φ_i, n samples, ridge δ (K(X, X) + δI) and
noise σ², the omniscient estimate (Bordelon, Canatar & Pehlevan 2020; Jacot et al. 2020; Simon et al. 2023,
"The eigenlearning framework", eqs. 8 to 12) solves Σ λ_i/(λ_i + κ) + δ/κ = n and gives
    error = E₀ (Σ (1 - L_i)² v_i² + σ²),  L_i = λ_i/(λ_i + κ),  E₀ = n/(n - Σ L_i²).
With k random features in place of the kernel there are two unknowns (Simon, Karkada, Ghosh & Belkin 2024, "More is
better", eqs. 4 to 6), n = z + δ/κ and k = z + kκ/γ with z = Σ λ_i/(λ_i + γ), q = Σ (λ_i/(λ_i + γ))²:
    error = [Σ (γ/(λ_i + γ) - κ λ_i/(λ_i + γ)²·k/(k - q)) v_i² + σ²] / (1 - (q(k - 2z) + z²)/(n(k - q))).
At k = n and δ = 0 it is infinite: double descent. k = ∞ is the kernel. Both are estimates for large n and generic
eigenfunctions, not theorems for every distribution.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy.optimize import brentq

from ntk_theory.errors import DataError, ShapeError


@dataclass(frozen=True)
class GeneralizationError:
    """The expected squared test error, what it was of the noise and the target, and how each mode is learned.

    `test` = `bias` + `variance`: the bias is the error of the mean prediction over training sets of the target
    without noise, the variance all that is left, the noise of the test points included.
    """

    test: float
    bias: float
    variance: float
    kappa: float
    learnability: Float[np.ndarray, "modes"]


def generalization_error(
    eigenvalues: Float[ArrayLike, "modes"],
    power: Float[ArrayLike, "modes"],
    samples: float,
    *,
    multiplicities: Float[ArrayLike, "modes"] | None = None,
    ridge: float = 0.0,
    noise: float = 0.0,
    features: float = np.inf,
) -> GeneralizationError:
    """The expected error with `samples` n, from eigenvalues λ and the target's power Σ v² in each.

    An eigenvalue that m modes share is given once, with its multiplicity m and the power of all m together.
    `noise` is the variance σ² of the labels. `features` = k random features approximate the kernel by their mean.
    A tail of small eigenvalues that is left out acts as a ridge of their sum: add it to `ridge`.
    Raises `ShapeError` and `DataError`; the latter too where the error is infinite (n = k or n = modes, δ = 0).
    """
    lam, weight = np.asarray(eigenvalues, np.float64), np.asarray(power, np.float64)
    times = np.ones_like(lam) if multiplicities is None else np.asarray(multiplicities, np.float64)
    if lam.ndim != 1 or lam.size == 0 or weight.shape != lam.shape or times.shape != lam.shape:
        raise ShapeError(
            f"eigenvalues {lam.shape}, power {weight.shape} and multiplicities {times.shape} must agree."
        )
    for name, values in (("eigenvalues", lam), ("power", weight), ("multiplicities", times)):
        if not np.isfinite(values).all() or (values < 0).any():
            raise DataError(f"{name} must be finite and not negative.")
    if not (samples > 0 and np.isfinite(samples) and features > 0 and ridge >= 0 and noise >= 0):
        raise DataError(
            f"samples = {samples} and features = {features} must be > 0, ridge = {ridge} and noise = {noise} ≥ 0."
        )
    weight, lam, times = (a[lam > 0] for a in (weight, lam, times))
    lost = float(np.asarray(power, np.float64).sum() - weight.sum())
    kappa, gamma = _effective_ridges(lam, times, samples, ridge, features)
    learned = lam / (lam + gamma)
    z, q = float((times * learned).sum()), float((times * learned**2).sum())
    if np.isinf(features):
        inflation, missing = 1 - q / samples, (1 - learned) ** 2
    else:
        inflation = 1 - (q * (features - 2 * z) + z * z) / (samples * (features - q))
        missing = (1 - learned) - kappa * lam / (lam + gamma) ** 2 * features / (features - q)
    if not inflation > 0:
        raise DataError(
            f"At samples = {samples}, features = {features} and ridge = {ridge} the expected error is infinite: "
            "the interpolation peak. Take a ridge > 0 or another number of samples."
        )
    test = (float((missing * weight).sum()) + lost + noise) / inflation
    bias = float(((1 - learned) ** 2 * weight).sum()) + lost
    return GeneralizationError(test, bias, test - bias, kappa, learned)


def _effective_ridges(
    lam: Float[np.ndarray, "modes"], times: Float[np.ndarray, "modes"], n: float, ridge: float, k: float
) -> tuple[float, float]:
    """κ and γ. With z(γ) falling from the number of modes to 0 and κ = γ(1 - z/k), (n - z)κ = δ has one root."""

    def z(log_gamma: float) -> float:
        return float((times * lam / (lam + np.exp(log_gamma))).sum())

    def excess(log_gamma: float) -> float:
        here = z(log_gamma)
        kappa = np.exp(log_gamma) * (1 - here / k)
        return (n - here) * kappa - ridge

    modes = float(times.sum())
    top = float(np.log((times * lam).sum() + ridge)) + 5
    bottom = float(np.log(lam.min())) - 60
    # the root lies where z < min(n, k): below that the signs of (n - z) and of κ are not those of a solution
    ceiling = min(n, k)
    if ceiling < modes:
        start = brentq(lambda g: z(g) - ceiling, bottom, top, xtol=1e-14, rtol=1e-14)
        if ridge == 0:
            gamma = float(np.exp(start))
            return gamma * max(1 - ceiling / k, 0.0), gamma
        bottom = start
    elif ridge == 0:
        return 0.0, 0.0
    while excess(top) < 0:
        top += 5
    gamma = float(np.exp(brentq(excess, bottom, top, xtol=1e-14, rtol=1e-14)))
    return gamma * (1 - z(float(np.log(gamma))) / k), gamma
