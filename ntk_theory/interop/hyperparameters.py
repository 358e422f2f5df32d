"""Kernels of fully connected networks as functions of W_std and b_std, with the slopes that optimisers ask for.

What the kernel objects for scikit-learn and GPyTorch share: one compiled function for an activation and a depth,
whatever the standard deviations. A `b_std` of None is a network without biases.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ntk_theory.codegen.scales import chosen
from ntk_theory.codegen.series import Resolution
from ntk_theory.errors import DataError
from ntk_theory.kernels import ScaledKernelFunction
from ntk_theory.network import mlp

Name = Literal["nngp", "ntk"]
Gram = Float[np.ndarray, "n1 n2"]


@dataclass(frozen=True)
class HyperKernel:
    """The NNGP or the NTK of `depth` hidden layers of `activation`; all calls take and give NumPy arrays."""

    activation: str
    depth: int
    name: Name

    def __post_init__(self) -> None:
        if self.name not in ("nngp", "ntk"):
            raise DataError(f'kernel = {self.name!r} is not known: "ntk" or "nngp".')

    def value(self, x1: Any, x2: Any, W_std: float, b_std: float | None) -> Gram:
        """All pairs of two batches, or of one where x2 is None. Raises what `kernel_fn` raises."""
        return _scaled(self.activation, self.depth)(x1, x2, self.name, W_std=W_std, b_std=b_std)

    def diagonal(self, x: Any, W_std: float, b_std: float | None) -> Float[np.ndarray, "n"]:
        """The entries of an input with itself."""
        return self._run("diagonal", (x,), W_std, b_std)

    def slopes(self, x: Any, W_std: float, b_std: float | None) -> tuple[Gram, Gram | None]:
        """∂/∂W_std and ∂/∂b_std of all pairs of one batch; None for biases that are not there."""
        return self._run("slopes", (x,), W_std, b_std)

    def pulled_back(self, x1: Any, x2: Any, W_std: float, b_std: float | None, weights: Gram) -> tuple[Any, ...]:
        """The slopes of Σ weights·K in x1, x2, W_std and b_std."""
        return self._run("pulled_back", (x1, x2), W_std, b_std, weights)

    def diagonal_pulled_back(self, x: Any, W_std: float, b_std: float | None, weights: Any) -> tuple[Any, ...]:
        """The slopes of Σ weights·K(x, x) in x, W_std and b_std."""
        return self._run("diagonal_pulled_back", (x,), W_std, b_std, weights)

    def _run(self, what: str, inputs: tuple[Any, ...], W_std: float, b_std: float | None, *further: Any) -> Any:
        scaled = _scaled(self.activation, self.depth)
        resolution = scaled.resolved(*inputs, W_std=W_std, b_std=b_std).resolution
        dtype = inputs[0].dtype
        with jax.enable_x64(bool(dtype == np.float64)):
            scales = (np.asarray(W_std, dtype), None if b_std is None else np.asarray(b_std, dtype))
            found = _programs(self, resolution)[what](*inputs, scales, *further)
            return jax.tree.map(np.asarray, found)


@lru_cache(maxsize=32)
def _scaled(activation: str, depth: int) -> ScaledKernelFunction:
    return mlp(activation, depth=depth).scaled_kernel_fn


@lru_cache(maxsize=128)
def _programs(kernel: HyperKernel, resolution: Resolution) -> dict[str, Callable[..., Any]]:
    compiled = dataclasses.replace(_scaled(kernel.activation, kernel.depth).compiled, resolution=resolution)
    scaled = ScaledKernelFunction(compiled, resolution)

    def value(x1: Any, x2: Any, scales: Any) -> Any:
        return scaled(x1, x2, kernel.name, W_std=scales[0], b_std=scales[1])

    def diagonal(x: Any, scales: Any) -> Any:
        state = compiled.diagonal(x, chosen(compiled.layers, *scales))
        return state.q if kernel.name == "nngp" else state.ntk

    def pulled_back(x1: Any, x2: Any, scales: Any, weights: Any) -> Any:
        return jax.vjp(value, x1, x2, scales)[1](jnp.asarray(weights))

    def diagonal_pulled_back(x: Any, scales: Any, weights: Any) -> Any:
        return jax.vjp(diagonal, x, scales)[1](jnp.asarray(weights))

    return {
        "diagonal": jax.jit(diagonal),
        "slopes": jax.jit(lambda x, scales: jax.jacfwd(lambda s: value(x, None, s))(scales)),
        "pulled_back": jax.jit(pulled_back),
        "diagonal_pulled_back": jax.jit(diagonal_pulled_back),
    }
