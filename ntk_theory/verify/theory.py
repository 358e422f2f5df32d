"""The theory under test: NNGP kernel, NTK, and what each dense layer's parameters add to the NTK."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Float

from ntk_theory.codegen import compile_network
from ntk_theory.errors import DataError, DivergentExpectationError
from ntk_theory.kernels.gram import TRUNCATION_LIMIT
from ntk_theory.layers import Dense, Layer, LayerEquations
from ntk_theory.symbols import theta

if TYPE_CHECKING:
    from ntk_theory.network import Network

KERNELS = ("nngp", "ntk")


@dataclass(frozen=True)
class KernelTheory:
    """The kernels in the limit of infinite width, in float64.

    `ntk_layers[l]` is the contribution C_l of dense layer l to the NTK, Θ = Σ_l C_l; None where the theory is a
    function that does not tell it.
    """

    nngp: Float[np.ndarray, "k k"]
    ntk: Float[np.ndarray, "k k"]
    ntk_layers: Float[np.ndarray, "layers k k"] | None = None


@dataclass(frozen=True)
class _Untrained:
    """A dense layer whose own parameters are not trained: Θ′ = σ_w² Θ, without the layer's own term."""

    layer: Dense

    @property
    def equations(self) -> LayerEquations:
        own = self.layer.equations
        ntk, diagonal = (e - e.subs(theta, 0) for e in (own.ntk, own.ntk_diagonal))
        return replace(own, ntk=ntk, ntk_diagonal=diagonal)

    def init(self, key: Any, features: int, width: int) -> tuple[Any, int]:
        return self.layer.init(key, features, width)

    def apply(self, params: Any, h: Any) -> Any:
        return self.layer.apply(params, h)


def kernel_theory(
    net: "Network", kernel_fn: "Callable[..., Any] | Network | None", x: Float[np.ndarray, "k features"]
) -> KernelTheory:
    """The theory's values on x. `kernel_fn` None means the network's own equations, a `Network` that one's.

    From a network's equations come C_0 … C_L as well: C_l is the NTK of the network in which layer l alone is
    trained. A function may give them too, as `.ntk_layers` of shape (layers, k, k), one for each of the network's
    dense layers; those of a network of another depth can't be compared, and are left out.
    Raises `DataError` for what is not finite, not real, not symmetric or not of shape (k, k), for a function that
    can't be called as kernel_fn(x, get=…), and for a `kernel_fn` that is neither function nor network.
    """
    dense = sum(isinstance(layer, Dense) for layer in net.layers)
    if callable(kernel_fn):
        return _of_function(kernel_fn, x, dense)
    if kernel_fn is not None and not hasattr(kernel_fn, "layers"):
        raise DataError(
            f"kernel_fn = {kernel_fn!r} is no theory: give a function kernel_fn(x, get), a Network, or None."
        )
    own = net if kernel_fn is None else kernel_fn
    with jax.enable_x64(True):
        (nngp, ntk, truncation), layers = _compiled(own.layers)(x)
    if float(truncation) > TRUNCATION_LIMIT:
        own.kernel_fn(x, get=KERNELS)  # raises the error that says what to do
    shares = [_checked(f"layer {index}'s share of the NTK", one, len(x)) for index, one in enumerate(layers)]
    alike = np.array(shares) if len(shares) == dense else None
    return KernelTheory(_checked("nngp", nngp, len(x)), _checked("ntk", ntk, len(x)), alike)


@lru_cache(maxsize=16)
def _compiled(layers: tuple[Layer, ...]) -> Any:
    """x ↦ (Σ, Θ, error of a series) and the list of C_l: one compilation, as the forward passes are the same."""
    whole = compile_network(layers)
    if whole.no_ntk:
        raise DivergentExpectationError(whole.no_ntk)
    dense = [index for index, layer in enumerate(layers) if isinstance(layer, Dense)]
    parts = [compile_network(_only_trained(layers, index)) for index in dense]
    return jax.jit(lambda x: (whole.symmetric(x), [part.symmetric(x)[1] for part in parts]))


def _only_trained(layers: tuple[Layer, ...], trained: int) -> tuple[Layer, ...]:
    return tuple(
        _Untrained(layer) if isinstance(layer, Dense) and index != trained else layer
        for index, layer in enumerate(layers)
    )


def _of_function(kernel_fn: Callable[..., Any], x: Float[np.ndarray, "k features"], dense: int) -> KernelTheory:
    try:
        inspect.signature(kernel_fn).bind(x, get=KERNELS)
    except TypeError as error:
        raise DataError(f"kernel_fn can't be called as kernel_fn(x, get=('nngp', 'ntk')): {error}.") from error
    except ValueError:
        pass  # a function without a signature, such as one written in C
    kernels = kernel_fn(x, get=KERNELS)
    if isinstance(kernels, tuple | list) and len(kernels) == len(KERNELS):
        nngp, ntk = kernels
    elif all(hasattr(kernels, name) for name in KERNELS):
        nngp, ntk = kernels.nngp, kernels.ntk
    else:
        raise DataError(f"kernel_fn gave {type(kernels).__name__}; expected .nngp and .ntk, or the two in order.")
    layers = getattr(kernels, "ntk_layers", None)
    if layers is not None and len(layers) != dense:
        raise DataError(f"kernel_fn gave {len(layers)} ntk_layers; the network has {dense} dense layers.")
    limits = _checked("nngp", nngp, len(x)), _checked("ntk", ntk, len(x))
    if layers is None:
        return KernelTheory(*limits)
    return KernelTheory(*limits, np.array([_checked("ntk_layers", one, len(x)) for one in layers]))


def _checked(name: str, value: Any, inputs: int) -> Float[np.ndarray, "k k"]:
    try:
        matrix = np.asarray(value)
        if np.iscomplexobj(matrix):
            raise TypeError("complex numbers")
        matrix = matrix.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"kernel_fn gave {name} that is no matrix of real numbers: {error}.") from error
    if matrix.shape != (inputs, inputs):
        raise DataError(f"kernel_fn gave {name} of shape {matrix.shape}; expected {(inputs, inputs)}.")
    if not np.isfinite(matrix).all():
        raise DataError(f"kernel_fn gave {name} = {matrix.tolist()}; every entry must be finite.")
    if not np.allclose(matrix, matrix.T, rtol=0, atol=1e-3 * np.abs(matrix).max()):
        raise DataError(f"kernel_fn gave {name} = {matrix.tolist()}, which is not symmetric.")
    return matrix
