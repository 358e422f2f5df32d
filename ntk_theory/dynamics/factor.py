"""Cholesky's factor of Θ + ridge·I: the quick way where only the end of training, or one ridge, is asked for.

It costs a tenth of the eigendecomposition that `ntk_theory.dynamics.spectrum` makes for all times and ridges.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from jaxtyping import ArrayLike, Float

from ntk_theory.errors import DataError, ShapeError


@dataclass(frozen=True)
class Factor:
    """Θ + ridge·I = L Lᵀ, L lower triangular. Make one with `factor`."""

    lower: Float[np.ndarray, "n n"]
    ridge: float

    def solve(self, b: Float[np.ndarray, "n *more"]) -> Float[np.ndarray, "n *more"]:
        """(Θ + ridge·I)⁻¹ b."""
        return scipy.linalg.cho_solve((self.lower, True), b, check_finite=False)

    def half(self, b: Float[np.ndarray, "n *more"]) -> Float[np.ndarray, "n *more"]:
        """L⁻¹ b, whose square is bᵀ(Θ + ridge·I)⁻¹b."""
        return scipy.linalg.solve_triangular(self.lower, b, lower=True, check_finite=False)

    @property
    def log_determinant(self) -> float:
        """log det(Θ + ridge·I)."""
        return float(2 * np.log(np.diagonal(self.lower)).sum())


def factor(gram: Float[ArrayLike, "n n"], *, ridge: float) -> Factor:
    """Factor a Gram matrix plus `ridge` > 0, in float64; only its lower triangle is read.

    Raises `ShapeError`, and `DataError` where an entry is not finite or the matrix is not positive definite.
    """
    matrix = np.array(gram, np.float64, order="F")  # as LAPACK has it: no copy later
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise ShapeError(f"The Gram matrix has shape {matrix.shape}; expected (n, n) with n ≥ 1.")
    if not (np.isfinite(ridge) and ridge > 0):
        raise DataError(f"ridge = {ridge} must be positive and finite; without one, use `spectrum`.")
    if not np.isfinite(matrix).all():
        raise DataError(
            "The Gram matrix holds a number that is not finite. Check the inputs for NaN and overflow."
        )
    matrix[np.diag_indices_from(matrix)] += ridge
    try:
        lower = scipy.linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    except scipy.linalg.LinAlgError as error:
        raise DataError(
            f"With ridge = {ridge:.3g} the Gram matrix is not positive definite in float64. Take a larger ridge, "
            "or `spectrum`, which says by how much it misses."
        ) from error
    return Factor(lower, float(ridge))
