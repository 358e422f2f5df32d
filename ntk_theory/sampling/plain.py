"""Kernels of one finite network, from its parameters: the NNGP estimate, and the NTK in two ways.

- NNGP estimate: σ_w² h·h′/n + σ_b², h the features that enter the readout: the covariance of the outputs over
  the readout's randomness, given all layers below.
- NTK by autodiff: (1/out) Σ_o ⟨∂f_o(x)/∂params, ∂f_o(x′)/∂params⟩, one parameter array after the other
  (Jacot, Gabriel & Hongler 2018, section 4). With several outputs it is the mean of the diagonal blocks.
- NTK by the layer formula: a dense layer z = σ_w W h/√n + σ_b b contributes (σ_w² h·h′/n + σ_b²) ⟨δ, δ′⟩ with
  δ = ∂f/∂z, so no gradient with respect to a matrix is ever formed.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ntk_theory.errors import NtkTheoryError, ShapeError
from ntk_theory.layers import Dense

if TYPE_CHECKING:
    from ntk_theory.network import Network

_JACOBIAN_ENTRIES = 2**25  # at most this many at once: 128 MiB in float32


def empirical_nngp(
    net: "Network",
    params: tuple[Any, ...],
    x1: Float[Array, "n1 features"],
    x2: Float[Array, "n2 features"] | None = None,
) -> Float[Array, "n1 n2"]:
    """σ_w² h·h′/n + σ_b² of the features h that enter the last layer; x2=None means x1.

    Lee et al. 2018, eq. 5, before the mean over the hidden layers. Raises `NtkTheoryError` where the last
    layer is not Dense, `ShapeError` for inputs that are not (batch, features) alike.
    """
    x1, x2 = _pair(x1, x2)
    readout = net.layers[-1]
    if not isinstance(readout, Dense):
        raise NtkTheoryError(
            f"The last layer is {type(readout).__name__}, and the NNGP estimate is the covariance over a random "
            "readout: end the network with Dense(W_std, b_std, width=1)."
        )
    h1, h2 = (_through(net.layers[:-1], params[:-1], x) for x in (x1, x2))
    return _dense_kernel(readout, h1, h2)


def empirical_ntk(
    net: "Network",
    params: tuple[Any, ...],
    x1: Float[Array, "n1 features"],
    x2: Float[Array, "n2 features"] | None = None,
) -> Float[Array, "n1 n2"]:
    """The NTK of a network with these parameters, by autodiff; x2=None means x1.

    The mean over outputs o of ⟨∂f_o(x)/∂params, ∂f_o(x′)/∂params⟩, contracted parameter array by parameter
    array and in blocks of inputs, so that no more than 2^25 Jacobian entries live at once (or one input's).
    Raises `ShapeError` for inputs that are not (batch, features) alike.
    """
    x1, x2 = _pair(x1, x2)
    outputs = jax.eval_shape(net.apply, params, x1[:1]).shape[-1]
    leaves, tree = jax.tree.flatten(params)
    rows = max(1, _JACOBIAN_ENTRIES // (2 * outputs * max(leaf.size for leaf in leaves)))
    blocks = [
        [_ntk_block(net, tree, leaves, x1[i : i + rows], x2[j : j + rows]) for j in range(0, len(x2), rows)]
        for i in range(0, len(x1), rows)
    ]
    return jnp.block(blocks)


def layer_contributions(
    net: "Network",
    params: tuple[Any, ...],
    x1: Float[Array, "n1 features"],
    x2: Float[Array, "n2 features"] | None = None,
) -> Float[Array, "layers n1 n2"]:
    """What each Dense layer's W and b add to the NTK, first layer first; their sum is `empirical_ntk`.

    Layer l adds (σ_w² h·h′/n + σ_b²) · (1/out) Σ_o ⟨∂f_o/∂z, ∂f_o/∂z′⟩ with z the layer's output. It needs
    O(n1 + n2) memory per neuron and no Jacobian of a matrix. Raises as `empirical_ntk` does.
    """
    return _layers(net, params, *_pair(x1, x2))


@partial(jax.jit, static_argnums=0)
def _layers(
    net: "Network", params: tuple[Any, ...], x1: Float[Array, "n1 features"], x2: Float[Array, "n2 features"]
) -> Float[Array, "layers n1 n2"]:
    contributions = []
    for index, layer in enumerate(net.layers):
        if isinstance(layer, Dense):
            h1, h2 = (_through(net.layers[:index], params[:index], x) for x in (x1, x2))
            above = partial(_through, net.layers[index + 1 :], params[index + 1 :])
            slopes1, slopes2 = (_slopes(above, layer.apply(params[index], h)) for h in (h1, h2))
            gradients = jnp.einsum("iof,jof->ij", slopes1, slopes2) / slopes1.shape[1]
            contributions.append(_dense_kernel(layer, h1, h2) * gradients)
    return jnp.stack(contributions)


@partial(jax.jit, static_argnums=(0, 1))
def _ntk_block(
    net: "Network",
    tree: Any,
    leaves: list[Array],
    x1: Float[Array, "n1 features"],
    x2: Float[Array, "n2 features"],
) -> Float[Array, "n1 n2"]:
    total = jnp.zeros((len(x1), len(x2)), x1.dtype)
    for index, leaf in enumerate(leaves):

        def outputs(value: Array, x: Array, index: int = index) -> Array:
            changed = [*leaves[:index], value, *leaves[index + 1 :]]
            return net.apply(jax.tree.unflatten(tree, changed), x)

        jacobian1, jacobian2 = (jax.jacrev(outputs)(leaf, x) for x in (x1, x2))
        out = jacobian1.shape[1]
        total += (
            jnp.einsum(
                "iop,jop->ij", jacobian1.reshape(*jacobian1.shape[:2], -1), jacobian2.reshape(len(x2), out, -1)
            )
            / out
        )
    return total


def _slopes(above: Any, z: Float[Array, "batch features"]) -> Float[Array, "batch out features"]:
    """∂f_o/∂z for each input of the batch on its own."""
    return jax.vmap(jax.jacrev(lambda row: above(row[None])[0]))(z)


def _through(layers: tuple[Any, ...], params: tuple[Any, ...], h: Array) -> Array:
    for layer, layer_params in zip(layers, params, strict=True):
        h = layer.apply(layer_params, h)
    return h


def _dense_kernel(layer: Dense, h1: Array, h2: Array) -> Array:
    return layer.W_std**2 / h1.shape[-1] * h1 @ h2.T + layer.b_std**2


def _pair(x1: Array, x2: Array | None) -> tuple[Array, Array]:
    first = jnp.asarray(x1)
    second = first if x2 is None else jnp.asarray(x2)
    for name, x in (("x1", first), ("x2", second)):
        if x.ndim != 2 or x.size == 0:
            raise ShapeError(f"{name} has shape {x.shape}; expected (batch, features): use x[None] for one input.")
    if first.shape[1] != second.shape[1]:
        raise ShapeError(f"x1 has {first.shape[1]} features and x2 has {second.shape[1]}; they must agree.")
    return first, second
