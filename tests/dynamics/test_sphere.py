"""Eigenvalues on the sphere, against mpmath's quadrature, Mercer's trace and random points."""

import mpmath
import numpy as np
import pytest

from ntk_theory.dynamics import sphere_spectrum
from ntk_theory.errors import DataError, DivergentExpectationError
from ntk_theory.network import mlp

RELU = mlp("relu", depth=1, W_std=2**0.5)


def relu_ntk(c):
    """Θ of one hidden ReLU layer, σ_w² = 2, |x|² = d: twice that of Bietti & Mairal 2019, section 3.1."""
    angle = mpmath.acos(c)
    first = (c * (mpmath.pi - angle) + mpmath.sqrt(1 - c * c)) / mpmath.pi
    return 2 * (first + c * (mpmath.pi - angle) / mpmath.pi)


@pytest.mark.parametrize("dimension", [2, 3, 10])
def test_against_an_independent_integral(dimension: int) -> None:
    found = sphere_spectrum(RELU, dimension, degrees=8)
    with mpmath.workdps(25):

        def weight(c):
            return (1 - c * c) ** (mpmath.mpf(dimension - 3) / 2)

        area = mpmath.quad(weight, [-1, 0, 1])
        for k in range(8):

            def harmonic(c, k=k):
                if dimension == 2:
                    return mpmath.chebyt(k, c)
                order = mpmath.mpf(dimension - 2) / 2
                return mpmath.gegenbauer(k, order, c) / mpmath.gegenbauer(k, order, 1)

            total = mpmath.quad(lambda c: relu_ntk(c) * harmonic(c) * weight(c), [-1, -0.5, 0, 0.5, 1])
            # the end points' roots limit mpmath's rule, not ours
            assert found.eigenvalues[k] == pytest.approx(float(total / area), abs=1e-9)
    assert found.rounding < 1e-13


@pytest.mark.parametrize(
    ("activation", "b_std"), [("relu", 0.3), pytest.param("tanh", 0.2, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("get", ["nngp", "ntk"])
def test_eigenvalues_are_positive_and_sum_to_the_trace(activation: str, b_std: float, get: str) -> None:
    found = sphere_spectrum(mlp(activation, depth=2, W_std=1.2, b_std=b_std), 3, degrees=120, get=get)
    assert (found.eigenvalues > -10 * found.rounding).all()
    assert found.explained[-1] <= 1 + 1e-12
    assert found.explained[-1] > 0.99
    assert (found.multiplicities == 2 * np.arange(120) + 1).all()


@pytest.mark.parametrize(("get", "decay"), [("ntk", 3.0), ("nngp", 5.0)])
def test_the_decay_of_relu(get: str, decay: float) -> None:
    """The exponent is derived from the kink; here the eigenvalues themselves are asked, twice as far."""
    found = sphere_spectrum(mlp("relu", depth=3, W_std=2**0.5, b_std=0.5), 3, degrees=161, get=get)
    assert found.decay == decay
    near, far = found.eigenvalues[[80, 160]]
    assert np.log2(near / far) == pytest.approx(decay, abs=0.05)


@pytest.mark.slow
def test_smoother_activations_decay_faster() -> None:
    squared = sphere_spectrum(mlp("relu2", depth=2, b_std=0.5), 4, degrees=97)
    assert squared.decay == 3 + 2 * 1.5
    assert np.log2(squared.eigenvalues[48] / squared.eigenvalues[96]) == pytest.approx(6, abs=0.2)
    assert sphere_spectrum(mlp("erf", depth=2), 4).decay == np.inf
    assert sphere_spectrum(mlp("sign", depth=1), 4, get="nngp").decay == 4


def test_the_gram_matrix_of_points_spread_evenly() -> None:
    """On the circle, equidistant points turn integrals into sums: eigenvalues of Θ/n are λ_k, each twice."""
    n = 400
    angles = 2 * np.pi * np.arange(n) / n
    x = np.sqrt(2) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    empirical = np.sort(np.linalg.eigvalsh(RELU.kernel_fn(x, get="ntk") / n))[::-1]
    found = sphere_spectrum(RELU, 2, degrees=7)
    expected = np.sort(np.repeat(found.eigenvalues, found.multiplicities.astype(int)))[::-1]
    np.testing.assert_allclose(empirical[:8], expected[:8], rtol=1e-3)


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="dimension"):
        sphere_spectrum(RELU, 1)
    with pytest.raises(DataError, match="radius"):
        sphere_spectrum(RELU, 3, radius=0.0)
    with pytest.raises(DataError, match="not known"):
        sphere_spectrum(RELU, 3, get="both")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(DivergentExpectationError):
        sphere_spectrum(mlp("sign", depth=1), 3)
    with pytest.raises(DataError, match="no integer"):
        sphere_spectrum(mlp("where(x > 0, x**(5/2), 0)", depth=1), 3, get="nngp")
