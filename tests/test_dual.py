"""Duals: against tabulated values, published forms, quadrature of random members of the class, and their laws."""

import dataclasses

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import acos, asin, pi, sqrt

from ntk_theory.activation import activation
from ntk_theory.dual import dual, latex, mixed_kernel
from ntk_theory.errors import DataError, DivergentExpectationError, NotInClassError
from ntk_theory.gaussian import GaussianCovariance, GaussianMean, limits
from ntk_theory.symbols import c, q, q1, q2, x

theta = acos(c)

# Cho & Saul 2009, eqs. 3-7 (with the factor 1/2 of E over both halves), Williams 1998, eq. 10.
PUBLISHED = {
    "step": ((pi - theta) / (2 * pi), None),
    "relu": (
        sqrt(q1 * q2) * (sqrt(1 - c**2) + (pi - theta) * c) / (2 * pi),
        (pi - theta) / (2 * pi),
    ),
    "max(x,0)**2": (
        q1 * q2 * (3 * sqrt(1 - c**2) * c + (pi - theta) * (1 + 2 * c**2)) / (2 * pi),
        2 * sqrt(q1 * q2) * (sqrt(1 - c**2) + (pi - theta) * c) / pi,
    ),
    "max(x,0)**3": (
        (q1 * q2) ** sympy.Rational(3, 2)
        * (sqrt(1 - c**2) * (4 + 11 * c**2) + (pi - theta) * (9 * c + 6 * c**3))
        / (2 * pi),
        9 * q1 * q2 * (3 * sqrt(1 - c**2) * c + (pi - theta) * (1 + 2 * c**2)) / (2 * pi),
    ),
    "erf": (
        2 / pi * asin(2 * c * sqrt(q1 * q2) / sqrt((1 + 2 * q1) * (1 + 2 * q2))),
        4 / pi / sqrt((1 + 2 * q1) * (1 + 2 * q2) - 4 * c**2 * q1 * q2),
    ),
    "sign": (2 / pi * asin(c), None),
    # Han et al. 2022, table of dual activations
    "sin": (
        sympy.exp(-(q1 + q2) / 2) * sympy.sinh(c * sqrt(q1 * q2)),
        sympy.exp(-(q1 + q2) / 2) * sympy.cosh(c * sqrt(q1 * q2)),
    ),
    "cos": (
        sympy.exp(-(q1 + q2) / 2) * sympy.cosh(c * sqrt(q1 * q2)),
        sympy.exp(-(q1 + q2) / 2) * sympy.sinh(c * sqrt(q1 * q2)),
    ),
    "rbf": (
        sympy.exp(-(q1 + q2 - 2 * c * sqrt(q1 * q2))),
        2 * sympy.exp(-(q1 + q2 - 2 * c * sqrt(q1 * q2))),
    ),
    "gaussian": (
        1 / sqrt((1 + 2 * q1) * (1 + 2 * q2) - 4 * c**2 * q1 * q2),
        4 * c * sqrt(q1 * q2) / ((1 + 2 * q1) * (1 + 2 * q2) - 4 * c**2 * q1 * q2) ** sympy.Rational(3, 2),
    ),
    "abs": (2 / pi * sqrt(q1 * q2) * (sqrt(1 - c**2) + c * asin(c)), 2 / pi * asin(c)),
    # a x₊ + b x₋ = (a + b)/2·x + (a - b)/2·|x|, and the two parts are orthogonal
    "abrelu(x, 3, 1/2)": (
        sqrt(q1 * q2) * (sympy.Rational(49, 16) * c + sympy.Rational(25, 8) / pi * (sqrt(1 - c**2) + c * asin(c))),
        sympy.Rational(49, 16) + sympy.Rational(25, 8) / pi * asin(c),
    ),
    # Daniely, Frostig & Singer 2016: the orthonormal Hermite polynomial h_3 at unit variance has dual c³
    "(x**3 - 3*x)/sqrt(6)": (None, None),
    "exp": (
        sympy.exp((q1 + q2) / 2 + c * sqrt(q1 * q2)),
        sympy.exp((q1 + q2) / 2 + c * sqrt(q1 * q2)),
    ),
}

POINTS = [(1, 1, "0.5"), (2, "0.7", "-0.3"), ("1.3", "0.8", "0.99"), ("0.01", "100", "-0.9")]


def at(formula, first, second, correlation, digits=40):
    values = {q1: sympy.Rational(first), q2: sympy.Rational(second), c: sympy.Rational(correlation)}
    return mpmath.mpf(formula.subs(values).evalf(digits))


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("point", POINTS)
def test_agrees_with_published_forms_to_35_digits(name, point):
    kernel, derivative = PUBLISHED[name]
    derived = dual(name)
    if kernel is None:
        assert sympy.expand(derived.kernel.subs({q1: 1, q2: 1})) == c**3
        return
    pairs = [(derived.kernel, kernel)] + ([] if derivative is None else [(derived.derivative, derivative)])
    for ours, theirs in pairs:
        with mpmath.workdps(40):
            assert abs(at(ours, *point) / at(theirs, *point) - 1) < mpmath.mpf("1e-35")


