"""The zero test: identities it must see, near misses it must not, and SymPy's own numbers as a second opinion."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import I, Rational, asin, cos, cosh, erf, exp, log, pi, sin, sinh, sqrt, symbols, tanh

from ntk_theory.proofs.exact import is_zero

x, y = symbols("x y", real=True)
q = symbols("q", positive=True)
phi = sympy.Function("phi")

IDENTITIES = {
    "polynomial": ((x + y) ** 3, x**3 + 3 * x**2 * y + 3 * x * y**2 + y**3),
    "fraction": (1 / (x - 1) - 1 / (x + 1), 2 / (x**2 - 1)),
    "root": (1 / (sqrt(q + 1) - sqrt(q)), sqrt(q + 1) + sqrt(q)),
    "nested root": (sqrt(1 + sqrt(q)) ** 4, 1 + 2 * sqrt(q) + q),
    "constant roots": (sqrt(6) * sqrt(Rational(1, 2)), sqrt(3)),
    "cube root": ((q + 1) ** Rational(2, 3) * (q + 1) ** Rational(1, 3), q + 1),
    "trigonometric": (sin(3 * x), 3 * sin(x) - 4 * sin(x) ** 3),
    "addition theorem": (cos(x - y), cos(x) * cos(y) + sin(x) * sin(y)),
    "hyperbolic": (cosh(2 * x), cosh(x) ** 2 + sinh(x) ** 2),
    "logistic": (1 / (1 + exp(-x)), Rational(1, 2) + tanh(x / 2) / 2),
    "imaginary unit": (exp(I * x) + exp(-I * x), 2 * cos(x)),
    "power as exponential": (exp(log(q) / 2), sqrt(q)),
    "derivative of asin": (asin(x).diff(x) * sqrt(1 - x**2), 1 + 0 * x),
    "derivative of erf": (erf(x).diff(x), 2 * exp(-(x**2)) / sqrt(pi)),
    "Gaussian's denominators": (exp(-1 / (2 * (q - 1))), exp(1 / (2 * (1 - q)))),
    "unknown function": ((phi(x) * y).diff(x), y * phi(x).diff(x)),
    "same argument": (phi((x**2 - 1) / (x - 1)), phi(x + 1)),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_identities_are_seen(name):
    left, right = IDENTITIES[name]
    assert is_zero(left - right)


@pytest.mark.parametrize("name", IDENTITIES)
def test_near_misses_are_not(name):
    left, right = IDENTITIES[name]
    assert not is_zero(left - right + Rational(1, 10**9))


def test_zero_over_zero_says_nothing():
    assert not is_zero((x - 1) / sympy.Add(sin(x) ** 2 + cos(x) ** 2, -1, evaluate=False))


coefficients = st.fractions(min_value=-3, max_value=3, max_denominator=4)
pieces = st.sampled_from([x, q, sqrt(q), exp(-x), sin(x), asin(x / 2), sqrt(1 + x**2), tanh(x), erf(x)])
summands = st.tuples(coefficients, pieces, pieces)


@given(st.lists(summands, min_size=1, max_size=4), coefficients)
def test_agrees_with_numbers(terms, extra):
    """(a + b)² - a² - 2ab - b² is 0; with a remainder r it is so exactly when r is, by SymPy's 30 digits."""
    a = sum(Rational(n.numerator, n.denominator) * f * g for n, f, g in terms)
    b = terms[0][1] + 1
    remainder = Rational(extra.numerator, extra.denominator) * terms[-1][2]
    expression = (a + b) ** 2 - a**2 - 2 * a * b - b**2 + remainder
    value = expression.evalf(30, subs={x: Rational(3, 7), q: Rational(5, 3)}, chop=True)
    assert is_zero(expression) == (abs(value) < 1e-20)
