"""Kernels as functions of σ_w and σ_b: values are those of other networks, slopes those of differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ntk_theory as ntk

X = np.array([[1.0, 0.5], [-0.3, 1.2], [1.0, 0.5]])


@pytest.fixture(scope="module")
def erf():
    return ntk.mlp("erf", depth=1, W_std=1.3, b_std=0.2).scaled_kernel_fn


def test_values_are_those_of_the_network_with_these_numbers(erf):
    for W_std, b_std in ((1.3, 0.2), (0.7, 0.0), (2.0, 1.0)):
        found = erf(X, W_std=W_std, b_std=b_std)
        exact = ntk.mlp("erf", depth=1, W_std=W_std, b_std=b_std).kernel_fn(X)
        np.testing.assert_allclose(found.nngp, exact.nngp, rtol=1e-13)
        np.testing.assert_allclose(found.ntk, exact.ntk, rtol=1e-13)
    assert erf._functions[erf.resolution]._cache_size() == 1
    own = erf(X, get="ntk")
    np.testing.assert_allclose(own, erf(X, W_std=1.3, b_std=[0.2, 0.2], get="ntk"), rtol=1e-14)


def test_slopes_are_those_of_differences(erf):
    weights = np.random.default_rng(0).normal(size=(3, 3))

    def loss(W_std, b_std):
        return jnp.sum(weights * erf(X, W_std=W_std, b_std=b_std, get="ntk"))

    with jax.enable_x64(True):
        slopes = [np.asarray(s) for s in jax.grad(loss, (0, 1))(1.3, jnp.full(2, 0.2))]
        for slope, step in ((slopes[0], (1e-4, 0)), (slopes[1].sum(), (0, 1e-4))):
            ends = [loss(1.3 + s * step[0], 0.2 + s * step[1]) for s in (1, -1)]
            assert float(slope) == pytest.approx(float(ends[0] - ends[1]) / 2e-4, rel=1e-7)


def test_the_factor_of_a_homogeneous_network():
    # Σ and Θ of ReLU without biases are σ_w^(2L+2) times a function of the angle: slope (2L + 2)/σ_w
    f = ntk.mlp("relu", depth=3, W_std=1.2).scaled_kernel_fn
    with jax.enable_x64(True):
        value, slope = jax.jvp(lambda s: f(X, W_std=s, get="ntk"), (jnp.asarray(1.2),), (jnp.asarray(1.0),))
    np.testing.assert_allclose(np.asarray(slope), np.asarray(value) * 8 / 1.2, rtol=1e-12)


@pytest.mark.parametrize(
    ("numbers", "error", "message"),
    [
        ({"W_std": 0.0}, ntk.errors.DataError, "W_std = 0.0 holds no standard deviation"),
        ({"b_std": -0.1}, ntk.errors.DataError, "b_std = -0.1"),
        ({"b_std": [0.1, 0.1, 0.1]}, ntk.errors.ShapeError, "b_std has shape .3,.; expected one number, or 2"),
        ({"get": "mean"}, ntk.errors.DataError, "'mean' is not among"),
    ],
)
def test_what_is_no_standard_deviation_is_refused(erf, numbers, error, message):
    with pytest.raises(error, match=message):
        erf(X, **numbers)