def test_agrees_with_the_table(reference):
    for entry in reference("duals.json"):
        first, second, product = (sympy.Rational(entry[k]) for k in ("q1", "q2", "covariance"))
        derived = dual(entry["activation"])
        if not derived.closed_form and entry["q2"] != "0.7":
            continue  # a second each: tests/enclosure has them all, in balls
        formula = derived.kernel if entry["which"] == "K" else derived.derivative
        digits = 30 if derived.closed_form else 15
        with mpmath.workdps(40):
            value = formula.subs({q1: first, q2: second, c: product / sqrt(first * second)}).evalf(digits)
            error = abs(mpmath.mpf(value) - mpmath.mpf(entry["value"]))
            # entries outside the class were computed by quadrature, to 22 digits
            assert error <= mpmath.mpf(10) ** (-27 if derived.closed_form else -13), (entry, value)


def test_relu_prints_as_cho_and_saul():
    assert str(dual("relu").kernel) == "sqrt(q1)*sqrt(q2)*(c*(pi - acos(c)) + sqrt(1 - c**2))/(2*pi)"
    assert latex(dual("relu").derivative) == r"\frac{\pi - \arccos{\left(c \right)}}{2 \pi}"


def test_erf_prints_as_williams():
    expected = "2*asin(2*c*sqrt(q1)*sqrt(q2)/(sqrt(2*q1 + 1)*sqrt(2*q2 + 1)))/pi"
    assert str(dual("erf").kernel) == expected


# Random members of the class: smooth parts, cut at 0 or not, added up.
SMOOTH = st.sampled_from(
    ["1", "x", "x**2", "x**3", "erf(x)", "x*erf(x/2)", "exp(-x**2/3)", "x*exp(-x**2)", "Phi(x)", "exp(x/2)"]
)
PART = st.tuples(st.sampled_from(["", "-1/2*", "2*"]), SMOOTH, st.sampled_from(["", "heaviside(x)*"])).map(
    lambda t: t[0] + t[2] + t[1]
)
CONTINUOUS = st.tuples(SMOOTH, st.sampled_from(["max(x,0)", "abs(x)", "min(x,0)*x", "max(x,x/4)", "x"])).map(
    lambda t: f"{t[0]} + {t[1]}"
)
VARIANCE = st.sampled_from(["0.2", "1", "2.5"])
CORRELATION = st.sampled_from(["-0.9", "-0.3", "0", "0.5", "0.95"])


def numeric(phi):
    return np.vectorize(
        sympy.lambdify(x, phi.expression, ["math", {"Heaviside": lambda t, h=0.5: h if t == 0 else float(t > 0)}]),
        otypes=[float],
    )


def closed(text):
    """The dual where it is a closed form; tests/gaussian/test_quadrature.py has the representations."""
    derived = dual(text)
    return derived if derived.closed_form else None


@given(PART, PART, VARIANCE, VARIANCE, CORRELATION)
def test_kernels_of_random_members_agree_with_quadrature(gaussian_pair, first, second, a, b, correlation):
    phi = activation(f"{first} + {second}")
    derived = closed(phi.expression)
    if derived is None:
        return
    f = numeric(phi)
    expected = gaussian_pair(f, f, float(a), float(b), float(correlation), cuts=(0.0,))
    assert float(at(derived.kernel, a, b, correlation)) == pytest.approx(expected, rel=1e-9, abs=1e-10)
    assert all(certificate.holds for certificate in derived.certificates)


@given(CONTINUOUS, VARIANCE, VARIANCE, CORRELATION)
def test_derivatives_of_random_members_agree_with_quadrature(gaussian_pair, text, a, b, correlation):
    derived = closed(text)
    if derived is None:
        return
    slope = sympy.lambdify(x, derived.activation.derivative.expression, "math")
    f = np.vectorize(slope, otypes=[float])
    expected = gaussian_pair(f, f, float(a), float(b), float(correlation), cuts=(0.0,))
    assert float(at(derived.derivative, a, b, correlation)) == pytest.approx(expected, rel=1e-9, abs=1e-10)


@given(CONTINUOUS)
def test_the_diagonal_is_the_limit_of_the_pair(text):
    derived = closed(text)
    if derived is None:
        return
    for pair, single in (
        (derived.kernel, derived.variance),
        (derived.derivative, derived.derivative_variance),
    ):
        limit = at(pair, "1.7", "1.7", 1 - sympy.Rational(1, 10**24))
        exact = mpmath.mpf(single.subs(q, sympy.Rational("1.7")).evalf(30))
        assert abs(limit - exact) < 1e-9 * (1 + abs(exact))


