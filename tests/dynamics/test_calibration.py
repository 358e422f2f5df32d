"""Conformal factors: their rank as defined, and coverage on a law that the stated one is not."""

import numpy as np
import pytest

from ntk_theory.dynamics import calibration, conformal_factor
from ntk_theory.errors import DataError, ShapeError

RNG = np.random.default_rng(9)


def test_the_rank_as_defined() -> None:
    scores = RNG.permutation(np.arange(1.0, 10))
    factor = conformal_factor(np.zeros(9), np.full(9, 2.0), 2 * scores, level=0.9)
    assert factor == 9  # ⌈10 · 0.9⌉ = 9, not 10
    assert conformal_factor(np.zeros(9), np.ones(9), scores, level=0.5) == 5
    assert conformal_factor(np.zeros(9), np.ones(9), scores, level=0.91) == np.inf


def test_coverage_of_heavy_tails_under_a_wrong_scale() -> None:
    """Over 4000 repetitions with m = 19 coverage at 0.9 is 18/20, whatever the law; the stated one is not."""
    y = RNG.standard_cauchy(size=(4000, 20))
    std = np.full(19, 0.3)
    inside = [abs(row[19]) <= 0.3 * conformal_factor(np.zeros(19), std, row[:19], level=0.9) for row in y]
    assert np.mean(inside) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 4000))
    assert calibration(np.zeros(80_000), np.full(80_000, 0.3), y.ravel(), levels=(0.9,)).coverage[0] < 0.5


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="levels"):
        conformal_factor([0.0], [1.0], [0.0], level=1.0)
    with pytest.raises(DataError, match="positive"):
        conformal_factor([0.0], [0.0], [0.0], level=0.5)
    with pytest.raises(ShapeError):
        conformal_factor([0.0], [1.0, 1.0], [0.0], level=0.5)
