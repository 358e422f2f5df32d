"""The trained ensemble's variance when all pairs of inputs look alike: the setting of depth's effect.

At large depth NNGP and NTK forget the data: K → q on the diagonal and q_across off it, Θ → θ and θ_across. With S
training points and a test point of that kind, gradient flow to its end gives outputs of the variance
    Var f_∞ = (1 + A²/S)(q - q_across) + (A - 1)² q_across,  A = S/(θ/θ_across + S - 1)
(Seleznova & Kutyniok 2020, theorem 3, whose proof is that of Lee et al. 2019, eq. 15, for such matrices).
"""

from dataclasses import dataclass

import numpy as np

from ntk_theory.errors import DataError


@dataclass(frozen=True)
class TwoValued:
    """A kernel of S + 1 inputs with one value on the diagonal and one off it."""

    diagonal: float
    across: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.diagonal) and self.diagonal > 0 and abs(self.across) <= self.diagonal):
            raise DataError(
                f"diagonal = {self.diagonal} must be positive, and across = {self.across} no larger than it."
            )


def trained_variance(nngp: TwoValued, ntk: TwoValued, samples: int) -> float:
    """Var f_∞ at a test point after training on `samples` inputs to zero loss, over initializations.

    Raises `DataError` where the NTK of samples + 1 such inputs is singular (across = diagonal, or negative beyond
    -diagonal/samples): gradient flow then does not fit all targets.
    """
    if samples < 1:
        raise DataError(f"samples = {samples} must be at least 1.")
    if not ntk.diagonal > ntk.across > -ntk.diagonal / samples:
        raise DataError(
            f"The NTK with {ntk.diagonal} on the diagonal and {ntk.across} off it is singular on {samples} points."
        )
    A = samples * ntk.across / (ntk.diagonal + (samples - 1) * ntk.across)
    return (1 + A * A / samples) * (nngp.diagonal - nngp.across) + (A - 1) ** 2 * nngp.across
