"""Statements about all large variances, held against the functions themselves; tails that bound."""

import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.activation import activation
from ntk_theory.phase import phase
from ntk_theory.phase.far import curvature_beyond, line_beyond
from ntk_theory.phase.tails import TailError, product, tail
from ntk_theory.symbols import x

NAMES = [
    "tanh",
    "gelu",
    "silu",
    "softplus",
    "elu",
    "selu",
    "logistic",
    "hard_tanh",
    "relu6",
    "soft_shrink",
    "huber",
]


@given(st.sampled_from(NAMES), st.floats(1, 1000), st.sampled_from([0.0, 0.05, 1.0]))
def test_the_line_has_the_sign_that_was_proven(name, factor, b_var):
    beyond = line_beyond(activation(name), arb(b_var))
    assert beyond is not None
    length = phase(name).length_map
    with ctx.workprec(80):
        q = arb(beyond.start * factor)
        value = (q - b_var) * length.gain(q) - length.variance(q)
        assert value * beyond.sign > 0


@given(
    st.sampled_from(["tanh", "silu", "gelu", "softplus", "elu", "logistic", "hard_swish", "hard_tanh"]),
    st.floats(1, 1000),
)
def test_the_curvature_has_the_sign_that_was_proven(name, factor):
    beyond = curvature_beyond(activation(name))
    assert beyond is not None
    length = phase(name).length_map
    with ctx.workprec(80):
        q = arb(max(beyond.start, 0.5) * factor)
        assert (length.variance_slope(q) - length.gain(q)) * beyond.sign > 0


def test_what_is_not_known_is_none():
    for name in ("sin", "exp", "x**3", "arctan"):
        assert line_beyond(activation(name), arb(0)) is None
        assert curvature_beyond(activation(name)) is None
    assert curvature_beyond(activation("snake")) is None


@given(
    st.sampled_from(["tanh(x)*x", "x/(1+exp(-x))", "log(1+exp(2*x))", "x*Phi(x)", "exp(-x)*x**3"]),
    st.floats(0, 60),
)
def test_tails_bound_their_functions(text, place):
    f = activation(text).expression
    bound = tail(f)
    line = float(bound.slope) * place + float(bound.intercept)
    value = float(f.subs(x, place).evalf(30))
    size = float(bound.size) * 2.718281828459045 ** (-float(bound.rate) * place)
    assert abs(value - line) <= size * (1 + 1e-9) + 1e-12 * (1 + abs(value))


def test_products_that_grow_too_fast_are_refused():
    with pytest.raises(TailError, match="grow"):
        product([tail(x), tail(x)])
    with pytest.raises(TailError, match="decay"):
        tail(activation("x*sin(x)").expression)
