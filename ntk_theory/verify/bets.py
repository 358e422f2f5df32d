"""The bets of one verification: on the theory being wrong, and on its being nearly right."""

from dataclasses import dataclass, field
from math import log

import numpy as np
from jaxtyping import Bool, Float

from ntk_theory.verify.evidence import log_capital, log_mixture

_SIZES = np.array([0.5, 1.0, 2.0, 4.0, 16.0])  # λ in units of min_detectable/v


@dataclass
class Bets:
    """Contrasts come in; evidence grows. Everything in units of the kernel's size.

    Against the theory: on deviations beyond `near` to either side, the capital spread over quantities, sides
    and sizes of bets. For it: against deviations of `far` or more, to either side of every quantity. There each
    has to be rejected on its own, so nothing is divided. Where the theory is a lower bound (`at_least`), the bets
    are on smaller truths alone. Only on quantities that are `used` is anything bet.
    """

    theory: Float[np.ndarray, "quantities"]
    variance: Float[np.ndarray, "quantities"]
    used: Bool[np.ndarray, "quantities"]
    near: float
    far: float
    alpha: float
    at_least: bool = False
    contrasts: list[Float[np.ndarray, "samples quantities"]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sizes = bet_sizes(self.variance, self.far)[self.used]
        self.sides = (-1,) if self.at_least else (-1, 1)
        self.against = np.zeros((len(self.sides), *self.sizes.shape))
        self.nearly = np.zeros((len(self.sides), *self.sizes.shape))

    def add(self, contrasts: Float[np.ndarray, "samples quantities"]) -> None:
        """Bet on fresh samples."""
        self.contrasts.append(contrasts)
        deviation, variance = (contrasts - self.theory)[:, self.used], self.variance[self.used]
        for row, side in enumerate(self.sides):
            self.against[row] += log_capital(side * deviation - self.near, variance, self.sizes)
            self.nearly[row] += log_capital(-side * deviation + self.far, variance, self.sizes)

    @property
    def threshold(self) -> float:
        """log(2/alpha): half of alpha is spent here, half on the bounds of the variances."""
        return log(2 / self.alpha)

    @property
    def log_e_value(self) -> float:
        """The evidence against the theory."""
        return float(log_mixture(self.against.reshape(-1)))

    @property
    def log_nearly(self) -> float:
        """The evidence, for the worst quantity and side, that the theory is wrong by less than `far`."""
        return float(log_mixture(self.nearly).min())

    @property
    def log_evidence(self) -> Float[np.ndarray, "quantities"]:
        """The evidence against each entry of the theory, to the side that has more; none where nothing was bet."""
        evidence = np.full(len(self.theory), -np.inf)
        evidence[self.used] = log_mixture(self.against).max(0)
        return evidence


def bet_sizes(variance: Float[np.ndarray, "quantities"], effect: float) -> Float[np.ndarray, "quantities bets"]:
    """λ's for effects from half of `effect` to 16 times as large, none beyond 1/√v."""
    return np.minimum(_SIZES * effect / variance[:, None], 1 / np.sqrt(variance)[:, None])
