"""Nested integration: closed forms and the trapezoidal rule inside it, kinks, extremes, refusals by name."""

from itertools import pairwise

import numpy as np
import pytest
import sympy
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Lambda, Max, tanh

from ntk_theory.activation import activation
from ntk_theory.enclosure import enclose
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.covariance import gaussian_covariance
from ntk_theory.enclosure.nested import nested_covariance
from ntk_theory.errors import EnclosureError
from ntk_theory.gaussian import GaussianCovariance, GaussianMean
from ntk_theory.symbols import c, q1, q2, x

SOFTSIGN = activation("softsign").expression
MIXED = activation("where(x > 0, tanh(x), x)").expression
SHIFTED = activation("where(x > 1, tanh(x), x**2)").expression


def covariance(f, g, *point, digits=15):
    node = GaussianCovariance(Lambda(x, f), Lambda(x, g), q1, q2, c)
    return enclose(node, dict(zip((q1, q2, c), point, strict=True)), digits=digits)


@settings(max_examples=8)
@given(st.floats(0.1, 4), st.floats(0.1, 4), st.floats(-0.9999, 0.9999))
def test_relu_by_nested_integration_is_its_closed_form(first, second, correlation):
    with ctx.workprec(60):
        a, b, r = map(as_ball, (first, second, correlation))
        found = nested_covariance(Max(x, 0), Max(x, 0), a, b, r, 60)
        closed = (a * b).sqrt() * (r * (arb.pi() - r.acos()) + (1 - r * r).sqrt()) / (2 * arb.pi())
    assert found.overlaps(closed)
    assert found.rad() < 1e-15


def test_tanh_by_nested_integration_is_the_trapezoidal_rule():
    with ctx.workprec(70):
        arguments = (tanh(x), tanh(x), arb(1), arb(2), arb("0.9"))
        assert nested_covariance(*arguments, 70).overlaps(gaussian_covariance(*arguments))


@pytest.mark.parametrize(
    ("f", "g", "cuts_f", "cuts_g", "point"),
    [
        (SOFTSIGN, SOFTSIGN, [0], [0], ("1", "2", "-0.3")),
        (MIXED, SOFTSIGN, [0], [0], ("0.5", "1", "0.7")),
        (SHIFTED, MIXED, [1], [0], ("1", "3", "0.5")),
    ],
)
def test_panels_of_gauss_legendre_lie_inside(f, g, cuts_f, cuts_g, point, gaussian_pair):
    found = covariance(f, g, *point)
    numbers = [float(t) for t in point]
    at = [sympy.lambdify(x, h, "numpy") for h in (f, g)]
    with np.errstate(all="ignore"):
        expected = gaussian_pair(*at, *numbers, cuts=sorted({*cuts_f, *cuts_g}))
    assert abs(float(found) - expected) < 1e-11
    assert found.radius < 1e-14


def test_polar_coordinates_agree_to_the_last_digits_of_doubles():
    # both integrals cut where u or v changes its sign, by 60 Gauss-Legendre nodes each
    found = covariance(SOFTSIGN, SOFTSIGN, 1, 1, "0.5", digits=17)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    alpha, total = np.arccos(0.5), 0.0
    for low, high in pairwise([-np.pi / 2, alpha - np.pi / 2, np.pi / 2]):  # half the circle: (u, v) ↦ (-u, -v)
        angles = (low + high) / 2 + (high - low) / 2 * nodes
        for near, far in pairwise([0.0, 1.0, 3.0, 6.0, 11.0]):
            radii = ((near + far) / 2 + (far - near) / 2 * nodes)[:, None]
            u, v = radii * np.cos(angles), radii * np.cos(angles - alpha)
            values = u / (1 + abs(u)) * v / (1 + abs(v)) * radii * np.exp(-(radii**2) / 2)
            total += 2 * (high - low) * (far - near) / 4 * (weights @ values @ weights) / (2 * np.pi)
    assert abs(float(found) - total) < 1e-15
    assert found.radius < 1e-17
    assert not found.contains(str(found.mid + sympy.Float("1e-15")))


@pytest.mark.parametrize("correlation", ["0.999", "0.99999999999999999999", "-0.99999999999999999999"])
def test_near_full_correlation_it_is_near_the_mean_of_squares(correlation):
    near = covariance(SOFTSIGN, SOFTSIGN, 1, 1, correlation, digits=12)
    full = covariance(SOFTSIGN, SOFTSIGN, 1, 1, 1 if not correlation.startswith("-") else -1, digits=12)
    # |K(±1) - K(c)| ≤ (1 - |c|) E[φ′²] ≤ 1 - |c|
    gap = float(1 - abs(sympy.Rational(correlation)))
    assert abs(float(near) - float(full)) <= gap + near.radius + full.radius
    assert near.radius < 1e-12


def test_at_full_correlation_kinks_in_one_place_are_one():
    third = sympy.Piecewise((sympy.sin(x), x > sympy.Rational(1, 3)), (x**2, True))
    found = covariance(third, third, 2, 2, 1, digits=20)
    square = sympy.Piecewise((sympy.sin(x) ** 2, x > sympy.Rational(1, 3)), (x**4, True))
    assert found.overlaps(enclose(GaussianMean(Lambda(x, square), q1), {q1: 2}, digits=25))


def test_large_variances_go_over_to_the_sign():
    found = covariance(tanh(x), tanh(x), 10000, 10000, "0.5", digits=12)
    assert abs(float(found) - 1 / 3) < 1e-4
    assert found.radius < 1e-12


def test_a_variance_of_zero_is_a_product_of_means():
    found = covariance(SHIFTED, MIXED, 0, 1, "0.5")
    assert float(found) == 0
    assert covariance(SHIFTED + 2, SHIFTED + 2, 0, 0, "0.5").contains(4)


def test_correlations_not_known_to_be_inside_are_not_finite():
    with ctx.workprec(60):
        assert not nested_covariance(SOFTSIGN, SOFTSIGN, arb(1), arb(1), arb(1, 0.01), 60).is_finite()


def test_growth_without_a_bound_is_refused_by_name():
    with pytest.raises(EnclosureError, match="faster"):
        covariance(sympy.Piecewise((sympy.exp(x**2), x > 0), (x, True)), SOFTSIGN, 1, 1, "0.5")
