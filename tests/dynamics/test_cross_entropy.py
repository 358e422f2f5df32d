"""The cross-entropy's flow, against a linear model descending by tiny steps, and its laws."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

from ntk_theory.dynamics import cross_entropy, cross_entropy_trajectory
from ntk_theory.errors import DataError, ShapeError

RNG = np.random.default_rng(3)
J = RNG.normal(size=(8, 12)) / 3
THETA, CLASSES = J @ J.T, 3
Y = np.eye(CLASSES)[RNG.integers(0, CLASSES, 5)]
F_0 = RNG.normal(size=(8, CLASSES))


def path(t, theta=THETA, f_0=F_0, y=Y, **more):
    return cross_entropy_trajectory(theta[:5, :5], theta[:, :5], f_0[:5], f_0, y, t, **more)


def test_a_linear_model_under_autodiff() -> None:
    """f = J w trained by explicit midpoint steps on the loss itself, its gradient by autodiff."""
    with jax.enable_x64(True):

        def loss(w):
            return -jnp.sum(Y * jax.nn.log_softmax(jnp.asarray(J[:5]) @ w))

        slope = jax.jit(jax.grad(loss))
        w, h = jnp.linalg.lstsq(jnp.asarray(J), jnp.asarray(F_0))[0], 2e-3
        for _ in range(1000):
            w = w - h * slope(w - h / 2 * slope(w))
    np.testing.assert_allclose(path(2.0), J @ np.asarray(w), atol=2e-6)


def test_times_in_any_order_are_one_call() -> None:
    several = path([3.0, 0.0, 1.0, 3.0])
    assert several.shape == (4, 8, CLASSES)
    np.testing.assert_array_equal(several[1], F_0)
    np.testing.assert_allclose(several[0], path(3.0), atol=1e-6)
    np.testing.assert_array_equal(several[0], several[3])


def test_the_flow_is_a_semigroup_and_lowers_the_loss() -> None:
    middle = path(1.5)
    np.testing.assert_allclose(path(2.5, f_0=middle), path(4.0), atol=1e-6)
    losses = [cross_entropy(f[:5], Y) for f in path([0.0, 1.0, 10.0, 100.0, 1e4])]
    assert all(later < earlier for earlier, later in pairwise(losses))


def test_adding_a_constant_to_the_logits_changes_nothing() -> None:
    shift = RNG.normal(size=(8, 1))
    np.testing.assert_allclose(path(2.0, f_0=F_0 + shift) - shift, path(2.0), atol=1e-6)


def test_a_stiff_kernel_settles() -> None:
    """A huge constant in Θ settles the residuals' mean at once, and the rest flows on by Θ as before."""
    result = path(10.0, theta=THETA + 1e6)
    residual = softmax(result[:5], axis=1) - Y
    np.testing.assert_allclose(residual.sum(axis=0), 0, atol=1e-5)
    assert np.abs(residual).max() > 0.1
    np.testing.assert_array_equal(path(0.0, theta=THETA + 1e6), F_0)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"t": np.inf}, DataError, "finite times"),
        ({"t": -1.0}, DataError, "finite times"),
        ({"y": Y * 2}, DataError, "probabilities"),
        ({"y": Y[:3]}, ShapeError, "do not fit"),
        ({"f_0": np.full_like(F_0, np.nan)}, DataError, "not finite"),
    ],
)
def test_what_is_refused(change: dict, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        path(**{"t": 1.0, **change})
