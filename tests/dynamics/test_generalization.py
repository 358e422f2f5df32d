"""Expected errors against closed forms for isotropic features, conservation laws, and regressions actually run."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntk_theory.dynamics import generalization_error, sphere_spectrum
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import mlp

MODES = np.arange(1, 401)
LAMBDA, POWER = MODES**-1.5, MODES**-1.2


@pytest.mark.parametrize(("n", "p"), [(10, 40), (39, 40), (80, 40), (400, 40)])
def test_isotropic_features_without_ridge(n: int, p: int) -> None:
    """Hastie, Montanari, Rosset & Tibshirani 2022, theorem 1: both sides of the peak at n = p."""
    signal, noise = 3.0, 0.7
    found = generalization_error([2.0], [signal], n, multiplicities=[p], noise=noise)
    expected = signal * (1 - n / p) + noise / (1 - n / p) if n < p else noise / (1 - p / n)
    assert found.test == pytest.approx(expected, rel=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 300), st.floats(1e-6, 10), st.floats(0, 3))
def test_laws(n: float, ridge: float, noise: float) -> None:
    found = generalization_error(LAMBDA, POWER, n, ridge=ridge, noise=noise)
    # what is learned is conserved: Simon et al. 2023, theorem 3.2
    assert found.learnability.sum() + ridge / found.kappa == pytest.approx(n, rel=1e-8)
    many = generalization_error(LAMBDA, POWER, n, ridge=ridge, noise=noise, features=1e12)
    assert many.test == pytest.approx(found.test, rel=1e-6)
    scaled = generalization_error(5 * LAMBDA, POWER, n, ridge=5 * ridge, noise=noise)
    assert scaled.test == pytest.approx(found.test, rel=1e-8)
    grouped = generalization_error([1.0, 0.5], [2.0, 1.0], n, multiplicities=[3, 7], ridge=ridge, noise=noise)
    single = generalization_error([1.0] * 3 + [0.5] * 7, [2 / 3] * 3 + [1 / 7] * 7, n, ridge=ridge, noise=noise)
    assert grouped.test == pytest.approx(single.test, rel=1e-8)


@pytest.mark.parametrize(
    ("k", "ridge"), [(np.inf, 0.0), (np.inf, 0.05), (20, 0.0), (60, 0.05), (120, 0.05), (400, 0.0)]
)
def test_regressions_that_are_run(k: float, ridge: float) -> None:
    """Gaussian features, 80 samples, 60 runs: the estimate is asymptotic, so 5 standard errors and 2% are free."""
    rng = np.random.default_rng(11)
    n, noise, runs, root = 80, 0.1, 60, np.sqrt(LAMBDA)
    errors = []
    for _ in range(runs):
        x = rng.normal(size=(n, len(LAMBDA)))
        y = x @ np.sqrt(POWER) + np.sqrt(noise) * rng.normal(size=n)
        mix = np.eye(len(LAMBDA)) if np.isinf(k) else rng.normal(size=(len(LAMBDA), int(k))) / np.sqrt(k)
        phi = (x * root) @ mix
        if k < n and ridge == 0:
            weights = np.linalg.solve(phi.T @ phi, phi.T @ y)
        else:
            weights = phi.T @ np.linalg.solve(phi @ phi.T + ridge * np.eye(n), y)
        errors.append(((root * (mix @ weights) - np.sqrt(POWER)) ** 2).sum() + noise)
    found = generalization_error(LAMBDA, POWER, n, ridge=ridge, noise=noise, features=k)
    slack = 5 * np.std(errors) / np.sqrt(runs) + 0.02 * found.test
    assert abs(np.mean(errors) - found.test) < slack
    # and the check can fail: the estimate without its peak's factor is far off
    assert slack < 0.5 * found.variance


def test_double_descent() -> None:
    errors = [
        generalization_error(LAMBDA, POWER, 80, noise=0.1, features=k).test for k in (10, 40, 79, 81, 160, 1e4)
    ]
    assert errors[0] < errors[1] < errors[2]
    assert errors[3] > errors[4] > errors[5]


def test_the_ntk_of_a_network_on_the_sphere() -> None:
    """Eigenvalues from the derived NTK; the same NTK's regression on random points, a harmonic of degree 1."""
    net, dimension, n = mlp("relu", depth=1, W_std=2**0.5), 5, 60
    spectrum = sphere_spectrum(net, dimension, degrees=12)
    tail = spectrum.trace * (1 - spectrum.explained[-1])
    power = np.zeros(12)
    power[1] = 1.0
    found = generalization_error(
        np.maximum(spectrum.eigenvalues, 0), power, n, multiplicities=spectrum.multiplicities, ridge=tail
    )
    rng, errors = np.random.default_rng(12), []
    for _ in range(30):
        x = rng.normal(size=(n + 300, dimension))
        x *= np.sqrt(dimension) / np.linalg.norm(x, axis=1, keepdims=True)
        kernel = net.kernel_fn(x, get="ntk")
        y = x[:, 0]
        prediction = kernel[n:, :n] @ np.linalg.solve(kernel[:n, :n], y[:n])
        errors.append(((prediction - y[n:]) ** 2).mean())
    assert found.test == pytest.approx(np.mean(errors), rel=0.1)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError):
        generalization_error([1.0, 2.0], [1.0], 5)
    with pytest.raises(DataError, match="not negative"):
        generalization_error([1.0, -2.0], [1.0, 1.0], 5)
    with pytest.raises(DataError, match="samples"):
        generalization_error([1.0], [1.0], 0)
    with pytest.raises(DataError, match="interpolation peak"):
        generalization_error(LAMBDA, POWER, 80, features=80)
