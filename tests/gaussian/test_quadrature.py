"""Numbers of unevaluated expectations with pieces: against closed forms, quadrature, and their limits."""

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Lambda, Rational

from ntk_theory.activation import activation
from ntk_theory.dual import dual, mixed_kernel
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.gaussian import GaussianCovariance, GaussianMean
from ntk_theory.symbols import c, q, q1, q2, x

POINT = {q1: Rational(5, 4), q2: Rational(3, 4), c: Rational(-3, 8)}


def unevaluated(text):
    f = Lambda(x, activation(text).expression)
    return GaussianCovariance(f, f, q1, q2, c)


@pytest.mark.parametrize("text", ["max(x,0)", "sign(x)"])
@pytest.mark.parametrize("correlation", ["-3/8", "0.99999"])
def test_pieces_against_the_closed_form(text, correlation):
    point = POINT | {c: Rational(correlation)}
    difference = unevaluated(text).subs(point).evalf(15) - dual(text).kernel.subs(point).evalf(20)
    assert abs(difference) < 1e-14


@pytest.mark.slow
def test_thirty_digits():
    difference = unevaluated("max(x,0)").subs(POINT).evalf(30) - dual("relu").kernel.subs(POINT).evalf(40)
    assert abs(difference) < 1e-29


def test_a_singularity_that_can_be_integrated():
    # E[x₊ log x₊] at variance 1 is ∫₀^∞ x log x e^{-x²/2}/√(2π) = (log 2 - γ)/(2√(2π))
    mean = GaussianMean(Lambda(x, activation("where(x > 0, x*log(x), 0)").expression), 1).evalf(25)
    exact = (sympy.log(2) - sympy.EulerGamma) / (2 * sympy.sqrt(2 * sympy.pi))
    assert abs(mean - exact.evalf(30)) < 1e-24


@pytest.mark.parametrize("sign", [1, -1])
def test_full_correlation_and_variance_zero(sign):
    f = Lambda(x, activation("max(x + 1, 0)").expression)
    edge = GaussianCovariance(f, f, 1, 2, sign).evalf(15)
    near = GaussianCovariance(f, f, 1, 2, sign * (1 - Rational(1, 10**12))).evalf(15)
    assert abs(edge - near) < 1e-9
    at_zero = GaussianCovariance(f, f, 0, 2, Rational(1, 2)).evalf(15)
    assert abs(at_zero - GaussianMean(f, 2).evalf(15)) < 1e-14


OUTSIDE = {
    "softsign": lambda t: t / (1 + np.abs(t)),
    "relu(x)*tanh(x)": lambda t: np.maximum(t, 0) * np.tanh(t),
    "where(x > 0, tanh(x), x)": lambda t: np.where(t > 0, np.tanh(t), t),
    "max(x, 0)*cos(x)": lambda t: np.maximum(t, 0) * np.cos(t),
    "erf(x)*sin(x)": lambda t: np.vectorize(mpmath.erf, otypes=[float])(t) * np.sin(t),
    "exp(-x**2)*sin(x)*heaviside(x + 1/2)": lambda t: np.exp(-t * t) * np.sin(t) * (t > -0.5),
    "tanh(soft_shrink(x))": lambda t: np.tanh(np.maximum(t - 0.5, 0) + np.minimum(t + 0.5, 0)),
    "max(x - 1, 0)*erf(x)": lambda t: np.maximum(t - 1, 0) * np.vectorize(mpmath.erf, otypes=[float])(t),
    "erf(x)*erf(x - 1)": lambda t: np.prod(
        [np.vectorize(mpmath.erf, otypes=[float])(s) for s in (t, t - 1)], axis=0
    ),
    "exp(-abs(x)**3)": lambda t: np.exp(-(np.abs(t) ** 3)),
    "x*logistic(x)*heaviside(x)": lambda t: t / (1 + np.exp(-t)) * (t > 0),
    "log(1 + abs(x))": lambda t: np.log1p(np.abs(t)),
}


