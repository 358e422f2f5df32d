"""Unevaluated expectations: their values against series known in closed form, and their derivatives."""

import mpmath
import pytest
import sympy
from sympy import Lambda, Rational

from ntk_theory.gaussian import GaussianCovariance, GaussianMean
from ntk_theory.symbols import c, q, q1, q2, x


@pytest.mark.parametrize("variance", ["1/10", "1", "10"])
def test_mean_of_sech_squared(variance):
    # E[sech²(√q z)] = (2/q) Σ (1 - √π t erfcx(t)), t = (k + ½)π/√(2q): partial fractions of sech²
    value = GaussianMean(Lambda(x, 1 - sympy.tanh(x) ** 2), Rational(variance)).evalf(25)
    with mpmath.workdps(40):
        s = mpmath.mpf(Rational(variance).p) / Rational(variance).q

        def term(k):
            t = (k + 0.5) * mpmath.pi / mpmath.sqrt(2 * s)
            return 1 - mpmath.sqrt(mpmath.pi) * t * mpmath.exp(t * t) * mpmath.erfc(t)

        terms = 4000
        total = mpmath.fsum(term(mpmath.mpf(k)) for k in range(terms))
        # 1 - √π t erfcx(t) = 1/(2t²) - 3/(4t⁴) + …: the tail by Hurwitz's zeta function
        scale = 2 * s / mpmath.pi**2
        total += scale / 2 * mpmath.zeta(2, terms + 0.5) - 3 * scale**2 / 4 * mpmath.zeta(4, terms + 0.5)
        total += 15 * scale**3 / 8 * mpmath.zeta(6, terms + 0.5)
        assert abs(2 / s * total - mpmath.mpf(value)) < 1e-18


def test_covariance_of_sines():
    # E[sin u sin v] = exp(-(q1 + q2)/2) sinh(κ)
    value = GaussianCovariance(
        Lambda(x, sympy.sin(x)), Lambda(x, sympy.sin(x)), 2, Rational(1, 2), Rational(3, 10)
    )
    exact = sympy.exp(-Rational(5, 4)) * sympy.sinh(Rational(3, 10))
    assert abs(value.evalf(20) - exact.evalf(20)) < 1e-18


def test_of_two_different_functions():
    # E[sin(u) v] = κ E[cos u]
    value = GaussianCovariance(Lambda(x, sympy.sin(x)), Lambda(x, x), 2, Rational(1, 2), Rational(3, 10))
    assert abs(value.evalf(20) - (Rational(3, 10) * sympy.exp(-1)).evalf(20)) < 1e-18


def test_derivatives():
    sine = Lambda(x, sympy.sin(x))
    pair = GaussianCovariance(sine, sine, q1, q2, c)
    exact = sympy.exp(-(q1 + q2) / 2) * sympy.sinh(c * sympy.sqrt(q1 * q2))
    point = {q1: 2, q2: Rational(1, 2), c: Rational(3, 10)}
    for symbol in (c, q1, q2):
        ours = sympy.expand(pair.diff(symbol)).subs(point)
        assert abs(ours.evalf(15) - exact.diff(symbol).subs(point).evalf(15)) < 1e-13
    mean = GaussianMean(Lambda(x, sympy.cos(x)), q)
    assert abs(mean.diff(q).subs(q, 2).evalf(15) + sympy.exp(-1).evalf(15) / 2) < 1e-13


def test_latex_names_the_variances():
    tanh = Lambda(x, sympy.tanh(x))
    assert r"\mathbb{E}" in sympy.latex(GaussianCovariance(tanh, tanh, q1 / 4, q2 / 4, c))
    assert r"\mathcal{N}(0,\,q)" in sympy.latex(GaussianMean(tanh, q))
