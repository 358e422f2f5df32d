"""Networks: construction, the two readings of each layer side by side, and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.symbols import sigma_b, sigma_w

X = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)


def test_mlp_is_dense_and_activation_in_turn():
    network = ntk.mlp("relu", depth=2, W_std=1.5, b_std=0.5, outputs=3)
    assert [type(layer).__name__ for layer in network.layers] == ["Dense", "Nonlinearity"] * 2 + ["Dense"]
    assert network.depth == 2
    assert network.layers[-1].width == 3


def test_shapes_of_parameters_and_outputs():
    network = ntk.mlp("relu", depth=2, outputs=3)
    params = network.init(jax.random.key(0), X.shape, width=7)
    assert [p.W.shape for p in params if p is not None] == [(5, 7), (7, 7), (7, 3)]
    assert network.apply(params, X).shape == (3, 3)


def test_a_dense_layer_is_what_its_docstring_says():
    layer = ntk.Dense(1.5, 0.5)
    params, features = layer.init(jax.random.key(1), 5, 4)
    assert features == 4
    expected = 1.5 / np.sqrt(5) * X @ np.asarray(params.W) + 0.5 * np.asarray(params.b)
    np.testing.assert_allclose(layer.apply(params, X), expected, rtol=1e-5)


def test_both_readings_of_a_linear_network_agree():
    # without activations Σ and Θ are exact at every width: E over networks of h·h′ and of the NTK
    network = ntk.serial(ntk.Dense(1.2, 0.3), ntk.Dense(0.9, 0.2, width=1))
    kernels = network.kernel_fn(X)
    keys = jax.random.split(jax.random.key(2), 20_000)

    def one(key):
        params = network.init(key, X.shape, width=4)
        return jnp.outer(network.apply(params, X), network.apply(params, X)), network.empirical_ntk(params, X)

    products, ntks = jax.lax.map(one, keys, batch_size=1000)
    for draws, theory in ((products, kernels.nngp), (ntks, kernels.ntk)):
        error = np.abs(draws.mean(0) - theory) / (draws.std(0) / np.sqrt(len(keys)))
        # 18 entries, 5 standard errors: a false alarm in 10⁵ runs
        assert error.max() < 5


def test_values_of_a_layers_symbols():
    assert ntk.Dense(1.5, 0.5).equations.values == {sigma_w: 1.5, sigma_b: 0.5}


def test_input_of_the_wrong_rank():
    network = ntk.mlp("relu", depth=1)
    params = network.init(jax.random.key(0), (5,))
    with pytest.raises(ShapeError, match="use x"):
        network.apply(params, X[0])


@pytest.mark.parametrize(
    "build",
    [
        lambda: ntk.serial(),
        lambda: ntk.serial(ntk.Nonlinearity(ntk.activation("relu")), ntk.Dense(1.0)),
        lambda: ntk.serial(ntk.Dense(1.0), ntk.Nonlinearity(ntk.activation("relu"))),
        lambda: ntk.Dense(0.0),
        lambda: ntk.Dense(1.0, width=0),
        lambda: ntk.mlp("relu", depth=1).init(jax.random.key(0), (5,), width=0),
        lambda: ntk.mlp("relu", depth=1, outputs=0),
    ],
)
def test_what_is_no_network(build):
    with pytest.raises(DataError):
        build()


def test_a_theory_of_ones_own_replaces_the_derived_one():
    derived = ntk.dual("relu")
    wrong = ntk.mlp("relu", depth=1, theory=derived.replace(derivative=derived.kernel))
    right = ntk.mlp("relu", depth=1)
    x = np.asarray(X, np.float64)  # two ways of computing one kernel: in float32 they differ by a last bit
    np.testing.assert_allclose(wrong.kernel_fn(x).nngp, right.kernel_fn(x).nngp, rtol=1e-13)
    assert not np.allclose(wrong.kernel_fn(X).ntk[0, 1], right.kernel_fn(X).ntk[0, 1])
