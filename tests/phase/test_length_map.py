"""V, D and their slopes as ball functions: wide balls cover points, closed forms that lose digits are rescued."""

import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.dual import dual
from ntk_theory.phase import phase
from ntk_theory.phase.length_map import LengthMap

ELU = "where(x > 0, x, exp(x) - 1)"
HARD_TANH = "max(-1, min(x, 1))"
NAMES = ["tanh", "erf", "gelu", "relu", "gaussian", "softplus", ELU, HARD_TANH, "max(-1, min(x + 3/10, 1))"]
PARTS = ["variance", "variance_slope", "gain", "gain_slope"]


@given(
    st.sampled_from(NAMES),
    st.sampled_from(PARTS),
    st.floats(0.02, 90),
    st.floats(1e-6, 0.5),
    st.floats(-0.99, 0.99),
)
def test_wide_balls_cover_their_points(name, part, variance, width, place):
    function = getattr(LengthMap(dual(name)), part)
    with ctx.workprec(64):
        whole = function(arb(variance, variance * width))
        point = function(arb(variance * (1 + place * width)))
    assert whole.is_finite()
    assert whole.overlaps(point)
    assert whole.rad() < 40 * (1 + variance) * max(width, 1e-5) * max(1, abs(float(point)), 1 / variance)


@given(st.sampled_from(NAMES), st.sampled_from(PARTS), st.floats(0.05, 20))
def test_slopes_are_slopes(name, part, variance):
    length = LengthMap(dual(name))
    kind = part.removesuffix("_slope")
    with ctx.workprec(160):
        step = arb(2) ** -40
        value = getattr(length, kind)
        difference = (value(arb(variance) + step) - value(arb(variance) - step)) / (2 * step)
        slope = getattr(length, f"{kind}_slope")(arb(variance))
        assert abs(difference - slope) < 1e-9 * (1 + abs(slope))


@pytest.mark.parametrize("name", [HARD_TANH, "max(-1, min(x + 3/10, 1))", "tanh"])
def test_balls_that_reach_zero_are_closed(name):
    length = LengthMap(dual(name))
    with ctx.workprec(64):
        near = arb(0).union(arb(2) ** -20)
        assert length.variance(near).contains(length.variance(arb(2) ** -21))
        assert length.gain(near).contains(length.gain(arb(2) ** -21))


def test_bounds_that_are_proven():
    bounds = {"tanh": 1, "logistic": 1, "arctan": 1.5708, HARD_TANH: 1, "gaussian": 1}
    for name, bound in bounds.items():
        assert float(LengthMap(dual(name)).bound) == pytest.approx(bound, rel=1e-4)
    for name in ("relu", "gelu", "exp", "softplus"):
        assert LengthMap(dual(name)).bound is None


def test_scale_invariance_is_seen():
    assert {name: LengthMap(dual(name)).scale for name in ("relu", "abs", "identity")} == {
        "relu": dual("relu").derivative_variance,
        "abs": 1,
        "identity": 1,
    }
    assert LengthMap(dual("erf")).scale is None
    assert LengthMap(dual("0*x")).scale is None


def test_activations_with_pieces_go_all_the_way():
    # elu and hard-tanh: closed forms with e^{2q} erfc, 1/√q and Φ₂ in them
    assert phase(ELU).critical_points("0.05")[0].stable
    assert phase(HARD_TANH).critical_W_var(0).mid == 1
    scales = phase(HARD_TANH).depth_scales("2.3", "0.05")
    assert scales.point.phase == "chaotic"
    image = "0.2401952167720082"  # c* by iteration of the map with quadrature of the density, in floats
    assert abs(float(scales.c_star) - float(image)) < 1e-12


def test_degenerate_activations_have_no_line():
    assert phase("0*x").critical_points("0.05") == ()
    assert phase("0*x").critical_points(0) == ()
    assert phase("x + 1").critical_points(0) == ()
    (point,) = phase("max(x, 0)**2").critical_points("0.05")
    assert point.q.contains("0.2")
    assert not point.stable
