"""Flax and Equinox modules: the network of our own layers, written in each, has the same NTK.

Each framework's tests are skipped, by name, where it is not installed (`pip install 'ntk_theory[frameworks]'`).
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError
from ntk_theory.sampling import as_function, empirical_nngp, empirical_ntk

NET = ntk.mlp("tanh", depth=1, W_std=1.3, b_std=0.4, outputs=2)
X = np.array([[0.3, -1.2, 0.5], [1.0, 0.4, -0.7]], np.float32)
WIDTH = 5


@pytest.fixture(scope="module")
def params():
    return NET.init(jax.random.key(1), X.shape, width=WIDTH)


def need(module):
    return pytest.importorskip(module, reason=f"{module} is not installed: its adapter is NOT tested")


def rescaled(params):
    """The same network in standard parameterization: weights as frameworks hold them, W of shape (in, out)."""
    first, _, last = params
    return [
        (1.3 / np.sqrt(3) * first.W, 0.4 * first.b),
        (1.3 / np.sqrt(WIDTH) * last.W, 0.4 * last.b),
    ]


def expected(params):
    """The NTK in standard parameterization, by hand: Σ_l (h·h′ + 1) ⟨δ, δ′⟩, the mean over outputs."""
    (W1, b1), (W2, _) = rescaled(params)
    hidden = np.tanh(X @ W1 + b1)
    last = hidden @ hidden.T + 1
    slopes = np.einsum("nh,ho->noh", 1 - hidden**2, W2)
    return last + (X @ X.T + 1) * np.einsum("ioh,joh->ij", slopes, slopes) / 2


def check(f, weights, params):
    assert np.allclose(f(weights, X), NET.apply(params, X), atol=1e-5)
    assert np.allclose(empirical_ntk(f, weights, X), expected(params), rtol=1e-5)
    outputs = np.asarray(NET.apply(params, X))
    assert np.allclose(empirical_nngp(f, weights, X), outputs @ outputs.T / 2, atol=1e-5)


def test_flax_linen(params):
    linen = need("flax.linen")
    module = linen.Sequential([linen.Dense(WIDTH), jnp.tanh, linen.Dense(2)])
    names = ("layers_0", "layers_2")
    weights = {name: {"kernel": W, "bias": b} for name, (W, b) in zip(names, rescaled(params), strict=True)}
    check(*as_function(module, {"params": weights}), params)
    with pytest.raises(DataError, match="variables=module"):
        as_function(module)


def test_flax_nnx(params):
    nnx = need("flax.nnx")
    module = nnx.Sequential(
        nnx.Linear(3, WIDTH, rngs=nnx.Rngs(0)), jnp.tanh, nnx.Linear(WIDTH, 2, rngs=nnx.Rngs(1))
    )
    for layer, (W, b) in zip(module.layers[::2], rescaled(params), strict=True):
        layer.kernel[...], layer.bias[...] = W, b
    check(*as_function(module), params)


def test_equinox(params):
    equinox = need("equinox")
    module = equinox.nn.MLP(3, 2, WIDTH, 1, activation=jnp.tanh, key=jax.random.key(0))
    for index, (W, b) in enumerate(rescaled(params)):
        module = equinox.tree_at(lambda m, i=index: m.layers[i].weight, module, W.T)
        module = equinox.tree_at(lambda m, i=index: m.layers[i].bias, module, b)
    check(*as_function(module), params)
    with pytest.raises(DataError, match="MLP is none"):
        as_function(module, {"params": {}})


def test_anything_else_is_refused():
    with pytest.raises(DataError, match="Network is no flax"):
        as_function(NET)
