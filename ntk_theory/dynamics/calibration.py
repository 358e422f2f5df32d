"""Is a stated uncertainty true? How often central intervals hold the value, and the density they gave it.

And intervals made true: `conformal_factor` stretches any stated uncertainty by what values held back show.
"""

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
    mu, sigma, value = _checked(mean, std, y, levels)
    distance = np.abs(value - mu) / sigma
    loss = 0.5 * distance**2 + np.log(sigma) + 0.5 * np.log(2 * np.pi)
    inside = tuple(float((distance <= ndtri((1 + p) / 2)).mean()) for p in levels)
    return Calibration(levels, inside, float(loss.mean()), value.size)


def conformal_factor(
    mean: Float[ArrayLike, "held *outputs"],
    std: Float[ArrayLike, "held"],
    y: Float[ArrayLike, "held *outputs"],
    *,
    level: float,
) -> Float[np.ndarray, "*outputs"]:
    """q, one an output, such that mean ± q·std holds a new value with a probability of at least `level`.

    q is the ⌈(m + 1) level⌉-th smallest of |y - mean|/std over m points that were not trained on, and ∞ where m is
    too small for that. The law of the data may be any, if held and new points are exchangeable; the statement
    is over both together (Vovk, Gammerman & Shafer 2005; Lei et al. 2018, theorem 2).
    Raises `ShapeError`, `DataError`.
    """
    mu, sigma, value = _checked(mean, std, y, (level,))
    scores = np.sort(np.abs(value - mu) / sigma, axis=0)
    # a ceiling that rounding can't lift: 0.9 · 10 is 9
    rank = int(np.ceil((len(scores) + 1) * level - 1e-9))
    return np.asarray(scores[rank - 1] if rank <= len(scores) else np.full(scores.shape[1:], np.inf))


def _checked(
    mean: ArrayLike, std: ArrayLike, y: ArrayLike, levels: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, standard deviations of a shape that broadcasts, and values, in float64."""
    mu, sigma, value = (np.asarray(a, np.float64) for a in (mean, std, y))
    if mu.shape != value.shape or sigma.shape != mu.shape[:1] or mu.size == 0:
        raise ShapeError(
            f"mean {mu.shape} and y {value.shape} must be equal shapes, std {sigma.shape} their first axis."
        )
    if not (sigma > 0).all():
        raise DataError(f"std holds {sigma[~(sigma > 0)][0]}: an interval needs a positive standard deviation.")
    if not all(0 < p < 1 for p in levels):
        raise DataError(f"levels = {levels} must lie between 0 and 1.")
    return mu, sigma.reshape((-1,) + (1,) * (mu.ndim - 1)), value
