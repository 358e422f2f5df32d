"""Contrasts cancel what they say, and what they leave is bounded as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.verify.contrast import best_contrast, contrast

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


def test_the_cheapest_contrast_is_chosen():
    assert best_contrast((64, 256, 1024), growth=8.0, allowance=0.01).widths == (64, 1024)
    assert best_contrast((64, 256, 1024), growth=8.0, allowance=0.0005).widths == (64, 256, 1024)
    assert best_contrast((4, 8), growth=8.0, allowance=0.01) is None


def test_neurons_go_where_the_weights_are():
    chosen = contrast((64, 1024), 1.0)
    assert chosen.counts == (4, 4)
    assert chosen.neurons == 4 * (64 + 1024)
    assert contrast((512, 65536), 1.0).counts == (1, 1)
