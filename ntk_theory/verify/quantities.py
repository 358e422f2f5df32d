"""Kernels as one vector: their entries on the diagonal and above it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntk_theory.sampling import Draws

_TINY = 1e-30  # the scale of a kernel that is zero


@dataclass(frozen=True)
class Quantities:
    """The entries (i, j), i ≤ j, of the NNGP kernel, of the NTK, and of the first `layers` contributions to it."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    layers: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """ "nngp[0,0]", …, "ntk[0,0]", …, "ntk layer 1[0,0]", …, in the vectors' order."""
        kernels = ["nngp", "ntk", *(f"ntk layer {layer + 1}" for layer in range(self.layers))]
        pairs = list(zip(self.rows, self.columns, strict=True))
        return tuple(f"{kernel}[{i},{j}]" for kernel in kernels for i, j in pairs)

    def named(self, vector: Float[np.ndarray, "*count quantities"]) -> dict[str, Any]:
        """The vector's entries, or columns, by name."""
        return dict(zip(self.names, np.moveaxis(vector, -1, 0), strict=True))

    def vector(
        self, nngp: np.ndarray, ntk: np.ndarray, ntk_layers: np.ndarray | None = None
    ) -> Float[np.ndarray, "*count quantities"]:
        """The entries of matrices, or of stacks of them, in float64."""
        kernels = [nngp, ntk]
        if ntk_layers is not None:
            kernels += [ntk_layers[..., layer, :, :] for layer in range(self.layers)]
        parts = [kernel[..., self.rows, self.columns] for kernel in kernels]
        return np.concatenate(parts, axis=-1).astype(np.float64)

    def of(self, draws: Draws) -> Float[np.ndarray, "count quantities"]:
        """The entries of each drawn network."""
        return self.vector(draws.nngp, draws.ntk, draws.ntk_layers)

    def scale(self, values: Float[np.ndarray, "quantities"]) -> Float[np.ndarray, "quantities"]:
        """√(K_ii K_jj) for each entry: what an error's size is measured by. Never zero."""
        scales = []
        for part in np.split(values, 2 + self.layers):
            diagonal = {i: abs(v) for i, j, v in zip(self.rows, self.columns, part, strict=True) if i == j}
            scales += [np.sqrt(diagonal[i] * diagonal[j]) for i, j in zip(self.rows, self.columns, strict=True)]
        return np.maximum(np.array(scales), _TINY)


def quantities_of(inputs: int, layers: int = 0) -> Quantities:
    """The quantities of so many inputs."""
    rows, columns = np.triu_indices(inputs)
    return Quantities(tuple(rows.tolist()), tuple(columns.tolist()), layers)
