"""All roots, each certified; none invented, none lost, doubtful ones refused."""

import math

import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.enclosure import find_roots
from ntk_theory.errors import EnclosureError


def roots_of(function, derivative, lower, upper, bits=100):
    found = find_roots(function, derivative, arb(lower), arb(upper))
    with ctx.workprec(bits):
        return [root.ball() for root in found]


def test_every_root_of_the_sine_is_found():
    roots = roots_of(arb.sin, arb.cos, 0.5, 100.5, bits=200)
    assert len(roots) == 31
    with ctx.workprec(300):
        for k, root in enumerate(roots, start=1):
            assert root.contains(k * arb.pi())
            assert root.rad() < arb(2) ** -185


@given(st.lists(st.integers(-40, 40), min_size=1, max_size=5, unique=True), st.floats(0.01, 1))
def test_polynomials_with_known_roots(integers, scale):
    def polynomial(x):
        product = arb(scale)
        for root in integers:
            product *= x - root
        return product

    def derivative(x):
        total = arb(0)
        for skipped in integers:
            product = arb(scale)
            for root in integers:
                if root != skipped:
                    product *= x - root
            total += product
        return total

    roots = roots_of(polynomial, derivative, -50, 50)
    assert len(roots) == len(integers)
    assert all(ball.contains(k) for ball, k in zip(roots, sorted(integers), strict=True))


def test_no_root_is_a_proof_of_absence():
    assert roots_of(lambda x: x * x + arb("0.001"), lambda x: 2 * x, -3, 3) == []


@pytest.mark.parametrize("place", [0.0, 0.4877, 1.0, 0.23785])
def test_a_root_on_a_cut_or_an_end_is_found_once(place):
    roots = roots_of(lambda x: x - arb(place), lambda _: arb(1), 0, 1)
    assert len(roots) == 1
    assert roots[0].contains(arb(place))


def test_a_double_root_is_refused():
    with pytest.raises(EnclosureError, match="double root"):
        roots_of(lambda x: (x - 1) * (x - 1), lambda x: 2 * (x - 1), 0, 3)


def test_precision_rises_to_what_is_asked():
    (root,) = find_roots(lambda x: x * x - 2, lambda x: 2 * x, arb(1), arb(2))
    for bits in (53, 500, 3000):
        with ctx.workprec(bits):
            ball = root.ball()
            assert ball.contains(arb(2).sqrt()) or ball.overlaps(arb(2).sqrt())
            assert ball.rad() < arb(2) ** -(bits - 12)
    assert math.isclose(float(ball), math.sqrt(2))
