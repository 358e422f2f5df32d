"""Each claim: the true theory is verified, one that is wrong in what the claim is about is refuted."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, NotInClassError
from ntk_theory.finite_width import first_order
from ntk_theory.verify import Claim, verify
from ntk_theory.verify.claims import bias, moments, outputs, phase, variance
from ntk_theory.verify.claims.phase import draw_steps
from ntk_theory.verify.theory import KernelTheory

X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
NET = ntk.mlp("erf", depth=2, W_std=1.5, b_std=0.3)
RELU = ntk.mlp("relu", depth=2, W_std=2**0.5)
ALPHA = 1e-9


@pytest.fixture(scope="module")
def order():
    return first_order(NET, X)


@pytest.mark.parametrize("name", ["bias", "variance", "outputs", "phase"])
def test_the_derived_theory_is_verified(name):
    verdict = verify(NET, X, claim=name, min_detectable=0.3)
    assert verdict.verdict == "VERIFIED", str(verdict)
    assert verdict.command.endswith(f"--claim {name}")


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        (bias, lambda o: replace(o, nngp_bias=o.nngp_bias + 0.5)),
        (bias, lambda o: replace(o, ntk_bias=o.ntk_bias - 4.0)),
        (variance, lambda o: replace(o, ntk_covariance=1.25 * o.ntk_covariance)),
        (variance, lambda o: replace(o, nngp_covariance=0.8 * o.nngp_covariance)),
        (outputs, lambda o: replace(o, nngp_covariance=0 * o.nngp_covariance)),
    ],
)
def test_a_wrong_coefficient_is_refuted(claim, wrong, order):
    verdict = verify(NET, X, claim=partial(claim, order=wrong(order)), alpha=ALPHA)
    assert verdict.verdict == "REFUTED", str(verdict)


def test_a_bias_that_falls_like_one_over_the_root_is_refuted():
    """E X = K + b/√n in place of b/n: n·(X - K) grows without bound, and its contrast is far off b."""

    def estimator(draws, width):
        return {"K": width * (draws.nngp[:, 0, 1] - LIMIT + 0.3 * (1 / width - 1 / np.sqrt(width)))}

    LIMIT = NET.kernel_fn(X, get="nngp")[0, 1]
    b = first_order(NET, X).nngp_bias[0, 1]
    claim = Claim("root", "bias 0.3/√n", estimator, {"K": b + 0.3}, shift=1, scale={"K": 1.0}, rounding=1e-3)
    assert verify(NET, X, widths=(16, 32, 64), claim=claim, min_detectable=0.2).verdict == "REFUTED"


@pytest.mark.parametrize(("factor", "verdict"), [(5, "VERIFIED"), (4.5, "REFUTED")])
def test_exact_moments_of_relu(factor, verdict):
    """E[K̂²]/K² = (1 + 5/n)² at two hidden layers without bias, at every width: independent factors."""
    K = RELU.kernel_fn(X[:1], get="nngp")[0, 0]

    def exact(n):
        return {"nngp[0]^1": K, "nngp[0]^2": K**2 * (1 + factor / n) ** 2}

    claim = partial(moments, exact=exact)
    assert verify(RELU, X[:1], claim=claim, alpha=1e-8, min_detectable=0.02).verdict == verdict


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "depth", "b_std"), [("relu", 3, 0.3), ("identity", 3, 0.0), ("leaky_relu", 2, 0.2)]
)
def test_derived_moments_are_verified_and_a_wrong_limit_is_not(name, depth, b_std):
    """The default theory of the claim "moments": one row an input and moment, Θ off by 5% is refuted in them."""
    net = ntk.mlp(name, depth=depth, W_std=1.2, b_std=b_std)
    verdict = verify(net, X, claim="moments")
    assert verdict.verdict == "VERIFIED", str(verdict)
    assert {row.quantity for row in verdict.table} >= {"nngp[0]^2", "ntk[1]^2", "nngp·ntk[0]"}

    def off(x, get):
        right = net.kernel_fn(x, get=get)
        return right._replace(ntk=1.05 * right.ntk)

    assert verify(net, X, claim="moments", kernel_fn=off, alpha=ALPHA).verdict == "REFUTED"


def test_moments_of_other_networks_are_not_known():
    theory = KernelTheory(np.eye(2), np.eye(2))
    with pytest.raises(NotInClassError, match="first_order"):
        moments(NET, X, theory).predicted(64)
    mixed = ntk.serial(ntk.Dense(1.0), ntk.Nonlinearity(ntk.activation("relu")), ntk.Dense(2.0, width=1))
    for net in (mixed, ntk.mlp("relu", depth=0)):
        with pytest.raises(NotInClassError, match="all alike"):
            moments(net, X, theory)


@pytest.mark.slow
def test_phases_are_followed_where_the_limit_is_not():
    """Five chaotic layers of width 64, near inputs: no verdict on the limit, but one on the maps."""
    settings = {"widths": (64,), "min_detectable": 0.5, "claim": phase}
    net = ntk.mlp("erf", depth=5, W_std=4.0)
    near = np.array([[1.0, 1.0], [1.0, 1.001]])
    assert verify(net, near, **settings).verdict == "VERIFIED"
    dual = ntk.dual("erf")
    wrong = ntk.mlp("erf", depth=5, W_std=4.0, theory=dual.replace(kernel=dual.kernel * 96 / 100))
    assert verify(wrong, near, alpha=ALPHA, **settings).verdict == "REFUTED"


def test_growth_of_small_distances_is_chi_1():
    """One layer at width 4096, inputs on the fixed point: the distance grows by χ₁, here within 2%."""
    found = ntk.phase("erf").fixed_points(b_var=0, W_var=4)[-1]
    q = float(found.q.mid)
    x = np.sqrt(q / 4) * np.array([[1.0, 1.0], [np.cos(1e-3) - np.sin(1e-3), np.cos(1e-3) + np.sin(1e-3)]])
    steps = draw_steps(ntk.mlp("erf", depth=1, W_std=2.0), x, 4096, 256, jax.random.key(0))
    growth = (steps.after[:, 0, 2] / steps.before[:, 0, 2]).mean()
    assert growth == pytest.approx(float(found.chi_1.mid), rel=0.02)


def test_a_claim_of_ones_own():
    """A few lines: E f⁴ tends to 3K², E|f| to √(2K/π)."""
    K = NET.kernel_fn(X, get="nngp")[0, 0]

    def estimator(draws, width):  # noqa: ARG001
        f = draws.outputs[:, 0]
        return {"|f|": abs(f), "f⁴": f**4}

    claim = Claim("fourth", "outputs become normal", estimator, {"|f|": (2 * K / np.pi) ** 0.5, "f⁴": 3 * K**2})
    settings = {"claim": replace(claim, networks=128), "widths": (32, 64), "min_detectable": 0.3}
    verdict = verify(NET, X, **settings)
    assert verdict.verdict == "VERIFIED", str(verdict)
    assert verdict.command is None
    assert "claim=yours" in verdict.snippet
    wrong = {"|f|": (2 * K / np.pi) ** 0.5, "f⁴": 2 * K**2}
    assert verify(NET, X, **settings | {"claim": replace(settings["claim"], theory=wrong)}).verdict == "REFUTED"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"theory": {"other": 1.0}}, "name both alike"),
        ({"theory": {"f": "one"}, "scale": {"f": 1.0}}, "gives f = 'one'"),
        ({"scale": {"g": 1.0}}, "has no f, only g"),
        ({"scale": {"f": -1.0}}, "is negative"),
        ({"scale": None}, "to which no error can be relative"),
        ({"estimator": lambda draws, width: draws.outputs}, "expected a dictionary"),  # noqa: ARG005
        ({"theory": {}}, "predicts nothing"),
        ({"theory": {"f": np.nan}}, "must be finite"),
        ({"estimator": lambda draws, width: {"f": draws.outputs}}, "one number a network"),  # noqa: ARG005
        ({"estimator": lambda draws, width: {"f": draws.outputs[:, 0] / 0}}, "not finite"),  # noqa: ARG005
    ],
)
def test_claims_that_make_no_sense(change, words):
    sound = Claim("f", "f", lambda d, w: {"f": d.outputs[:, 0]}, {"f": 0.0}, scale={"f": 1.0})  # noqa: ARG005
    claim = replace(sound, **change)
    with np.errstate(all="ignore"), pytest.raises(DataError, match=words):
        verify(NET, X, claim=claim)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rate": "1/sqrt(n)"}, "must be one of"),
        ({"estimator": None}, "no estimator"),
        ({"theory": 1.0}, "dictionary of numbers"),
        ({"scale": 1.0}, "dictionary of numbers"),
        ({"networks": 0}, "at least 1"),
        ({"shift": -1}, "at least 0"),
    ],
)
def test_fields_that_make_no_sense(fields, words):
    with pytest.raises(DataError, match=words):
        Claim(**{"name": "f", "statement": "f", "estimator": dict, "theory": {"f": 1.0}, **fields})


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("lmit", "limit, bias, moments, variance"),
        (None, "limit, bias"),
        (lambda net, x, theory: theory, "made a KernelTheory"),  # noqa: ARG005
    ],
)
def test_what_is_no_claim(claim, words):
    with pytest.raises(DataError, match=words):
        verify(NET, X, claim=claim)


def test_networks_that_a_claim_is_not_about():
    for claim, words in ((phase, "no hidden layer"), (variance, "not random")):
        with pytest.raises(DataError, match=words):
            claim(ntk.mlp("erf", depth=0), X, KernelTheory(np.eye(2), np.eye(2)))
    with pytest.raises(DataError, match="one pair"):
        verify(NET, np.eye(3), claim="phase")
