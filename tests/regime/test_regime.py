"""What a user is told of her network: verdicts where the answer is known, numbers from elsewhere, bad input."""

import json

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, DivergentExpectationError, NtkTheoryError, ShapeError
from ntk_theory.finite_width import depth_profile, relu_ntk_dispersion
from ntk_theory.regime import place, randomness, uniform

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 6))
X *= np.sqrt(6) / np.linalg.norm(X, axis=1, keepdims=True)


def test_relu_is_random_where_it_is_narrow_and_the_theory_holds_where_it_is_wide():
    net = ntk.mlp("relu", depth=2, W_std=2**0.5)
    narrow = ntk.regime(net, X, width=16)
    assert narrow.verdict == "kernel random"
    assert narrow.randomness.dispersion == pytest.approx(relu_ntk_dispersion(16, 2, 2**0.5, 0))
    assert f"Take a width of {narrow.sufficient_width} or more" in narrow.advice[0]
    open_width = ntk.regime(net, X)
    assert open_width.verdict == "theory holds"
    assert open_width.width is open_width.ratio is None
    enough = open_width.randomness.sufficient_width
    least, before = (relu_ntk_dispersion(n, 2, 2**0.5, 0) for n in (enough, enough - 1))
    assert least <= 1.04 < before
    wide = ntk.regime(net, X, width=8192, y=X[:, 0])
    assert wide.verdict == "theory holds"
    assert wide.advice == ()
    assert "critical: χ₁ = 1." in wide.reasons[0]
    assert json.loads(json.dumps(narrow.as_dict()))["verdict"] == "kernel random"
    assert str(narrow).startswith("KERNEL RANDOM: relu, depth 2, width 16, σ_w² = 2, σ_b² = 0\nWhy:\n- The phase")


@pytest.mark.slow
def test_deep_in_order_nothing_but_the_mean_is_learned():
    found = ntk.regime(ntk.mlp("relu", depth=40, W_std=1.0, b_std=1.0), X, width=4000)
    assert found.verdict == "untrainable"
    # of 12 directions the mean's alone is learned
    assert found.trainability.learned == pytest.approx(1 / 12, abs=0.005)
    assert found.trainability.similarity == pytest.approx(1, abs=1e-6)
    assert "The depth is 27.7 depth scales ξ_c = 1.443" in found.reasons[0]
    assert "σ_w² to 2" in found.advice[-1]


def test_phases_and_scales():
    here = place(uniform(ntk.mlp("tanh", depth=5, W_std=2.5**0.5, b_std=0.05**0.5)))
    assert here.phase == "chaotic"
    assert here.critical_W_var == pytest.approx(1.76095464, abs=1e-7)
    assert not here.nearly_critical(10)
    near = place(uniform(ntk.mlp("tanh", depth=5, W_std=1.76**0.5, b_std=0.05**0.5)))
    assert near.phase == "ordered"
    assert near.nearly_critical(10)
    assert place(uniform(ntk.mlp("relu", depth=5, W_std=3**0.5, b_std=1.0))).phase == "chaotic"
    assert place(uniform(ntk.mlp("relu", depth=5, W_std=2**0.5))).phase == "critical"


def test_the_width_that_suffices_to_first_order():
    net = ntk.mlp("tanh", depth=6, W_std=1.5, b_std=0.2)
    found = randomness(net, X[:1], None, 0.1)
    profile = depth_profile("tanh", 6, W_std=1.5, b_std=0.2).ntk_fluctuation[6]
    assert not found.exact
    assert found.trusted
    assert found.width == found.sufficient_width == int(np.ceil(profile / 0.01))
    assert not randomness(net, X[:1], 5, 0.1).trusted


def test_bad_input_is_named():
    net = ntk.mlp("relu", depth=2)
    for wrong, match in (({"width": 0}, "width = 0"), ({"tolerance": 2}, "tolerance"), ({"steps": 0}, "steps")):
        with pytest.raises(DataError, match=match):
            ntk.regime(net, X, **wrong)
    with pytest.raises(ShapeError, match="y has shape"):
        ntk.regime(net, X, y=np.ones(3))
    with pytest.raises(ShapeError, match="x\\[None\\]"):
        ntk.regime(net, X[0])
    with pytest.raises(DivergentExpectationError):
        ntk.regime(ntk.mlp("sign", depth=2), X)
    with pytest.raises(NtkTheoryError, match="depth 0"):
        ntk.regime(ntk.mlp("relu", depth=0), X)
    mixed = ntk.serial(ntk.Dense(1.0), ntk.Nonlinearity(ntk.activation("relu")), ntk.Dense(2.0, width=1))
    with pytest.raises(NtkTheoryError, match="W_std differs"):
        ntk.regime(mixed, X)
