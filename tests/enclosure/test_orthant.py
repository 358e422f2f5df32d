"""Orthant probabilities and ₂F₁ in balls: SymPy's own quadrature inside, known values, ends of the domain."""

import mpmath
import pytest
import sympy
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from ntk_theory.enclosure import enclose
from ntk_theory.enclosure.hypergeometric import hypergeometric
from ntk_theory.enclosure.orthant import orthant
from ntk_theory.errors import EnclosureError
from ntk_theory.gaussian.special import Orthant

R = sympy.Rational


@pytest.mark.parametrize(
    "node",
    [
        Orthant(1, 2, 3, R(1, 2), R(1, 2), R(1, 2)),
        Orthant(R(1, 3), -1, 0, R(1, 5), R(-1, 2), R(3, 10)),
        Orthant(0, 0, 0, 0, R(1, 2), R(1, 4), R(1, 3), R(-1, 5), R(1, 7), R(2, 5)),
    ],
)
def test_quadrature_lies_inside_to_many_digits(node):
    found = enclose(node, digits=30)
    assert found.contains(str(node.evalf(45)))
    assert not found.contains(str(node.evalf(45) + sympy.Float("1e-27")))


@settings(max_examples=10)
@given(st.lists(st.integers(-6, 6), min_size=3, max_size=3))
def test_three_at_zero_are_sums_of_inverse_sines(numerators):
    rho = [R(n, 14) for n in numerators]
    with ctx.workprec(80):
        found = orthant(*[arb(0)] * 3, *(arb(r.p) / arb(r.q) for r in rho))
        expected = arb(1) / 8 + sum(((arb(r.p) / arb(r.q)).asin() for r in rho), arb(0)) / (4 * arb.pi())
    assert found.overlaps(expected)
    assert found.rad() < 1e-18


def test_five_dimensions_and_degenerate_ones_are_not_finite():
    with ctx.workprec(60):
        assert not orthant(*[arb(0)] * 15).is_finite()
        assert not orthant(arb(1), arb(0), arb(0), arb(0), *[arb(0)] * 6).is_finite()


@given(st.floats(-0.45, 3), st.floats(-1, 1))
def test_hypergeometric_functions_of_powers(p, correlation):
    z = sympy.Rational(repr(correlation)) ** 2
    a = -sympy.Rational(repr(p)) / 2
    found = enclose(sympy.hyper([a, a], [R(1, 2)], z), digits=15)
    with mpmath.workdps(40):
        expected = mpmath.hyp2f1(*[mpmath.mpf(a.p) / a.q] * 2, mpmath.mpf(1) / 2, mpmath.mpf(z.p) / z.q)
        assert abs(mpmath.mpf(str(found.mid)) - expected) <= found.radius + abs(expected) * mpmath.mpf(10) ** -30


def test_at_one_the_hypergeometric_function_is_gauss_value():
    with ctx.workprec(70):
        a, c = arb("-0.35"), arb("0.5")
        end = hypergeometric(arb(1), a, a, c, equal=True)
        with mpmath.workdps(30):
            assert abs(mpmath.mpf(end.str(25, radius=False)) - mpmath.hyp2f1(-0.35, -0.35, 0.5, 1)) < 1e-15
        near = hypergeometric(arb(1, 1e-12), a, a, c, equal=True)
        assert near.contains(end)
        assert near.overlaps(hypergeometric(arb(1) - arb("1e-13"), a, a, c))
        assert not hypergeometric(arb(1, 0.1), a, a, c).is_finite()


def test_other_hypergeometric_functions_are_refused_by_name():
    with pytest.raises(EnclosureError, match="hypergeometric"):
        enclose(sympy.hyper([1], [2], sympy.Rational(1, 2)))
