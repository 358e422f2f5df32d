"""Networks in training: their kernels' moments are the exact ones, descent is the lazy sampler's in law."""

import jax
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.finite_width import exact_moments
from ntk_theory.regime import descents, uniform
from ntk_theory.sampling import draw_training

PAIR = np.array([[1.0, 0.5, -0.5], [0.2, -1.0, 1.0]])


def test_kernels_at_the_start_have_the_exact_moments():
    depth, width, b_std, x = 3, 6, 0.4, np.array([[1.0, 2.0]])
    settings = uniform(ntk.mlp("relu", depth=depth, W_std=1.3, b_std=b_std))
    found = descents(settings, x, np.ones(1), width=width, steps=1, members=4000, seed=1).largest_eigenvalue
    exact = exact_moments("relu", width=width, depth=depth, W_std=1.3, b_std=b_std, input_square=2.5)
    for power, expected in ((1, exact.ntk), (2, exact.ntk_square)):
        values = found**power
        assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(len(values))


def test_one_wide_layer_descends_as_its_kernel_says_and_stands_still():
    settings = uniform(ntk.mlp("tanh", depth=1, W_std=1.2, b_std=0.3))
    found = descents(settings, PAIR[:1], np.array([3.0]), width=20000, steps=[1, 2], members=2, seed=0)
    assert found.steps.tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.loss / found.loss[:, :1], [[1, 0.25, 0.0625]] * 2, rtol=0.01)
    assert (found.movement[:, 0] < 1e-6).all()
    assert (found.movement[:, 1:] < 0.005).all()


@pytest.mark.slow
def test_a_descent_that_blows_up_is_nan_from_there_on():
    settings = uniform(ntk.mlp("relu", depth=3, W_std=1.4))
    found = descents(
        settings, PAIR, np.array([80.0, -80.0]), width=4, steps=[1, 200], members=4, seed=0, fraction=0.99
    )
    assert np.isfinite(found.movement[:, 0]).all()
    assert np.isnan(found.movement[:, -1]).any()


def test_what_cannot_be_used_is_named():
    settings = uniform(ntk.mlp("relu", depth=1))
    with pytest.raises(ShapeError, match="one target an input"):
        descents(settings, PAIR, np.ones((2, 1)), width=4, steps=1, members=1, seed=0)
    with pytest.raises(DataError, match="not 0 throughout"):
        descents(settings, PAIR, np.zeros(2), width=4, steps=1, members=1, seed=0)
    with pytest.raises(DataError, match="fraction"):
        descents(settings, PAIR, np.ones(2), width=4, steps=1, members=1, seed=0, fraction=1.5)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "b_std"), [("relu", 0.0), ("tanh", 0.3)])
def test_the_lazy_sampler_moves_as_far(name, b_std):
    """Another code: matrices never formed. Steps are equal there, so only the first order in them is compared."""
    net = ntk.mlp(name, depth=3, W_std=1.4, b_std=b_std)
    y, width, members = np.array([1.0, -1.0]), 64, 512
    own = descents(uniform(net), PAIR, y, width=width, steps=12, members=members, seed=0, fraction=0.1)
    step = float(0.2 / np.mean(own.largest_eigenvalue))
    paths = draw_training(net, PAIR, y, width, members, jax.random.key(1), steps=12, step_size=step)
    start, end = paths.ntk[:, 0].astype(float), paths.ntk[:, -1].astype(float)
    other = np.linalg.norm(end - start, axis=(1, 2)) / np.linalg.norm(start, axis=(1, 2))
    for statistic in (np.median, lambda v: np.quantile(v, 0.2)):
        assert statistic(own.movement[:, -1]) == pytest.approx(statistic(other), rel=0.15)
