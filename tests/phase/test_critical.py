"""The order-to-chaos line: reference values, both parametrizations, its symmetries, and where there is none."""

import json
import math
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

import ntk_theory as ntk
from ntk_theory.enclosure import enclose
from ntk_theory.errors import DataError, DivergentExpectationError, EnclosureError, NoFixedPointError
from ntk_theory.phase import critical, phase
from ntk_theory.symbols import q

ENTRIES = json.loads((Path(__file__).parent / "phases.json").read_text())["entries"]
LINE = {entry["id"]: entry["value"] for entry in ENTRIES if entry["id"].startswith("eoc/")}


@pytest.mark.parametrize("name", [key for key in LINE if key.endswith("/sw2")])
def test_reference_values_to_thirty_digits(name):
    _, activation, at, _ = name.split("/")
    b_var = at.removeprefix("sb2=")
    (point,) = phase(activation).critical_points(b_var)
    assert point.stable
    assert point.W_var.digits >= 30
    assert point.q.digits >= 30
    assert point.W_var.contains(LINE[name])
    assert point.q.contains(LINE[name.replace("/sw2", "/qstar")])
    assert phase(activation).critical_W_var(b_var).overlaps(point.W_var)


@pytest.mark.slow
@pytest.mark.parametrize("name", [key for key in LINE if key.endswith("/sw2")])
def test_reference_values_to_all_their_digits(name):
    _, activation, at, _ = name.split("/")
    (point,) = phase(activation).critical_points(at.removeprefix("sb2="), digits=45)
    for ours, true in ((point.W_var, LINE[name]), (point.q, LINE[name.replace("/sw2", "/qstar")])):
        places = len(true.split(".")[-1])
        with mpmath.workdps(60):
            assert abs(mpmath.mpf(str(ours.mid)) - mpmath.mpf(true)) <= mpmath.mpf(10) ** -places


def test_the_logistic_line_starts_at_103():
    value = ntk.phase("logistic").critical_W_var(b_var=0)
    assert str(value.mid).startswith("103.007553855519322335460073446")
    assert value.radius < 1e-27


def test_a_planted_error_is_seen():
    value = phase("tanh").critical_W_var(0.05)
    true = LINE["eoc/tanh/sb2=0.05/sw2"]
    assert value.contains(true)
    for place in (3, 12, 28):
        assert not value.contains(Fraction(true) + Fraction(3, 10**place))


def test_erf_has_its_line_in_closed_form():
    # Poole et al. 2016 with erf(x): σ_w² = π√(1+4q)/4, σ_b² = q - √(1+4q)/2 · asin(2q/(1+2q))
    W = sympy.pi * sympy.sqrt(1 + 4 * q) / 4
    b = q - sympy.sqrt(1 + 4 * q) / 2 * sympy.asin(2 * q / (1 + 2 * q))
    for at in ("0.1", 1, "7.25"):
        point = phase("erf").critical_point(at)
        assert point.W_var.overlaps(enclose(W, {q: at}))
        assert point.b_var.overlaps(enclose(b, {q: at}))


@given(st.sampled_from(["tanh", "erf", "arctan", "sin"]), st.fractions(Fraction(1, 10), 5, max_denominator=50))
def test_both_parametrizations_meet(name, variance):
    point = phase(name).critical_point(variance, digits=25)
    again = [p for p in phase(name).critical_points(point.b_var, digits=15) if p.q.overlaps(point.q)]
    assert len(again) == 1
    assert again[0].W_var.overlaps(point.W_var)


@given(st.fractions(0, 3, max_denominator=40))
def test_logistic_and_erf_sigmoid_are_shifted_odd_functions(b_var):
    # φ = κ₀ + κ₁ f(βx): (σ_w², σ_b²) acts on f as (κ₁²β²σ_w², β²σ_b² + β²κ₀²σ_w²)
    for sigmoid, odd, scale in (("logistic", "tanh", Fraction(1, 2)), ("erf_sigmoid", "erf", Fraction(1))):
        W_var = phase(sigmoid).critical_W_var(b_var, digits=30)
        shifted = enclose(q * scale**2 / 4, {q: W_var}, digits=25)
        b = sympy.Symbol("b")
        biased = enclose(scale**2 * (b + q / 4), {q: W_var, b: b_var}, digits=25)
        assert phase(odd).critical_W_var(biased, digits=15).overlaps(shifted)


def test_the_line_starts_where_the_slope_at_zero_says():
    assert phase("tanh").critical_W_var(0).mid == 1
    assert phase("erf").critical_W_var(0).contains(sympy.pi / 4)
    (start,) = phase("sin").critical_points(0)
    assert (start.q.mid, start.W_var.mid, start.stable) == (0, 1, True)


def test_relu_is_critical_at_two_exactly():
    relu = phase("relu")
    value = relu.critical_W_var(b_var=0)
    assert value.exact
    assert value.mid == 2
    assert relu.critical_points(0)[0].every_q
    assert relu.boundary_W_var.mid == 2
    with pytest.raises(NoFixedPointError, match=r"vertical line σ_w² = 2"):
        relu.critical_W_var(b_var=0.05)
    assert relu.critical_line(1) == ((2.0, 0.0), (2.0, 1.0))
    slope = Fraction(1, 100)
    assert phase("leaky_relu").critical_W_var(0).contains(2 / (1 + slope))


