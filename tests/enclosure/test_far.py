"""Gaussian means as the variance → ∞, and zeros over infinite ranges: points agree, nothing is missed."""

import math

import pytest
import sympy
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Lambda, Rational, oo

from ntk_theory.activation import activation
from ntk_theory.enclosure import asymptotic_slope, enclose, roots, sign_beyond
from ntk_theory.enclosure.far import _NODES, reduced
from ntk_theory.enclosure.leading import GrowthError, ball, leading
from ntk_theory.errors import DataError, EnclosureError
from ntk_theory.gaussian import GaussianMean
from ntk_theory.symbols import q, x


def mean_of_square(name):
    return GaussianMean(Lambda(x, activation(name).squared.expression), q)


SLOPES = {
    "relu": Rational(1, 2),
    "leaky_relu": Rational(101, 200),
    "gelu": Rational(1, 2),
    "softplus": Rational(1, 2),
    "x*tanh(log(1 + exp(x)))": Rational(1, 2),
    "sqrt(1 + x**2)": 1,
    "snake": 1,
    "tanh": 0,
    "softsign": 0,
    "sqrt(abs(x))": 0,
    "where(x > 0, 3*x, tanh(x))": Rational(9, 2),
    "gaussian": 0,
    "relu2": oo,
}


@pytest.mark.parametrize(("name", "slope"), SLOPES.items())
def test_slopes_are_exact(name, slope):
    assert asymptotic_slope(activation(name).squared.expression) == slope


def test_exponential_growth_has_no_slope():
    with pytest.raises(GrowthError, match="exponential"):
        asymptotic_slope(sympy.exp(2 * x))


@settings(max_examples=15)
@given(st.sampled_from(sorted(SLOPES)), st.floats(0, 3))
def test_the_remainder_of_a_mean_is_never_understated(name, decades):
    mean, start = mean_of_square(name), 4.0
    form = leading(mean.xreplace({q: x}), start, 0.0, _NODES)
    variance = sympy.Rational(repr(start * 10**decades))
    with ctx.workprec(100):
        value = enclose(mean, {q: variance}, digits=15).ball
        at = ball(variance)
        lead = sum((ball(p) * at ** (arb(k.numerator) / k.denominator) for k, p in form.terms.items()), arb(0))
        degree = form.rest.degree
        bound = form.rest.size * at ** (arb(degree.numerator) / degree.denominator)
        assert abs(value - lead) <= bound * (1 + arb(2) ** -40) + arb(2) ** -40


@settings(max_examples=15)
@given(
    st.sampled_from(["tanh", "gelu", "softplus", "softsign", "snake", "relu"]),
    st.integers(1, 12),
    st.integers(0, 8),
    st.floats(0, 3),
)
def test_the_sign_beyond_holds_at_points(name, fourths, tenths, decades):
    expression = Rational(fourths, 4) * mean_of_square(name) + Rational(tenths, 10) - q
    try:
        sign, start = sign_beyond(reduced(expression), q)
    except GrowthError:
        # the leading term vanishes: σ_w² times the slope is 1
        assert Rational(fourths, 4) * asymptotic_slope(activation(name).squared.expression) == 1
        return
    value = enclose(expression, {q: start * 10**decades}, digits=12)
    assert value.ball * sign > 0


@pytest.mark.parametrize("name", ["gelu", "softplus", "softsign", "x*tanh(log(1 + exp(x)))", "relu2"])
def test_reduced_means_are_the_same_number(name):
    mean = mean_of_square(name)
    for variance in ("0.01", 3, 1000):
        first, second = (enclose(form, {q: variance}, digits=12) for form in (mean, reduced(mean)))
        assert first.overlaps(second)


def test_all_fixed_points_of_gelu_at_its_asymptotic_slope():
    # at σ_w² = 2 the length map runs along the diagonal: it meets it twice
    found = roots(2 * mean_of_square("gelu") + Rational(1, 10) - q, "0.05", oo, digits=15)
    assert len(found) == 2
    for zero in found:
        for side in (-1, 1):
            at = zero.mid + side * sympy.Float("1e-9")
            value = enclose(2 * mean_of_square("gelu") + Rational(1, 10) - q, {q: Rational(at)}, digits=10)
            assert (float(value) > 0) == ((side < 0) == (zero is found[0]))


def test_absence_is_proven_beyond_every_bound():
    assert roots(2 * mean_of_square("softplus") + Rational(1, 10) - q, 0, oo) == ()
    assert roots(sympy.exp(x) - 2 * x, -3, oo) == ()
    assert roots(q**2 + 1, 10**6, oo) == ()


def test_zeros_of_elementary_formulas():
    found = roots(sympy.exp(x) - 4 * x, 0, oo, digits=30)
    branches = [-sympy.LambertW(Rational(-1, 4), k) for k in (0, -1)]
    assert len(found) == 2
    assert all(zero.contains(str(value.evalf(45))) for zero, value in zip(found, branches, strict=True))
    assert len(roots(sympy.sin(x), 1, 20)) == 6


def test_a_double_zero_is_refused_with_its_interval():
    with pytest.raises(EnclosureError, match=r"\[0\.99.*, 1\.0.*double root"):
        roots((x - 1) ** 2 * sympy.exp(x), 0, 3)


def test_what_can_not_be_proven_or_makes_no_sense_is_refused():
    with pytest.raises(EnclosureError, match="could not be proven"):
        roots(sympy.sin(x), 1, oo)
    with pytest.raises(EnclosureError, match="q1, q2"):
        roots(sympy.Symbol("q1") - sympy.Symbol("q2"), 1, 2)
    with pytest.raises(DataError, match="empty"):
        roots(x, 2, 1)
    with pytest.raises(DataError, match="lower"):
        roots(x, math.nan, 1)
