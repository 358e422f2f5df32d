"""Enclosures as values: what they print is certified, and numbers are read as a page means them."""

import json
import math
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.enclosure import Enclosure, enclose
from ntk_theory.enclosure.ball import as_ball, as_fraction
from ntk_theory.errors import DataError, EnclosureError


@given(
    st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=10**9).filter(bool),
    st.integers(min_value=8, max_value=400),
    st.integers(min_value=1, max_value=60),
)
def test_printed_digits_and_radius_contain_the_number(number, bits, slack):
    with ctx.workprec(bits + slack):
        ball = as_ball(number) + arb(0, abs(as_ball(number)) * arb(2) ** -bits)
    enclosure = Enclosure(ball)
    exact = sympy.Rational(enclosure.mid)
    for shown in (Fraction(Decimal(str(enclosure.mid))), Fraction(int(exact.p), int(exact.q))):
        assert abs(number - shown) <= Fraction(enclosure.radius)
    assert enclosure.contains(number)
    assert math.isclose(float(enclosure), float(number), rel_tol=2.0 ** (1 - min(bits, 50)))


def test_pi_prints_its_digits():
    pi = enclose(sympy.pi, digits=20)
    assert str(pi.mid) == "3.14159265358979323846"[: len(str(pi.mid))]
    assert 20 <= pi.digits <= 21
    assert 0 < pi.radius < 1e-19
    assert str(pi).startswith(str(pi.mid) + " ± ")
    assert pi.latex(5) == r"3.1415\ldots"
    assert r"\pm" in pi.latex()
    assert enclose(sympy.pi * 10**40, digits=5).latex(3) == r"3.14\ldots \times 10^{40}"


def test_a_value_beside_the_ball_is_rejected():
    pi = enclose(sympy.pi, digits=30)
    true = "3.14159265358979323846264338327950288419716939937510582"
    assert pi.contains(true)
    for place in range(2, 30):
        wrong = str(Decimal(true) + Decimal(3).scaleb(-place))
        assert not pi.contains(wrong)


def test_exact_values_have_no_radius():
    two = enclose(sympy.Integer(2))
    assert (two.exact, two.radius, str(two), two.mid) == (True, 0.0, "2", 2)
    assert two.digits >= 1000
    assert float(enclose(sympy.Rational(1, 4)).mid) == 0.25
    assert json.loads(json.dumps(two.as_dict()))["mid"] == "2"


def test_as_dict_goes_through_json():
    value = json.loads(json.dumps(enclose(sympy.E, digits=25).as_dict()))
    assert value["mid"].startswith("2.71828182845904523536028")
    assert value["value"] == math.e
    assert value["digits"] >= 25


def test_rounding_off_keeps_the_number_inside():
    pi = enclose(sympy.pi, digits=50)
    assert pi.rounded(10).contains(pi)
    assert not pi.contains(pi.rounded(10))
    assert pi.rounded(10).digits < 14


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (0.05, Fraction(1, 20)),
        ("0.05", Fraction(1, 20)),
        ("1/20", Fraction(1, 20)),
        (Decimal("0.05"), Fraction(1, 20)),
        (sympy.Rational(1, 20), Fraction(1, 20)),
        (np.float64(0.05), Fraction(1, 20)),
        (np.int64(3), Fraction(3)),
        (1e-3, Fraction(1, 1000)),
        (3, Fraction(3)),
    ],
)
def test_numbers_are_read_as_they_print(value, meant):
    assert as_fraction(value) == meant


def test_constants_and_enclosures_are_numbers_too():
    assert enclose(sympy.Symbol("q"), {"q": sympy.sqrt(2)}).contains("1.41421356237309504880168872420969807857")
    assert enclose(sympy.Symbol("q"), {"q": mpmath.mpf("0.5")}).mid == 0.5
    rough = enclose(sympy.pi, digits=8)
    assert enclose(2 * sympy.Symbol("q"), {"q": rough}, digits=6).contains(2 * sympy.pi)


@pytest.mark.parametrize(
    "bad", [math.nan, math.inf, "x", "", "1/0", None, True, [1], sympy.Symbol("q"), sympy.nan]
)
def test_what_is_no_number_is_refused_by_name(bad):
    with pytest.raises(DataError, match="b_var"):
        as_ball(bad, "b_var")


def test_a_ball_without_bounds_is_no_enclosure():
    with pytest.raises(EnclosureError, match="finite"):
        Enclosure(arb.nan())
