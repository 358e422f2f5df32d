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

    def condition(self, samples: int) -> float:
        """λ_max/λ_min of the Gram matrix of so many inputs, (d + (m - 1)a)/(d - a) for a ≥ 0; ∞ where a = d.

        Of deep NTKs (Xiao, Pennington & Schoenholz 2020, table 1): a/d → 1 in the ordered phase, 0 in the chaotic,
        at criticality 1/3 for smooth activations and 1/4 for ReLU, so that it is (m + 2)/2 and (m + 3)/3.
        """
        if samples < 2:
            raise DataError(f"samples = {samples} must be at least 2.")
        ends = sorted((self.diagonal + (samples - 1) * self.across, self.diagonal - self.across))
        if ends[0] < 0:
            raise DataError(
                f"across = {self.across} is no kernel's of {samples} inputs: it has a negative eigenvalue."
            )
        return ends[1] / ends[0] if ends[0] else float("inf")


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
