"""Gradient flow in closed form, against the equation integrated numerically and a linear model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from ntk_theory.dynamics import ensemble, spectrum, trajectory
from ntk_theory.errors import DataError, ShapeError

RNG = np.random.default_rng(1)
TRAIN, TEST, FEATURES, OUTPUTS = 6, 4, 30, 2
J = RNG.normal(size=(TRAIN + TEST, FEATURES)) / np.sqrt(FEATURES)
NTK = J @ J.T
KERNEL = (lambda a: a @ a.T)(RNG.normal(size=(TRAIN + TEST, 25)) / 5)
Y = RNG.normal(size=(TRAIN, OUTPUTS))
F_0 = RNG.normal(size=(TRAIN + TEST, OUTPUTS))
TRAINED, TESTED = slice(0, TRAIN), slice(TRAIN, None)


def parts(t: object, y: np.ndarray = Y, ntk: np.ndarray = NTK, nngp: np.ndarray = KERNEL):
    return ensemble(
        ntk_train=ntk[TRAINED, TRAINED],
        ntk_test=ntk[TESTED, TRAINED],
        nngp_train=nngp[TRAINED, TRAINED],
        nngp_test=nngp[TESTED, TRAINED],
        nngp_prior=nngp[TESTED, TESTED],
        y=y,
        t=t,
    )


@pytest.mark.parametrize("t", [0.01, 1.0, 30.0])
def test_trajectory_solves_the_differential_equation(t: float) -> None:
    def slope(_: float, f: np.ndarray) -> np.ndarray:
        outputs = f.reshape(F_0.shape)
        return (-NTK[:, TRAINED] @ (outputs[TRAINED] - Y)).ravel()

    solved = solve_ivp(slope, (0, t), F_0.ravel(), method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    path = trajectory(NTK[TRAINED, TRAINED], NTK[:, TRAINED], F_0[TRAINED], F_0, Y, t)
    np.testing.assert_allclose(path, solved.reshape(F_0.shape), atol=1e-10)


def test_a_linear_model_trained_by_tiny_steps() -> None:
    """An independent way: descend on the parameters of f = J w, and read the outputs."""
    w, step = np.linalg.lstsq(J, F_0, rcond=None)[0], 1e-4
    for _ in range(2000):
        w = w - step * J[TRAINED].T @ (J[TRAINED] @ w - Y)
    path = trajectory(NTK[TRAINED, TRAINED], NTK[TESTED, TRAINED], F_0[TRAINED], F_0[TESTED], Y, 2000 * step)
    np.testing.assert_allclose(path, J[TESTED] @ w, atol=1e-4)


def test_the_ends_of_time() -> None:
    start, end = trajectory(
        NTK[TRAINED, TRAINED], NTK[TRAINED, TRAINED], F_0[TRAINED], F_0[TRAINED], Y, [0, np.inf]
    )
    np.testing.assert_array_equal(start, F_0[TRAINED])
    np.testing.assert_allclose(end, Y, atol=1e-10)
    first, last = parts(0.0), parts(np.inf)
    np.testing.assert_array_equal(first.mean, np.zeros((TEST, OUTPUTS)))
    np.testing.assert_array_equal(first.covariance, KERNEL[TESTED, TESTED])
    expected = NTK[TESTED, TRAINED] @ np.linalg.solve(NTK[TRAINED, TRAINED], Y)
    np.testing.assert_allclose(last.mean, expected, rtol=1e-9)


def test_the_ensemble_is_the_law_of_trajectories() -> None:
    """Mean and covariance over f_0 ~ GP(0, K): exactly, since a trajectory is affine in f_0."""
    t = 1.7
    start, zeros = np.eye(TRAIN + TEST), np.zeros((TRAIN, TRAIN + TEST))
    path = trajectory(NTK[TRAINED, TRAINED], NTK[TESTED, TRAINED], start[TRAINED], start[TESTED], zeros, t)
    result = parts(t)
    np.testing.assert_allclose(result.covariance, path @ KERNEL @ path.T, atol=1e-12)
    assert result.std.shape == (TEST,)


def test_training_the_readout_alone_ends_in_the_posterior() -> None:
    result = parts(np.inf, ntk=KERNEL)
    K, across = KERNEL[TRAINED, TRAINED], KERNEL[TESTED, TRAINED]
    expected = KERNEL[TESTED, TESTED] - across @ np.linalg.solve(K, across.T)
    np.testing.assert_allclose(result.covariance, expected, atol=1e-9)


def test_many_times_are_one_call() -> None:
    times = [0.0, 0.3, np.inf]
    together = parts(times)
    assert together.mean.shape == (3, TEST, OUTPUTS)
    assert together.covariance.shape == (3, TEST, TEST)
    for i, t in enumerate(times):
        np.testing.assert_allclose(together.mean[i], parts(t).mean, atol=1e-14)
        np.testing.assert_allclose(together.covariance[i], parts(t).covariance, atol=1e-14)


def test_one_output_may_be_a_vector() -> None:
    np.testing.assert_allclose(parts(1.0, y=Y[:, 0]).mean, parts(1.0).mean[:, 0], atol=1e-15)


def test_a_singular_kernel_moves_as_its_limit() -> None:
    """Θ of rank 1: the mode of eigenvalue 0 moves by t times its slope, that is not at all within X."""
    u = np.array([1.0, 2.0, 2.0]) / 3
    ntk = 4 * np.outer(u, u)
    path = trajectory(ntk, ntk, np.zeros(3), np.zeros(3), np.array([3.0, 0.0, 0.0]), 0.5)
    np.testing.assert_allclose(path, u * u[0] * 3 * (1 - np.exp(-2.0)), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(-3, 3))
def test_flow_is_a_semigroup_and_linear(first: float, second: float, factor: float) -> None:
    flow, cross = spectrum(NTK[TRAINED, TRAINED]), NTK[TRAINED, TRAINED]
    middle = trajectory(flow, cross, F_0[TRAINED], F_0[TRAINED], Y, first)
    there = trajectory(flow, cross, middle, middle, Y, second)
    np.testing.assert_allclose(
        there, trajectory(flow, cross, F_0[TRAINED], F_0[TRAINED], Y, first + second), atol=1e-9
    )
    scaled = trajectory(flow, cross, factor * F_0[TRAINED], factor * F_0[TRAINED], factor * Y, first)
    np.testing.assert_allclose(scaled, factor * middle, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"t": -1.0}, DataError, "not a time"),
        ({"t": np.nan}, DataError, "not a time"),
        ({"y": np.ones(3)}, ShapeError, "y has shape"),
        ({"y": np.full((TRAIN, 1), np.nan)}, DataError, "y holds nan in row 0"),
        ({"nngp": KERNEL[: TRAIN + 2, : TRAIN + 2]}, ShapeError, "do not fit"),
    ],
)
def test_what_is_refused(change: dict, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        parts(**{"t": 1.0, **change})


def test_outputs_must_agree() -> None:
    with pytest.raises(ShapeError, match="outputs"):
        trajectory(NTK[TRAINED, TRAINED], NTK[TESTED, TRAINED], F_0[TRAINED], F_0[TESTED], Y[:, :1], 1.0)
    with pytest.raises(ShapeError, match=r"Θ\(x, X\)"):
        trajectory(NTK[TRAINED, TRAINED], NTK, F_0[TRAINED], F_0[TESTED], Y, 1.0)
