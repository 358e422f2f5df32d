"""A network is a sequence of layers: its recursion, its kernel, its parameters.

It reads its layers in their two ways. As equations: `recursion`, and `kernel_fn`, compiled from them. As a
finite network: `init`, `apply`, `empirical_ntk`. `ntk_theory.verify` holds one against the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
from jaxtyping import Array, Float

from ntk_theory.errors import DataError, ShapeError
from ntk_theory.layers import Layer, Nonlinearity

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Network:
    """Layers applied one after the other. Make one with `mlp` or `serial`."""

    layers: tuple[Layer, ...]

    @property
    def depth(self) -> int:
        """The number of hidden layers, that is of applications of an activation."""
        return sum(isinstance(layer, Nonlinearity) for layer in self.layers)

    def init(self, key: Array, shape: Sequence[int], *, width: int = 512) -> tuple[Any, ...]:
        """Random parameters, one entry a layer, for inputs of shape (…, features) and hidden width `width`."""
        if width < 1:
            raise DataError(f"width = {width} must be at least 1.")
        features = shape[-1]
        params = []
        for layer_key, layer in zip(jax.random.split(key, len(self.layers)), self.layers, strict=True):
            layer_params, features = layer.init(layer_key, features, width)
            params.append(layer_params)
        return tuple(params)

    def apply(self, params: tuple[Any, ...], x: Float[Array, "batch features"]) -> Float[Array, "batch out"]:
        """The finite network's outputs on a batch of inputs."""
        if x.ndim != 2:
            raise ShapeError(f"x has shape {x.shape}; expected (batch, features): use x[None] for one input.")
        h = x
        for layer, layer_params in zip(self.layers, params, strict=True):
            h = layer.apply(layer_params, h)
        return h
