"""Learning curves: a network that is linear in its parameters follows them to rounding; modes add up."""

import numpy as np
import pytest

from ntk_theory.dynamics.learning_curve import learning_curve, mode_groups
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import mlp

RNG = np.random.default_rng(6)
X, X_TEST = RNG.normal(size=(7, 9)), RNG.normal(size=(5, 9))
Y, Y_TEST = RNG.normal(size=(7, 2)), RNG.normal(size=(5, 2))
LINEAR = mlp("relu", depth=0, W_std=1.1, b_std=0.4, outputs=2)


@pytest.mark.parametrize(("momentum", "flow"), [(0.0, False), (0.7, False), (0.0, True)])
def test_a_linear_network_is_its_kernel(momentum: float, flow: bool) -> None:
    """Without hidden layers Θ is the same at every width and never moves: curves agree to float32's rounding."""
    found = learning_curve(
        LINEAR, X, Y, X_TEST, Y_TEST, width=4, steps=[1, 5, 60], members=3, momentum=momentum, flow=flow,
        step_fraction=0.002 if flow else 0.5,
    )  # fmt: skip
    near = {"rtol": 5e-3 if flow else 1e-3, "atol": 1e-5}
    np.testing.assert_allclose(found.train, found.kernel_train, **near)
    np.testing.assert_allclose(found.test, found.kernel_test, **near)
    np.testing.assert_allclose(found.modes, found.kernel_modes, **near)
    np.testing.assert_allclose(found.modes.sum(axis=1), found.train.mean(axis=0), rtol=1e-9)
    assert found.distance < 1e-2
    left = found.kernel_modes[-1] / found.kernel_modes[0]
    if not momentum:  # the slowest mode is the last, and it has moved least
        assert left[0] <= left[-1] + 1e-12


@pytest.mark.slow
def test_the_mean_over_initializations_is_that_of_many() -> None:
    found = learning_curve(LINEAR, X, Y, X_TEST, Y_TEST, width=4, steps=[3, 20], members=600)
    for curves, expected in ((found.kernel_train, found.expected_train), (found.kernel_test, found.expected_test)):
        error = curves.std(axis=0) / np.sqrt(600)
        assert (np.abs(curves.mean(axis=0) - expected) < 5 * error + 1e-9).all()


def test_mode_groups_cover_every_rank_once() -> None:
    for n in (1, 2, 5, 6, 21, 100):
        ranks = [i for group in mode_groups(n) for i in range(n)[group]]
        assert ranks == list(range(n))


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="gradient flow has none"):
        learning_curve(LINEAR, X, Y, X_TEST, Y_TEST, width=4, steps=2, momentum=0.5, flow=True)
    with pytest.raises(ShapeError, match="y_test"):
        learning_curve(LINEAR, X, Y, X_TEST, Y_TEST[:, 0], width=4, steps=2)
    with pytest.raises(DataError, match="get"):
        learning_curve(LINEAR, X, Y, X_TEST, Y_TEST, width=4, steps=2, get="both")  # type: ignore[arg-type]  # what is refused
