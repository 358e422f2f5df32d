"""The estimators under scikit-learn's own checks, and beside its Gaussian processes and our `predict`."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.utils.estimator_checks import parametrize_with_checks

from ntk_theory.dynamics import predict
from ntk_theory.errors import DataError
from ntk_theory.interop import NTKClassifier, NTKRegressor
from ntk_theory.network import mlp

RNG = np.random.default_rng(6)
X, Y, X_TEST = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2)), RNG.normal(size=(7, 3))


@pytest.mark.slow  # a hundred fits of as many shapes, each compiled
@parametrize_with_checks([NTKRegressor(depth=1), NTKClassifier(depth=1)])
def test_scikit_learns_checks(estimator, check) -> None:
    check(estimator)


@pytest.mark.parametrize("t", [0.5, np.inf])
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_it_is_predict(t: float, ridge: float) -> None:
    model = NTKRegressor("erf", depth=1, W_std=1.3, b_std=0.2, t=t, ridge=ridge).fit(X, Y)
    law = predict(mlp("erf", depth=1, W_std=1.3, b_std=0.2), X, Y, X_TEST, t=t, jitter=ridge or None)
    mean, std = model.predict(X_TEST, return_std=True)
    np.testing.assert_allclose(mean, law.mean, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(model.predict(X_TEST), mean, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(std, law.std, rtol=1e-8, atol=1e-10)


def test_a_linear_network_is_linear_gaussian_process_regression() -> None:
    """Depth 0 with the readout alone: K = σ_w² x·x′/d + σ_b², scikit-learn's DotProduct kernel."""
    model = NTKRegressor(depth=0, W_std=3**0.5, b_std=0.7, kernel="nngp", ridge=0.3).fit(X, Y[:, 0])
    peer = GaussianProcessRegressor(DotProduct(0.7, "fixed"), alpha=0.3).fit(X, Y[:, 0])
    for mine, theirs in zip(*(m.predict(X_TEST, return_std=True) for m in (model, peer)), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)


def test_digits_are_read() -> None:
    data = load_digits()
    train, test, y_train, y_test = train_test_split(data.data / 8 - 1, data.target, train_size=300, random_state=0)
    model = NTKClassifier(depth=2).fit(train, y_train)
    assert model.score(test, y_test) > 0.95
    assert model.decision_function(test).shape == (len(test), 10)


@pytest.mark.slow  # each W_std compiles its own kernel, at each fold's shapes
def test_hyper_parameters_are_searched() -> None:
    search = GridSearchCV(NTKRegressor(depth=1), {"W_std": [1.0, 1.5], "ridge": [0.01, 1.0]}, cv=2).fit(X, Y)
    assert set(search.best_params_) == {"W_std", "ridge"}


@pytest.mark.parametrize("change", [{"kernel": "rbf"}, {"ridge": -1.0}, {"t": -1.0}, {"t": np.nan}, {"depth": -1}])
def test_what_is_refused(change: dict) -> None:
    with pytest.raises(DataError):
        NTKRegressor(**change).fit(X, Y)
