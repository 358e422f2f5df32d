"""What is compared: the entries of both kernels on the diagonal and above it, as one vector."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError
from ntk_theory.sampling.conditional import Draws

KERNELS = ("nngp", "ntk")
_TINY = 1e-30  # the scale of a kernel that is zero


@dataclass(frozen=True)
class Quantities:
    """The entries (i, j), i ≤ j, of the NNGP kernel and then of the NTK."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """ "nngp[0,0]", …, in the vectors' order."""
        pairs = list(zip(self.rows, self.columns, strict=True))
        return tuple(f"{kernel}[{i},{j}]" for kernel in KERNELS for i, j in pairs)

    def vector(self, nngp: np.ndarray, ntk: np.ndarray) -> Float[np.ndarray, "*count quantities"]:
        """The entries of matrices, or of stacks of them, in float64."""
        parts = [kernel[..., self.rows, self.columns] for kernel in (nngp, ntk)]
        return np.concatenate(parts, axis=-1).astype(np.float64)

    def of(self, draws: Draws) -> Float[np.ndarray, "count quantities"]:
        """The entries of each drawn network."""
        return self.vector(draws.nngp, draws.ntk)

    def scale(self, values: Float[np.ndarray, "quantities"]) -> Float[np.ndarray, "quantities"]:
        """√(K_ii K_jj) for each entry: what an error's size is measured by. Never zero."""
        scales = []
        for part in np.split(values, len(KERNELS)):
            diagonal = {i: abs(v) for i, j, v in zip(self.rows, self.columns, part, strict=True) if i == j}
            scales += [np.sqrt(diagonal[i] * diagonal[j]) for i, j in zip(self.rows, self.columns, strict=True)]
        return np.maximum(np.array(scales), _TINY)


def quantities_of(inputs: int) -> Quantities:
    """The quantities of so many inputs."""
    rows, columns = np.triu_indices(inputs)
    return Quantities(tuple(rows.tolist()), tuple(columns.tolist()))


def predictions(
    kernel_fn: Callable[..., Any], x: Float[np.ndarray, "k features"]
) -> Float[np.ndarray, "quantities"]:
    """The theory's values. Raises `DataError` for what is not two finite, symmetric matrices of shape (k, k)."""
    kernels = kernel_fn(x, get=KERNELS)
    matrices = []
    for position, name in enumerate(KERNELS):
        value = getattr(kernels, name) if hasattr(kernels, name) else kernels[position]
        matrix = np.asarray(value, dtype=np.float64)
        if matrix.shape != (len(x), len(x)):
            raise DataError(f"kernel_fn gave {name} of shape {matrix.shape}; expected {(len(x), len(x))}.")
        if not np.isfinite(matrix).all():
            raise DataError(f"kernel_fn gave {name} = {matrix.tolist()}; every entry must be finite.")
        if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-3 * np.abs(matrix).max()):
            raise DataError(f"kernel_fn gave {name} = {matrix.tolist()}, which is not symmetric.")
        matrices.append(matrix)
    return quantities_of(len(x)).vector(*matrices)
