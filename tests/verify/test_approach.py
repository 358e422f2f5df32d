"""The numbers of the convergence figure: fluctuation ∝ 1/√n, bias ∝ 1/n, both at their known size."""

import json

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError
from ntk_theory.verify import convergence

X = np.array([[1.0, 0.0], [0.6, 0.8]]) * 2**0.5


@pytest.fixture(scope="module")
def linear():
    return convergence(ntk.mlp("identity", depth=2), X, widths=(64, 256, 1024), samples=1024)


def test_fluctuation_of_linear_networks_is_the_exact_one(linear):
    """x ↦ W³W²W¹x: E[K̂²]/E[K̂]² = (1 + 2/n)², a product of independent χ²_n/n. Within six standard errors."""
    exact = np.sqrt((1 + 2 / np.array(linear.widths)) ** 2 - 1)
    found = linear.std[:, 0] / linear.theory[0]
    assert np.abs(found / exact - 1).max() < 6 / np.sqrt(2 * min(linear.samples)) + 0.02


def test_means_of_linear_networks_have_no_bias(linear):
    assert (linear.bias <= 6 * linear.standard_error).all()
    assert linear.samples == (16384, 4096, 1024)
    assert linear.quantities[4] == "ntk[0,1]"
    assert np.allclose(linear.theory[3:], [3.0, 1.8, 3.0])


def test_bias_of_relu_networks_falls_like_one_over_n():
    """NNGP off the diagonal, depth 3: n·(mean - limit) is the same constant at widths 8, 16 and 32."""
    x = np.array([[1.0, 0.0], [-0.3, 0.91**0.5]]) * 2**0.5
    found = convergence(ntk.mlp("relu", depth=3, W_std=2**0.5), x, widths=(8, 16, 32), samples=2**15)
    coefficient = (found.mean - found.theory)[:, 1] * found.widths
    error = found.standard_error[:, 1] * found.widths
    assert (coefficient < -6 * error).all()
    assert abs(coefficient[0] - coefficient[2]) < 6 * np.hypot(error[0], error[2]) + 0.1 * abs(coefficient[0])


def test_it_writes_as_json_and_refuses_nonsense(linear):
    plain = json.loads(json.dumps(linear.as_dict(), allow_nan=False))
    assert plain["widths"] == [64, 256, 1024]
    assert np.array(plain["bias"]).shape == (3, 6)
    with pytest.raises(DataError, match="widths"):
        convergence(ntk.mlp("erf", depth=1), X, widths=())
    with pytest.raises(DataError, match="samples"):
        convergence(ntk.mlp("erf", depth=1), X, samples=1)
