"""The kernel object under scikit-learn's Gaussian processes: its algebra, its slopes, what it learns."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, WhiteKernel

from ntk_theory.errors import DataError
from ntk_theory.interop import NetworkKernel, NTKRegressor
from ntk_theory.network import mlp

RNG = np.random.default_rng(3)
X, X_TEST = RNG.normal(size=(12, 3)), RNG.normal(size=(5, 3))
Y = np.sin(X[:, 0]) + X[:, 1]


def test_values_are_those_of_the_network():
    kernel = NetworkKernel("relu", depth=1, W_std=1.3, b_std=0.2)
    network = mlp("relu", depth=1, W_std=1.3, b_std=0.2)
    np.testing.assert_allclose(kernel(X), network.kernel_fn(X, get="nngp"), rtol=1e-12)
    np.testing.assert_allclose(kernel(X_TEST, X), network.kernel_fn(X_TEST, X, get="nngp"), rtol=1e-9)
    np.testing.assert_allclose(kernel.diag(X), np.diag(kernel(X)), rtol=1e-14)
    assert not kernel.is_stationary()


def test_the_algebra_of_kernel_objects():
    kernel = ConstantKernel(2.0) * NetworkKernel("relu", depth=1, W_std=1.2, b_std=0.3) + WhiteKernel(0.1)
    copy = clone(kernel)
    assert copy == kernel
    assert copy is not kernel
    np.testing.assert_allclose(np.exp(kernel.theta), [2.0, 1.2, 0.3, 0.1])
    moved = kernel.clone_with_theta(kernel.theta + 0.1)
    assert moved.k1.k2.get_params()["W_std"] == pytest.approx(1.2 * np.exp(0.1))
    assert moved != kernel
    assert kernel.bounds.shape == (4, 2)
    assert len(NetworkKernel(b_std=0.0).theta) == 1
    assert len(NetworkKernel(W_std_bounds="fixed", b_std_bounds="fixed").theta) == 0
    assert "W_std=1.2" in repr(kernel)


@pytest.mark.parametrize(
    ("activation", "name", "b_std"),
    [("relu", "ntk", 0.0), pytest.param("gelu", "nngp", 0.3, marks=pytest.mark.slow)],
)
def test_slopes_against_differences(activation, name, b_std):
    kernel = NetworkKernel(activation, depth=1, W_std=1.2, b_std=b_std, kernel=name)
    _, slopes = kernel(X, eval_gradient=True)
    assert slopes.shape == (12, 12, len(kernel.theta))
    for k, step in enumerate(1e-5 * np.eye(len(kernel.theta))):
        up, down = (kernel.clone_with_theta(kernel.theta + sign * step)(X) for sign in (1, -1))
        np.testing.assert_allclose(slopes[..., k], (up - down) / 2e-5, rtol=1e-6, atol=1e-8)


def test_marginal_likelihood_is_optimised():
    start = NetworkKernel("relu", depth=1, W_std=3.0, b_std=2.0)
    model = GaussianProcessRegressor(start, alpha=0.01).fit(X, Y)
    before = GaussianProcessRegressor(start, alpha=0.01, optimizer=None).fit(X, Y)
    assert model.log_marginal_likelihood_value_ > before.log_marginal_likelihood_value_ + 0.5
    _, slope = model.log_marginal_likelihood(model.kernel_.theta, eval_gradient=True)
    inside = np.all(np.abs(model.kernel_.theta[:, None] - model.kernel_.bounds) > 1e-3, axis=1)
    assert np.all(np.abs(slope[inside]) < 1e-2)
    mean, std = model.predict(X_TEST, return_std=True)
    assert mean.shape == std.shape == (5,)


@pytest.mark.slow  # three kernels compiled, each in all its shapes
def test_it_is_the_estimator_and_scikit_learns_own_kernel():
    """Depth 1 beside `NTKRegressor`; depth 0 is scikit-learn's DotProduct."""
    model = GaussianProcessRegressor(NetworkKernel("relu", depth=1, b_std=0.2), alpha=0.3, optimizer=None).fit(
        X, Y
    )
    other = NTKRegressor("relu", depth=1, b_std=0.2, kernel="nngp", ridge=0.3).fit(X, Y)
    for mine, theirs in zip(*(m.predict(X_TEST, return_std=True) for m in (model, other)), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-7)
    linear = NetworkKernel(depth=0, W_std=3**0.5, b_std=0.7)
    np.testing.assert_allclose(linear(X), DotProduct(0.7)(X), rtol=1e-12)


def test_what_is_refused():
    with pytest.raises(DataError, match="'rbf' is not known"):
        NetworkKernel(kernel="rbf")(X)
    with pytest.raises(DataError, match="leave Y out"):
        NetworkKernel()(X, X_TEST, eval_gradient=True)
    with pytest.raises(DataError, match="W_std"):
        NetworkKernel(W_std=-1.0)(X)
