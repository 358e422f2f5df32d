"""E[f(u)g(v)] by the strip theorem: reference values, limits at c = ±1, balls as arguments, refusals."""

import json
import time
from pathlib import Path

import mpmath
import pytest
import sympy
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st
from sympy import erf, exp, log, sin, tanh

from ntk_theory.dual import dual
from ntk_theory.enclosure import enclose
from ntk_theory.enclosure.covariance import gaussian_covariance
from ntk_theory.enclosure.mean import gaussian_mean
from ntk_theory.gaussian import GaussianCovariance
from ntk_theory.symbols import c, q1, q2, x

ENTRIES = json.loads((Path(__file__).parent / "duals.json").read_text())["entries"]
ANALYTIC = [tanh(x), 1 - tanh(x) ** 2, log(1 + exp(x)), x * (1 + tanh(x / 2)) / 2, sin(x), erf(x), sympy.atan(x)]


def at_point(entry):
    """The point of a reference value; the third number there is the covariance."""
    values = {name: sympy.Rational(text) for name, text in entry["params"].items()}
    return {q1: values["q1"], q2: values["q2"], c: values["c"] / sympy.sqrt(values["q1"] * values["q2"])}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_reference_values_lie_inside(entry):
    _, name, _, which = entry["id"].split("/")
    derived = dual(name)
    digits = min(len(entry["value"].lstrip("-0.")) - 2, 30)
    found = enclose(derived.kernel if which == "K" else derived.derivative, at_point(entry), digits=digits)
    given_digits = mpmath.mpf(10) ** -(len(entry["value"].split(".")[1]))
    with mpmath.workdps(50):
        assert abs(mpmath.mpf(str(found.mid)) - mpmath.mpf(entry["value"])) <= found.radius + given_digits


@given(st.sampled_from(ANALYTIC), st.floats(0.05, 8), st.floats(-1, 1), st.integers(32, 60))
def test_more_precision_stays_inside_less(f, variance, correlation, bits):
    with ctx.workprec(bits):
        coarse = gaussian_covariance(f, f, arb(variance), arb(1), arb(correlation))
    with ctx.workprec(bits + 25):
        fine = gaussian_covariance(f, f, arb(variance), arb(1), arb(correlation))
    assert coarse.is_finite()
    assert coarse.overlaps(fine)


@given(st.sampled_from(ANALYTIC), st.floats(0.05, 8), st.floats(-1, 1), st.integers(2, 24))
def test_the_error_of_a_coarse_rule_is_never_understated(f, variance, correlation, bits):
    with ctx.workprec(90):  # so that the rule's error is all there is
        arguments = (f, f, arb(variance), arb(1), arb(correlation))
        coarse = gaussian_covariance(*arguments, bits=bits)
        assert coarse.overlaps(gaussian_covariance(*arguments, bits=45))
        assert coarse.rad() < arb(2) ** (6 - bits)


@given(st.sampled_from(ANALYTIC), st.floats(0.05, 8))
def test_at_full_correlation_it_is_a_mean(f, variance):
    with ctx.workprec(50):
        pair = gaussian_covariance(f, f, arb(variance), arb(variance), arb(1))
        mirrored = gaussian_covariance(f, f.subs(x, -x), arb(variance), arb(variance), arb(-1))
        single = gaussian_mean(f**2, arb(variance))
    assert pair.overlaps(single)
    assert mirrored.overlaps(single)
    assert float(pair.rad()) < 1e-10 * max(1, abs(float(single)))


@given(st.floats(0.1, 4), st.floats(0.1, 4), st.floats(-0.95, 0.95), st.floats(1e-6, 0.02), st.floats(-1, 1))
def test_balls_of_arguments_cover_their_points(first, second, correlation, width, place):
    with ctx.workprec(44):
        near = [value * (1 + place * width * 0.99) for value in (first, second, correlation)]
        balls = (arb(value, abs(value) * width) for value in (first, second, correlation))
        whole = gaussian_covariance(tanh(x), tanh(x), *balls)
        assert whole.contains(gaussian_covariance(tanh(x), tanh(x), *map(arb, near)))


def test_independence_and_parity():
    with ctx.workprec(60):
        assert gaussian_covariance(tanh(x), tanh(x) ** 2, arb(1), arb(2), arb("0.3")) == 0
        product = gaussian_mean(log(1 + exp(x)), arb(1)) * gaussian_mean(log(1 + exp(x)), arb(2))
        assert gaussian_covariance(log(1 + exp(x)), log(1 + exp(x)), arb(1), arb(2), arb(0)).overlaps(product)


def test_two_functions_with_a_closed_form():
    # E[sin(u) v] = κ e^{-q1/2} by Stein's lemma
    pair = GaussianCovariance(sympy.Lambda(x, sin(x)), sympy.Lambda(x, x), q1, q2, c)
    found = enclose(pair, {q1: 2, q2: 3, c: sympy.Rational(1, 4)}, digits=25)
    assert found.overlaps(enclose(sympy.sqrt(6) / 4 * exp(-1), digits=30))


def test_seventeen_digits_are_quick():
    enclose(dual("tanh").kernel, {q1: 1, q2: 1, c: "0.5"}, digits=5)
    started = time.perf_counter()
    value = enclose(dual("tanh").kernel, {q1: 1, q2: 1, c: "0.5"}, digits=17)
    assert value.digits >= 17
    assert time.perf_counter() - started < 0.5  # some 0.015 s on an idle core


def test_a_planted_error_is_seen():
    found = enclose(dual("tanh").kernel, {q1: 1, q2: 1, c: "0.5"}, digits=20)
    assert found.contains("0.18632441320344808610678288997240866")
    assert not found.contains("0.18632441320344808611678288997240866")
