"""The first order in 1/n against reference values, closed forms at one hidden layer, and laws between inputs."""

import sys
from dataclasses import fields, replace

import jax
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, DivergentExpectationError, NotInClassError, NtkTheoryError, ShapeError
from ntk_theory.finite_width import first_order

PAIR = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
INPUT = np.array([[0.6540248765053858, -1.3592788739383235, -0.3791179316445409, 0.34191025226280697]])
W_VAR = 1.98305826


def test_gelu_against_reference_values(reference):
    """Every tensor that shows at the output, at depths 1 to 3; the values' NTK lacks the factor σ_w²."""
    known = {entry["id"]: float(entry["value"]) for entry in reference("finite_width.json")}
    for depth in (1, 2, 3):
        found = first_order(ntk.mlp("gelu", depth=depth, W_std=W_VAR**0.5), INPUT)
        K, Th, V, D, A, B, K1, Th1 = (
            known[f"finite/gelu4/l={depth + 1}/{name}"] for name in ("K", "Th", "V", "D", "A", "B", "K1", "Th1")
        )
        assert np.isclose(found.nngp.item(), K, rtol=1e-12)
        assert np.isclose(found.ntk.item(), Th * W_VAR, rtol=1e-12)
        assert np.isclose(found.nngp_covariance.item(), V, rtol=1e-11)
        assert np.isclose(found.ntk_covariance.item(), (A + 2 * B) * W_VAR**2, rtol=1e-11)
        assert np.isclose(found.cross_covariance.item(), D * W_VAR, rtol=1e-11)
        assert np.isclose(found.nngp_bias.item(), K1, rtol=1e-10, atol=1e-12)
        assert np.isclose(found.ntk_bias.item(), Th1 * W_VAR, rtol=1e-10, atol=1e-12)


def test_one_hidden_layer_is_exact(reference):
    """Var Θ̂ = nVar/n at every n, and no bias."""
    known = {entry["id"]: float(entry["value"]) for entry in reference("finite_width.json")}
    for name in ("tanh", "relu"):
        found = first_order(ntk.mlp(name, depth=1), np.array([[1.0]]))
        assert np.isclose(found.ntk_covariance.item(), known[f"finite/one_hidden/{name}/nVar"], rtol=1e-11)
        assert np.allclose([found.nngp_bias, found.ntk_bias], 0, atol=1e-13)


@pytest.mark.parametrize("name", ["relu", "erf"])
def test_the_limit_is_the_compiled_kernel(name):
    net = ntk.mlp(name, depth=3, W_std=1.5, b_std=0.3)
    found = first_order(net, PAIR)
    with jax.enable_x64(True):
        limit = net.kernel_fn(PAIR)
    assert np.allclose(found.nngp, limit.nngp, rtol=1e-10)
    assert np.allclose(found.ntk, limit.ntk, rtol=1e-10)
    assert np.allclose(found.ntk_layers.sum(0), found.ntk, rtol=1e-13)
    assert np.allclose(found.ntk_layers_bias.sum(0), found.ntk_bias, rtol=1e-11, atol=1e-11)
    assert np.allclose(found.ntk_layers[-1], found.nngp, rtol=1e-14)
    assert np.allclose(found.ntk_layers_covariance[-1], found.nngp_covariance, rtol=1e-14)


def test_a_dropped_vertex_shows_in_the_reference(monkeypatch, reference):
    """The average that carries F from layer to layer shows in no simulation that is cheap; here it does."""
    module = sys.modules[first_order.__module__]
    true = module.averages
    monkeypatch.setattr(module, "averages", lambda phi, K: replace(true(phi, K), pq_H1=np.zeros((1, 1, 1))))
    with pytest.raises(AssertionError):
        test_gelu_against_reference_values(reference)


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_inputs_that_coincide(name):
    """Equal inputs share every number, at a singular K; a nearby input comes near them."""
    net = ntk.mlp(name, depth=2, W_std=1.4, b_std=0.3)
    single = first_order(net, PAIR[:1])
    found = first_order(net, PAIR[[0, 0]])
    for field in fields(found):
        value, alone = getattr(found, field.name), getattr(single, field.name)
        assert np.allclose(value, np.broadcast_to(alone, value.shape), rtol=1e-9, atol=1e-11), field.name
    angle = 0.01
    turned = PAIR[0] * np.cos(angle) + np.array([0, 0, np.linalg.norm(PAIR[0]) * np.sin(angle)])
    near = first_order(net, np.array([PAIR[0], turned]))
    assert np.allclose(near.ntk_covariance, single.ntk_covariance.item(), rtol=0.05)
    with pytest.raises(DataError, match="nearly coincide"):
        first_order(ntk.mlp("relu", depth=2), np.array([[1.0, 0.0], [np.cos(1e-5), np.sin(1e-5)]]))


