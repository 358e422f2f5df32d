"""Laws of every kernel, positive semi-definite and absolutely monotone; whole published families."""

from math import factorial

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import acos, cos, pi, sin, sqrt

from ntk_theory.activation import NAMED, activation
from ntk_theory.dual import dual
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.algebra import ROOT_1, ROOT_2
from ntk_theory.gaussian.closed_form import ClosedForm
from ntk_theory.gaussian.relations import reduced
from ntk_theory.symbols import c, q, q1, q2

# those without a closed form are codegen's Hermite series, and positive by construction
CLOSED = sorted(set(NAMED) - {"arctan", "logistic", "mish", "silu", "softplus", "softsign", "tanh"})

PARTS = st.sampled_from(
    [
        "max(x, 0)",
        "x**2*heaviside(x - 1/3)",
        "erf(x + 1/2)",
        "abs(x)",
        "exp(x/3)",
        "x*exp(-x**2)",
        "sign(x)*x**2",
        "x",
    ]
)
WHOLE = st.one_of(
    st.sampled_from(CLOSED),
    st.tuples(PARTS, PARTS, st.integers(-2, 2)).map(lambda t: f"{t[0]} + ({t[2]})*({t[1]})"),
)
INPUTS = st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=4, max_size=4)


@settings(max_examples=8)
@given(WHOLE, INPUTS)
def test_gram_matrices_of_any_inputs_are_positive_semidefinite(name, rows):
    inputs = np.array(rows)
    covariance = inputs @ inputs.T + np.eye(4, dtype=int)  # variances that differ, no two inputs parallel
    derived = dual(name)
    assume(derived.closed_form)
    # variances of at most 28/56 keep exp(2q) within what float holds beside the others
    gram = np.empty((4, 4))
    for i in range(4):
        for j in range(i + 1):
            first, second, both = (sympy.Rational(int(covariance[k]), 56) for k in ((i, i), (j, j), (i, j)))
            at = {q1: first, q2: second, c: both / sqrt(first * second)}
            formula = derived.variance.subs(q, first) if i == j else derived.kernel.subs(at)
            gram[i, j] = gram[j, i] = float(formula.evalf(20))
    assert np.linalg.eigvalsh(gram).min() >= -1e-12 * np.trace(gram)


def taylor_coefficients_are_squares(text, degrees):
    form = ClosedForm(activation(text))
    algebra = form.algebra
    slope = form.kernel
    for n in range(degrees):
        at_zero = slope.substitute({ROOT_2: algebra.generator(ROOT_1), c: algebra.zero})
        coefficient = form.hermite(n)
        squared = coefficient * coefficient
        difference = at_zero - sum((squared for _ in range(factorial(n))), algebra.constant(0))
        assert reduced(difference).is_zero, (text, n)
        slope = slope.diff(c)


SERIES = ["relu", "relu3", "erf", "gelu", "elu", "hard_tanh", "sin", "gaussian", "shifted_relu", "abrelu", "snake"]


@pytest.mark.parametrize("name", SERIES)
def test_taylor_coefficients_in_c_are_squares_of_hermite_coefficients(name):
    """∂ⁿK(q, q, 0)/∂cⁿ = n! a_n(q)² ≥ 0, exactly: K is absolutely monotone (Schoenberg 1942)."""
    taylor_coefficients_are_squares(name, 4)


@settings(max_examples=6)
@given(PARTS, PARTS, st.integers(-2, 2))
def test_taylor_coefficients_of_random_members(first, second, weight):
    try:
        taylor_coefficients_are_squares(f"{first} + ({weight})*({second})", 3)
    except NotInClassError:
        assume(False)


