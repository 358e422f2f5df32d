"""Kernels of one finite network, from its parameters: the NNGP estimate, and the NTK in two ways.

- NTK by autodiff, of any function f(params, x): (1/out) Σ_o ⟨∂f_o(x)/∂params, ∂f_o(x′)/∂params⟩, one parameter
  array after the other (Jacot, Gabriel & Hongler 2018, section 4). With several outputs it is the mean of the
  diagonal blocks.
- NTK by the layer formula, of a `Network`: a dense layer z = σ_w W h/√n + σ_b b contributes
  (σ_w² h·h′/n + σ_b²) ⟨δ, δ′⟩ with δ = ∂f/∂z, so no gradient with respect to a matrix is ever formed.
- NNGP estimate: of a `Network` σ_w² h·h′/n + σ_b², h the features that enter the readout: the covariance of the
  outputs over the readout's randomness, given all layers below. Of any function (1/out) Σ_o f_o(x) f_o(x′).

Products of matrices are asked for in full precision: accelerators would round their factors to ten bits otherwise.
"""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ntk_theory.errors import DataError, NtkTheoryError, ShapeError
from ntk_theory.layers import Dense
from ntk_theory.network import Network

Function = Callable[[Any, Array], Array]
"""f(params, x): a batch of inputs to a batch of outputs, of shape (batch,) or (batch, …)."""

_JACOBIAN_ENTRIES = 2**25  # at most this many at once: 128 MiB in float32
full_precision = partial(jax.default_matmul_precision, "highest")


def empirical_nngp(
    f: Network | Function,
    params: Any,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None = None,
) -> Float[Array, "n1 n2"]:
    """An estimate of the NNGP kernel from one network; x2=None means x1.

    For a `Network` σ_w² h·h′/n + σ_b² of the features h that enter the last layer (Lee et al. 2018, eq. 5, before
    the mean over the hidden layers). For any other function f(params, x) the mean (1/out) Σ_o f_o(x) f_o(x′): with
    one output that is a single product, whose mean over many networks is the kernel.
    Raises `NtkTheoryError` where a `Network`'s last layer is not Dense, `ShapeError` for inputs or outputs that
    are not batches, `DataError` for inputs or kernels that are not finite.
    """
    x1, x2 = _pair(x1, x2)
    with full_precision():
        if not isinstance(f, Network):
            h1, h2 = (_rows(f, params, x) for x in (x1, x2))
            return _finite(h1 @ h2.T / h1.shape[1])
        readout = f.layers[-1]
        if not isinstance(readout, Dense):
            raise NtkTheoryError(
                f"The last layer is {type(readout).__name__}, and the NNGP estimate is the covariance over a "
                "random readout: end the network with Dense(W_std, b_std, width=1)."
            )
        h1, h2 = (_entering(f.layers, params, x)[-1] for x in (x1, x2))
        return _finite(_dense_kernel(readout, h1, h2))


