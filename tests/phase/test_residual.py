"""Residual networks: the reference's depth-scaled limits, growth rates by iteration, no order-to-chaos line."""

import json
import math
from pathlib import Path

import pytest
import sympy
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

import ntk_theory as ntk
from ntk_theory.activation import activation
from ntk_theory.errors import DataError, NoFixedPointError, NotInClassError
from ntk_theory.phase.power_law import l
from ntk_theory.phase.tails import TailError, linear_growth
from ntk_theory.symbols import q, sigma_b, sigma_w, x

ENTRIES = json.loads((Path(__file__).parent / "phases.json").read_text())["entries"]
STABLE = {e["id"]: e["value"] for e in ENTRIES if e["id"].startswith("resnet/stable/")}
LIMITED = [
    "tanh",
    "erf",
    "logistic",
    "hard_tanh",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "elu",
    "snake",
    "relu6",
    "huber",
]


@pytest.mark.parametrize("key", sorted({key.rsplit("/", 1)[0] for key in STABLE if "c0" in key}))
def test_depth_scaled_relu_to_all_digits_of_the_reference(key):
    W_var, c = (part.split("=")[1] for part in key.split("/")[2].split(","))
    found = ntk.phase("relu", residual="1/L").limit(W_var, 1, c, digits=34)
    assert abs(found.c.mid - sympy.Float(STABLE[f"{key}/c"], 36)) < 1e-27
    assert abs(found.ntk.mid - sympy.Float(STABLE[f"{key}/ntk_offdiag"], 36)) < 1e-27
    assert abs(found.ntk_diagonal.mid - sympy.Float(STABLE[f"resnet/stable/sw2={W_var}/ntk_diag"], 45)) < 1e-33


def test_finite_depth_tends_to_the_flow():
    limit = ntk.phase("leaky_relu", residual="1/L").limit("1.5", 2, "0.2")
    errors = []
    for depth in (200, 400):
        found = ntk.phase("leaky_relu", residual=sympy.Rational(1, depth)).iterate("1.5", 0, 2, "0.2", depth)
        errors.append(
            [float(getattr(found, k)) - float(getattr(limit, k)) for k in ("q", "c", "ntk_diagonal", "ntk")]
        )
    for before, after in zip(*errors, strict=True):
        assert after / before == pytest.approx(0.5, abs=0.01)  # O(1/L)


def test_closed_forms_solve_their_equations():
    stable = ntk.phase("relu", residual="1/L")
    t = sympy.Symbol("t", nonnegative=True)
    rate = sigma_w**2 / 2
    assert sympy.simplify(stable.variance.diff(t) - rate * stable.variance - sigma_b**2) == 0
    source = rate * stable.variance + sigma_b**2
    assert sympy.simplify(stable.ntk_diagonal.diff(t) - source - rate * stable.ntk_diagonal) == 0
    assert stable.variance.subs(t, 0).simplify() == q
    assert stable.gradient_growth == sympy.exp(rate)
    assert len(stable.flow) == 3
    with pytest.raises(NotInClassError, match="not homogeneous"):
        ntk.phase("tanh", residual="1/L").limit(1, 1, 0)


def test_residual_relu_has_its_own_constant():
    # unscaled: δ′ = δ - (σ_w²/(2 + σ_w²))(2√2/3π)δ^{3/2}
    derived = ntk.phase("relu", residual=1).asymptotics(1)
    expected = 1 - 9 * sympy.pi**2 / 2 * 9 / l**2 * (1 - 3 * sympy.log(l) / l)
    assert sympy.simplify(derived.correlation - expected) == 0
    with ctx.workprec(200):
        c, ratio, found = arb("0.3"), arb("0.3"), {}
        diagonal = arb(1)
        for layer in range(1, 10_001):
            if layer in (5000, 10_000):
                found[layer] = (float(1 - c), float(ratio / diagonal))
            angle = c.acos()
            k1 = ((1 - c * c).sqrt() + (arb.pi() - angle) * c) / arb.pi()
            k0 = 1 - angle / arb.pi()
            # all divided by q, which grows by 3/2
            ratio = (ratio + k1 / 2 + k0 * ratio / 2) / 1.5
            diagonal = (diagonal + arb(1) / 2 + diagonal / 2) / 1.5
            c = (c + k1 / 2) / 1.5
            c, ratio, diagonal = (arb(v.mid()) for v in (c, ratio, diagonal))
    speed = math.sqrt(2) / (9 * math.pi)
    rest = [d**-0.5 - speed * k * (1 + 1.5 * math.log(k) / k) for k, (d, _) in found.items()]
    assert abs(rest[1] - rest[0]) < 0.1 * speed * 1.5 * math.log(2)
    gap = [k * (r - float(derived.ntk_ratio.subs(l, k))) for k, (_, r) in found.items()]
    assert abs(gap[1] - gap[0]) < 0.2 * 0.375 * math.log(2)


