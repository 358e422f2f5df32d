"""Contrasts of widths, in which the unknown bias cancels (Richardson's extrapolation to 1/n = 0).

The mean of a kernel's entry at width n is limit + scale·(a₁/n + a₂/n² + …) with unknown a_k (Hanin & Nica 2020,
Dyer & Gur-Ari 2020). With m widths the weights w_i = Π_{j≠i} n_i/(n_i - n_j) have Σ w_i = 1 and
Σ w_i n_i^{-k} = 0 for 0 < k < m. So the mean of Σ w_i X(n_i) is the limit, up to
scale·Σ_{k≥m} a_k Σ_i w_i n_i^{-k}.

That remainder is bounded under an assumption, which every verdict states: |a_k| ≤ A^k/k! for k ≥ m, as for
exp(A/n). With A = 2·depth + 2|a₁| it was more than generous in 35 networks (ReLU, erf, logistic, GELU, tanh, depth
1 to 6, ordered to chaotic; largest |a₁| 3.2): 105 contrasts of widths 8 to 64 left less than a tenth of the bound
wherever more than sampling noise was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial, prod

_TERMS = 60  # of the remainder's sum
_UNIT = 4096  # averages over so many neurons are nearly normal, and cheap


@dataclass(frozen=True)
class Contrast:
    """Σ weights_i X(widths_i), whose mean is the limit within `remainder` (relative to the scale)."""

    widths: tuple[int, ...]
    weights: tuple[float, ...]
    remainder: float

    @property
    def cost(self) -> float:
        """Neurons for the variance that one neuron would give without bias: (Σ|w_i|)²."""
        return sum(abs(w) for w in self.weights) ** 2

    @property
    def counts(self) -> tuple[int, ...]:
        """Networks that are averaged at each width for one sample of the contrast.

        Neurons in proportion to |w_i| give the least variance for their number; 4,096 at the width with most.
        """
        unit = max(_UNIT, self.widths[-1]) / max(abs(w) for w in self.weights)
        return tuple(max(1, round(unit * abs(w) / n)) for n, w in zip(self.widths, self.weights, strict=True))

    @property
    def neurons(self) -> int:
        """What one sample costs."""
        return sum(n * count for n, count in zip(self.widths, self.counts, strict=True))


def contrast(widths: Sequence[int], growth: float) -> Contrast:
    """The contrast of these widths, its remainder bounded for |a_k| ≤ growth^k/k!."""
    weights = [prod(n / (n - other) for other in widths if other != n) for n in widths]
    remainder = 0.0
    for k in range(len(widths), _TERMS):
        left_over = abs(sum(w * float(n) ** -k for w, n in zip(weights, widths, strict=True)))
        remainder += growth**k / factorial(k) * left_over
    return Contrast(tuple(widths), tuple(weights), remainder)


def best_contrast(widths: Sequence[int], growth: float, allowance: float) -> Contrast | None:
    """Of two or three of the widths: the contrast that decides with fewest neurons.

    The neurons needed go like cost/(allowance - remainder)². None where every remainder exceeds half the
    allowance: then these widths are too small for the network's depth.
    """
    candidates = [contrast(chosen, growth) for m in (2, 3) for chosen in combinations(widths, m)]
    usable = [c for c in candidates if c.remainder <= allowance / 2]
    return min(usable, key=lambda c: c.cost / (allowance - c.remainder) ** 2, default=None)