def empirical_ntk(
    f: Network | Function,
    params: Any,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None = None,
) -> Float[Array, "n1 n2"]:
    """The NTK of a network with these parameters, trained or not, by autodiff; x2=None means x1.

    `f` is a `Network`, or any JAX function f(params, x) from a batch to a batch (`as_function` makes one of a Flax
    or Equinox module). The mean over outputs o of ⟨∂f_o(x)/∂params, ∂f_o(x′)/∂params⟩, over all floating-point
    arrays of `params`, contracted array by array and in blocks of inputs, so that no more than 2^25 Jacobian
    entries live at once (or one input's). Each input is passed on its own, as a batch of one.
    Raises `ShapeError` for inputs or outputs that are not batches, `DataError` for parameters without a
    floating-point array, for complex ones, and for inputs or kernels that are not finite.
    """
    x1, x2 = _pair(x1, x2)
    function = f.apply if isinstance(f, Network) else f
    leaves, tree = jax.tree.flatten(params)
    trained = tuple(i for i, leaf in enumerate(leaves) if _is_trained(leaf))
    if not trained:
        raise DataError(
            "params holds no floating-point array, so there is nothing to differentiate with respect to."
        )
    outputs = _outputs(function, params, x1)
    rows = max(1, _JACOBIAN_ENTRIES // (2 * outputs * max(jnp.size(leaves[i]) for i in trained)))
    with full_precision():
        blocks = [
            [
                _ntk_block(function, tree, trained, leaves, x1[i : i + rows], x2[j : j + rows])
                for j in range(0, len(x2), rows)
            ]
            for i in range(0, len(x1), rows)
        ]
        return _finite(jnp.block(blocks))


def layer_contributions(
    net: Network,
    params: tuple[Any, ...],
    x1: Float[Array, "n1 features"],
    x2: Float[Array, "n2 features"] | None = None,
) -> Float[Array, "layers n1 n2"]:
    """What each Dense layer's W and b add to the NTK, first layer first; their sum is `empirical_ntk`.

    Layer l adds (σ_w² h·h′/n + σ_b²) · (1/out) Σ_o ⟨∂f_o/∂z, ∂f_o/∂z′⟩ with z the layer's output. It needs
    O(n1 + n2) memory per neuron and no Jacobian of a matrix. Raises as `empirical_ntk` does.
    """
    x1, x2 = _pair(x1, x2)
    for name, x in (("x1", x1), ("x2", x2)):
        if x.ndim != 2:
            raise ShapeError(f"{name} has shape {x.shape}; expected (batch, features): use x[None] for one input.")
    with full_precision():
        return _finite(_layers(net, params, x1, x2))


@partial(jax.jit, static_argnums=0)
def _layers(
    net: Network, params: tuple[Any, ...], x1: Float[Array, "n1 features"], x2: Float[Array, "n2 features"]
) -> Float[Array, "layers n1 n2"]:
    h1, h2 = (_entering(net.layers, params, x) for x in (x1, x2))
    slopes1, slopes2 = (_slopes(net.layers, params, h) for h in (h1, h2))
    contributions = []
    for index, layer in enumerate(net.layers):
        if isinstance(layer, Dense):
            gradients = jnp.einsum("oif,ojf->ij", slopes1[index], slopes2[index]) / len(slopes1[index])
            contributions.append(_dense_kernel(layer, h1[index], h2[index]) * gradients)
    return jnp.stack(contributions)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _ntk_block(
    function: Function,
    tree: Any,
    trained: tuple[int, ...],
    leaves: list[Array],
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."],
) -> Float[Array, "n1 n2"]:
    kernels = []
    for index in trained:

        def outputs(value: Array, row: Array, index: int = index) -> Array:
            changed = [*leaves[:index], value, *leaves[index + 1 :]]
            return function(jax.tree.unflatten(tree, changed), row[None]).reshape(-1)

        def jacobian(x: Array, value: Array = leaves[index], outputs: Any = outputs) -> Array:
            every = jax.vmap(jax.jacrev(outputs), (None, 0))(value, x)
            return every.reshape(*every.shape[:2], -1)

        jacobian1, jacobian2 = jacobian(x1), jacobian(x2)
        kernels.append(jnp.einsum("iop,jop->ij", jacobian1, jacobian2) / jacobian1.shape[1])
    return jnp.sum(jnp.stack(kernels), axis=0)


def _is_trained(leaf: Any) -> bool:
    kind = jnp.result_type(leaf)
    if jnp.issubdtype(kind, jnp.complexfloating):
        raise DataError(
            f"params holds an array of {kind}; the NTK here is that of real parameters: split real and imaginary."
        )
    return bool(jnp.issubdtype(kind, jnp.floating))


def _outputs(function: Function, params: Any, x: Array) -> int:
    """The number of outputs of one input. Raises `ShapeError` where a batch does not give a batch."""
    shape = getattr(jax.eval_shape(function, params, x[:1]), "shape", None)
    if not shape or shape[0] != 1:
        said = f"an array of shape {shape}" if shape is not None else "something else than one array"
        raise ShapeError(
            f"f(params, x) gave {said} for x of shape {x[:1].shape}; expected (1, outputs): f takes a batch to a "
            "batch. Use jax.vmap for a function of one input."
        )
    return prod(shape[1:])


def _rows(function: Function, params: Any, x: Array) -> Float[Array, "batch out"]:
    """The outputs of each input on its own."""
    _outputs(function, params, x)
    return jax.vmap(lambda row: function(params, row[None]).reshape(-1))(x)


def _slopes(
    layers: tuple[Any, ...], params: tuple[Any, ...], entering: list[Float[Array, "batch features"]]
) -> list[Float[Array, "out batch features"]]:
    """∂f_o/∂z of each layer's output z, for each input of the batch: no layer mixes inputs."""
    batch, out = jax.eval_shape(layers[-1].apply, params[-1], entering[-1]).shape
    slopes = [jnp.broadcast_to(jnp.eye(out, dtype=entering[-1].dtype)[:, None], (out, batch, out))]
    for layer, layer_params, h in reversed(list(zip(layers, params, entering, strict=True))[1:]):
        pullback = jax.vjp(partial(layer.apply, layer_params), h)[1]
        slopes.append(jax.vmap(pullback)(slopes[-1])[0])
    return slopes[::-1]


def _entering(layers: tuple[Any, ...], params: tuple[Any, ...], h: Array) -> list[Float[Array, "batch features"]]:
    """What enters each layer."""
    entering = [h]
    for layer, layer_params in zip(layers[:-1], params[:-1], strict=True):
        entering.append(layer.apply(layer_params, entering[-1]))
    return entering


def _dense_kernel(layer: Dense, h1: Array, h2: Array) -> Array:
    return layer.W_std**2 / h1.shape[-1] * h1 @ h2.T + layer.b_std**2


def _finite(kernel: Array) -> Array:
    """The kernel. Raises `DataError` where it is not finite, except while JAX traces, when nobody can know."""
    if not isinstance(kernel, jax.core.Tracer) and not bool(jnp.isfinite(kernel).all()):
        raise DataError(
            "The kernel is not finite: the parameters are not, or the network overflows its precision. Look at "
            "f(params, x) first."
        )
    return kernel


def _pair(x1: Array, x2: Array | None) -> tuple[Array, Array]:
    first = jnp.asarray(x1)
    second = first if x2 is None else jnp.asarray(x2)
    for name, x in (("x1", first), ("x2", second)):
        if x.ndim < 2 or x.size == 0:
            raise ShapeError(f"{name} has shape {x.shape}; expected (batch, features): use x[None] for one input.")
        if not isinstance(x, jax.core.Tracer) and not bool(jnp.isfinite(x).all()):
            raise DataError(f"{name} has entries that are not finite.")
    if first.shape[1:] != second.shape[1:]:
        raise ShapeError(
            f"An input of x1 has shape {first.shape[1:]} and one of x2 {second.shape[1:]}; they must agree."
        )
    return first, second
