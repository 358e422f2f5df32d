"""The proven bounds of growth hold at points, and strips stop short of the poles."""

import cmath
import math

import mpmath
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.enclosure.growth import GrowthError, growth, right_growth, strip
from ntk_theory.symbols import x

FUNCTIONS = [
    sympy.tanh(x),
    (1 - sympy.tanh(x) ** 2) ** 2,
    x**2 * sympy.tanh(3 * x - 1) ** 3 - 2 * x + 5,
    1 / (1 + sympy.exp(-2 * x)),
    sympy.log(1 + sympy.exp(x)) ** 2,
    x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
    sympy.exp(-2 * x**2 + x),
    sympy.exp(x / 2) * sympy.sin(3 * x),
    sympy.atan(2 * x) - sympy.cos(x),
    1 / (1 + x**2) ** 2,
    1 / (2 + 3 * (x - 1) ** 2),
    sympy.sech(x) ** 3 + sympy.cosh(x),
    sympy.exp(sympy.sin(x)),
    x * sympy.exp(-(x**2)),
]
POLES = {0: math.pi / 2, 3: math.pi / 2, 4: math.pi, 8: 1 / 2, 9: 1, 10: math.sqrt(2 / 3), 11: math.pi / 2}


@given(st.sampled_from(FUNCTIONS), st.floats(0, 1), st.floats(-1, 1), st.floats(-30, 30))
def test_the_bound_holds_in_the_strip(f, part, height, real):
    half_width = part * min(strip(f), 2.0)
    bound = growth(f, half_width)
    value = complex(sympy.lambdify(x, f, "mpmath")(mpmath.mpc(real, height * half_width)))
    size = bound.degree * math.log1p(abs(real)) + float(bound.rate) * abs(real) + math.log(float(bound.constant))
    assert abs(value) == 0 or math.log(abs(value)) <= size + 1e-9


@pytest.mark.parametrize(("index", "distance"), POLES.items())
def test_strips_end_before_the_nearest_pole_and_not_much_before(index, distance):
    width = strip(FUNCTIONS[index])
    assert 0.9 * distance < width < distance
    with pytest.raises(GrowthError):
        growth(FUNCTIONS[index], distance * 1.01)


@pytest.mark.parametrize("f", [1 / (1 + x), sympy.sqrt(1 + x**2)])
def test_half_a_line_is_enough_for_a_tail(f):
    bound = right_growth(f)
    for point in (0.0, 1.0, 50.0):
        assert abs(float(f.subs(x, point))) <= float(bound.constant) * (1 + point) ** bound.degree


@pytest.mark.parametrize("f", [sympy.exp(x**2), sympy.exp(x**3), sympy.gamma(x), 1 / x])
def test_what_grows_too_fast_or_is_unknown_is_refused(f):
    with pytest.raises(GrowthError, match="bound"):
        growth(f)
    assert strip(f) == 0


def test_a_planted_pole_is_noticed():
    f = 1 / (1 + x**2)
    with pytest.raises(GrowthError):
        growth(f, 1.0)
    assert cmath.isclose(sympy.lambdify(x, f, "cmath")(0.5j), 4 / 3)
