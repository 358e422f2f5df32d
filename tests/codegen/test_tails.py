"""Series of functions with a kink at 0, carried to infinity, against published closed forms near c = ±1."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy

import ntk_theory as ntk
from ntk_theory.codegen import dilation, series
from ntk_theory.codegen.expansion import kink, parity
from ntk_theory.codegen.series import LADDER
from ntk_theory.codegen.tails import Kink
from ntk_theory.symbols import x

COARSEST = LADDER[0]
NEAR = (1e-12, 2e-8, 1e-3, 0.03, 0.4, 1.0)
FOLDS = (*NEAR, *(-near for near in NEAR))


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


def _of_all_folds(function, f, kink, first, second):
    """`function` of one input with as many others of one variance, at all folds."""

    @jax.jit
    def run(q1, q2, fold):
        left, right = (series.coefficients(f, q, None, COARSEST, kink) for q in (q1, q2))
        return function(left, right, fold)

    values, error = run(jnp.full(1, first), jnp.full(len(FOLDS), second), jnp.array([FOLDS]))
    return values[0], error


def _angle(fold):
    near = mpmath.mpf(abs(fold))
    angle = 2 * mpmath.asin(mpmath.sqrt(near / 2))
    return angle if fold > 0 else mpmath.pi - angle


def _rectified(angle):
    """K of max(x, 0) at unit variances: Cho and Saul 2009, equation 6."""
    return (mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle)) / (2 * mpmath.pi)


def _rectified_square(angle):
    """K of max(x, 0)²: equation 7."""
    c = mpmath.cos(angle)
    return (3 * mpmath.sin(angle) * c + (mpmath.pi - angle) * (1 + 2 * c**2)) / (2 * mpmath.pi)


def _sided(angle):
    """K of max(x, 0)·x + x²/2, whose jumps are of even order alone and which has terms of either parity."""
    c = mpmath.cos(angle)
    # max(x, 0) x = (x² + x|x|)/2: what is odd and what is even apart
    square, whole = _rectified_square(angle), 1 + 2 * c**2
    return (square - whole / 4) + whole


@pytest.mark.parametrize(
    ("f", "jumps", "exact"),
    [
        (lambda z: jnp.maximum(z, 0), ((1, 1.0),), _rectified),
        (lambda z: jnp.maximum(z, 0) ** 2, ((2, 2.0),), _rectified_square),
        (lambda z: jnp.maximum(z, 0) * z + z**2 / 2, ((2, 2.0),), _sided),
    ],
)
def test_the_distance_from_full_correlation_keeps_its_digits(f, jumps, exact):
    def core(left, right, fold):
        return series.core_fold(left, right, fold, lambda gap: gap)

    found, error = _of_all_folds(core, f, Kink(jumps), 1.0, 1.0)
    assert float(error) == 0
    with mpmath.workdps(40):
        for fold, value in zip(FOLDS, found, strict=True):
            gap = 1 - exact(_angle(fold)) / exact(mpmath.mpf(0))
            assert float(value if value >= 0 else 2 + value) == pytest.approx(float(gap), rel=1e-13)


def test_the_kernel_of_a_jump():
    # E[step(u) step(v)] = (π - θ)/2π, Sheppard 1899: coefficients that fall like n^(-3/4)
    found, error = _of_all_folds(
        series.covariance, lambda z: jnp.where(z > 0, 1.0, 0.0), Kink(((0, 1.0),)), 2.0, 0.5
    )
    assert float(error) == 0
    expected = [float((mpmath.pi - _angle(fold)) / (2 * mpmath.pi)) for fold in FOLDS]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-15)


def test_two_variances_and_a_slope():
    # K(q1, q2, c) = √(q1 q2) K(1, 1, c), and ∂K/∂c = E[f′f′]
    def covariance(left, right, fold):
        total = series.covariance(left, right, fold)[0].sum()
        return jnp.stack(jax.value_and_grad(lambda s: series.covariance(left, right, s)[0].sum())(fold)[1:])[
            0
        ], total

    slopes, _ = _of_all_folds(covariance, lambda z: jnp.maximum(z, 0), Kink(((1, 1.0),)), 0.3, 7.0)
    values, _ = _of_all_folds(series.covariance, lambda z: jnp.maximum(z, 0), Kink(((1, 1.0),)), 0.3, 7.0)
    expected = [2.1**0.5 * float(_rectified(_angle(fold))) for fold in FOLDS]
    np.testing.assert_allclose(values, expected, rtol=0, atol=3e-15)
    # at c < 0 as at c > 0 a fold falls where c rises
    expected = [-(2.1**0.5) * float((mpmath.pi - _angle(fold)) / (2 * mpmath.pi)) for fold in FOLDS]
    np.testing.assert_allclose(slopes, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("apart", [1e-9, 1e-6, 1e-3])
def test_norms_that_are_near(apart):
    # f(eʰz) for f = z³ + 6 z₊ at c = 1, where 1 - c′ is 1 - K/√(V₁V₂) with E[z⁶] = 15, E[z⁴] = 3, E[z²] = 1
    def core(left, right, fold):
        near = dilation.near(left, right, jnp.full(fold.shape, -apart))
        return series.core_fold(left, right, fold, lambda gap: jnp.where(near.where, near.gap, gap))

    f = lambda z: z**3 + 6 * jnp.maximum(z, 0)  # noqa: E731
    side = [
        series.coefficients(f, jnp.array([v]), None, COARSEST, Kink(((1, 6.0),))) for v in (1.0, np.exp(2 * apart))
    ]
    found, _ = core(*side, jnp.full((1, 1), 0.0))
    with mpmath.workdps(60):
        t = mpmath.exp(mpmath.mpf(apart))
        lengths = [15 * s**6 + 18 * s**4 + 18 * s**2 for s in (mpmath.mpf(1), t)]
        cross = 15 * t**3 + 9 * (t**3 + t) + 18 * t
        exact = 1 - cross / mpmath.sqrt(lengths[0] * lengths[1])
    assert float(found[0, 0]) == pytest.approx(float(exact), rel=1e-11)


def test_too_large_a_variance_is_reported():
    # x/(1 + |x|) at variance 100 is no polynomial in 1/n from 64 on: at c = 1 the bound is what is missing
    softsign, jumps = (lambda z: z / (1 + jnp.abs(z))), Kink(((2, -4.0),))
    side = series.coefficients(softsign, jnp.array([100.0]), None, COARSEST, jumps)
    value, error = jax.jit(lambda fold: series.covariance(side, side, fold))(jnp.zeros((1, 1)))
    assert 1e-9 < abs(float(value[0, 0] / side.size[0]) - 1) <= 1.001 * float(error)


@pytest.mark.parametrize(
    ("text", "jumps", "sides"),
    [
        ("softsign", ((2, -4.0),), "odd"),
        ("max(x, 0)*cos(x)", ((1, 1.0),), None),
        ("max(x, 0)*tanh(x)", ((2, 2.0),), None),
        ("abs(x)*cos(x)", ((1, 2.0),), "even"),
        ("where(x > 0, sin(x) + x**2, x/2)", ((1, 0.5), (2, 2.0)), None),
    ],
)
def test_jumps_are_found(text, jumps, sides):
    f = ntk.activation(text).expression
    assert kink(f) == Kink(jumps)
    assert parity(f) == sides


def test_derivatives_that_have_no_limit():
    assert kink(sympy.Piecewise((0, x < 0), (sympy.sqrt(x), True))) == Kink(())


@pytest.mark.slow
def test_gradients_are_finite_at_equal_and_antipodal_inputs():
    points = jnp.array([[1.0, 0.5], [1.0, 0.5], [-1.0, -0.5], [2.0, 1.0]])
    kernel = ntk.mlp("max(x, 0)*cos(x)", depth=1, W_std=1.2).kernel_fn.at(COARSEST)
    _, slopes = jax.jit(jax.value_and_grad(lambda p: sum(k.sum() for k in kernel.pairs(p, p)[:2])))(points)
    assert np.all(np.isfinite(slopes))
