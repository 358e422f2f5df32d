"""A bound of a variance from a pilot sample, with a stated probability of failure.

For independent pairs (Y, Y′) the numbers Z = (Y - Y′)²/2 are non-negative, have mean σ² = Var Y, and
E Z² = σ⁴ (κ + 3)/2 with κ the kurtosis of Y. A non-negative variable has light lower tails whatever its upper
ones: E e^{-sZ} ≤ 1 - s E Z + s² E Z²/2, hence (Bernstein's inequality, one-sided; Maurer 2003)

    P(mean of p such Z ≤ (1 - t) σ²) ≤ exp(-p t²/(κ + 3)).

So σ² ≤ mean(Z)/(1 - t) with t = √((κ + 3) log(1/failure)/p). What it takes on trust is a bound of the shape,
not of the size: κ ≤ `KURTOSIS` for averages over many neurons, where a normal variable has 3.
"""

from math import log, sqrt

import numpy as np
from jaxtyping import Float

KURTOSIS = 5.0
"""What the kurtosis of an average over about a thousand neurons is taken to be at most."""


def inflation(pairs: int, failure: float) -> float:
    """1/(1 - t): how much larger than the sample's the bound is. Infinite where there are too few pairs."""
    t = sqrt((KURTOSIS + 3) * log(1 / failure) / pairs)
    return 1 / (1 - t) if t < 1 else float("inf")


def variance_bound(
    samples: Float[np.ndarray, "samples quantities"], failure: float
) -> Float[np.ndarray, "quantities"]:
    """A bound of each quantity's variance that fails with probability at most `failure` each."""
    pairs = len(samples) // 2
    Z = (samples[:pairs] - samples[pairs : 2 * pairs]) ** 2 / 2
    return Z.mean(0) * inflation(pairs, failure)


def sample_kurtosis(samples: Float[np.ndarray, "samples quantities"]) -> Float[np.ndarray, "quantities"]:
    """The samples' own kurtosis, 3 where they do not vary."""
    squares = (samples - samples.mean(0)) ** 2
    variance = squares.mean(0)
    varies = variance > 0
    return np.where(varies, (squares**2).mean(0) / np.where(varies, variance, 1) ** 2, 3.0)
