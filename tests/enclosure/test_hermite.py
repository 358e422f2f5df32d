"""The Hermite series: closed coefficients, its values against the kernel's, tails that are never understated."""

import mpmath
import pytest
import sympy
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from ntk_theory.dual import dual
from ntk_theory.enclosure import enclose, hermite_series
from ntk_theory.enclosure.hermite import _gap, _polynomial_bound
from ntk_theory.errors import DataError
from ntk_theory.symbols import c, q, q1, q2


@pytest.mark.parametrize("name", ["erf", "gelu", "relu", "sin", "exp"])
def test_coefficients_are_their_closed_forms(name):
    series = hermite_series(name, 2, terms=7, digits=20)
    for n, coefficient in enumerate(series.first):
        assert coefficient.overlaps(enclose(dual(name).hermite(n), {q: 2}, digits=30)), n
        assert coefficient.radius < 1e-18


@settings(max_examples=12)
@given(
    st.sampled_from(["tanh", "softplus", "gelu", "erf", "silu"]),
    st.floats(0.1, 4),
    st.floats(0.1, 4),
    st.floats(-1, 1),
    st.integers(1, 40),
)
def test_values_hold_the_kernel_however_short_the_series(name, first, second, correlation, terms):
    kernel = enclose(dual(name).kernel, {q1: first, q2: second, c: correlation}, digits=15)
    assert hermite_series(name, first, second, terms=terms, digits=12).value(correlation).overlaps(kernel)
    same = enclose(dual(name).kernel, {q1: first, q2: first, c: correlation}, digits=15)
    assert hermite_series(name, first, terms=terms, digits=12).value(correlation).overlaps(same)


@pytest.mark.parametrize(("name", "other"), [("tanh", None), ("relu", "0.5"), ("softplus", 3)])
def test_the_tail_bound_is_above_the_tail_and_not_far(name, other):
    series = hermite_series(name, 1, other, terms=10, digits=20)
    longer = hermite_series(name, 1, other, terms=60, digits=20)
    for correlation in ("0.5", "0.9"):
        with ctx.workprec(100):
            r = arb(correlation)
            pairs = zip(longer.first[10:], longer.second[10:], strict=True)
            tail = float(sum((a.ball * b.ball * r ** (10 + n) for n, (a, b) in enumerate(pairs)), arb(0)).mid())
        assert abs(tail) <= series.tail_bound(correlation) < max(60 * abs(tail), 1e-9)


def test_many_digits_of_the_dual_of_tanh_from_one_grid():
    # the reference: mpmath, two-dimensional trapezoid, 35 digits
    value = hermite_series("tanh", 1, terms=110, digits=30).value("0.5")
    assert abs(value.mid - sympy.Float("0.18632441320344808610678288997240866", 40)) < 1e-34
    assert value.radius < 1e-29
    assert not value.contains("0.18632441320344808610678288998240866")


@given(st.integers(0, 60), st.floats(0, 3), st.floats(-12, 12))
def test_mehlers_bound_holds_for_every_polynomial(n, height, real):
    z = mpmath.mpc(real, height)
    value = abs(mpmath.hermite(n, z / mpmath.sqrt(2))) / mpmath.sqrt(mpmath.mpf(2) ** n * mpmath.factorial(n))
    r = 1 - _gap(n, arb(height))
    bound = float(_polynomial_bound(n, arb(height))) * mpmath.exp(r * real**2 / (2 * (1 + r)))
    assert value <= bound * (1 + mpmath.mpf(10) ** -12)


def test_a_variance_of_zero_leaves_a_constant():
    series = hermite_series("logistic", 0, terms=5)
    assert series.value(1).contains(sympy.Rational(1, 4))
    assert series.tail_bound(1) < 1e-25


def test_bad_input_is_refused_by_name():
    with pytest.raises(DataError, match="terms"):
        hermite_series("tanh", 1, terms=0)
    with pytest.raises(DataError, match="q1"):
        hermite_series("tanh", -1)
    with pytest.raises(DataError, match="correlation"):
        hermite_series("tanh", 1, terms=4).value("1.5")
