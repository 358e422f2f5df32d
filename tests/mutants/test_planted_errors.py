"""Errors planted in the theory, as people make them: each must be REFUTED. The unplanted theory must not be.

Every fourth error is tried on one network each day; all of them on all networks in the long run (`slow`). At alpha
= 1e-9 all verdicts here together raise falsely with probability below 1e-6. Each has `BUDGET` neurons.
"""

import importlib.util
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.sampling import empirical_nngp
from ntk_theory.verify import Claim, verify

spec = importlib.util.spec_from_file_location("planted", Path(__file__).parent / "planted.py")
planted = importlib.util.module_from_spec(spec)
spec.loader.exec_module(planted)

ALPHA, BUDGET = 1e-9, 2**27
NAMES = list(planted.NETWORKS)
EACH_DAY = [(error, NAMES[turn // 4 % 3]) for turn, error in enumerate(planted.PLANTED) if turn % 4 == 2]
IN_THE_LONG_RUN = [(e, n) for e in planted.PLANTED for n in NAMES if (e, n) not in EACH_DAY]


def some_each_day(errors, every):
    """All of them, those that are not every so many-th marked slow."""
    return [e if turn % every == 0 else pytest.param(e, marks=pytest.mark.slow) for turn, e in enumerate(errors)]


def refuted(error, name):
    settings = planted.NETWORKS[name]
    theory = planted.PLANTED[error](name, settings)
    verdict = verify(ntk.mlp(name, **settings), planted.X, kernel_fn=theory, alpha=ALPHA, budget=BUDGET)
    assert verdict.verdict == "REFUTED", str(verdict)
    assert verdict.e_value >= 2 / ALPHA


def test_there_are_enough():
    assert len(planted.PLANTED) >= 40
    assert len(planted.LIKE_THEIRS) + 1 == 17  # and sign's, below


@pytest.mark.parametrize(("error", "name"), EACH_DAY)
def test_planted_error_is_refuted(error, name):
    refuted(error, name)


@pytest.mark.slow
@pytest.mark.parametrize(("error", "name"), IN_THE_LONG_RUN)
def test_planted_error_is_refuted_in_every_network(error, name):
    refuted(error, name)


@pytest.mark.parametrize("name", NAMES)
def test_the_unplanted_theory_is_verified(name):
    assert verify(ntk.mlp(name, **planted.NETWORKS[name]), planted.X).verdict == "VERIFIED"


@pytest.mark.parametrize("error", some_each_day(planted.LIKE_THEIRS, 4))
def test_errors_that_survived_elsewhere_are_refuted(error):
    name, settings, build = planted.LIKE_THEIRS[error]
    net = ntk.mlp(name, **settings)
    verdict = verify(net, planted.X, kernel_fn=build(name, settings), alpha=ALPHA, budget=BUDGET)
    assert verdict.verdict == "REFUTED", str(verdict)


def test_sign_with_half_its_kernel_is_refuted():
    """The seventeenth. sign has no NTK: a claim of one's own on the NNGP kernel, from plain networks."""
    net = ntk.mlp("sign", depth=1, W_std=1.2, b_std=0.3)
    right = net.kernel_fn(planted.X, get="nngp")[0, 1]
    half = (right - 0.3**2) / 2 + 0.3**2
    draw = jax.jit(
        jax.vmap(
            lambda key, x, width: empirical_nngp(net, net.init(key, x.shape, width=width), x)[0, 1],
            in_axes=(0, None, None),
        ),
        static_argnums=2,
    )

    def kernels(_, x, width, count, key):
        return np.asarray(draw(jax.random.split(key, count), x.astype(np.float32), width))

    claim = Claim("sign", "Σ of sign", lambda draws, _: {"Σ": draws}, {"Σ": half}, draw=kernels, scale={"Σ": 1.0})
    settings = {"widths": (64, 256), "alpha": ALPHA, "min_detectable": 0.03}
    assert verify(net, planted.X, claim=claim, **settings).verdict == "REFUTED"
    true = replace(claim, theory={"Σ": right})
    assert verify(net, planted.X, claim=true, **settings).verdict == "VERIFIED"


@pytest.mark.parametrize("error", some_each_day(planted.COEFFICIENTS, 5))
def test_wrong_coefficients_of_the_first_order_are_refuted(error):
    net = ntk.mlp("relu", depth=2, W_std=2**0.5, b_std=0.2)
    claim = planted.coefficient(error, net, planted.X)
    verdict = verify(net, planted.X, claim=claim, alpha=ALPHA, budget=2**29)
    assert verdict.verdict == "REFUTED", str(verdict)


def test_a_wrong_formula_is_told_from_a_near_one():
    """The kernels of Φ(x/1.702), which is within 0.01 of the logistic everywhere: still refuted."""
    net = ntk.mlp("logistic", depth=2, W_std=2.0, b_std=0.5)
    near = ntk.mlp("(1 + erf(x/(1.702*sqrt(2))))/2", depth=2, W_std=2.0, b_std=0.5)
    verdict = verify(net, planted.X, kernel_fn=near.kernel_fn, min_detectable=0.001)
    assert verdict.verdict == "REFUTED", str(verdict)
