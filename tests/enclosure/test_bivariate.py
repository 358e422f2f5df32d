"""Φ₂ in balls: mpmath's integral of the density inside, symmetries, limits."""

import mpmath
import sympy
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.enclosure import enclose
from ntk_theory.enclosure.bivariate import bivariate_normal
from ntk_theory.gaussian.special import Phi2

number = st.floats(-4, 4).map(lambda t: round(t, 3))
correlation = st.floats(-0.99, 0.99).map(lambda t: round(t, 3))


@given(number, number, correlation)
def test_it_contains_the_conditional_integral(h, k, rho):
    # P(X < h, Y < k) = ∫_{-∞}^h ϕ(x) Φ((k - ρx)/√(1-ρ²)) dx
    with ctx.workprec(60):
        found = bivariate_normal(arb(h), arb(k), arb(rho))
    with mpmath.workdps(25):
        root = mpmath.sqrt(1 - mpmath.mpf(rho) ** 2)
        step = h and k and rho and min(max(k / rho, -9), h)  # where the inner factor switches
        ends = sorted({-12, *(t for t in (-4, -1, step) if -12 < t < h), h})
        expected = mpmath.quad(lambda x: mpmath.npdf(x) * mpmath.ncdf((k - rho * x) / root), ends, maxdegree=10)
        assert abs(mpmath.mpf(float(found.mid())) - expected) < 1e-14
    assert found.rad() < 1e-14


@given(number, number, correlation)
def test_symmetry_and_reflection(h, k, rho):
    with ctx.workprec(80):
        value = bivariate_normal(arb(h), arb(k), arb(rho))
        assert value.overlaps(bivariate_normal(arb(k), arb(h), arb(rho)))
        marginal = (-arb(k) / arb(2).sqrt()).erfc() / 2
        assert value.overlaps(marginal - bivariate_normal(-arb(h), arb(k), -arb(rho)))


def test_many_digits_against_the_symbolic_node():
    node = Phi2(1, sympy.Rational(1, 2), sympy.Rational(3, 10))
    assert enclose(node, digits=40).contains(str(node.evalf(60)))
    assert enclose(Phi2(0, 0, sympy.Rational(1, 2))).contains(sympy.Rational(1, 3))


def test_what_is_not_certain_is_not_finite():
    with ctx.workprec(60):
        assert not bivariate_normal(arb(1), arb(1), arb(1)).is_finite()
        assert not bivariate_normal(arb(0, 0.1), arb(1), arb(0.5)).is_finite()
