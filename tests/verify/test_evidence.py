"""The statistics alone: factors that are fair for any law, error rates that are kept where a z-test's are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.verify.evidence import confidence_bounds, influence, log_capital, log_mixture
from ntk_theory.verify.variance import KURTOSIS, inflation, sample_kurtosis, variance_bound


@given(st.floats(-1e6, 1e6))
def test_influence_stays_below_the_quadratic(t):
    assert influence(np.array(t)) <= np.log1p(t + t * t / 2) + 1e-12
    assert influence(np.array(-t)) == -influence(np.array(t))


@given(st.floats(1e-3, 0.999), st.floats(0.01, 50.0), st.floats(1e-3, 10.0), st.floats(-3.0, 0.0), st.booleans())
def test_factors_are_fair_for_every_two_point_law(p, height, bet, mean, mirrored):
    """E[factor] ≤ 1 exactly, also for a mean below zero and for laws as skewed as they come."""
    chances = np.array([p, 1 - p])
    values = np.array([height, -height * p / (1 - p)])
    variance = np.array([float(chances @ values**2)])
    values = (-values if mirrored else values) + mean
    factors = [np.exp(log_capital(np.array([[v]]), variance, np.array([[bet]])))[0, 0] for v in values]
    assert chances @ np.array(factors) <= 1 + 1e-9


def test_error_rate_is_kept_under_peeking_where_a_z_test_fails():
    """Student's t with 3 degrees of freedom and unit variance, 500 samples, a look after each ten; level 5%.

    400 runs: the e-process may alarm in 5% of them, and six standard errors more; the z-test alarms far oftener.
    """
    generator = np.random.default_rng(0)
    samples = generator.standard_t(3, size=(400, 500)) / np.sqrt(3)
    sizes = np.array([[0.1, 0.3]])
    alarms = z_alarms = 0
    for run in samples:
        growth = np.array([log_capital(block[:, None], np.ones(1), sizes)[0] for block in run.reshape(50, 10)])
        alarms += (log_mixture(growth.cumsum(0)) >= np.log(1 / 0.05)).any()
        counts = np.arange(10, 501, 10)
        z = run.cumsum()[counts - 1] / np.sqrt((run**2).cumsum()[counts - 1])
        z_alarms += (z >= 1.645).any()
    assert alarms <= 400 * 0.05 + 6 * np.sqrt(400 * 0.05 * 0.95)
    assert z_alarms > 400 * 0.15


def test_confidence_bounds_are_where_the_bets_refute():
    samples = np.random.default_rng(1).normal([1.0, -2.0], [1.0, 0.1], size=(800, 2))
    variance = np.array([1.2, 0.02])
    sizes = np.array([[0.1, 0.2], [1.0, 2.0]])
    lower, upper = confidence_bounds(samples, variance, sizes, 1e-3)
    assert (lower < [1.0, -2.0]).all()
    assert (upper > [1.0, -2.0]).all()
    assert (upper - lower < 10 * np.sqrt(variance / 800)).all()
    for edge, sign in ((lower, 1), (upper, -1)):
        capital = log_mixture(log_capital(sign * (samples - edge), variance, sizes))
        assert np.allclose(capital, np.log(2 / 1e-3), atol=1e-3)


def test_confidence_bounds_cover():
    """Level 10% at skewed samples: 300 runs, six standard errors."""
    samples = np.random.default_rng(2).exponential(size=(60, 300))
    lower, upper = confidence_bounds(samples, np.ones(300), np.full((300, 1), 0.3), 0.1)
    misses = np.sum((lower > 1) | (upper < 1))
    assert misses <= 30 + 6 * np.sqrt(300 * 0.1 * 0.9)


@pytest.mark.parametrize("law", ["normal", "logistic", "exponential sum"])
def test_variance_bound_keeps_its_rate(law):
    """2,000 pilots of 100 pairs at level 5%: laws of kurtosis 3, 4.2 and 3.75, all within what is assumed."""
    generator = np.random.default_rng(3)
    size = (200, 2000)
    if law == "normal":
        samples, variance = generator.normal(size=size), 1.0
    elif law == "logistic":
        samples, variance = generator.logistic(size=size), np.pi**2 / 3
    else:
        samples, variance = generator.gamma(8.0, size=size), 8.0
    failures = np.sum(variance_bound(samples, 0.05) < variance)
    assert failures <= 2000 * 0.05 + 6 * np.sqrt(2000 * 0.05 * 0.95)
    assert sample_kurtosis(samples).mean() < KURTOSIS


def test_inflation_needs_enough_pairs():
    assert inflation(10_000, 1e-6) < 1.15
    assert inflation(10, 1e-6) == float("inf")
    assert np.array_equal(sample_kurtosis(np.ones((5, 2))), [3.0, 3.0])
