"""How random a kernel is, from samples, with confidence intervals that assume no law.

- `dispersion`, E[Θ²]/E[Θ]² = 1 + E[(Θ - Θ′)²/2]/E[ΘΘ′] over pairs of independent networks. Averages over groups
  of pairs are taken, whose kurtosis may be supposed to be at most 5 (a normal variable's is 3): some bound the
  variances, the others bound both means by Catoni's confidence sequences (`ntk_theory.verify`). Where their own
  kurtosis is above 5 that is not believed, and `trusted` is 0: of heavy tails a sample says little.
- `spread`, the 90% quantile of Θ over its 10% quantile: by Dvoretzky, Kiefer & Wolfowitz's inequality with
  Massart's constant its interval supposes nothing at all.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from ntk_theory.sampling import Draws
from ntk_theory.verify.bets import bet_sizes
from ntk_theory.verify.evidence import confidence_bounds
from ntk_theory.verify.pilot import KURTOSIS, sample_kurtosis, variance_bound

FAILURE = 1e-5
"""The probability at most that one interval of a spread misses; these are many, and their failures add."""
POINTWISE = 1e-3
"""The same of a dispersion."""
_GROUPS, _PILOT = 512, 384
_LEVELS = (0.1, 0.9)


def of_draws(draws: Draws) -> Mapping[str, Any]:
    """What a sweep keeps of a cell's networks on one input."""
    return of_samples(draws.ntk[:, 0, 0].astype(np.float64))


def of_samples(theta: Float[np.ndarray, "count"]) -> dict[str, float]:
    """`dispersion`, `lower`, `upper`, `trusted`; `spread`, `spread_lower`, `spread_upper`; moments of Θ, log Θ."""
    scale = float(theta.mean())
    relative = theta / scale
    lower, upper, trusted = _dispersion(relative)
    spread, spread_lower, spread_upper = _spread(relative)
    logs = np.log(np.maximum(relative, 1e-300))
    return {
        "dispersion": float((relative**2).mean()),
        "lower": lower,
        "upper": upper,
        "trusted": float(trusted),
        "spread": spread,
        "spread_lower": spread_lower,
        "spread_upper": spread_upper,
        "mean": scale,
        "log_mean": float(logs.mean()),
        "log_variance": float(logs.var()),
    }


def _dispersion(relative: Float[np.ndarray, "count"]) -> tuple[float, float, bool]:
    size = len(relative) // (2 * _GROUPS)
    if size == 0:
        return 1.0, 1e300, False
    one, other = relative[: 2 * size * _GROUPS].reshape(2, -1)
    pairs = np.stack([(one - other) ** 2 / 2, one * other], axis=1)
    groups = pairs.reshape(_GROUPS, size, 2).mean(axis=1)
    pilot, rest = groups[:_PILOT], groups[_PILOT:]
    variance = variance_bound(pilot, POINTWISE / 4)
    effect = 4 * np.sqrt(variance / len(rest))
    sizes = np.concatenate([bet_sizes(variance[j : j + 1], float(effect[j])) for j in range(2)])
    lower, upper = confidence_bounds(rest, variance, sizes, POINTWISE / 4)
    kurtosis = float(sample_kurtosis(groups).max())
    trusted = kurtosis <= KURTOSIS and lower[1] > 0
    most = 1 + float(upper[0] / lower[1]) if lower[1] > 0 else 1e300
    return 1 + max(0.0, float(lower[0] / upper[1])), most, bool(trusted)


def _spread(relative: Float[np.ndarray, "count"]) -> tuple[float, float, float]:
    radius = float(np.sqrt(np.log(2 / FAILURE) / (2 * len(relative))))
    ordered = np.sort(relative)

    def ratio(shift: float) -> float:
        low, high = (np.clip(level, 0, 1) for level in (_LEVELS[0] - shift, _LEVELS[1] + shift))
        if low == 0 or high == 1:
            return 1e300
        return float(np.quantile(ordered, high) / np.maximum(np.quantile(ordered, low), 1e-300))

    return ratio(0.0), max(1.0, ratio(-radius)), ratio(radius)