def test_opposite_inputs_of_odd_networks():
    """f(-x) = -f(x): K̂ and Θ̂ change sign in one argument, exactly."""
    found = first_order(ntk.mlp("erf", depth=2, W_std=1.5), np.array([[1.0, 2.0], [-1.0, -2.0]]))
    signs = np.array([1.0, -1.0])
    two = np.outer(signs, signs)
    assert np.allclose(found.ntk_bias, found.ntk_bias[0, 0] * two, rtol=1e-9)
    assert np.allclose(
        found.ntk_covariance, found.ntk_covariance[0, 0, 0, 0] * np.multiply.outer(two, two), rtol=1e-9
    )


@pytest.mark.slow
def test_the_order_of_inputs_does_not_matter():
    x = np.vstack([PAIR, [[0.3, 1.0, 1.0]]])
    net = ntk.mlp("relu", depth=1, W_std=1.4, b_std=0.3)
    order = [1, 2, 0]
    found, permuted = first_order(net, x), first_order(net, x[order])
    for field in fields(found):
        rank = 4 if "covariance" in field.name else 2
        expected = getattr(found, field.name)[(..., *np.ix_(*[order] * rank))]
        assert np.allclose(getattr(permuted, field.name), expected, rtol=1e-6, atol=1e-8), field.name


def test_several_outputs_average_the_part_between_them():
    """n·Cov(Θ̂) is A + (B + Bᵀ)/outputs: linear in 1/outputs, all else alike."""
    one, two, four = (
        first_order(ntk.mlp("tanh", depth=2, W_std=1.4, outputs=outputs), PAIR) for outputs in (1, 2, 4)
    )
    assert np.allclose(one.ntk_bias, four.ntk_bias, rtol=1e-14)
    halved, quartered = one.ntk_covariance - two.ntk_covariance, two.ntk_covariance - four.ntk_covariance
    assert np.allclose(halved, 2 * quartered, atol=1e-12 * np.abs(one.ntk_covariance).max())


def test_the_kurtosis_of_outputs():
    found = first_order(ntk.mlp("relu", depth=3, W_std=2**0.5), PAIR)
    assert np.allclose(found.output_kurtosis, 3 * 5 * 3, rtol=1e-11)  # (1 + 5/n)^3
    assert np.allclose(found.output_cumulant, found.output_cumulant.transpose(3, 1, 0, 2), rtol=1e-12)
    with pytest.raises(DataError, match="no kurtosis"):
        _ = first_order(ntk.mlp("relu", depth=1), np.array([[0.0, 0.0]])).output_kurtosis


def test_what_it_does_not_take():
    for layers, words in [
        ((ntk.Dense(1.0), ntk.Dense(1.0, width=1)), "Layer 1 is Dense"),
        (
            (ntk.Dense(1.0, width=5), ntk.Nonlinearity(ntk.activation("erf")), ntk.Dense(1.0, width=1)),
            "fixes its width at 5",
        ),
        ((ntk.Dense(1.0), ntk.Nonlinearity(ntk.activation("erf")), ntk.Dense(1.0)), "width=outputs"),
    ]:
        with pytest.raises(NtkTheoryError, match=words):
            first_order(ntk.serial(*layers), PAIR)
    with pytest.raises(DivergentExpectationError, match="jumps"):
        first_order(ntk.mlp("sign", depth=1), PAIR)
    with pytest.raises(DivergentExpectationError, match="infinite"):
        first_order(ntk.mlp("exp(x**2/8)", depth=1), np.array([[1.0]]))
    with pytest.raises(NotInClassError, match="alpha in"):
        first_order(ntk.mlp("alpha*max(x, 0)", depth=1), PAIR)
    with pytest.raises(ShapeError, match="inputs, features"):
        first_order(ntk.mlp("erf", depth=1), PAIR[0])
    with pytest.raises(DataError, match="is nan"):
        first_order(ntk.mlp("erf", depth=1), np.array([[np.nan]]))
