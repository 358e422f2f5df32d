"""Normal probabilities: against SciPy's multivariate normal, Sheppard's formula, and their derivatives."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sympy import Rational

from ntk_theory.gaussian.algebra import Algebra
from ntk_theory.gaussian.functions import Walls, orthant
from ntk_theory.gaussian.normal_form import Surd
from ntk_theory.gaussian.readable import expression
from ntk_theory.gaussian.special import Orthant, Phi2

THRESHOLD = st.sampled_from([Rational(k, 4) for k in range(-8, 9)])
CORRELATION = st.sampled_from([Rational(k, 10) for k in range(-9, 10)])


@given(THRESHOLD, THRESHOLD, CORRELATION)
def test_phi2_against_scipy(h, k, rho):
    covariance = np.array([[1.0, float(rho)], [float(rho), 1.0]])
    expected = multivariate_normal([0, 0], covariance).cdf([float(h), float(k)])
    assert float(Phi2(h, k, rho).evalf(20)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("symbol", range(3))
def test_derivatives_of_phi2(symbol):
    point = [Rational(3, 10), Rational(-7, 10), Rational(2, 5)]
    names = sympy.symbols("h k rho")
    slope = Phi2(*names).diff(names[symbol]).subs(dict(zip(names, point, strict=True))).evalf(20)
    step = Rational(1, 10**8)
    ahead, behind = ([p + s * int(i == symbol) for i, p in enumerate(point)] for s in (step, -step))
    difference = (Phi2(*ahead).evalf(40) - Phi2(*behind).evalf(40)) / (2 * step)
    assert abs(slope - difference) < 1e-14


def test_four_walls_at_zero_where_they_are_elementary():
    # two independent pairs: a product of Sheppard's probabilities
    r, s = Rational(3, 10), Rational(-2, 5)
    value = Orthant(0, 0, 0, 0, r, 0, 0, 0, 0, s).evalf(25)
    exact = (Rational(1, 4) + sympy.asin(r) / (2 * sympy.pi)) * (Rational(1, 4) + sympy.asin(s) / (2 * sympy.pi))
    assert abs(value - exact.evalf(25)) < 1e-23


def test_three_walls_against_scipy():
    h, rho = [0.3, -0.5, 0.8], {"01": 0.2, "02": -0.4, "12": 0.5}
    covariance = np.array([[1, 0.2, -0.4], [0.2, 1, 0.5], [-0.4, 0.5, 1]])
    exact = [Rational(str(v)) for v in (*h, *rho.values())]
    expected = multivariate_normal([0, 0, 0], covariance, abseps=1e-9, maxpts=10**6).cdf(h)
    assert float(Orthant(*exact).evalf(15)) == pytest.approx(expected, abs=1e-6)


@given(st.lists(THRESHOLD, min_size=2, max_size=3), CORRELATION, CORRELATION, CORRELATION)
@settings(max_examples=10)
def test_the_canonical_form_has_the_same_value(h, r, s, t):
    """Reflections, orderings and reductions change the writing, never the number."""
    correlations = [r] if len(h) == 2 else [r / 2, s / 2, t / 2]
    algebra = Algebra()
    walls = Walls([Surd(algebra.element(v)) for v in h], [Surd(algebra.element(v)) for v in correlations])
    value = float(expression(orthant(algebra, walls)).evalf(15))
    covariance = np.eye(len(h))
    covariance[np.triu_indices(len(h), 1)] = [float(v) for v in correlations]
    covariance = np.triu(covariance) + np.triu(covariance, 1).T
    expected = multivariate_normal(np.zeros(len(h)), covariance).cdf([float(v) for v in h])
    assert value == pytest.approx(expected, abs=2e-5)


def test_degenerate_correlations():
    algebra = Algebra()
    one, half = (Surd(algebra.element(v)) for v in (Rational(1), Rational(1, 2)))
    together = orthant(algebra, Walls([one, half], [one]))
    assert (together - orthant(algebra, Walls([half], []))).is_zero
    apart = orthant(algebra, Walls([one, half], [-one]))
    between = orthant(algebra, Walls([one], [])) - orthant(algebra, Walls([-half], []))
    assert (apart - between).is_zero
    assert orthant(algebra, Walls([-one, half], [-one])).is_zero
