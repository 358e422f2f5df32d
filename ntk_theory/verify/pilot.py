"""The pilot: networks that are not bet on, but say how large variances, biases and the kernels themselves are."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np
from jaxtyping import Float

from ntk_theory.verify.contrast import Contrast
from ntk_theory.verify.example import Sampler
from ntk_theory.verify.variance import KURTOSIS, sample_kurtosis, variance_bound

GROUP = 1024
"""Neurons that each average of the pilot has at least: their kurtosis is what `KURTOSIS` bounds."""

ROUNDING = 3e-6
"""How far the float32 sampler's means may be off, relative to the kernel's size."""


@dataclass(frozen=True)
class Pilot:
    """What is known before the first bet, in units of `scale`, the kernel's size.

    `averages[n]` are over `sizes[n]` networks each, `variance[n]` bounds that of a single network, and `bias` is
    the largest |a_1| seen, from the difference of the smallest width and the largest.
    """

    scale: Float[np.ndarray, "quantities"]
    sizes: dict[int, int]
    averages: dict[int, Float[np.ndarray, "averages quantities"]]
    variance: dict[int, Float[np.ndarray, "quantities"]]
    bias: float

    def variance_of(self, chosen: Contrast, counts: Sequence[int]) -> Float[np.ndarray, "quantities"]:
        """The bound of a contrast's variance, `counts` networks averaged at each width."""
        parts = zip(chosen.widths, chosen.weights, counts, strict=True)
        return np.sum([weight**2 * self.variance[n] / count for n, weight, count in parts], axis=0)

    def kurtosis(self, widths: Sequence[int]) -> dict[int, float]:
        """The largest sample kurtosis at each of these widths."""
        return {n: float(sample_kurtosis(self.averages[n]).max()) for n in widths}


def pilot_size(width: int, quantities: int, widths: int, alpha: float) -> tuple[int, int]:
    """Averages, and networks in each: variances are overstated by 1.7, by 2.9 where networks are dear."""
    size = ceil(GROUP / width)
    overstated = 0.4 if width <= 4 * GROUP else 0.65
    pairs = ceil((KURTOSIS + 3) * log(1 / _failure(quantities, widths, alpha)) / overstated**2)
    return 2 * pairs, size


def draw_pilot(sampler: Sampler) -> Pilot:
    """Draw the pilot; its variance bounds fail with probability at most alpha/2, all together."""
    example = sampler.example
    quantities, widths = len(example.quantities.names), example.widths
    raw, sizes = {}, {}
    for part, n in enumerate(widths):
        count, sizes[n] = pilot_size(n, quantities, len(widths), example.alpha)
        raw[n] = sampler.averages(n, count, sizes[n], part)
    first, last = widths[0], widths[-1]
    scale = example.quantities.scale(raw[last].mean(0))
    averages = {n: values / scale for n, values in raw.items()}
    failure = _failure(quantities, len(widths), example.alpha)
    bounds = {n: np.maximum(variance_bound(v, failure) * sizes[n], ROUNDING**2) for n, v in averages.items()}
    shift = np.abs(averages[first].mean(0) - averages[last].mean(0)).max()
    return Pilot(scale, sizes, averages, bounds, float(shift * first * last / (last - first)))


def _failure(quantities: int, widths: int, alpha: float) -> float:
    return alpha / (2 * quantities * widths)
