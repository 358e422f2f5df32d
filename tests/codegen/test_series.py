"""Hermite series in JAX: coefficients known in closed form, and the truncation bound."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from ntk_theory.codegen import series
from ntk_theory.codegen.series import LADDER
from ntk_theory.codegen.state import folded_correlation


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("variance", [0.1, 1.0, 4.0])
def test_coefficients_of_the_exponential(variance):
    # exp(√q z) = e^{q/2} Σ q^{n/2}/√n! h_n(z)
    found = series.coefficients(jnp.exp, jnp.array([variance]))
    n = np.arange(20)
    factorials = np.cumprod(np.maximum(n, 1.0))
    expected = np.exp(variance / 2) * variance ** (n / 2) / np.sqrt(factorials)
    np.testing.assert_allclose(found.values[0, :20], expected, rtol=1e-12, atol=1e-14)


def test_polynomials_end():
    found = series.coefficients(lambda t: t**2 - 1, jnp.array([1.0]))
    assert found.values[0, 2] == pytest.approx(np.sqrt(2))
    assert float(jnp.abs(found.values[0].at[2].set(0)).max()) < 1e-13
    assert float(found.rest[0]) < 1e-13


@pytest.mark.parametrize("correlation", [-1.0, -0.4, 0.0, 0.9, 1.0])
def test_covariance_of_sines(correlation):
    q1, q2 = jnp.array([0.3, 2.0]), jnp.array([1.0])
    a, b = (series.coefficients(jnp.sin, q) for q in (q1, q2))
    value, error = series.covariance(a, b, folded_correlation(jnp.full((2, 1), correlation)))
    expected = np.exp(-(q1[:, None] + q2) / 2) * np.sinh(correlation * np.sqrt(q1[:, None] * q2))
    np.testing.assert_allclose(value, expected, atol=1e-14)
    assert float(error) < 1e-13


@pytest.mark.parametrize("variance", [0.01, 1.0, 30.0])
def test_mean_of_tanh_squared(variance):
    value = series.mean(lambda t: jnp.tanh(t) ** 2, jnp.array([variance]))
    expected = mpmath.quad(
        lambda z: mpmath.tanh(mpmath.sqrt(variance) * z) ** 2 * mpmath.npdf(z), [-12, -3, -1, 0, 1, 3, 12]
    )
    assert float(value[0]) == pytest.approx(float(expected), abs=1e-13)


@pytest.mark.parametrize("parity", [None, "odd"])
def test_truncation_bounds_the_true_error(gaussian_pair, parity):
    # correlation close to 1 at a large variance, where the terms are too few: the bound covers the error
    coefficients = series.coefficients(jnp.tanh, jnp.array([3000.0]), parity)
    for correlation in (0.9, 0.99, 0.999):
        value, bound = series.covariance(
            coefficients, coefficients, folded_correlation(jnp.full((1, 1), correlation))
        )
        exact = gaussian_pair(np.tanh, np.tanh, 3000.0, 3000.0, correlation, cuts=(-0.1, 0.0, 0.1))
        assert abs(float(value[0, 0]) - exact) <= float(bound) + 1e-9
    assert float(bound) > 1e-7


@pytest.mark.parametrize("variance", [50.0, 1000.0, 2e4, 1e6])
def test_aliasing_is_reported(variance):
    # E tanh² by 2000 Gauss-Legendre nodes on its two sides: where the step is too coarse, `aliasing` says so
    found = series.coefficients(jnp.tanh, jnp.array([variance]), "odd")
    value = series.mean(lambda t: jnp.tanh(t) ** 2, jnp.array([variance]))
    scale = variance**-0.5
    nodes, weights = np.polynomial.legendre.leggauss(100)
    total = 0.0
    for a, b in ((0, 3 * scale), (3 * scale, 12 * scale), (12 * scale, 40 * scale)):
        z = (a + b) / 2 + (b - a) / 2 * nodes
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        total += (b - a) * np.sum(weights * (1 - np.tanh(z / scale) ** 2) * density)
    assert abs(float(value[0]) - (1 - total)) <= float(found.aliasing[0]) + 1e-13


def test_a_jump_is_reported_by_the_rest():
    # sign taken for a smooth function: its coefficients fall like n^(-3/4), and no tail of them is right
    found = series.coefficients(jnp.sign, jnp.array([1.0]))
    assert 1e-4 < abs(float(found.rest[0])) < 0.1


@pytest.mark.parametrize(("f", "variance", "bound"), [(jnp.tanh, 20.0, 1e-12), (jnp.arctan, 10.0, 1e-12)])
def test_the_tail_of_a_smooth_function(f, variance, bound):
    # what 256 terms leave is known to a millionth from ten terms beyond: Parseval, where nothing decays
    found = series.coefficients(f, jnp.array([variance]), "odd", LADDER[1])
    left = float(1 - jnp.sum(found.values**2) / found.size[0])
    assert left > 1e-8
    assert abs(float(found.rest[0])) < max(1e-5 * left, bound)
