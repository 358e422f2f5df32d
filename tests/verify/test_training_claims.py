"""Claims about training: they take their time, as networks are trained."""

from functools import partial

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.verify import verify
from ntk_theory.verify.claims import frozen, training

X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
NET = ntk.mlp("erf", depth=2, W_std=1.5, b_std=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["frozen", "training"])
def test_the_derived_theory_is_verified(name):
    verdict = verify(NET, X, claim=name)
    assert verdict.verdict == "VERIFIED", str(verdict)


@pytest.mark.slow
def test_an_exponent_of_one_half_is_refuted_and_is_a_bound():
    """‖Θ_t - Θ_0‖ falls like 1/n: n^-1/2 is wrong as a rate, right as a bound; n^-3/2 is wrong as a bound."""
    assert verify(NET, X, claim=partial(frozen, exponent=0.5), alpha=1e-9).verdict == "REFUTED"
    assert verify(NET, X, claim=partial(frozen, exponent=0.5, at_least=True)).verdict == "VERIFIED"
    assert verify(NET, X, claim=partial(frozen, exponent=1.5, at_least=True), alpha=1e-9).verdict == "REFUTED"


@pytest.mark.slow
def test_where_slopes_jump_the_kernel_is_frozen_within_the_bound():
    """ReLU's kernel moves more slowly than 1/n: neurons that are off are not pushed, so crossings don't cancel."""
    relu = ntk.mlp("relu", depth=1, W_std=1.4, b_std=0.0)
    verdict = verify(relu, X, claim="frozen")
    assert verdict.verdict == "VERIFIED", str(verdict)
    assert "no more than" in str(verdict)


@pytest.mark.slow
def test_a_slope_off_by_a_tenth_leaves_the_closed_form():
    dual = ntk.dual("erf")
    wrong = dual.replace(
        derivative=dual.derivative * 11 / 10, derivative_variance=dual.derivative_variance * 11 / 10
    )
    theory = ntk.mlp("erf", depth=2, W_std=1.5, b_std=0.3, theory=wrong)
    assert verify(NET, X, claim=training, kernel_fn=theory, alpha=1e-9).verdict == "REFUTED"


def test_exponents_on_a_law_that_is_known():
    """One-sided and two-sided verdicts on log(Z²)/2 + c - p·log n, by the claim's own machinery."""
    import jax

    from ntk_theory.verify import Claim

    def draw(_, x, width, count, key):  # noqa: ARG001
        return np.asarray(jax.random.normal(key, (count,))) * 0.3 - 0.8 * np.log(width) + 2 / width

    law = Claim("law", "a power", lambda d, _: {"p": d}, {"p": 0.8}, rate="power", scale={"p": 1.0}, draw=draw)
    settings = {"widths": (64, 256, 1024), "min_detectable": 0.05, "alpha": 1e-9}
    outcomes = {}
    for p in (0.8, 0.7, 0.9):
        for bound in (False, True):
            claim = partial_claim(law, p, bound)
            outcomes[p, bound] = verify(NET, X, claim=claim, **settings).verdict
    assert outcomes == {
        (0.8, False): "VERIFIED",
        (0.8, True): "VERIFIED",
        (0.7, False): "REFUTED",
        (0.7, True): "VERIFIED",
        (0.9, False): "REFUTED",
        (0.9, True): "REFUTED",
    }


def partial_claim(claim, exponent, at_least):
    from dataclasses import replace

    return replace(claim, theory={"p": exponent}, at_least=at_least)
