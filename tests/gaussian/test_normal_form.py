"""The normal form: arithmetic, square roots, zero tests, and that a corrupted term never passes a certificate."""

import mpmath
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.activation import activation
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.gaussian.algebra import PI, ROOT_1, ROOT_2, Algebra
from ntk_theory.gaussian.moments import covariance, mean
from ntk_theory.gaussian.normal_form import NormalForm, Surd
from ntk_theory.gaussian.readable import expression
from ntk_theory.gaussian.terms import canonical_terms
from ntk_theory.symbols import c, q1, q2

ALGEBRA = Algebra()
r1, r2, rho, p = (ALGEBRA.generator(s) for s in (ROOT_1, ROOT_2, c, PI))
POINT = {q1: sympy.Rational(3, 2), q2: sympy.Rational(2, 5), c: sympy.Rational(-3, 10)}


def value(formula):
    return mpmath.mpf(formula.subs(POINT).evalf(30))


POSITIVE = st.sampled_from([1 - rho**2, 1 + 2 * r1**2, r1 * r2, 8 * p / 3, (1 + r1**2) * (1 + r2**2) - rho**2])


@given(POSITIVE, POSITIVE)
def test_square_roots_multiply(a, b):
    product = ALGEBRA.sqrt(a) * ALGEBRA.sqrt(b)
    assert product == ALGEBRA.sqrt(a * b)
    assert product.squared == a * b
    shown = expression(ALGEBRA.term(ALGEBRA.sqrt(a / b)))
    direct = sympy.sqrt(ALGEBRA.restore((a / b).as_expr()))
    assert abs(value(shown) - value(direct)) < 1e-25


@given(POSITIVE)
def test_the_root_of_a_square_is_positive(a):
    assert ALGEBRA.sqrt(a * a) == Surd(a)
    assert ALGEBRA.sqrt((a - 2 * a) ** 2) == Surd(a)


def test_what_has_no_sign_is_refused():
    with pytest.raises(DivergentExpectationError, match="no fixed sign"):
        ALGEBRA.sqrt(1 - r1**2)
    with pytest.raises(DivergentExpectationError):
        ALGEBRA.sqrt(-1 - r1**2)


def test_odd_functions_cancel():
    argument = Surd(rho / 2)
    apply = ALGEBRA.apply
    assert (apply("asin", [argument]) + apply("asin", [-argument])).is_zero
    assert (apply("orthant", [argument]) + apply("orthant", [-argument]) - ALGEBRA.constant(1)).is_zero
    assert (apply("asin", [Surd(ALGEBRA.one)]) - ALGEBRA.constant(p / 2)).is_zero


@pytest.mark.parametrize("text", ["max(x,0)", "x*Phi(x)", "max(x,0)**3", "exp(-x**2) + abs(x)", "x*erf(x)"])
def test_derivative_in_normal_form_is_sympys(text):
    terms = canonical_terms(activation(text))
    form = covariance(ALGEBRA, terms, terms)
    assert abs(value(expression(form.diff(c))) - value(expression(form).diff(c))) < 1e-25


@pytest.mark.parametrize(
    "text", ["max(x,0)", "x*Phi(x)", "max(x,x/10)", "x*exp(-x**2)", "erf(x)", "max(x - 1, 0)", "exp(-abs(x))"]
)
def test_every_corrupted_term_is_caught(text):
    phi = activation(text)
    terms, slopes = canonical_terms(phi), canonical_terms(phi.derivative)
    kernel, derivative = covariance(ALGEBRA, terms, terms), covariance(ALGEBRA, slopes, slopes)
    scaled = derivative.scaled(Surd(r1 * r2))
    assert (kernel.diff(c) - scaled).is_zero
    first = mean(ALGEBRA, terms)
    product = first * first.substitute({ROOT_1: r2})
    assert (kernel.substitute({c: ALGEBRA.zero}) - product).is_zero
    for key, coefficient in kernel.table.items():
        corrupted = NormalForm(ALGEBRA, {**kernel.table, key: coefficient * sympy.QQ(101, 100)})
        price = (corrupted.diff(c) - scaled).is_zero
        independence = (corrupted.substitute({c: ALGEBRA.zero}) - product).is_zero
        assert not (price and independence)
    for key, coefficient in derivative.table.items():
        corrupted = NormalForm(ALGEBRA, {**derivative.table, key: -coefficient})
        assert not (kernel.diff(c) - corrupted.scaled(Surd(r1 * r2))).is_zero
