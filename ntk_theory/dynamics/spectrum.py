"""The eigendecomposition of a Gram matrix: one for every time, output and test point, its conditioning said.

A kernel's Gram matrix is positive semi-definite; a computed one may miss that by rounding (an eigenvalue of
-1e-17), or by more (a wrong kernel, or one in too low a precision). The first is mended by the smallest
jitter that does it, and reported; the second is an error.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Float

from ntk_theory.errors import DataError, ShapeError


@dataclass(frozen=True)
class Spectrum:
    """Θ + jitter·I = U diag(λ) Uᵀ, λ ascending and positive. Make one with `spectrum`."""

    eigenvalues: Float[np.ndarray, "n"]
    eigenvectors: Float[np.ndarray, "n n"]
    jitter: float

    @property
    def condition(self) -> float:
        """λ_max/λ_min: the factor by which errors in y can grow in Θ⁻¹y."""
        return float(self.eigenvalues[-1] / self.eigenvalues[0])

    @property
    def largest_step(self) -> float:
        """2/λ_max: gradient descent on ½Σ|f - y|² converges for step sizes below it."""
        return float(2 / self.eigenvalues[-1])

    def rotate(self, b: Float[np.ndarray, "n *more"]) -> Float[np.ndarray, "n *more"]:
        """Uᵀ b: the components of b along the eigenvectors."""
        return self.eigenvectors.T @ b

    def apply(
        self,
        function: Callable[[Float[np.ndarray, "n"]], Float[np.ndarray, "n"]],
        b: Float[np.ndarray, "n *more"],
    ) -> Float[np.ndarray, "n *more"]:
        """f(Θ) b = U f(λ) Uᵀ b."""
        factors = function(self.eigenvalues).reshape((-1,) + (1,) * (b.ndim - 1))
        return self.eigenvectors @ (factors * self.rotate(b))


def spectrum(gram: Float[ArrayLike, "n n"], *, jitter: float | None = None) -> Spectrum:
    """Decompose a Gram matrix, in float64.

    `jitter` is added to the diagonal. None adds nothing where λ_min > n ε λ_max (ε the rounding unit of the
    matrix's own precision), and otherwise the least that lifts λ_min to that; `.jitter` says what it was.
    Raises `ShapeError` for a matrix that is not square, `DataError` for one that is not finite, not
    symmetric, zero, or indefinite by more than rounding can explain.
    """
    given = np.asarray(gram)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or given.size == 0:
        raise ShapeError(f"The Gram matrix has shape {given.shape}; expected (n, n) with n ≥ 1.")
    rounding = float(np.finfo(given.dtype if given.dtype.kind == "f" else np.float64).eps)
    matrix = given.astype(np.float64)
    if not np.isfinite(matrix).all():
        i, j = np.argwhere(~np.isfinite(matrix))[0]
        raise DataError(
            f"The Gram matrix holds {matrix[i, j]} at ({i}, {j}). Check the inputs for NaN and overflow."
        )
    size = float(np.abs(matrix).max())
    skew = float(np.abs(matrix - matrix.T).max())
    if skew > 1e3 * rounding * size:
        raise DataError(
            f"The Gram matrix is not symmetric: entries differ by {skew:.3g} of {size:.3g}. "
            "Give k(x, x), not k(x, x'); pass (G + G.T)/2 if the difference is meant."
        )
    # NumPy's, as the products around it are: SciPy has threads of its own, and the two pools wait for each other
    eigenvalues, eigenvectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return _positive(eigenvalues, eigenvectors, rounding, jitter)


def _positive(
    eigenvalues: Float[np.ndarray, "n"],
    eigenvectors: Float[np.ndarray, "n n"],
    rounding: float,
    jitter: float | None,
) -> Spectrum:
    least, most = float(eigenvalues[0]), float(eigenvalues[-1])
    floor = len(eigenvalues) * rounding * most
    if jitter is None:
        if most <= 0 or least < -100 * floor:
            raise DataError(
                f"The Gram matrix is no kernel's: its eigenvalues run from {least:.6g} to {most:.6g}. "
                f"Rounding explains {-floor:.1g}. Check the kernel, compute it in float64, or pass "
                f"jitter > {-least:.3g}."
            )
        jitter = 0.0 if least > floor else floor - least
    elif not jitter >= 0 or not np.isfinite(jitter):
        raise DataError(f"jitter = {jitter} must be a finite number ≥ 0.")
    elif least + jitter <= 0:
        raise DataError(
            f"With jitter = {jitter:.3g} the smallest eigenvalue is {least + jitter:.3g}, not positive yet. "
            f"Pass more than {-least:.3g}, or jitter=None to have the least that is enough."
        )
    return Spectrum(eigenvalues + jitter, eigenvectors, float(jitter))
