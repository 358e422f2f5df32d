"""The numeric certificate: it finds wrong formulas, and says nothing where it knows nothing."""

import pytest
import sympy

from ntk_theory.activation import activation
from ntk_theory.dual import dual
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.gaussian import check
from ntk_theory.symbols import c, q1, q2


@pytest.mark.parametrize(
    "name", ["relu", "erf", "hard_tanh", "elu", "exp(10*x)", "erf(100*x)", "snake(x, a)", "sin"]
)
def test_a_wrong_formula_is_found(name):
    derived = dual(name)
    assert check.agrees(derived.kernel, derived.activation)
    assert not check.agrees(derived.kernel * (1 + sympy.Rational(1, 10**6)), derived.activation)
    assert not check.agrees(derived.kernel.subs(c, -c), derived.activation)


def test_quadrature_against_a_closed_form():
    value = check.covariance(activation("x**2*heaviside(x)"), 2.0, 0.5, 0.25, order=22, reach=12.0)
    exact = dual("max(x,0)**2").kernel.subs({q1: 2, q2: sympy.Rational(1, 2), c: sympy.Rational(1, 4)})
    assert value == pytest.approx(float(exact.evalf(15)), rel=1e-12)


def test_nothing_is_certified_where_quadrature_fails():
    # the mass of x⁵⁰ lies beyond the coarse grid's reach
    assert check.agrees(sympy.Integer(0), activation("x**50")) is None
    assert [z.name for z in dual("x**50").certificates] == ["Price", "independence", "diagonal", "diagonal of K̇"]


@pytest.mark.parametrize("text", ["max(exp(x) - 2, 0)", "sqrt(2)*max(x, sqrt(3))", "max(x**3 - x - 1, 0)"])
def test_constants_with_relations_of_their_own(text):
    certificates = dual(text).certificates
    assert all(z.holds for z in certificates)
    assert "45 digits" in certificates[0].statement


@pytest.mark.parametrize("text", ["1/x", "tan(x)", "sqrt(x)", "log(x)", "x/(exp(x) - 1)"])
def test_functions_with_poles_are_not_represented(text):
    with pytest.raises(DivergentExpectationError, match="whole line"):
        dual(text)
