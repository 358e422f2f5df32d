"""Contrasts cancel what they say, and what they leave is bounded as they say."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.verify.contrast import best_contrast, contrast, exponent

WIDTHS = st.lists(st.integers(2, 5000), min_size=2, max_size=3, unique=True).map(sorted)


@given(WIDTHS)
def test_low_orders_cancel(widths):
    weights, n = np.array(contrast(widths, 1.0).weights), np.array(widths, float)
    scale = np.abs(weights).sum()
    assert weights.sum() == pytest.approx(1.0, abs=1e-12 * scale)
    for order in range(1, len(widths)):
        assert abs(weights @ (widths[0] / n) ** order) < 1e-12 * scale


@given(WIDTHS, st.floats(0.0, 2.0))
def test_remainder_is_reached_by_the_exponential_and_bounds_the_rest(widths, growth):
    """exp(A/n) has a_k = A^k/k!: its contrast is off by at most the remainder; so are 1/(1 + a/n) and cos(A/n)."""
    chosen = contrast(widths, growth)
    n, weights = np.array(widths, float), np.array(chosen.weights)
    slack = 1e-12 * np.abs(weights).sum()
    for values in (np.exp(growth / n), np.exp(-growth / n), np.cos(growth / n), 1 + np.sin(growth / n)):
        assert abs(weights @ values - 1) <= chosen.remainder + slack


EVEN = dict.fromkeys((4, 8, 64, 256, 1024), 1.0)


def test_the_cheapest_contrast_is_chosen():
    make = partial(contrast, growth=8.0)
    assert best_contrast((64, 256, 1024), 0.01, EVEN, make).widths == (64, 1024)
    assert best_contrast((64, 256, 1024), 0.0005, EVEN, make).widths == (64, 256, 1024)
    assert best_contrast((4, 8), 0.01, EVEN, make) is None


def test_neurons_go_where_weights_and_spread_are():
    assert contrast((64, 1024), 1.0).counts(EVEN) == (4, 4)
    assert contrast((512, 65536), 1.0).counts(dict.fromkeys((512, 65536), 1.0)) == (1, 1)
    assert contrast((64, 1024), 1.0).counts({64: 4.0, 1024: 1.0}) == (16, 4)


@given(WIDTHS, st.floats(-2.0, 2.0), st.floats(0.0, 2.0))
def test_exponents_are_found_within_the_remainder(widths, power, growth):
    """c - p log n + exp(A/n): what is left of the contrast is p, up to the remainder."""
    chosen = exponent(widths, growth)
    n, weights = np.array(widths, float), np.array(chosen.weights)
    slack = 1e-12 * np.abs(weights).sum() * (10 + abs(power) * np.log(n[-1]))
    for values in (np.exp(growth / n), np.cos(growth / n)):
        assert abs(weights @ (3 - power * np.log(n) + values) - power) <= chosen.remainder + slack


@given(WIDTHS, st.floats(0.1, 2.0))
def test_shifted_coefficients_are_bounded(widths, growth):
    """n(exp(A/n) - 1) has a_0 = A and a_k = A^(k+1)/(k+1)!: an estimator that is n times a deviation."""
    chosen = contrast(widths, growth, shift=1)
    n, weights = np.array(widths, float), np.array(chosen.weights)
    slack = 1e-11 * np.abs(weights).sum() * n[-1]
    assert abs(weights @ (n * np.expm1(growth / n)) - growth) <= chosen.remainder + slack
