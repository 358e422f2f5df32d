"""E[f(√q z)] in balls: mpmath's quadrature inside, precisions nested, wide arguments covering narrow ones."""

import mpmath
import pytest
import sympy
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st
from sympy import Abs, Max, Piecewise, exp, log, sqrt, tanh

from ntk_theory.enclosure import enclose
from ntk_theory.enclosure.mean import gaussian_mean
from ntk_theory.errors import EnclosureError
from ntk_theory.gaussian import GaussianMean
from ntk_theory.symbols import q, x

# f, where it is not smooth
FUNCTIONS = [
    (tanh(x) ** 2, []),
    ((1 - tanh(x) ** 2) ** 2, []),
    (log(1 + exp(x)) ** 2, []),
    (x**2 * (1 + tanh(x / 2)) ** 2 / 4, []),
    (sympy.atan(x) ** 2, []),
    (exp(x - x**2 / 3), []),
    (Max(x, 0) ** 3, [0]),
    ((x / (1 + Abs(x))) ** 2, [0]),
    (Piecewise((exp(x) - 1, x < 0), (tanh(x), x < 2), (x, True)), [0, 2]),
    (sqrt(1 + x**2), []),
]


def quadrature(f, variance, cuts, digits=25):
    with mpmath.workdps(digits + 5):
        scale = mpmath.sqrt(variance)
        value = sympy.lambdify(x, f, "mpmath")
        ends = sorted({-16, -6, -2, 2, 6, 16, *(cut / scale for cut in cuts)})
        return mpmath.quad(lambda z: value(scale * z) * mpmath.npdf(z), ends, maxdegree=9)


@pytest.mark.parametrize(("f", "cuts"), FUNCTIONS, ids=str)
@pytest.mark.parametrize("variance", ["0.125", "3"])
def test_the_ball_contains_what_quadrature_gives(f, cuts, variance):
    found = enclose(GaussianMean(sympy.Lambda(x, f), q), {q: variance}, digits=15)
    with mpmath.workdps(40):
        expected = quadrature(f, mpmath.mpf(variance), cuts)
        assert abs(mpmath.mpf(str(found.mid)) - expected) <= found.radius + mpmath.mpf(10) ** -20
    assert found.radius <= 1e-15 * max(1, abs(float(found)))


@given(st.sampled_from([f for f, _ in FUNCTIONS]), st.floats(1e-6, 60), st.integers(30, 80), st.integers(25, 120))
def test_more_precision_stays_inside_less(f, variance, bits, more):
    with ctx.workprec(bits):
        coarse = gaussian_mean(f, arb(variance))
    with ctx.workprec(bits + more):
        fine = gaussian_mean(f, arb(variance))
    assert coarse.is_finite()
    assert coarse.overlaps(fine)
    assert fine.rad() < coarse.rad()


@given(st.sampled_from([f for f, _ in FUNCTIONS]), st.floats(0.01, 20), st.floats(1e-6, 0.9), st.floats(-1, 1))
def test_a_ball_of_variances_covers_each_of_them(f, variance, width, place):
    with ctx.workprec(60):
        whole = gaussian_mean(f, arb(variance, variance * width))
        point = gaussian_mean(f, arb(variance + place * 0.99 * width * variance))
    assert whole.overlaps(point)
    assert whole.contains(point)


@given(st.sampled_from([f for f, _ in FUNCTIONS]), st.floats(1e-9, 1), st.floats(0, 1))
def test_variances_down_to_zero_are_covered(f, end, part):
    with ctx.workprec(60):
        whole = gaussian_mean(f, arb(0).union(arb(end)))
        assert whole.contains(gaussian_mean(f, arb(end * (1e-3 + 0.998 * part))))


@pytest.mark.parametrize("f", [Max(x, 0) ** 2, tanh(x) ** 2, sympy.Heaviside(x - 1) * x, Abs(x) * tanh(x)])
def test_slopes_hold_for_kinks_and_jumps(f):
    mean = GaussianMean(sympy.Lambda(x, f), q)
    found = enclose(mean.diff(q), {q: 2}, digits=12)
    step = sympy.Rational(1, 2**20)
    above, below = (enclose(mean, {q: 2 + sign * step}, digits=25) for sign in (1, -1))
    assert float((above.mid - below.mid) / (2 * step)) == pytest.approx(float(found), rel=1e-9)


def test_a_known_value_to_many_digits():
    value = enclose(GaussianMean(sympy.Lambda(x, x**4), q), {q: 3}, digits=100)
    assert value.contains(27)
    assert value.radius < 1e-98


def test_a_planted_error_is_seen():
    value = enclose(GaussianMean(sympy.Lambda(x, tanh(x) ** 2), q), {q: 1}, digits=30)
    assert value.contains("0.394294490397841174416459772444119560574")
    assert not value.contains("0.394294490397841174416459772")
    assert not value.contains("0.394294490397841174416459773444119560574")


def test_infinite_expectations_are_refused():
    with pytest.raises(EnclosureError, match="bound"):
        enclose(GaussianMean(sympy.Lambda(x, exp(x**2)), q), {q: 1})