def test_gelu_is_critical_on_an_unstable_fixed_point():
    # Roberts, Yaida & Hanin: χ₁ = 1 is not enough for activations that are not monotone
    (point,) = phase("gelu").critical_points(0.05)
    assert not point.stable
    assert point.chi_parallel.ball > 1
    with pytest.raises(NoFixedPointError, match="repel"):
        phase("gelu").critical_W_var(0.05)
    (start,) = phase("gelu").critical_points(0)
    assert (start.W_var.mid, start.stable) == (4, False)


def test_where_the_line_does_not_exist():
    with pytest.raises(NoFixedPointError, match="σ_b² would have to be"):
        phase("logistic").critical_point(1)
    with pytest.raises(NoFixedPointError, match="nowhere else"):  # proven for all q: see test_far
        phase("softplus").critical_W_var(0.05, digits=5)
    assert not critical.search_range(phase("exp").length_map, 0.05, 20.0).complete


@pytest.mark.parametrize(
    ("name", "exponent"), [("erf", 9), ("erf", 12), pytest.param("tanh", 10, marks=pytest.mark.slow)]
)
def test_small_biases_and_the_cusp_of_the_line(name, exponent):
    # σ_w² - 1/φ′(0)² ≈ C σ_b^(2/3): C of erf is a reference value, that of tanh, 2(3/4)^{1/3}, by the same series
    cusp = next(entry["value"] for entry in ENTRIES if entry["id"] == "eoc/erf/cusp")
    start, constant = (sympy.pi / 4, float(cusp)) if name == "erf" else (1, 2 * 0.75 ** (1 / 3))
    value = phase(name).critical_W_var(f"1e-{exponent}", digits=15)
    slope = float((value.mid - start) * sympy.Integer(10) ** sympy.Rational(exponent, 3))
    assert slope == pytest.approx(constant, rel=10 ** (-exponent / 4))


def test_gelu_is_critical_at_larger_biases():
    # beyond the half-stable point (σ_b² = 0.1729) the line lies on stable fixed points, and the search is complete
    (point,) = phase("gelu").critical_points(1, digits=12)
    assert point.stable
    assert critical.search_range(phase("gelu").length_map, 1, 100.0).complete
    assert float(point.W_var) == pytest.approx(1.97668, abs=1e-5)


def test_an_independent_search_in_mpmath_agrees():
    with mpmath.workdps(20):

        def mean(f, variance):
            return mpmath.quad(lambda z: f(mpmath.sqrt(variance) * z) * mpmath.npdf(z), [-12, -4, 0, 4, 12])

        def residual(variance):
            gain = mean(lambda u: mpmath.sech(u) ** 4, variance)
            return variance - mean(lambda u: mpmath.tanh(u) ** 2, variance) / gain - mpmath.mpf("0.3")

        root = mpmath.findroot(residual, (1.3, 1.6))
        W_var = 1 / mean(lambda u: mpmath.sech(u) ** 4, root)
        assert abs(mpmath.mpf(str(phase("tanh").critical_W_var("0.3", digits=15).mid)) - W_var) < 1e-13


def test_the_line_for_drawing_goes_through_certified_points():
    line = phase("tanh").critical_line(1, points=12)
    assert line[0] == (1.0, 0.0)
    assert line[-1] == pytest.approx((float(phase("tanh").critical_W_var(1)), 1.0), rel=1e-9)
    assert len(line) == 12
    assert list(line) == sorted(line)


@pytest.mark.parametrize("bad", [-1, "-0.05", float("nan"), float("inf"), "a"])
def test_bad_variances_are_refused_by_name(bad):
    with pytest.raises(DataError, match="b_var"):
        phase("tanh").critical_W_var(bad)
    with pytest.raises(DataError, match="q = "):
        phase("tanh").critical_point(bad)


def test_activations_that_have_no_phases():
    with pytest.raises(DivergentExpectationError, match="jumps"):
        phase("sign").critical_W_var(0.05)
    with pytest.raises(DataError, match="alpha"):
        phase("where(x > 0, x, alpha*x)").critical_W_var(0)


def test_what_can_not_be_reached_is_an_error():
    rough = enclose(sympy.Rational(1, 3), digits=6)
    with pytest.raises(EnclosureError):
        phase("erf").critical_W_var(rough, digits=20)


@pytest.mark.parametrize("name", ["tanh", "hard_tanh"])
def test_the_line_is_followed_to_the_smallest_biases(name):
    length = phase(name).length_map
    for b_var in ("1e-8", "1e-12"):
        (point,) = phase(name).critical_points(b_var, digits=15)
        assert point.stable
        at = point.q.ball
        with ctx.workprec(160):
            assert (at - length.variance(at) / length.gain(at)).contains(arb(b_var))
    # b = qE[(φ′ - φ/x)²]/E[φ′²] = 4q³/3 + …, as φ′ - φ/x = -2x²/3 + …
    if name == "tanh":
        assert float(point.q) == pytest.approx((1e-12 * 3 / 4) ** (1 / 3), rel=1e-3)


def test_without_biases_the_line_has_no_point_but_its_start():
    for name in ("relu6", "silu", "softsign"):
        assert len(phase(name).critical_points(0)) == 1
        assert critical.search_range(phase(name).length_map, 0, 100.0).complete
    for at in (0.01, 1):  # the proof: σ_b² = qE[(φ′ - φ/x)²]/E[φ′²]
        z, weights = np.polynomial.hermite_e.hermegauss(200)
        x = math.sqrt(at) * z
        slope = 1 / np.cosh(x) ** 2
        mean = at * (weights @ (slope - np.tanh(x) / x) ** 2) / (weights @ slope**2)
        assert float(phase("tanh").critical_point(at).b_var) == pytest.approx(mean, rel=1e-6)
