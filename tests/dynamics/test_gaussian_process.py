"""The posterior and its evidence against direct formulas and scipy's density; calibration of a true model."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from ntk_theory.dynamics import best_noise, calibration, log_evidence, posterior
from ntk_theory.errors import DataError, ShapeError

RNG = np.random.default_rng(2)
POINTS = np.sort(RNG.uniform(-3, 3, 60))
TRAINED, TESTED = slice(0, None, 2), slice(1, None, 2)


def kernel(length: float = 0.7) -> np.ndarray:
    return np.exp(-((POINTS[:, None] - POINTS) ** 2) / (2 * length**2))


def draws(noise: float, scale: float, outputs: int) -> np.ndarray:
    K = scale * (kernel() + noise * np.eye(len(POINTS)))
    return np.linalg.cholesky(K + 1e-12 * np.eye(len(K))) @ RNG.normal(size=(len(POINTS), outputs))


def test_posterior_is_the_conditional_normal() -> None:
    K, noise, scale = kernel(), 0.03, 2.5
    y = draws(noise, scale, 3)
    result = posterior(
        K[TRAINED, TRAINED], K[TESTED, TRAINED], np.diag(K)[TESTED], y[TRAINED], noise=noise, scale=scale
    )
    joint = scale * (K + noise * np.eye(len(K)))
    gain = np.linalg.solve(joint[TRAINED, TRAINED], joint[TRAINED, TESTED]).T
    np.testing.assert_allclose(result.mean, gain @ y[TRAINED], atol=1e-9)
    expected = np.diag(joint[TESTED, TESTED] - gain @ joint[TRAINED, TESTED])
    np.testing.assert_allclose(result.variance, expected, atol=1e-9)
    density = sum(multivariate_normal(cov=joint[TRAINED, TRAINED]).logpdf(column) for column in y[TRAINED].T)
    assert result.log_evidence == pytest.approx(density, rel=1e-9)


def test_best_noise_is_a_maximum_and_finds_the_truth() -> None:
    K, y = kernel()[TRAINED, TRAINED], draws(0.1, 4.0, 200)[TRAINED]
    noise, scale = best_noise(K, y)
    assert noise == pytest.approx(0.1, rel=0.1)
    assert scale == pytest.approx(4.0, rel=0.1)
    top = log_evidence(K, y, noise=noise, scale=scale)
    for factor in (0.97, 1.03):
        assert log_evidence(K, y, noise=noise * factor, scale=scale) < top
        assert log_evidence(K, y, noise=noise, scale=scale * factor) < top


def test_a_true_model_is_calibrated() -> None:
    """6,000 correlated values; each coverage within 4 standard errors, taken over independent draws."""
    K, noise, scale = kernel(), 0.2, 1.0
    y = draws(noise, scale, 200)
    result = posterior(K[TRAINED, TRAINED], K[TESTED, TRAINED], np.diag(K)[TESTED], y[TRAINED], noise=noise)
    report = calibration(result.mean, result.std, y[TESTED])
    distance = np.abs(y[TESTED] - result.mean) / result.std[:, None]
    for level, reach, coverage in zip(report.levels, (0.67449, 1.64485), report.coverage, strict=True):
        error = (distance < reach).mean(axis=0).std() / np.sqrt(200)
        assert abs(coverage - level) < 4 * error
    assert report.values == 30 * 200
    overconfident = calibration(result.mean, result.std / 2, y[TESTED])
    assert overconfident.coverage[1] < 0.75
    assert overconfident.log_loss > report.log_loss


def test_what_is_refused() -> None:
    K = kernel()
    with pytest.raises(ShapeError, match="do not fit"):
        posterior(K, K[:3], np.ones(2), np.ones(60), noise=0.1)
    with pytest.raises(DataError, match="noise = -1"):
        posterior(K, K, np.ones(60), np.ones(60), noise=-1)
    with pytest.raises(DataError, match="zero"):
        best_noise(K, np.zeros(60))
    with pytest.raises(DataError, match="positive standard deviation"):
        calibration(np.zeros(3), np.zeros(3), np.zeros(3))
    with pytest.raises(ShapeError, match="equal shapes"):
        calibration(np.zeros(3), np.ones(2), np.zeros(3))
    with pytest.raises(DataError, match="levels"):
        calibration(np.zeros(3), np.ones(3), np.zeros(3), levels=(1.5,))
