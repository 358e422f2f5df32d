"""What the exact sampler takes: a network whose dense layers and activations alternate, and a few inputs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Array, Float

from ntk_theory.activation import Activation
from ntk_theory.errors import DataError, NtkTheoryError, ShapeError
from ntk_theory.layers import Dense, Nonlinearity

if TYPE_CHECKING:
    from ntk_theory.network import Network


@dataclass(frozen=True)
class Chain:
    """What the sampler needs of a network: Dense(σ_w, σ_b), φ, Dense, φ, …, Dense to one output."""

    W_std: tuple[float, ...]
    b_std: tuple[float, ...]
    activations: tuple[Activation, ...]


def check_inputs(x: Float[Array | np.ndarray, "k features"]) -> Float[np.ndarray, "k features"]:
    """x as a float64 array of shape (k, features). Raises `ShapeError`, or `DataError` for what is not finite."""
    try:
        if np.iscomplexobj(x):
            raise TypeError("complex numbers")
        inputs = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"The inputs are not an array of real numbers: {error}.") from error
    if inputs.ndim != 2 or inputs.size == 0:
        raise ShapeError(f"x has shape {inputs.shape}; expected (inputs, features): use x[None] for one input.")
    if not np.isfinite(inputs).all():
        row, column = np.argwhere(~np.isfinite(inputs))[0]
        raise DataError(f"x[{row}, {column}] is {inputs[row, column]}; every number must be finite.")
    return inputs


def chain_of(net: "Network") -> Chain:
    """The network as a `Chain`. Raises `NtkTheoryError` saying which layer doesn't fit, and what does.

    `DataError` for what is no network.
    """
    if not hasattr(net, "layers"):
        raise DataError(f"net = {net!r} is no network: make one with ntk_theory.mlp or serial.")
    dense, between = net.layers[::2], net.layers[1::2]
    last = len(net.layers) - 1
    for index, layer in enumerate(net.layers):
        expected: type = Nonlinearity if index % 2 else Dense
        if not isinstance(layer, expected) or (index == last and expected is Nonlinearity):
            raise NtkTheoryError(
                f"Layer {index} is {type(layer).__name__}; networks are drawn without their matrices only where "
                "Dense and Nonlinearity alternate and Dense comes first and last. "
                "For others draw with net.init and use net.empirical_ntk."
            )
        if isinstance(layer, Dense) and index < last and layer.width is not None:
            raise NtkTheoryError(
                f"Layer {index} fixes its width at {layer.width}; leave width=None in hidden layers, "
                "so that the widths asked for are the network's."
            )
        if isinstance(layer, Dense) and index == last and layer.width != 1:
            raise NtkTheoryError(
                f"The last layer has width={layer.width}; set width=1. Outputs are alike in law: "
                "one tells the kernels of all."
            )
    activations = tuple(layer.activation for layer in between if isinstance(layer, Nonlinearity))
    for phi in activations:
        phi.derivative  # noqa: B018 (raises DivergentExpectationError for a jump)
    chosen = [layer for layer in dense if isinstance(layer, Dense)]
    return Chain(tuple(d.W_std for d in chosen), tuple(d.b_std for d in chosen), activations)


def check_dtype(dtype: Any) -> np.dtype[Any]:
    """float32 or float64. Raises `DataError` for anything else: fewer digits would change the law."""
    try:
        kind = np.dtype(dtype)
    except TypeError as error:
        raise DataError(
            f"dtype = {dtype!r} is no type of numbers: give numpy.float32 or numpy.float64."
        ) from error
    if kind not in (np.float32, np.float64):
        raise DataError(f"dtype = {dtype!r}: networks are drawn in numpy.float32 or numpy.float64.")
    return kind


def check_count(name: str, value: int) -> None:
    """Raises `DataError` unless `value` is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise DataError(f"{name} = {value!r} must be a whole number of at least 1.")
