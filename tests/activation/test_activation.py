"""What an activation knows of itself: pieces, jumps, kinks, parity, derivative."""

import mpmath
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import oo

from ntk_theory.activation import Piece, activation
from ntk_theory.activation.activation import tanh_form
from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.symbols import x

PIECES = {
    "max(x, 0)": [Piece(-oo, 0, 0), Piece(0, oo, x)],
    "abs(abs(x) - 1)": [Piece(-oo, -1, -x - 1), Piece(-1, 0, x + 1), Piece(0, 1, 1 - x), Piece(1, oo, x - 1)],
    "min(max(x, -1), 1)": [Piece(-oo, -1, -1), Piece(-1, 1, x), Piece(1, oo, 1)],
    "max(x, x**2)": [Piece(-oo, 0, x**2), Piece(0, 1, x), Piece(1, oo, x**2)],
    "max(exp(x) - 2, 0)": [Piece(-oo, sympy.log(2), 0), Piece(sympy.log(2), oo, sympy.exp(x) - 2)],
    "max(x - theta, 0)": [
        Piece(-oo, sympy.Symbol("theta", positive=True), 0),
        Piece(sympy.Symbol("theta", positive=True), oo, x - sympy.Symbol("theta", positive=True)),
    ],
    "max(x, x)": [Piece(-oo, oo, x)],
    "x + abs(x)*0": [Piece(-oo, oo, x)],
}


@pytest.mark.parametrize("text", PIECES)
def test_pieces(text):
    assert list(activation(text).pieces) == PIECES[text]


@given(st.integers(-3, 3), st.integers(-3, 3), st.sampled_from([1, -1, 2]), st.floats(-5, 5))
def test_pieces_agree_with_the_expression(a, b, s, point):
    phi = activation(f"max({s}*x + {a}, abs(x - {b}) - 1) + sign(x - {a})*min(x, {b})")
    exact = sympy.Rational(point)
    piece = next(p for p in phi.pieces if p.lower <= exact <= p.upper)
    if exact not in (piece.lower, piece.upper):
        assert piece.expression.subs(x, exact) == phi.expression.subs(x, exact)


def test_an_undecidable_sign_is_refused_with_advice():
    with pytest.raises(NotInClassError, match="assumptions"):
        activation("max(x, alpha*x)").pieces  # noqa: B018


@pytest.mark.parametrize(
    ("text", "cuts"),
    [("max(x*sqrt(2), x**2)", 2), ("max(erf(x), 3)", 0), ("max(abs(x*sqrt(2)), x**2)", 3)],
)
def test_switches_at_irrational_points_and_at_none(text, cuts):
    assert len(activation(text).pieces) == cuts + 1


def test_a_slope_below_one_by_assumption():
    # alpha/(1 + alpha) < 1 for every positive alpha
    phi = activation("max(x, alpha/(1 + alpha)*x)")
    assert [p.lower for p in phi.pieces] == [-oo, 0]


@pytest.mark.parametrize(
    ("text", "parity"),
    [("erf(x)", "odd"), ("tanh(x)", "odd"), ("abs(x)", "even"), ("cos(x)", "even"), ("max(x, 0)", None)],
)
def test_parity(text, parity):
    assert activation(text).parity == parity


def test_jumps_and_kinks():
    assert [(j.position, j.height) for j in activation("sign(x - 1)").jumps] == [(1, 2)]
    assert activation("max(x, 0)").jumps == ()
    assert [(k.position, k.height) for k in activation("max(x, 0)").kinks] == [(0, 1)]
    assert activation("where(x > 0, x, exp(x) - 1)").kinks == ()


def test_a_seam_where_both_sides_have_a_limit_is_no_jump():
    assert activation("x*log(abs(x))").jumps == ()
    assert [j.height for j in activation("where(x > 0, x*log(x) + 1, x**2)").jumps] == [1]


def test_a_jump_has_no_ntk():
    with pytest.raises(DivergentExpectationError, match="jumps by 1 at x = 0"):
        activation("heaviside(x)").derivative  # noqa: B018


@pytest.mark.parametrize("text", ["logistic", "softplus", "silu", "mish", "1/(1 + exp(x))**2", "gelu"])
@pytest.mark.parametrize("point", [-40, -1.5, 0.25, 3, 60])
def test_derivative_against_mpmath(text, point):
    phi = activation(text)
    with mpmath.workdps(40):
        value = mpmath.diff(sympy.lambdify(x, phi.expression, "mpmath"), mpmath.mpf(point))
        ours = sympy.lambdify(x, phi.derivative.expression, "mpmath")(mpmath.mpf(point))
        assert abs(value - ours) < 1e-25


@given(st.integers(1, 3), st.integers(1, 3), st.floats(-6, 6))
def test_tanh_form_is_the_same_function(n, k, point):
    expression = sympy.exp(k * x) * x / (1 + sympy.exp(x)) ** n
    difference = (tanh_form(expression) - expression).subs(x, sympy.Rational(point))
    assert abs(difference.evalf(30)) < 1e-20
