"""Is a stated uncertainty true? How often central intervals hold the value, and the density they gave it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy.special import ndtri

from ntk_theory.errors import DataError, ShapeError


@dataclass(frozen=True)
class Calibration:
    """`coverage[i]` of the values lay in the central interval of probability `levels[i]`.

    `log_loss` is the mean negative log predictive density (nats per value; smaller is better).
    """

    levels: tuple[float, ...]
    coverage: tuple[float, ...]
    log_loss: float
    values: int


def calibration(
    mean: Float[ArrayLike, "test *outputs"],
    std: Float[ArrayLike, "test"],
    y: Float[ArrayLike, "test *outputs"],
    *,
    levels: tuple[float, ...] = (0.5, 0.9),
) -> Calibration:
    """Calibration of independent normal predictions, one `std` per test point, against the values y.

    The central interval of probability p is mean ± std·Φ⁻¹((1 + p)/2). Raises `ShapeError`, `DataError`.
    """
    mu, sigma, value = (np.asarray(a, np.float64) for a in (mean, std, y))
    if mu.shape != value.shape or sigma.shape != mu.shape[:1] or mu.size == 0:
        raise ShapeError(
            f"mean {mu.shape} and y {value.shape} must be equal shapes, std {sigma.shape} their first axis."
        )
    if not (sigma > 0).all():
        raise DataError(f"std holds {sigma[~(sigma > 0)][0]}: an interval needs a positive standard deviation.")
    if not all(0 < p < 1 for p in levels):
        raise DataError(f"levels = {levels} must lie between 0 and 1.")
    sigma = sigma.reshape((-1,) + (1,) * (mu.ndim - 1))
    distance = np.abs(value - mu) / sigma
    loss = 0.5 * distance**2 + np.log(sigma) + 0.5 * np.log(2 * np.pi)
    inside = tuple(float((distance <= ndtri((1 + p) / 2)).mean()) for p in levels)
    return Calibration(levels, inside, float(loss.mean()), value.size)
