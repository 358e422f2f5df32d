"""Inputs of one norm: the whole network as two functions of the angle, beside the map layer by layer."""

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.kernels import gram

RNG = np.random.default_rng(5)


def on_sphere(n):
    x = RNG.normal(size=(n, 3))
    x[1], x[2], x[3] = x[0], -x[0], x[0] + 1e-6 * x[4]
    return 2 * x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("name", "depth"),
    [("relu", 4), *(pytest.param(n, 3, marks=pytest.mark.slow) for n in ("erf", "gelu", "tanh"))],
)
def test_it_is_the_map_layer_by_layer(name, depth, monkeypatch):
    x = on_sphere(7)
    network = ntk.mlp(name, depth=depth, W_std=1.3, b_std=0.3)
    exact = network.kernel_fn(x)
    monkeypatch.setattr(gram, "ONE_NORM_PAIRS", 1)
    kernel_fn = gram.KernelFunction(network.kernel_fn.compiled)
    found, across = kernel_fn(x), kernel_fn(x, x[:4])
    _, whole = kernel_fn._one_norm
    assert len(whole.series["float64"].ntk) < 96
    for name in ("nngp", "ntk"):
        size = getattr(exact, name)[0, 0]
        np.testing.assert_allclose(getattr(found, name), getattr(exact, name), atol=1e-13 * size)
        np.testing.assert_allclose(getattr(across, name), getattr(exact, name)[:, :4], atol=1e-13 * size)
    single = kernel_fn(x.astype(np.float32)).ntk
    np.testing.assert_allclose(single, exact.ntk, atol=1e-6 * exact.ntk[0, 0])
    # another norm: other coefficients, the same program
    compiled = kernel_fn._made["one norm",]._cache_size()
    np.testing.assert_allclose(kernel_fn(1.5 * x).ntk, network.kernel_fn(1.5 * x).ntk, rtol=1e-12)
    assert kernel_fn._made["one norm",]._cache_size() <= compiled + 1  # at most for another number of coefficients


def test_other_inputs_go_layer_by_layer(monkeypatch):
    monkeypatch.setattr(gram, "ONE_NORM_PAIRS", 1)
    kernel_fn = ntk.mlp("relu", depth=2, b_std=0.1).kernel_fn
    x = on_sphere(5)
    for changed in (x * (1 + 1e-12 * np.arange(5))[:, None], 0 * x):
        assert kernel_fn._along_angle(changed, None) == (None, ())
    jumping = ntk.mlp("sign", depth=2, b_std=0.1).kernel_fn
    assert jumping._along_angle(x, None) == (None, ())
