"""Universality classes: the book's values, proofs of absence, and the half-stable approach by iteration."""

import json
import math

import pytest
import sympy
from flint import arb, ctx

from ntk_theory.activation import activation
from ntk_theory.errors import DivergentExpectationError, NoFixedPointError
from ntk_theory.phase import phase
from ntk_theory.phase.fixed_points import FixedPoint
from ntk_theory.phase.half_stable import half_stable
from ntk_theory.phase.power_law import l
from ntk_theory.phase.regimes import Place
from ntk_theory.phase.signs import folded, sign
from ntk_theory.symbols import x

CLASSES = {
    "scale-invariant": ["relu", "leaky_relu", "abrelu", "abs", "identity"],
    "K* = 0": ["tanh", "sin", "erf", "arctan", "hard_tanh", "elu", "selu", "relu6"],
    "half-stable": ["gelu", "silu", "hard_swish", "snake", "shifted_relu", "soft_shrink"],
    "none": ["softplus", "logistic", "probit", "exp", "cos", "gaussian", "sinh", "x**3", "relu2", "huber", "0"],
}


@pytest.mark.parametrize(("name", "expected"), [(n, c) for c, names in CLASSES.items() for n in names])
def test_classes(name, expected):
    found = phase(name).universality(digits=10)
    assert found.name == expected
    assert (found.critical is None) == (expected == "none")
    assert json.loads(json.dumps(found.as_dict()))["class"] == expected
    assert found.reason in str(found)


@pytest.mark.slow
def test_mish_is_half_stable():
    assert phase("mish").universality(digits=10).name == "half-stable"


def test_the_values_of_the_book():
    # Roberts, Yaida & Hanin 2022, 5.3.4: (C_b, C_W) and K* of GELU and SWISH, to the eight digits printed
    gelu, swish = (phase(name).universality().critical for name in ("gelu", "silu"))
    assert gelu.q.contains((3 + sympy.sqrt(17)) / 2)
    assert (f"{float(gelu.b_var):.8f}", f"{float(gelu.W_var):.8f}") == ("0.17292239", "1.98305826")
    assert (f"{float(swish.b_var):.8f}", f"{float(swish.W_var):.8f}") == ("0.55514317", "1.98800468")
    assert f"{float(swish.q):.8f}" == "14.32017362"
    assert (gelu.attracts, swish.attracts) == ("from above", "from below")
    # 5.3.3: K* = 0 at C_b = 0, C_W = 1/σ₁²
    assert phase("tanh").universality().critical.W_var.mid == 1
    assert phase("erf").universality().critical.W_var.contains(sympy.pi / 4)


def test_at_the_critical_point_both_slopes_are_one():
    for name in ("gelu", "silu", "hard_swish"):
        here = phase(name)
        point = here.universality(digits=40).critical
        with ctx.workprec(160):
            W, q = point.W_var.ball, point.q.ball
            assert (W * here.length_map.gain(q)).overlaps(arb(1))
            assert (W * here.length_map.variance_slope(q)).overlaps(arb(1))
            assert (W * here.length_map.variance(q) + point.b_var.ball).overlaps(q)


def test_proofs_for_all_variances_and_ranges_that_say_they_are_ranges():
    assert phase("softplus").universality().searched.complete
    assert phase("logistic").universality().searched.complete
    assert phase("gelu").universality().searched.complete
    assert not phase("snake").universality().searched.complete
    assert "in [0, 100]" in phase("snake").universality().reason


def test_signs():
    (tanh,) = folded(activation("tanh").pieces, lambda f: f * f.diff(x, 2))
    assert sign(tanh) == -1
    t = sympy.Symbol("x", positive=True)
    assert sign(-(sympy.tanh(t) ** 2) + sympy.tanh(t) ** 4) == -1
    assert sign(sympy.exp(-2 * t) - sympy.exp(-t)) == -1
    assert sign(sympy.tanh(t) - sympy.tanh(t) ** 2 * 2) is None
    assert sign(sympy.exp(-t) - sympy.Rational(1, 2)) is None
    assert sign(t - t) == 0
    assert sign(sympy.sin(t) ** 2) == 1


def test_a_half_stable_point_is_reached_like_its_drift_says():
    # φ = sin x - 3x/4: closed kernels, double roots with ρ = 1.497 > 1
    k = arb("-0.75")

    def kernel(q1, q2, cross):
        both = (-(q1 + q2) / 2).exp()
        return both * cross.sinh() + k * cross * ((-q1 / 2).exp() + (-q2 / 2).exp()) + k * k * cross

    def slope(q1, q2, cross):
        return (-(q1 + q2) / 2).exp() * cross.cosh() + k * ((-q1 / 2).exp() + (-q2 / 2).exp()) + k * k

    here = phase("sin(x) - 3*x/4")
    point = here.universality(digits=60).criticalities[1]
    one = point.W_var.__class__(arb(1))
    place = Place(here.length_map, point.W_var, point.b_var, ("", ""), FixedPoint(point.q, one, one, False), 15)
    derived = half_stable(place)
    values = {c.symbol: float(c.value) for c in derived.constants}
    rho = values[sympy.Symbol("rho", real=True)]
    assert point.attracts == "from below"
    with ctx.workprec(220):
        W, b = point.W_var.ball, point.b_var.ball
        q, cross = arb("0.7"), arb("0.4")
        diagonal, ntk, found = q, cross, {}
        for layer in range(1, 20_001):
            if layer in (5000, 10_000, 20_000):
                found[layer] = tuple(map(float, (point.q.ball - q, 1 - cross / q, diagonal, diagonal - ntk)))
            gain, rate = W * slope(q, q, q), W * slope(q, q, cross)
            q, cross = W * kernel(q, q, q) + b, W * kernel(q, q, cross) + b
            diagonal, ntk = q + gain * diagonal, cross + rate * ntk
            q, cross, diagonal, ntk = (arb(v.mid()) for v in (q, cross, diagonal, ntk))
    layer = 20_000
    gap, delta, diagonal, apart = found[layer]
    assert gap * layer * values[sympy.Symbol("alpha", real=True)] == pytest.approx(1, rel=0.02)
    assert math.log2(found[10_000][1] / delta) == pytest.approx(rho, rel=0.02)
    letters = values | {l: layer, sympy.Symbol("D", positive=True): delta * layer**rho}
    assert diagonal == pytest.approx(float(derived.ntk_diagonal.subs(letters)), rel=0.02)
    assert apart / diagonal == pytest.approx(1 - float(derived.ntk_ratio.subs(letters)), rel=0.1)


def test_where_all_critical_points_are_double_a_logarithm_comes_in():
    derived = phase("shifted_relu").critical_asymptotics()
    assert derived.correlation.has(sympy.log(l))
    with pytest.raises(NoFixedPointError, match="no critical initialization"):
        phase("softplus").critical_asymptotics()
    with pytest.raises(DivergentExpectationError):
        phase("sign").universality()
    assert phase("tanh").critical_asymptotics() == phase("tanh").asymptotics()
