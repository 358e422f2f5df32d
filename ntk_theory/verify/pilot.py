"""The pilot: networks that are not bet on, but say how large variances, biases and the kernels themselves are."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np
from jaxtyping import Float

from ntk_theory.verify.contrast import Contrast, exponent
from ntk_theory.verify.example import Example, Sampler
from ntk_theory.verify.variance import KURTOSIS, sample_kurtosis, variance_bound

GROUP = 1024
"""Neurons that each average of the pilot has at least: their kurtosis is what `KURTOSIS` bounds."""


@dataclass(frozen=True)
class Pilot:
    """What is known before the first bet, in units of `scale`, the kernel's size.

    `averages[n]` are over `sizes[n]` networks each, `variance[n]` bounds that of a single network, and `bias` is
    the largest |a_1| seen.
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

    def spread(self) -> dict[int, float]:
        """At each width, the standard deviation that one neuron would give: √(n·variance), the largest."""
        return {n: float(np.sqrt(n * variance.max())) for n, variance in self.variance.items()}

    def kurtosis(self) -> dict[int, Float[np.ndarray, "quantities"]]:
        """The sample kurtosis at each width."""
        return {n: sample_kurtosis(values) for n, values in self.averages.items()}


def pilot_size(example: Example, width: int) -> tuple[int, int]:
    """Averages, and networks in each: variances are overstated by 1.7, by 2.9 where networks are dear."""
    size = max(ceil(GROUP / width), example.claim.networks)
    overstated = 0.4 if width * size <= 4 * GROUP else 0.65
    pairs = ceil((KURTOSIS + 3) * log(1 / _failure(example)) / overstated**2)
    return 2 * pairs, size


def draw_pilot(sampler: Sampler) -> Pilot:
    """Draw the pilot; its variance bounds fail with probability at most alpha/2, all together."""
    example = sampler.example
    raw, sizes = {}, {}
    for part, n in enumerate(example.widths):
        count, sizes[n] = pilot_size(example, n)
        raw[n] = sampler.averages(n, count, sizes[n], part)
    scale = example.claim.scales(raw[example.widths[-1]].mean(0))
    averages = {n: values / scale for n, values in raw.items()}
    least = example.claim.rounding**2
    bounds = {n: np.maximum(variance_bound(v, _failure(example)) * sizes[n], least) for n, v in averages.items()}
    return Pilot(scale, sizes, averages, bounds, _bias(example, averages))


def _bias(example: Example, averages: dict[int, Float[np.ndarray, "averages quantities"]]) -> float:
    """The largest |a_1|, from the difference of the smallest width and the largest."""
    means, widths = {n: values.mean(0) for n, values in averages.items()}, example.widths
    first, last = widths[0], widths[-1]
    if example.claim.rate == "exact" or len(widths) < 2:
        return 0.0
    if example.claim.shift:  # what is estimated is a_1 itself
        return float(np.abs(means[first]).max())
    shift = np.abs(means[first] - means[last])
    if example.claim.rate == "power":
        if len(widths) < 3:
            return 0.0
        chosen = exponent((first, widths[len(widths) // 2], last), 0.0)
        weights = dict(zip(chosen.widths, -np.log(last / first) * np.array(chosen.weights), strict=True))
        weights[first] += 1
        weights[last] -= 1  # the first mean minus the last, less what the power explains
        noise = sum(w**2 * averages[n].var(0) / len(averages[n]) for n, w in weights.items())
        shift = np.abs(sum(w * means[n] for n, w in weights.items())) - 3 * np.sqrt(noise)
        shift = np.maximum(shift, 0)
    return float(shift.max() * first * last / (last - first))


def _failure(example: Example) -> float:
    return example.alpha / (2 * len(example.claim.quantities) * len(example.widths))
