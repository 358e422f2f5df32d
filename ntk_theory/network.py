"""A network is a sequence of layers: its recursion, its kernel, its parameters.

It reads its layers in their two ways. As equations: `recursion`, and `kernel_fn`, compiled from them. As a
finite network: `init`, `apply`, `empirical_ntk`. `ntk_theory.verify` holds one against the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jax
from jaxtyping import Array, Float
from sympy import Expr

from ntk_theory.activation import Activation, activation
from ntk_theory.dual import Dual
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.layers import Dense, Layer, Nonlinearity

if TYPE_CHECKING:
    from ntk_theory.kernels import KernelFunction
    from ntk_theory.kernels.scaled import ScaledKernelFunction
    from ntk_theory.recursion import Recursion


@dataclass(frozen=True)
class Network:
    """Layers applied one after the other. Make one with `mlp` or `serial`."""

    layers: tuple[Layer, ...]

    def __getstate__(self) -> dict[str, Any]:
        # compiled functions can't be pickled; they are made again when asked for
        return {"layers": self.layers}

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

    def recursion(self) -> "Recursion":
        """The equations of Σ and Θ from the inputs to the output, as SymPy, printable and in LaTeX."""
        from ntk_theory.recursion import recursion

        return recursion(self.layers)

    # The network is the handle users hold: these hand over to rooms further along, when called.

    @cached_property
    def kernel_fn(self) -> "KernelFunction":
        """Σ and Θ of the infinitely wide network, compiled from its equations."""
        from ntk_theory.codegen import compile_network
        from ntk_theory.kernels import KernelFunction

        return KernelFunction(compile_network(self.layers))

    @cached_property
    def scaled_kernel_fn(self) -> "ScaledKernelFunction":
        """Σ and Θ as functions of W_std and b_std too, compiled once and differentiable in all arguments."""
        from ntk_theory.codegen import compile_network
        from ntk_theory.kernels.scaled import ScaledKernelFunction

        return ScaledKernelFunction(compile_network(self.layers))

    def empirical_ntk(
        self,
        params: tuple[Any, ...],
        x1: Float[Array, "n1 features"],
        x2: Float[Array, "n2 features"] | None = None,
    ) -> Float[Array, "n1 n2"]:
        """Σ over parameters of ∂f(x1)·∂f(x2) of this finite network, averaged over its outputs."""
        from ntk_theory.sampling.plain import empirical_ntk

        return empirical_ntk(self, params, x1, x2)


def serial(*layers: Layer) -> Network:
    """A network of the given layers, in order. The first and the last must be `Dense`."""
    if not layers:
        raise DataError(
            "A network needs at least one layer, as in serial(Dense(1.4), Nonlinearity(act), Dense(1.0))."
        )
    for position, layer in (("first", layers[0]), ("last", layers[-1])):
        if not isinstance(layer, Dense):
            raise DataError(f"The {position} layer is {layer!r}; kernels are built for Dense layers at both ends.")
    return Network(tuple(layers))


def mlp(
    what: str | Expr | Activation,
    *,
    depth: int,
    W_std: float = 1.0,
    b_std: float = 0.0,
    outputs: int = 1,
    theory: Dual | None = None,
) -> Network:
    """A fully connected network: `depth` times Dense and φ, then a linear readout with `outputs` outputs.

    `theory` replaces the derived dual of φ by one of yours. Raises `ActivationSyntaxError`, and `DataError`
    for a depth below 0 or standard deviations that are none.
    """
    if depth < 0:
        raise DataError(f"depth = {depth} must be at least 0: it counts the applications of the activation.")
    nonlinearity = Nonlinearity(activation(what), theory)
    hidden: list[Layer] = [Dense(W_std, b_std), nonlinearity] * depth
    return serial(*hidden, Dense(W_std, b_std, width=outputs))
