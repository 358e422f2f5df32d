"""(Θ + ridge·I)⁻¹y for many points, by conjugate gradients: no second matrix of the Gram matrix's size.

An eigendecomposition of 20,000 points needs four such matrices and n³ operations; this needs the one, in float32
if that is how it comes, and of the order of √condition products with it per digit. The iteration is SciPy's.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy.sparse.linalg import LinearOperator, cg

from ntk_theory.errors import DataError, ShapeError


@dataclass(frozen=True)
class Solution:
    """`coefficients` a with (Θ + ridge·I)a ≈ y, the relative `residual` |y - (Θ + ridge·I)a|/|y| of the worst
    output, measured afterwards, and how many products with Θ it took.

    The trained mean at new points is Θ(x, X) a.
    """

    coefficients: Float[np.ndarray, "n *outputs"]
    residual: float
    products: int


def solve(
    gram: Float[ArrayLike, "n n"],
    y: Float[ArrayLike, "n *outputs"],
    *,
    ridge: float = 0.0,
    tolerance: float = 1e-6,
    products: int = 10_000,
) -> Solution:
    """Solve (Θ + ridge·I)a = y to the relative residual `tolerance`, with at most so many `products` per output.

    Jacobi's preconditioner evens out inputs of different norms. Raises `ShapeError`, and `DataError` for numbers
    out of range or where the products do not suffice: then the residual reached is named.
    """
    matrix, targets = np.asarray(gram), np.asarray(y, np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(targets) != len(matrix):
        raise ShapeError(
            f"The Gram matrix has shape {matrix.shape}, y {targets.shape}; expected (n, n) and (n, …)."
        )
    if not (ridge >= 0 and tolerance > 0 and products > 0):
        raise DataError(f"ridge = {ridge} must be ≥ 0, tolerance = {tolerance} and products = {products} > 0.")
    diagonal = np.diagonal(matrix).astype(np.float64) + ridge
    if not (np.isfinite(diagonal).all() and (diagonal > 0).all() and np.isfinite(targets).all()):
        raise DataError("The Gram matrix's diagonal must be positive, and all numbers finite.")
    count = 0

    def product(v: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        nonlocal count
        count += 1
        return (matrix @ v.astype(matrix.dtype)).astype(np.float64) + ridge * v

    operator = LinearOperator(matrix.shape, matvec=product, dtype=np.float64)
    jacobi = LinearOperator(matrix.shape, matvec=lambda v: v.ravel() / diagonal, dtype=np.float64)
    columns, worst = [], 0.0
    for column in targets.reshape(len(targets), -1).T:
        size = float(np.linalg.norm(column))
        found, _ = cg(operator, column, rtol=tolerance / 2, atol=0.0, maxiter=products, M=jacobi)
        residual = float(np.linalg.norm(column - product(found)) / size) if size else 0.0
        if not residual <= tolerance:
            raise DataError(
                f"After {count} products the residual is {residual:.3g}, not {tolerance:.3g}. Add a ridge, allow "
                f"more products or a larger tolerance; {matrix.dtype} reaches "
                f"{np.finfo(matrix.dtype).eps * 100:.0e} at best."
            )
        columns.append(found)
        worst = max(worst, residual)
    return Solution(np.stack(columns, axis=1).reshape(targets.shape), worst, count)
