"""Inequalities and roots in balls: what is decided, what is refuted, what is left undecided."""

import pytest
from sympy import Rational, cos, erf, exp, sqrt, symbols, tanh

from ntk_theory.errors import EnclosureError
from ntk_theory.proofs.balls import between, positive_on, sign, the_root

x = symbols("x", real=True)


def test_signs():
    assert sign(sqrt(2) - Rational(141421356, 10**8), {}) == 1
    assert sign(tanh(x) - x, {x: 1}) == -1
    assert sign(sqrt(2) ** 2 - 2 + x - x, {}) is None


def test_between():
    assert between(erf(x), {x: 1}, Rational(84, 100), Rational(85, 100)) is True
    assert between(erf(x), {x: 1}, Rational(85, 100), Rational(86, 100)) is False
    assert between(x - x, {}, Rational(0), Rational(1)) is None


def test_positive_on_a_range():
    assert positive_on(exp(x) - 1 - x + Rational(1, 1000), x, -1, 1) is True
    assert positive_on(exp(x) - 1 - x - Rational(1, 1000), x, -1, 1) is False


def test_a_touching_zero_is_not_decided(monkeypatch):
    monkeypatch.setattr("ntk_theory.proofs.balls._MAX_PIECES", 200)
    assert positive_on((x - Rational(1, 3)) ** 2, x, 0, 1) is None


def test_the_root():
    root = the_root(cos(x) - x, x, 0, 1, 30)
    assert str(root.mid).startswith("0.73908513321516064165531208767")  # the Dottie number, OEIS A003957
    with pytest.raises(EnclosureError, match="has 0 roots"):
        the_root(cos(x) - x, x, 1, 2, 30)
    with pytest.raises(EnclosureError, match="has 2 roots"):
        the_root(x**2 - 2, x, -2, 2, 10)