@given(CONTINUOUS, st.integers(1, 3))
def test_scaling(text, b):
    plain, scaled = closed(text), closed(activation(text).expression.subs(x, b * x))
    if plain is None or scaled is None:
        return
    assert abs(at(plain.kernel, b * b, 2 * b * b, "0.4") - at(scaled.kernel, 1, 2, "0.4")) < 1e-25


@given(SMOOTH, CONTINUOUS, st.integers(-2, 3))
def test_bilinearity(first, second, weight):
    whole = dual(f"{first} + ({weight})*({second})").kernel
    parts = [dual(first).kernel, dual(second).kernel]
    across = [mixed_kernel(first, second), mixed_kernel(second, first)]
    if any(formula.has(GaussianCovariance) for formula in (whole, *parts, *across)):
        return
    point = ("1.2", "0.7", "-0.35")
    with mpmath.workdps(40):
        squares = at(parts[0], *point) + weight**2 * at(parts[1], *point)
        total = squares + weight * sum(at(f, *point) for f in across)
        assert abs(at(whole, *point) - total) < 1e-25 * (1 + abs(total))


@pytest.mark.parametrize("name", ["erf", "sin", "x**3", "x*abs(x)", "hard_tanh", "soft_shrink"])
def test_an_odd_function_has_an_odd_kernel(name):
    kernel = dual(name).kernel
    assert abs(at(kernel, 1, 2, "0.6") + at(kernel, 1, 2, "-0.6")) < 1e-25


@pytest.mark.parametrize("name", ["cos", "abs", "gaussian", "x**2", "triangle"])
def test_an_even_function_has_an_even_kernel(name):
    kernel = dual(name).kernel
    assert abs(at(kernel, 1, 2, "0.6") - at(kernel, 1, 2, "-0.6")) < 1e-25


def test_the_slope_of_softplus_is_the_logistic():
    assert dual("softplus").derivative == dual("logistic").kernel
    assert dual("softplus").derivative_variance == dual("logistic").variance


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "leaky_relu", "gaussian", "x**3"])
def test_symmetric_and_positive_semidefinite(name):
    kernel = dual(name).kernel
    points = [sympy.Rational(k, 5) for k in range(-4, 5, 2)]
    at_points = [float(at(kernel, 1, 1, p, 20)) for p in points]
    # K(c) absolutely monotone: its values at cosines of equally spaced angles make PSD circulants
    angles = np.arange(7) * 2 * np.pi / 7
    gram = [[float(at(kernel, 1, 1, str(np.cos(s - t).round(12)), 20)) for s in angles] for t in angles]
    assert np.linalg.eigvalsh(gram).min() > -1e-9
    assert float(at(kernel, 2, "0.5", "0.3", 20)) == pytest.approx(float(at(kernel, "0.5", 2, "0.3", 20)))
    if activation(name).parity is None:
        assert at_points == sorted(at_points)


def test_the_logistic_is_tanh_at_a_quarter():
    derived = dual("logistic")
    assert not derived.closed_form
    assert "elementary" in derived.reason
    core = sympy.Lambda(x, sympy.tanh(x))
    quarter = GaussianCovariance(core, core, q1 / 4, q2 / 4, c)
    assert derived.kernel == sympy.Rational(1, 4) + quarter / 4
    assert derived.variance == sympy.Rational(1, 4) + GaussianMean(sympy.Lambda(x, sympy.tanh(x) ** 2), q / 4) / 4


@pytest.mark.parametrize("name", ["tanh", "logistic", "softplus", "silu", "sin", "arctan"])
def test_representations_obey_price(name, gaussian_pair):
    derived = dual(name)
    f = np.vectorize(sympy.lambdify(x, activation(name).expression, "math"), otypes=[float])
    step = 1e-4
    ahead, behind = (gaussian_pair(f, f, 1.5, 0.5, 0.3 + s) for s in (step, -step))
    slope = (ahead - behind) / (2 * step) / np.sqrt(0.75)
    assert float(at(derived.derivative, "1.5", "0.5", "0.3", 20)) == pytest.approx(slope, abs=1e-7)


def test_jumps_keep_the_nngp_and_lose_the_ntk():
    derived = dual("sign")
    assert derived.kernel == 2 * asin(c) / pi
    with pytest.raises(DivergentExpectationError, match="jumps by 2 at x = 0"):
        derived.derivative  # noqa: B018
    with pytest.raises(DivergentExpectationError, match="jumps by 2 at x = 0"):
        derived.derivative_variance  # noqa: B018


