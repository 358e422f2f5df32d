"""`predict` against values computed with mpmath at 40 digits: ReLU without biases, three weight layers.

The first layer has σ_w = 1, the others σ_w² = 2; training inputs at the angles 0, 1, 2.5 of the unit circle, y =
(1, -1, 1/2), test input at 1.7. From the project's reference values dyn/*: matrix exponentials of the 3 × 3 NTK
(Lee et al. 2019, eqs. 14 to 16), and the NNGP posterior without noise (Lee et al. 2018).
"""

import numpy as np
import pytest

from ntk_theory.activation import activation
from ntk_theory.dynamics import predict, spectrum
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.layers import Dense, Nonlinearity
from ntk_theory.network import serial

RELU = Nonlinearity(activation("relu"))
NET = serial(Dense(1.0), RELU, Dense(2**0.5), RELU, Dense(2**0.5, width=1))
ANGLES, TEST_ANGLE = np.array([0.0, 1.0, 2.5]), np.array([1.7])
Y = np.array([1.0, -1.0, 0.5])
TIMES = [0.5, 1.0, 5.0, np.inf]
MEANS = [-0.2291200537978880552, -0.3670727496444860984, -0.5003541993673080563, -0.5007158284662511295]
VARIANCES = [0.18452870110181607154, 0.1423787962334382542, 0.1299618531339266536, 0.1299446499786010600]


def circle(angles: np.ndarray) -> np.ndarray:
    return np.sqrt(2) * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_the_ensemble_under_gradient_flow() -> None:
    result = predict(NET, circle(ANGLES), Y, circle(TEST_ANGLE), t=TIMES)
    np.testing.assert_allclose(result.mean[:, 0], MEANS, rtol=1e-12)
    np.testing.assert_allclose(result.covariance[:, 0, 0], VARIANCES, rtol=1e-11)
    assert result.jitter == 0
    assert result.condition == pytest.approx(4.732503783122097575 / 1.482870747158131274, rel=1e-12)


def test_the_readout_alone_ends_in_the_posterior() -> None:
    result = predict(NET, circle(ANGLES), Y, circle(TEST_ANGLE), get="nngp")
    assert result.mean[0] == pytest.approx(-0.7069938474662432833, rel=1e-12)
    assert result.covariance[0, 0] == pytest.approx(0.1165333223462131832, rel=1e-11)


def test_the_spectrum() -> None:
    flow = spectrum(NET.kernel_fn(circle(ANGLES), get="ntk"))
    np.testing.assert_allclose(
        flow.eigenvalues, [1.4828707471581312744, 2.7846254697197711505, 4.7325037831220975751], rtol=1e-13
    )
    assert flow.largest_step == pytest.approx(0.4226092765383005362, rel=1e-13)


def test_without_test_points_the_training_points_are_meant() -> None:
    result = predict(NET, circle(ANGLES), Y)
    np.testing.assert_allclose(result.mean, Y, atol=1e-12)
    np.testing.assert_allclose(result.covariance, 0, atol=1e-12)
    same = predict(NET, circle(ANGLES), Y, circle(ANGLES), t=0.7)
    np.testing.assert_allclose(predict(NET, circle(ANGLES), Y, t=0.7).mean, same.mean, atol=1e-12)


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="is not known"):
        predict(NET, circle(ANGLES), Y, get="both")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(ShapeError, match="x_test"):
        predict(NET, circle(ANGLES), Y, np.ones((2, 3)))
    with pytest.raises(ShapeError, match="y has shape"):
        predict(NET, circle(ANGLES), Y[:2])
