"""`verify` itself: right theories are never refuted, undecidable ones are not decided, bad input is refused."""

import json

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, DivergentExpectationError, NtkTheoryError, ShapeError
from ntk_theory.verify import procedure, verify
from ntk_theory.verify.example import canonical

X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
NETWORKS = {
    "relu": ntk.mlp("relu", depth=3, W_std=2**0.5, b_std=0.1),
    "erf": ntk.mlp("erf", depth=3, W_std=1.5, b_std=0.3),
    "logistic": ntk.mlp("logistic", depth=2, W_std=4.0, b_std=0.3),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "logistic" else name for name in NETWORKS]
)
def test_a_right_theory_is_never_refuted(name):
    """Three seeds each at alpha = 1e-6: 9 verifications, false alarms of all together below 1e-5.

    The e-values stay far from the 2e6 that would refute, and all but a few are decided.
    """
    verdicts = [verify(NETWORKS[name], X, seed=seed) for seed in range(3)]
    assert all(v.verdict == "VERIFIED" for v in verdicts), [v.reason for v in verdicts]
    assert max(v.log10_e_value for v in verdicts) < 2


def test_a_theory_wrong_by_min_detectable_is_never_verified():
    """The other error rate, P(VERIFIED) ≤ alpha, on its border: each NTK entry off by 1% of the kernel's size."""
    net = NETWORKS["erf"]

    def off(x, get):
        right = net.kernel_fn(x, get=get)
        return right._replace(
            ntk=right.ntk * 1.0001 + 0.01 * np.sqrt(np.outer(np.diag(right.ntk), np.diag(right.ntk)))
        )

    assert "VERIFIED" not in {verify(net, X, kernel_fn=off, seed=seed).verdict for seed in range(5)}


def test_the_report_of_a_verdict():
    seen = []
    net = NETWORKS["erf"]
    verdict = verify(net, X, progress=lambda fraction, message: seen.append((fraction, message)))
    assert seen
    assert all(0 <= fraction <= 1 for fraction, _ in seen)
    text = str(verdict)
    assert text.startswith("VERIFIED: every entry of the theory is within 1.00%")
    assert "kurtosis at most 5" in text
    plain = json.loads(json.dumps(verdict.as_dict(), allow_nan=False))
    assert plain["verdict"] == "VERIFIED"
    assert plain["e_value"] < 1
    assert set(plain["samples"]) == {"64", "256", "1024"}
    rows = [row for row in verdict.table if row.width is None]
    kernels = ("nngp", "ntk", "ntk layer 1", "ntk layer 2", "ntk layer 3")
    assert [row.quantity for row in rows] == [f"{k}[{ij}]" for k in kernels for ij in ("0,0", "0,1", "1,1")]
    assert all(abs(row.estimate - row.predicted) < row.bound for row in rows)
    assert all(row.contribution < 2 for row in rows)
    assert verdict.command.startswith("ntk-theory verify erf --depth 3 --W-std 1.5 --b-std 0.3")


def test_the_same_example_gives_the_same_verdict():
    first, again, other = (verify(NETWORKS["erf"], X, seed=seed) for seed in (3, 3, 4))
    assert first.table == again.table
    assert first.table != other.table


def test_what_an_example_is_made_of():
    """The network without its theory: a wrong one meets the very networks that the right one meets."""
    wrong = ntk.dual("erf").replace(derivative=ntk.dual("erf").kernel)
    planted = ntk.mlp("erf", depth=3, W_std=1.5, b_std=0.3, theory=wrong)
    assert canonical(planted, X) == canonical(NETWORKS["erf"], X)
    assert canonical(NETWORKS["relu"], X) != canonical(NETWORKS["erf"], X)
    assert canonical(NETWORKS["erf"], X + 1e-12) != canonical(NETWORKS["erf"], X)


@pytest.mark.parametrize("depth", [0, 1])
def test_kernels_without_bias_or_without_randomness(depth):
    """No hidden layer: both kernels are exact in every network. One: their means are, at every width."""
    net = ntk.mlp("relu", depth=depth, W_std=1.2, b_std=0.3)
    assert verify(net, X).verdict == "VERIFIED"

    def off(x, get):
        right = net.kernel_fn(x, get=get)
        return right._replace(ntk=right.ntk * 1.02)

    assert verify(net, X, kernel_fn=off).verdict == "REFUTED"


