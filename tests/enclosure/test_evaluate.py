"""A walk of a closed form in balls: mpmath inside, edges of domains, refusals by name."""

import mpmath
import pytest
import sympy
from flint import acb, arb, ctx
from hypothesis import given
from hypothesis import strategies as st
from sympy import acos, asin, atan, cos, erf, exp, log, pi, sin, sqrt, tanh

from ntk_theory.enclosure import enclose
from ntk_theory.enclosure.program import complex_program, real_program
from ntk_theory.errors import DataError, EnclosureError
from ntk_theory.symbols import c, q, q1, q2, x

EXPRESSIONS = [
    2 * asin(2 * q / (1 + 2 * q)) / pi,
    sqrt(q) * (c * (pi - acos(c)) + sqrt(1 - c**2)) / (2 * pi),
    exp(-q / 2) * erf(c) + log(1 + q) ** 3,
    (1 + 2 * q) ** sympy.Rational(-3, 2) * tanh(c) ** 2 - atan(q) / 7,
    sin(q) * cos(c) * sympy.cosh(c) / sympy.Float("0.125"),
    q ** sympy.Rational(1, 3) + (2 + c) ** pi,
]


@given(st.sampled_from(EXPRESSIONS), st.floats(0.01, 50), st.floats(-1, 1))
def test_mpmath_lies_inside(expression, variance, correlation):
    found = enclose(expression, {q: variance, c: correlation}, digits=20)
    with mpmath.workdps(60):
        values = [mpmath.mpf(repr(number)) for number in (variance, correlation)]
        expected = sympy.lambdify((q, c), expression, "mpmath")(*values)
        assert abs(mpmath.mpf(str(found.mid)) - expected) <= found.radius + mpmath.mpf(10) ** -45


@given(st.sampled_from(EXPRESSIONS[:5]), st.floats(0.01, 50), st.floats(-1, 1))
def test_digits_nest(expression, variance, correlation):
    few, many = (enclose(expression, {q: variance, c: correlation}, digits=d) for d in (8, 40))
    assert few.overlaps(many)
    assert few.radius > many.radius or few.exact


def test_ends_of_domains_are_inside_them():
    relu = sqrt(q1) * sqrt(q2) * (c * (pi - acos(c)) + sqrt(1 - c**2)) / (2 * pi)
    assert enclose(relu, {q1: 2, q2: 2, c: 1}).contains(1)
    assert enclose(relu, {q1: 2, q2: 2, c: -1}).contains(0)
    with ctx.workprec(60):
        program = real_program(asin(x), (x,))
        assert program.at(arb(1, 0.01)).contains(arb.pi() / 2)
        assert not program.at(arb(2)).is_finite()
        assert real_program(sqrt(x), (x,)).at(arb(0, 0.01)).contains(arb("0.05"))


def test_integrands_say_not_finite_on_branch_cuts():
    with ctx.workprec(60):
        for function, on_cut, off_cut in (
            (log(x), acb(-1), acb(1)),
            (sqrt(x), acb(-1), acb(1)),
            (asin(x), acb(2), acb(0.5)),
            (atan(x), acb(0, 2), acb(0, 0.5)),
            (sympy.asinh(x), acb(0, 2), acb(2)),
        ):
            program = complex_program(function, x)
            assert not program.at(on_cut, True).is_finite()
            assert program.at(off_cut, True).is_finite()


def test_small_values_come_with_a_small_radius():
    tiny = enclose(sin(pi * q), {q: 1}, digits=20)
    assert tiny.radius <= 1e-40


@pytest.mark.parametrize(
    ("expression", "values", "error", "match"),
    [
        (sympy.zeta(q), {q: 3}, EnclosureError, "zeta"),
        (q + c, {q: 1}, EnclosureError, "c in"),
        (1 / q, {q: 0}, EnclosureError, "no finite value"),
        (sqrt(q), {q: -1}, EnclosureError, "no finite value"),
        (q, {q: float("nan")}, DataError, "q = nan"),
        (q, {q: enclose(pi, digits=5)}, EnclosureError, "could not be enclosed to 30 digits"),
    ],
)
def test_refusals_name_the_cause(expression, values, error, match):
    with pytest.raises(error, match=match):
        enclose(expression, values)


def test_too_many_digits_are_refused():
    with pytest.raises(DataError, match="digits"):
        enclose(pi, digits=10**7)


def test_symbols_may_be_named():
    assert enclose(q + c, {"q": 1, "c": 2}).contains(3)