@pytest.mark.parametrize(("name", "b_var"), [("erf", "0.1"), ("erf_sigmoid", "0.1"), ("erf", "0")])
def test_bounded_activations_have_powers_and_roots(name, b_var):
    derived = ntk.phase(name, residual=1).asymptotics(1, b_var)
    values = {c.symbol: float(c.value) for c in derived.constants}
    half = 1 if name == "erf" else arb(1) / 2
    middle = 0 if name == "erf" else arb(1) / 4
    layers = (6000, 24_000)
    with ctx.workprec(160):
        q_l, kappa, diagonal, found = arb(1), arb("0.1"), arb(1), {}
        b = arb(b_var)
        for layer in range(1, layers[-1] + 1):
            if layer in layers:
                found[layer] = (float(q_l), float(kappa / q_l), float(diagonal.log()))
            gain = 4 / arb.pi() / (1 + 4 * q_l).sqrt() * half**2
            V = half**2 * 2 / arb.pi() * (2 * q_l / (1 + 2 * q_l)).asin() + middle
            K = half**2 * 2 / arb.pi() * (2 * kappa / (1 + 2 * q_l)).asin() + middle
            diagonal += V + b + gain * diagonal
            q_l, kappa = q_l + V + b, kappa + K + b
            q_l, kappa, diagonal = (arb(v.mid()) for v in (q_l, kappa, diagonal))
    start = (derived.correlation - derived.correlation.subs(sympy.Symbol("D", real=True), 0)).subs(values)
    without = derived.correlation.subs(sympy.Symbol("D", real=True), 0).subs(values)
    power = start.subs(sympy.Symbol("D", real=True), 1)
    fitted = [(c - float(without.subs(l, k))) / float(power.subs(l, k)) for k, (_, c, _) in found.items()]
    assert fitted[1] / fitted[0] == pytest.approx(1, abs=0.02)
    for k, (variance, _, _) in found.items():
        assert variance == pytest.approx(float(derived.variance.subs(values).subs(l, k)), abs=3 * math.log(k))
    logs = [
        float(
            sympy.log(derived.ntk_diagonal.subs(sympy.Symbol("G", positive=True), 1))
            .subs(values)
            .subs(l, k)
            .evalf()
        )
        for k in layers
    ]
    assert found[layers[1]][2] - found[layers[0]][2] == pytest.approx(logs[1] - logs[0], abs=0.02)


def test_there_is_no_order_to_chaos_transition():
    for W_var in ("0.01", 1, 10):
        assert ntk.phase("tanh", residual="1/10").chi_1(1, W_var).ball > 1
    assert "none" in ntk.phase("tanh", residual=1).transition
    assert "no depth scale" in ntk.phase("tanh", residual="1/L").transition
    assert ntk.phase("5", residual=1).transition.startswith("φ is constant")


@given(st.sampled_from(LIMITED), st.floats(-50, 50))
def test_lines_are_kept_to_within_their_errors(name, place):
    phi = activation(name)
    growth = linear_growth(phi)
    line = float(growth.right if place > 0 else growth.left) * place
    value = float(phi.expression.subs(x, sympy.Float(place, 30)).evalf(30))
    assert abs(value - line) <= float(growth.error) + 1e-9


def test_what_grows_otherwise_is_refused():
    for name in ("exp", "x**3", "sinh", "x*exp(-x)"):
        with pytest.raises(TailError):
            linear_growth(activation(name))
        with pytest.raises(NotInClassError):
            ntk.phase(name, residual=1).asymptotics(1)
    for name in ("sin", "arctan", "gaussian"):
        with pytest.raises(NotInClassError, match="not derived"):
            ntk.phase(name, residual=1).asymptotics(1)


def test_bad_input_is_refused_by_name():
    for bad in (0, -1, "a", float("nan")):
        with pytest.raises(DataError, match="residual"):
            ntk.phase("relu", residual=bad)
    with pytest.raises(DataError, match="W_var"):
        ntk.phase("relu", residual=1).asymptotics(-1)
    with pytest.raises(NoFixedPointError, match="nothing but biases"):
        ntk.phase("relu", residual=1).asymptotics(0)
    with pytest.raises(DataError, match="c ="):
        ntk.phase("relu", residual=1).iterate(1, 0, 1, 2, 3)
    with pytest.raises(DataError, match="c ="):
        ntk.phase("relu", residual="1/L").limit(1, 1, 1)