def test_a_zero_input_without_bias_has_kernels_that_vanish():
    net = ntk.mlp("relu", depth=2, W_std=2**0.5)
    x = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert verify(net, x).verdict == "VERIFIED"

    def not_zero(x, get):
        right = net.kernel_fn(x, get=get)
        return right._replace(nngp=right.nngp + np.diag([1e-3, 0.0]))

    assert verify(net, x, kernel_fn=not_zero).verdict == "REFUTED"


def test_two_wide_widths_one_input_and_other_rates():
    verdict = verify(NETWORKS["erf"], X[:1], widths=(256, 2048), alpha=1e-3, min_detectable=0.02)
    assert verdict.verdict == "VERIFIED"
    assert {row.width for row in verdict.table} == {256, 2048, None}


def test_networks_too_narrow_for_their_depth_are_not_decided():
    verdict = verify(NETWORKS["erf"], X, widths=(16, 32))
    assert verdict.verdict == "UNDECIDED"
    assert "too small for this network" in verdict.reason
    assert verdict.log10_e_value == 0


@pytest.mark.slow
def test_heavy_tails_are_named_not_judged():
    """Deep in the chaotic phase the NTK is nearly log-normal: no verdict, and the reason is said."""
    net = ntk.mlp("erf", depth=8, W_std=5.0)
    verdict = verify(net, X, widths=(64, 256), min_detectable=0.5)
    assert verdict.verdict == "UNDECIDED"
    assert "tails so heavy" in verdict.reason


def test_a_spent_budget_says_what_would_decide():
    verdict = verify(NETWORKS["erf"], X, min_detectable=0.002, budget=3 * 10**7)
    assert verdict.verdict == "UNDECIDED"
    assert "budget is spent" in verdict.reason
    assert verdict.neurons <= 3 * 10**7
    assert verify(NETWORKS["erf"], X, min_detectable=0.002, time_limit=1e-6).reason.startswith("the time limit")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"alpha": 0.0}, "alpha"),
        ({"alpha": float("nan")}, "alpha"),
        ({"min_detectable": 1e-7}, "min_detectable"),
        ({"widths": (64,)}, "widths"),
        ({"widths": (256, 64)}, "ascending"),
        ({"widths": (64, 64)}, "ascending"),
        ({"widths": (64, 100.5)}, "whole"),
        ({"widths": 64}, "widths"),
        ({"alpha": "1e-6"}, "alpha"),
        ({"seed": 0.5}, "seed"),
        ({"budget": 1000}, "pilot"),
        ({"budget": float("nan")}, "pilot"),
        ({"time_limit": 0.0}, "time_limit"),
        ({"time_limit": "1"}, "time_limit"),
    ],
)
def test_settings_that_make_no_sense(settings, words):
    with pytest.raises(DataError, match=words):
        verify(NETWORKS["erf"], X, **settings)


def test_inputs_that_make_no_sense():
    net = NETWORKS["erf"]
    with pytest.raises(DataError, match="no network"):
        verify("erf", X)
    with pytest.raises(ShapeError):
        verify(net, X[0])
    with pytest.raises(DataError, match="nan"):
        verify(net, X * np.nan)
    with pytest.raises(DataError, match="at most 16"):
        verify(net, np.ones((17, 3)))
    with pytest.raises(DivergentExpectationError):
        verify(ntk.mlp("sign", depth=2), X)
    with pytest.raises(NtkTheoryError, match="alternate"):
        verify(ntk.serial(ntk.Dense(1.0), ntk.Dense(1.0, width=1)), X)


@pytest.mark.parametrize(
    ("kernels", "words"),
    [
        ((np.ones((3, 3)), np.eye(2)), "shape"),
        ((np.eye(2), np.eye(2) * np.nan), "finite"),
        ((np.array([[1.0, 0.2], [0.5, 1.0]]), np.eye(2)), "symmetric"),
    ],
)
def test_theories_that_make_no_sense(kernels, words):
    with pytest.raises(DataError, match=words):
        verify(NETWORKS["erf"], X, kernel_fn=lambda x, get: kernels)  # noqa: ARG005


def test_an_interrupt_is_not_swallowed(monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(procedure, "draw_pilot", stop)
    with pytest.raises(KeyboardInterrupt):
        verify(NETWORKS["erf"], X)
