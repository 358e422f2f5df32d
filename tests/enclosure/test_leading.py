"""What a function is far out, and bounds by certified boxes: they hold at points, and stop short of poles."""

import math

import mpmath
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import atan, cos, erf, exp, log, sin, sqrt, tanh

from ntk_theory.enclosure.boxes import range_bound, ray_bound, strip_bound
from ntk_theory.enclosure.growth import growth, strip
from ntk_theory.enclosure.leading import GrowthError, ball, leading
from ntk_theory.symbols import x

# f, the distance of its nearest singularity from the real line
FUNCTIONS = [
    (x * tanh(log(1 + exp(x))), 3 * math.pi / 4),
    (sqrt(1 + x**2), 1.0),
    (log(exp(x) + exp(-x)), math.pi / 2),
    (2 * atan(tanh(x / 2)), math.pi / 2),
    (exp(-exp(-x)), math.pi / 2),
    (tanh(exp(x)), math.pi / 2),
    (x**2 / (1 + exp(-x) + exp(-2 * x)), 2 * math.pi / 3),
    (log(1 + x**2), 1.0),
    (tanh(x**2), math.sqrt(math.pi) / 2),
    (tanh(tanh(x)), 1.0039),
    (x * erf(log(1 + exp(x))), math.pi),
    (sin(x) / (1 + x**2), 1.0),
    (sqrt(1 + exp(x)), math.pi),
    (exp(-sqrt(1 + x**2)), 1.0),
    (sin(x) * exp(-(x**2) / 2) / (2 + cos(x)), math.acosh(2)),
    (sympy.asinh(x) / sympy.cosh(x), 1.0),
]
FORMS = [
    (sqrt(1 + x**2), {1: 1}),
    (x / sqrt(1 + x**2), {0: 1}),
    (x**3 / (1 + x) + tanh(x), {2: 1, 0: 1}),
    (log(1 + exp(2 * x)) - x, {1: 1}),
    (x * erf(x) - 3 * atan(x), {1: 1, 0: -3 * sympy.pi / 2}),
    (tanh(log(1 + exp(-x))), {}),
    (x / (1 + x), {0: 1}),
    (exp(1 / (1 + x)), {0: 1}),
]


@given(st.sampled_from(FUNCTIONS), st.floats(-1, 1), st.floats(-1, 1), st.integers(-1, 2))
def test_the_boxed_bound_holds_in_the_strip(case, height, real, order):
    f, _ = case
    half_width = 0.9 * strip(f)
    constant, degree, rate = strip_bound(f, half_width)
    point = mpmath.mpc(real * 10.0**order, height * half_width)
    value = abs(sympy.lambdify(x, f, "mpmath")(point))
    size = degree * math.log1p(abs(point.real)) + float(rate) * abs(float(point.real)) + float(constant.log())
    assert value == 0 or float(mpmath.log(value)) <= size + 1e-9


@pytest.mark.parametrize(("f", "distance"), FUNCTIONS, ids=str)
def test_strips_end_before_the_singularity_and_not_much_before(f, distance):
    assert 0.9 * distance < strip(f) < distance
    with pytest.raises(GrowthError):
        growth(f, distance * 1.02)


@pytest.mark.parametrize(("f", "terms"), FORMS, ids=str)
def test_the_leading_form_is_the_limit_and_its_remainder_holds(f, terms):
    form = next(form for form in (_form(f, start) for start in (2, 4, 8, 16, 32)) if form is not None)
    assert form.rate == 0 or not form.terms
    assert {k: sympy.simplify(p) for k, p in form.terms.items()} == terms
    start = float(form.region.start)
    with mpmath.workdps(30):
        for point in (start, start + 1.5, 3 * start, 100.0):
            value = sympy.lambdify(x, f, "mpmath")(mpmath.mpf(point))
            lead = sum(mpmath.mpf(sympy.N(p, 25)) * point ** float(k) for k, p in form.terms.items())
            rest = form.rest
            bound = mpmath.mpf(float(rest.size)) * point ** float(rest.degree) * mpmath.exp(-rest.decay * point)
            bound *= mpmath.exp(point * float(ball(form.rate))) if not form.terms else 1
            assert abs(value - lead) <= bound * (1 + mpmath.mpf(10) ** -12) + mpmath.mpf(10) ** -25


def _form(f, start):
    try:
        return leading(f, float(start), 0.0)
    except GrowthError:
        return None


@pytest.mark.parametrize("f", [exp(x**2), exp(exp(x)), sympy.gamma(x), 1 / sin(x), tanh(x * sin(x)) / cos(x)])
def test_what_grows_too_fast_or_is_unknown_is_refused(f):
    assert strip(f) == 0
    with pytest.raises(GrowthError):
        growth(f)


@pytest.mark.parametrize("f", [x * tanh(log(1 + exp(x))), sqrt(x) * tanh(x), log(1 + x) / (1 + x**2)])
def test_half_a_line_is_bounded_too(f):
    constant, degree, rate = ray_bound(f)
    for point in (0.0, 0.3, 2.0, 7.0, 60.0):
        size = float(constant) * (1 + point) ** degree * math.exp(float(rate) * point)
        assert abs(complex(f.subs(x, point).evalf())) <= size * (1 + 1e-12)


def test_the_range_over_an_interval_is_not_much_overestimated():
    bound = float(range_bound(sin(3 * x) - x / 2, ball(sympy.S(0)), ball(sympy.S(2))))
    assert 1.3 < bound < 3.0


def test_a_planted_pole_in_the_middle_is_noticed():
    f = x * tanh(log(1 + exp(x))) + 1 / ((x - 1) ** 2 + sympy.Rational(1, 100))
    assert 0.09 < strip(f) < 0.1
