"""Φ and Φ₂ turned to fewer terms: the same form, exactly, and the tails a person would write."""

import pytest

from ntk_theory.activation import activation
from ntk_theory.dual import dual
from ntk_theory.gaussian.closed_form import ClosedForm
from ntk_theory.gaussian.normal_form import NormalForm, Surd
from ntk_theory.gaussian.tails import with_fewest_terms

CUT = ["elu", "relu6", "hard_tanh", "laplace_cdf", "max(x - 1, 0)*x + erf(x + 1)", "max(x - a, 0)", "probit"]


@pytest.mark.parametrize("name", CUT)
def test_turned_forms_are_the_same_forms(name):
    form = ClosedForm(activation(name)).kernel
    algebra = form.algebra
    turned = with_fewest_terms(algebra, form.table)
    assert len(turned) <= len(form.table)
    back = NormalForm(algebra)
    for (radicand, power, atoms), coefficient in turned.items():
        term = algebra.term(Surd(coefficient, radicand), power)
        for atom, multiplicity in atoms:
            for _ in range(multiplicity):
                term = term * algebra.apply(atom.function, atom.arguments)
        back += term
    assert (back - form).is_zero


def test_the_tails_of_the_thresholds():
    # P(u > 1, v > 1), and E[e^(-|u|-|v|)] over the four quadrants by completing the square
    assert str(dual("max(x - 1, 0)").derivative) == "Phi2(-1/sqrt(q1), -1/sqrt(q2), c)"
    assert str(dual("laplace").kernel) == (
        "2*exp(-c*sqrt(q1)*sqrt(q2) + q1/2 + q2/2)*Phi2(c*sqrt(q2) - sqrt(q1), c*sqrt(q1) - sqrt(q2), -c)"
        " + 2*exp(c*sqrt(q1)*sqrt(q2) + q1/2 + q2/2)*Phi2(-c*sqrt(q2) - sqrt(q1), -c*sqrt(q1) - sqrt(q2), c)"
    )


def test_no_minus_sign_before_a_negative_sum():
    expected = "(2*c**2*q1*q2 + q1*q2 + q1 + q2 + 1)/(-c**2*q1*q2 + q1*q2 + q1 + q2 + 1)**(5/2)"
    assert str(dual("mexican_hat").kernel) == expected