def test_a_theory_of_ones_own_carries_no_certificates():
    derived = dual("relu")
    planted = derived.replace(derivative=derived.kernel)
    assert planted.derivative == derived.kernel
    assert planted.certificates == ()
    assert dataclasses.replace(planted, certificates=()) == planted


def test_parameters_stay_symbols():
    derived = dual("max(x, 0) + alpha*x")
    alpha = sympy.Symbol("alpha", positive=True)
    assert derived.activation.parameters == (alpha,)
    at_third = derived.kernel.subs(alpha, sympy.Rational(1, 3))
    number = dual("max(x, 0) + x/3").kernel
    assert abs(at(at_third, 1, 2, "0.3") - at(number, 1, 2, "0.3")) < 1e-30


EDGES = ["relu", "erf", "hard_tanh", "elu", "gelu", "sin", "logistic", "max(x - 1/2, 0) + exp(-x**2)"]


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("sign", [1, -1])
def test_values_at_full_correlation_are_limits(name, sign):
    derived = dual(name)
    if not derived.closed_form:
        edge = float(derived.value(1, 2, sign).evalf(15))
        near = float(derived.value(1, 2, sign * sympy.Rational(999_999, 1_000_000)).evalf(15))
        assert near == pytest.approx(edge, abs=1e-6)
        return
    near = derived.value(1, 2, sign * (1 - sympy.Rational(1, 10**20)))
    assert abs(derived.value(1, 2, sign).evalf(30) - near.evalf(30)) < 1e-9


@pytest.mark.parametrize("name", [*EDGES, "step", "sign"])
def test_values_at_zero_variance_are_limits(name):
    derived = dual(name)
    edge = derived.value(0, 2, "1/2").evalf(15)
    near = limits.mean(derived.activation, sympy.Rational(1, 10**16)) * derived.mean.subs(q, 2)
    assert abs(edge - near.evalf(15)) < 1e-7


@pytest.mark.parametrize("numbers", [(-1, 1, 0), (1, -1, 0), (1, 1, 2), (float("nan"), 1, 0)])
def test_values_outside_the_domain_are_refused(numbers):
    with pytest.raises(DataError):
        dual("relu").value(*numbers)


@pytest.mark.parametrize("name", ["relu", "erf_sigmoid", "elu", "cos", "hard_tanh", "gelu"])
def test_hermite_coefficients_sum_to_the_kernel(name):
    derived = dual(name)
    coefficients = [float(derived.hermite(n).subs(q, sympy.Rational(3, 2)).evalf(15)) for n in range(13)]
    series = sum(a * a * 0.4**n for n, a in enumerate(coefficients))
    assert float(derived.value("1.5", "1.5", "0.4").evalf(15)) == pytest.approx(series, abs=2e-6)
    assert coefficients[0] == pytest.approx(float(derived.mean.subs(q, sympy.Rational(3, 2)).evalf(15)))


def test_hermite_coefficients_of_erf_in_closed_form():
    # Daniely, Frostig & Singer 2016: odd n only; a_1(q) = 2√q/√(π(1 + 2q))
    assert dual("erf").hermite(2) == 0
    assert sympy.simplify(dual("erf").hermite(1) - 2 * sqrt(q) / sqrt(pi * (1 + 2 * q))) == 0
    with pytest.raises(DataError):
        dual("erf").hermite(-1)


@pytest.mark.parametrize(
    ("first", "second"), [("relu", "erf"), ("elu", "x**2"), ("x", "abs(x)*x"), ("step", "gelu"), ("sin", "x")]
)
def test_mixed_kernels_against_quadrature(first, second, gaussian_pair):
    f, g = (numeric(activation(name)) for name in (first, second))
    value = float(at(mixed_kernel(first, second), "1.2", "0.6", "-0.4", 15))
    assert value == pytest.approx(gaussian_pair(f, g, 1.2, 0.6, -0.4, cuts=(0.0,)), abs=1e-10)


def test_mixed_kernels_outside_the_class():
    # E[tanh(u) v] = κ E[tanh′(u)]
    value = mixed_kernel("tanh", "x").subs({q1: 1, q2: 2, c: sympy.Rational(1, 2)}).evalf(15)
    slope = GaussianMean(sympy.Lambda(x, 1 - sympy.tanh(x) ** 2), 1).evalf(15)
    assert abs(value - slope / sqrt(2)) < 1e-13


@pytest.mark.parametrize("text", ["sqrt(1 - cos(x))", "sqrt(x**2 - 2*x + 1)"])
def test_kinks_that_are_not_seen_are_refused_not_called_infinite(text):
    with pytest.raises(NotInClassError, match="kinks that are not recognised"):
        dual(text)