@pytest.mark.parametrize("text", [pytest.param(t, marks=[pytest.mark.slow] * ("erf" in t)) for t in OUTSIDE])
def test_what_the_calculus_does_not_close_is_represented_exactly(text, gaussian_pair):
    derived = dual(text)
    assert not derived.closed_form
    assert "No elementary form" in derived.reason
    assert all(z.holds for z in derived.certificates)
    expected = gaussian_pair(OUTSIDE[text], OUTSIDE[text], 1.25, 0.75, -0.375, cuts=(-0.5, 0.0, 0.5, 1.0))
    value = float(derived.kernel.subs(POINT).evalf(10))
    assert value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("text", ["x/(1 + abs(x))", pytest.param("sign(x)*cos(x)", marks=pytest.mark.slow)])
@pytest.mark.parametrize("symbol", [c, q1, pytest.param(q2, marks=pytest.mark.slow)])
def test_derivatives_of_expectations_with_pieces(text, symbol):
    pair = unevaluated(text)
    step = Rational(1, 10**4)
    ahead, behind = (pair.subs(POINT | {symbol: POINT[symbol] + s}).evalf(14) for s in (step, -step))
    assert abs(pair.diff(symbol).subs(POINT).evalf(12) - (ahead - behind) / (2 * step)) < 1e-7


@pytest.mark.parametrize("text", ["x/(1 + abs(x))", "max(x, 0)*cos(x)", "sign(x)*cos(x)"])
def test_derivatives_of_means_with_pieces(text):
    mean = GaussianMean(Lambda(x, activation(text).squared.expression + x * activation(text).expression), q)
    step = Rational(1, 10**5)
    ahead, behind = (mean.subs(q, 2 + s).evalf(20) for s in (step, -step))
    assert abs(mean.diff(q).subs(q, 2).evalf(15) - (ahead - behind) / (2 * step)) < 1e-9


def test_parameters_of_representations_stay_symbols():
    alpha = sympy.Symbol("alpha", positive=True)
    derived = dual("tanh(alpha*x)")
    tanh = Lambda(x, sympy.tanh(x))
    assert derived.kernel == GaussianCovariance(tanh, tanh, alpha**2 * q1, alpha**2 * q2, c)
    assert dual("x/(alpha + abs(x))").kernel.subs(alpha, 1).subs(POINT).evalf(8) == dual("softsign").kernel.subs(
        POINT
    ).evalf(8)


def test_mixed_kernels_with_pieces_outside_the_class(gaussian_pair):
    value = mixed_kernel("tanh", "relu").subs(POINT).evalf(12)
    expected = gaussian_pair(np.tanh, lambda t: np.maximum(t, 0), 1.25, 0.75, -0.375, cuts=(0.0,))
    assert float(value) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    "text", ["where(x > 0, 1/x, tanh(x))", "where(x > 1, log(x - 2), 0)*tanh(x)", "where(x > 0, exp(x**3), 0)"]
)
def test_expectations_that_do_not_exist_are_refused(text):
    with pytest.raises(DivergentExpectationError):
        dual(text)


def test_a_slope_that_is_not_square_integrable():
    derived = dual("where(x > 0, sqrt(x), tanh(x))")
    with pytest.raises(DivergentExpectationError, match="not square-integrable"):
        derived.derivative  # noqa: B018


@pytest.mark.slow
@given(st.sampled_from(sorted(OUTSIDE)), st.sampled_from(["0.3", "-0.8"]))
@settings(max_examples=3)
def test_representations_obey_price(text, correlation):
    derived = dual(text)
    if derived.derivative_kernel is None:
        return
    point = POINT | {c: Rational(correlation)}
    step = Rational(1, 10**4)
    ahead, behind = (derived.kernel.subs(point | {c: point[c] + s}).evalf(13) for s in (step, -step))
    slope = (sympy.sqrt(q1 * q2) * derived.derivative).subs(point).evalf(10)
    assert abs((ahead - behind) / (2 * step) - slope) < 1e-6
