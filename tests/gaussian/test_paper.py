"""Formulas as printed: what the literature writes, and the same value as the expression that was printed."""

import mpmath
import pytest
import sympy

from ntk_theory.activation import NAMED
from ntk_theory.dual import dual
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.gaussian.paper import latex, text
from ntk_theory.gaussian.special import Phi2
from ntk_theory.symbols import c, q, q1, q2

AT = {q1: sympy.Rational(7, 5), q2: sympy.Rational(2, 3), c: sympy.Rational(-3, 7), q: sympy.Rational(5, 4)}
NAMES = {"q1": q1, "q2": q2, "c": c, "q": q, "Phi2": Phi2, "Phi": lambda h: (1 + sympy.erf(h / sympy.sqrt(2))) / 2}

WRITTEN = {
    # Cho & Saul 2009, eqs. 4 and 6: (1/π)(sin θ + (π - θ) cos θ) ‖x‖‖y‖, half of it as the expectation
    "relu": (
        "sqrt(q1*q2)*(c*(pi - acos(c)) + sqrt(1 - c**2))/(2*pi)",
        r"\frac{\sqrt{q_{1} q_{2}}}{2 \pi} "
        r"\left(c \left(\pi - \arccos{\left(c \right)}\right) + \sqrt{1 - c^{2}}\right)",
    ),
    # Williams 1998, eq. 10: (2/π) sin⁻¹ 2x̃ᵀΣx̃′/√((1 + 2x̃ᵀΣx̃)(1 + 2x̃′ᵀΣx̃′))
    "erf": (
        "2*asin(2*c*sqrt(q1*q2)/sqrt((1 + 2*q1)*(1 + 2*q2)))/pi",
        r"\frac{2}{\pi} \arcsin{\left(\frac{2 c \sqrt{q_{1} q_{2}}}"
        r"{\sqrt{\left(1 + 2 q_{1}\right) \left(1 + 2 q_{2}\right)}} \right)}",
    ),
    # (1 + erf)/2 has a quarter of Williams' kernel and a quarter more
    "erf_sigmoid": (
        "(pi + 2*asin(2*c*sqrt(q1*q2)/sqrt((1 + 2*q1)*(1 + 2*q2))))/(4*pi)",
        r"\frac{\pi + 2 \arcsin{\left(\frac{2 c \sqrt{q_{1} q_{2}}}"
        r"{\sqrt{\left(1 + 2 q_{1}\right) \left(1 + 2 q_{2}\right)}} \right)}}{4 \pi}",
    ),
    # Tsuchida et al. 2021, Proposition 3, with its fractions over one denominator
    "gelu": (
        "sqrt(q1*q2)*(2*c*asin(c*sqrt(q1*q2)/sqrt((1 + q1)*(1 + q2))) + pi*c + 2*sqrt(q1*q2)*"
        "(c**2*(1 - q1*q2) + (1 + q1)*(1 + q2))/((1 + q1)*(1 + q2)*sqrt((1 + q1)*(1 + q2) - c**2*q1*q2)))/(4*pi)",
        None,
    ),
    # Han et al. 2022, table of dual activations: e^(-(q1+q2)/2) sinh, and for exp Daniely et al. 2016
    "sin": (
        "exp(-(q1 + q2)/2)*sinh(c*sqrt(q1*q2))",
        r"e^{-\left(q_{1} + q_{2}\right)/2} \sinh{\left(c \sqrt{q_{1} q_{2}} \right)}",
    ),
    "exp": (
        "exp((q1 + q2 + 2*c*sqrt(q1*q2))/2)",
        r"e^{\left(q_{1} + q_{2} + 2 c \sqrt{q_{1} q_{2}}\right)/2}",
    ),
    # Williams 1998, section 3.2.2 (Gaussian units), the determinant of the exponent
    "gaussian": (
        "1/sqrt((1 + 2*q1)*(1 + 2*q2) - 4*c**2*q1*q2)",
        r"\frac{1}{\sqrt{\left(1 + 2 q_{1}\right) \left(1 + 2 q_{2}\right) - 4 c^{2} q_{1} q_{2}}}",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_kernels_print_as_the_literature_writes_them(name):
    in_text, in_latex = WRITTEN[name]
    kernel = dual(name).kernel
    assert text(kernel) == in_text
    assert in_latex is None or latex(kernel) == in_latex


@pytest.mark.parametrize("name", NAMED)
def test_text_is_the_formula(name):
    derived = dual(name)
    if not derived.closed_form:
        return
    formulas = [derived.kernel, derived.variance]
    try:
        formulas.append(derived.derivative)
    except DivergentExpectationError:
        assert derived.activation.jumps
    for formula in formulas:
        read = sympy.sympify(text(formula), locals=NAMES)
        with mpmath.workdps(40):
            value, expected = (mpmath.mpf(sympy.sympify(f).subs(AT).evalf(30)) for f in (read, formula))
            assert abs(value - expected) <= mpmath.mpf("1e-25") * abs(expected)


def test_discriminants_of_growing_functions_have_positive_factors():
    assert text(dual("exp(x**2/8)").kernel) == "4/sqrt((4 - q1)*(4 - q2) - c**2*q1*q2)"


def test_sums_that_are_no_cdf_and_signs():
    assert text(sympy.Rational(1, 2) - sympy.erf(q) / 2) == "Phi(-q*sqrt(2))"
    assert text(q - 1) == "q - 1"
    assert latex(q - 1) == "q - 1"
    assert text(sympy.sqrt(2) / 2) == "1/sqrt(2)"
