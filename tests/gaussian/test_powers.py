"""Powers cut at zero: integer powers meet the Gaussian calculus, the others meet quadrature."""

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.activation import activation
from ntk_theory.dual import dual
from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.gaussian.closed_form import ClosedForm
from ntk_theory.gaussian.powers import Power, power_form
from ntk_theory.symbols import c, q, q1, q2

POINT = {q1: sympy.Rational(6, 5), q2: sympy.Rational(1, 2), c: sympy.Rational(-2, 5)}
EXPONENTS = ["0.3", "0.5", "1", "1.5", "2", "2.7"]


@pytest.mark.parametrize("p", [1, 2, 3])
def test_integer_powers_are_what_the_calculus_derives(p):
    series = Power(sympy.Integer(p), sympy.Integer(2), sympy.Integer(-1)).kernel.subs(POINT).evalf(30)
    derived = ClosedForm(activation(f"2*max(x,0)**{p} - max(-x,0)**{p}")).kernel_expression.subs(POINT).evalf(30)
    assert abs(series - derived) < 1e-27


@given(
    st.sampled_from(EXPONENTS), st.sampled_from(["max(x,0)", "abs(x)"]), st.sampled_from(["-0.9", "0.2", "0.95"])
)
def test_against_the_angular_integral(p, base, correlation):
    derived = dual(f"{base}**{p}")
    power, rho = mpmath.mpf(p), mpmath.mpf(correlation)
    alpha = mpmath.acos(rho)
    half = mpmath.pi / 2
    ends = sorted([-half, alpha - half, half, alpha + half, 3 * half])
    cut = (lambda t: max(t, 0) ** power) if base == "max(x,0)" else (lambda t: abs(t) ** power)
    angular = mpmath.quad(lambda t: cut(mpmath.cos(t)) * cut(mpmath.cos(t - alpha)), ends) / (2 * mpmath.pi)
    expected = 2**power * mpmath.gamma(power + 1) * angular
    value = derived.kernel.subs({q1: 1, q2: 1, c: sympy.Rational(correlation)}).evalf(15)
    assert float(value) == pytest.approx(float(expected), rel=1e-8)


@pytest.mark.parametrize("p", ["0.7", "1.5", "2.3"])
def test_prices_identity(p):
    derived = dual(f"max(x,0)**{p} + max(-x,0)**{p}/3")
    slope = derived.kernel.diff(c).subs(POINT).evalf(25)
    scaled = (sympy.sqrt(q1 * q2) * derived.derivative).subs(POINT).evalf(25)
    assert abs(slope - scaled) < 1e-20


def test_limits_and_hermite_coefficients():
    derived = dual("max(x,0)**1.5")
    near = derived.value(1, 2, 1 - sympy.Rational(1, 10**12)).evalf(20)
    assert abs(derived.value(1, 2, 1).evalf(20) - near) < 1e-10
    assert derived.value(1, 2, -1) == 0
    assert derived.value(0, 2, "0.5") == 0
    coefficients = [float(derived.hermite(n).subs(q, 1).evalf(15)) for n in range(12)]
    series = np.polynomial.polynomial.polyval(0.3, np.square(coefficients))
    assert float(derived.value(1, 1, "0.3").evalf(15)) == pytest.approx(series, abs=1e-7)


def test_where_the_ntk_is_infinite():
    derived = dual("sqrt(max(x,0))")
    with pytest.raises(DivergentExpectationError, match="not square-integrable"):
        derived.derivative  # noqa: B018
    with pytest.raises(DivergentExpectationError):
        dual("1/sqrt(abs(x))")


@pytest.mark.parametrize("text", ["max(x-1,0)**1.5", "max(x,0)**1.5 + x", "max(x,0)**1.5 - max(-x,0)**2.5"])
def test_what_is_no_power(text):
    with pytest.raises(NotInClassError):
        power_form(activation(text))