@pytest.mark.parametrize("n", range(5))
def test_cho_and_saul_of_every_order(n):
    """Cho & Saul 2009, eq. 4: J_n(θ) = (-1)ⁿ (sin θ)²ⁿ⁺¹ (1/sin θ ∂/∂θ)ⁿ ((π - θ)/sin θ)."""
    theta = sympy.Symbol("theta", positive=True)
    angular = (pi - theta) / sin(theta)
    for _ in range(n):
        angular = sympy.diff(angular, theta) / sin(theta)
    angular *= (-1) ** n * sin(theta) ** (2 * n + 1)
    kernel = dual(f"max(x, 0)**{n}" if n else "step").kernel
    for point in ("-9/10", "1/7", "4/5"):
        at = {q1: sympy.Rational(3, 2), q2: sympy.Rational(2, 5), c: sympy.Rational(point)}
        expected = sqrt(at[q1] * at[q2]) ** n * angular.subs(theta, acos(at[c])) / (2 * pi)
        assert abs(kernel.subs(at).evalf(40) / expected.evalf(40) - 1) < 1e-35


@pytest.mark.parametrize("m", range(1, 8))
def test_monomials_of_every_degree(m):
    """E[uᵐvᵐ] by Hermite's expansion of xᵐ (Han et al. 2022, monomials): Σ (m!/(k! j! 2ʲ))² k! cᵏ, k + 2j = m."""
    powers = [(m - 2 * j, j) for j in range(m // 2 + 1)]
    series = sum(
        sympy.Rational(factorial(m), factorial(k) * factorial(j) * 2**j) ** 2 * factorial(k) * c**k
        for k, j in powers
    )
    expected = sqrt(q1) ** m * sqrt(q2) ** m * series
    assert sympy.expand(dual(f"x**{m}").kernel - expected) == 0


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_polynomials_by_daniely(m):
    """Daniely, Frostig & Singer 2016, lemma 11: the dual of Σ b_n h_n at unit variance is Σ b_n² cⁿ."""
    hermite = [sympy.S.One, sympy.Symbol("x")]
    for n in range(1, m):
        hermite.append(sympy.expand(hermite[1] * hermite[n] - n * hermite[n - 1]))
    text = " + ".join(f"{n + 2}*({h})/sqrt({factorial(n)})" for n, h in enumerate(hermite[: m + 1]))
    kernel = dual(text).kernel.subs({q1: 1, q2: 1})
    assert sympy.expand(kernel - sum((n + 2) ** 2 * c**n for n in range(m + 1))) == 0


@pytest.mark.parametrize("name", ["sin", "cos", "sin(2*x + 1)"])
def test_waves_by_their_characteristic_function(name):
    """Han et al. 2022: E[cos(u ∓ v)] = exp(-(q1 + q2 ∓ 2κ)/2) and sin a sin b = (cos(a - b) - cos(a + b))/2."""
    slope, phase, sign = {"sin": (1, 0, -1), "cos": (1, 0, 1), "sin(2*x + 1)": (2, 1, -1)}[name]
    kappa = c * sqrt(q1 * q2)
    apart, together = (sympy.exp(-(slope**2) * (q1 + q2 + s * 2 * kappa) / 2) for s in (-1, 1))
    expected = (apart + sign * cos(2 * phase) * together) / 2
    at = {q1: sympy.Rational(3, 4), q2: sympy.Rational(5, 3), c: sympy.Rational(-2, 7)}
    assert abs((dual(name).kernel - expected).subs(at).evalf(40)) < 1e-35


def test_gelu_by_tsuchida():
    """Tsuchida et al. 2021, Proposition 3: with s = c√(q1 q2), P = (1 + q1)(1 + q2), D = P - s²,
    s/4 + s asin(s/√P)/(2π) + (s² + q1 q2 D)/(2π P √D)."""
    s = c * sqrt(q1 * q2)
    product = (1 + q1) * (1 + q2)
    gap = product - s**2
    expected = s / 4 + s * sympy.asin(s / sqrt(product)) / (2 * pi)
    expected += (s**2 + q1 * q2 * gap) / (2 * pi * product * sqrt(gap))
    derived = dual("gelu")
    for point in ("-9/10", "1/7", "4/5"):
        at = {q1: sympy.Rational(3, 2), q2: sympy.Rational(2, 5), c: sympy.Rational(point)}
        assert abs(derived.kernel.subs(at).evalf(40) / expected.subs(at).evalf(40) - 1) < 1e-35
        slope = (sympy.diff(expected, c) / sqrt(q1 * q2)).subs(at).evalf(40)
        assert abs(derived.derivative.subs(at).evalf(40) / slope - 1) < 1e-35
