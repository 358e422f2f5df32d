"""What optimizers learn, against their steps taken one by one and the exact limits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntk_theory.dynamics import GradientDescent, GradientFlow, trajectory
from ntk_theory.errors import DataError

RNG = np.random.default_rng(2)
J = RNG.normal(size=(7, 20)) / 5
THETA, Y, F_0 = J @ J.T, RNG.normal(size=(5, 2)), RNG.normal(size=(7, 2))


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 1.9), st.floats(0, 0.95), st.integers(0, 60))
def test_a_linear_model_descends_as_said(fraction: float, momentum: float, steps: int) -> None:
    """The weights of f = J w take the steps, the outputs are read: no kernel in sight."""
    step = fraction / np.linalg.eigvalsh(THETA[:5, :5])[-1]
    w = before = np.linalg.lstsq(J, F_0, rcond=None)[0]
    for _ in range(steps):
        w, before = w - step * J[:5].T @ (J[:5] @ w - Y) + momentum * (w - before), w
    optimizer = GradientDescent(step, momentum)
    path = trajectory(THETA[:5, :5], THETA[:, :5], F_0[:5], F_0, Y, steps, optimizer=optimizer)
    np.testing.assert_allclose(path, J @ w, atol=1e-10)


def test_small_eigenvalues_keep_their_digits() -> None:
    eigenvalues = np.array([1e-14, 1e-9, 1e-3])
    steps, step = 1000, 0.37
    with mpmath.workdps(60):
        expected = [
            float((1 - (1 - mpmath.mpf(step) * mpmath.mpf(v)) ** steps) / mpmath.mpf(v)) for v in eigenvalues
        ]
    np.testing.assert_allclose(GradientDescent(step).learned(eigenvalues, steps), expected, rtol=1e-12)


def test_tiny_steps_are_the_flow() -> None:
    eigenvalues = np.array([0.01, 1.0, 3.0])
    descent = GradientDescent(1e-7).learned(eigenvalues, 2e7)
    np.testing.assert_allclose(descent, GradientFlow().learned(eigenvalues, 2.0), rtol=1e-6)
    # momentum multiplies the rate by 1/(1 - β)
    heavy = GradientDescent(1e-7, 0.9).learned(eigenvalues, 2e6)
    np.testing.assert_allclose(heavy, GradientFlow().learned(eigenvalues, 2.0), rtol=1e-5)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_bound_on_the_step_is_sharp(momentum: float) -> None:
    eigenvalues = np.array([0.5, 2.0])
    bound = GradientDescent(1.0, momentum).largest_step(2.0)
    below, above = (GradientDescent(bound * f, momentum) for f in (0.999, 1.001))
    np.testing.assert_allclose(below.learned(eigenvalues, 10**6), 1 / eigenvalues, rtol=1e-9)
    np.testing.assert_allclose(below.learned(eigenvalues, np.inf), 1 / eigenvalues)
    assert np.abs(above.learned(eigenvalues, 20_000)).max() > 1e3
    with pytest.raises(DataError, match="no limit"):
        above.learned(eigenvalues, np.inf)
    with pytest.raises(DataError, match="left the finite numbers"):
        above.learned(eigenvalues, 10**9)


@pytest.mark.parametrize("numbers", [(0.0, 0.0), (np.nan, 0.0), (np.inf, 0.0), (0.1, 1.0), (0.1, -0.1)])
def test_numbers_out_of_range(numbers: tuple[float, float]) -> None:
    with pytest.raises(DataError, match="must"):
        GradientDescent(*numbers)


def test_steps_are_whole() -> None:
    with pytest.raises(DataError, match="whole steps"):
        GradientDescent(0.1).learned(np.ones(1), 0.5)
