"""Kernels of one network: autodiff against central differences, the layer formula against autodiff."""

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, NtkTheoryError, ShapeError
from ntk_theory.network import Network
from ntk_theory.sampling import empirical_nngp, empirical_ntk, layer_contributions, plain

X1 = np.array([[0.3, -1.2, 0.5], [1.0, 0.4, -0.7]])
X2 = np.array([[0.2, 0.9, -0.4], [-1.1, 0.3, 0.8], [0.5, 0.5, 0.5]])


def network(name, outputs=1):
    return ntk.mlp(name, depth=2, W_std=1.3, b_std=0.4, outputs=outputs)


def by_differences(net, params, x1, x2, step=1e-6):
    """The NTK by central differences of every parameter, in float64."""
    leaves, tree = jax.tree.flatten(params)
    apply = jax.jit(net.apply)
    total = 0.0
    for index, leaf in enumerate(leaves):
        for entry in range(leaf.size):
            columns = []
            for x in (x1, x2):
                sides = []
                for sign in (1, -1):
                    moved = np.array(leaf).reshape(-1)
                    moved[entry] += sign * step
                    changed = [*leaves[:index], jnp.asarray(moved.reshape(leaf.shape)), *leaves[index + 1 :]]
                    sides.append(apply(jax.tree.unflatten(tree, changed), jnp.asarray(x)))
                columns.append(np.array(sides[0] - sides[1]) / (2 * step))
            total = total + columns[0] @ columns[1].T / columns[0].shape[1]
    return total


@pytest.mark.parametrize(("name", "outputs"), [("erf", 2), ("logistic", 1)])
def test_ntk_is_what_central_differences_give(name, outputs):
    net = network(name, outputs)
    with jax.enable_x64(True):
        params = jax.tree.map(lambda p: p.astype(jnp.float64), net.init(jax.random.key(1), X1.shape, width=5))
        expected = by_differences(net, params, X1, X2)
        assert np.allclose(empirical_ntk(net, params, X1, X2), expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize(("name", "outputs"), [("relu", 1), ("logistic", 3)])
def test_layer_formula_is_autodiff(name, outputs):
    net = network(name, outputs)
    with jax.enable_x64(True):
        params = net.init(jax.random.key(2), X1.shape, width=6)
        layers = layer_contributions(net, params, X1, X2)
        assert layers.shape == (3, 2, 3)
        assert np.allclose(layers.sum(0), net.empirical_ntk(params, X1, X2), rtol=1e-12, atol=1e-12)


def test_last_layer_contributes_the_nngp_estimate():
    net = network("erf")
    params = net.init(jax.random.key(3), X1.shape, width=7)
    nngp = empirical_nngp(net, params, X1, X2)
    assert np.allclose(layer_contributions(net, params, X1, X2)[-1], nngp, rtol=1e-6)
    h1, h2 = (jax.scipy.special.erf(_hidden(params, x)) for x in (X1, X2))
    assert np.allclose(nngp, 1.3**2 * h1 @ h2.T / 7 + 0.4**2, rtol=1e-5)


def _hidden(params, x):
    first = jax.scipy.special.erf(1.3 / 3**0.5 * x @ params[0].W + 0.4 * params[0].b)
    return 1.3 / 7**0.5 * first @ params[2].W + 0.4 * params[2].b


def test_blocks_of_inputs_change_nothing(monkeypatch):
    net = network("relu")
    params = net.init(jax.random.key(4), X1.shape, width=6)
    whole = empirical_ntk(net, params, X2)
    monkeypatch.setattr(plain, "_JACOBIAN_ENTRIES", 2 * 36)
    assert np.allclose(empirical_ntk(net, params, X2), whole, rtol=1e-6)
    assert np.allclose(whole, whole.T, rtol=1e-6)


def convolution(params, x):
    """A user's function, in no framework: one filter over images of one channel, tanh, mean, three outputs."""
    filtered = jax.lax.conv(x[:, None], params["filter"], (1, 1), "VALID", precision="highest")
    return jnp.einsum("nchw,co->no", jnp.tanh(filtered), params["out"], precision="highest") / filtered[0, 0].size


def test_any_function_of_parameters_and_a_batch():
    """Its NTK is J Jᵀ with J written by JAX as one Jacobian of the flat parameters; its NNGP the outputs' mean."""
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(6), 3)
        params = {
            "filter": jax.random.normal(keys[0], (4, 1, 3, 3)),
            "out": jax.random.normal(keys[1], (4, 3)),
            "calls": jnp.asarray(7),  # a counter: not trained
        }
        x = jax.random.normal(keys[2], (3, 6, 5))
        flat, back = jax.flatten_util.ravel_pytree({name: params[name] for name in ("filter", "out")})
        J = jax.jacfwd(lambda p: convolution(back(p), x))(flat)
        expected = jnp.einsum("iop,jop->ij", J, J) / 3
        assert np.allclose(empirical_ntk(convolution, params, x), expected, rtol=1e-12)
        assert np.allclose(empirical_ntk(convolution, params, x[:1], x[1:]), expected[:1, 1:], rtol=1e-12)
        f = convolution(params, x)
        assert np.allclose(empirical_nngp(convolution, params, x), f @ f.T / 3, rtol=1e-12)


def test_trained_networks_too():
    """After descent the layer formula still is autodiff, and differs from that at the start."""
    net = network("erf")
    with jax.enable_x64(True):
        start = params = net.init(jax.random.key(7), X1.shape, width=6)
        slope = jax.jit(jax.grad(lambda p: jnp.sum((net.apply(p, jnp.asarray(X1))[:, 0] - 1) ** 2)))
        for _ in range(5):
            params = jax.tree.map(lambda p, g: p - 0.1 * g, params, slope(params))
        after = empirical_ntk(net, params, X1, X2)
        assert np.allclose(layer_contributions(net, params, X1, X2).sum(0), after, rtol=1e-12)
        assert not np.allclose(empirical_ntk(net, start, X1, X2), after, rtol=1e-2)


def test_products_are_asked_for_infull_precision():
    """What the compiler is told, as a processor multiplies in full precision anyway."""
    net = network("erf")
    params = net.init(jax.random.key(8), X1.shape, width=6)
    x = jnp.asarray(X1, jnp.float32)
    leaves, tree = jax.tree.flatten(params)
    with plain.full_precision():
        texts = [
            plain._layers.lower(net, params, x, x).as_text(),
            plain._ntk_block.lower(net.apply, tree, tuple(range(6)), leaves, x, x).as_text(),
        ]
    for text in texts:
        products = [line for line in text.splitlines() if "dot_general" in line]
        assert products
        assert all("precision = [HIGHEST, HIGHEST]" in line for line in products)


def test_what_no_kernel_can_be_made_of():
    params = {"w": jnp.ones((3, 2))}
    with pytest.raises(ShapeError, match="for a function of one input"):
        empirical_ntk(lambda p, x: x[0] @ p["w"], params, X1)
    with pytest.raises(ShapeError, match="something else than one array"):
        empirical_ntk(lambda p, x: (x @ p["w"], x), params, X1)
    with pytest.raises(DataError, match="no floating-point array"):
        empirical_ntk(lambda p, x: x * p, 3, X1)
    with pytest.raises(DataError, match="complex64"):
        empirical_ntk(lambda p, x: jnp.abs(x @ p), params["w"] * 1j, X1)
    with pytest.raises(DataError, match="kernel is not finite"):
        empirical_ntk(lambda p, x: x @ p["w"] / 0.0, params, X1)
    with pytest.raises(DataError, match="x1 has entries that are not finite"):
        empirical_ntk(lambda p, x: x @ p["w"], params, X1 * np.nan)


def test_what_does_not_fit_is_refused():
    net = network("relu")
    params = net.init(jax.random.key(5), X1.shape, width=4)
    with pytest.raises(ShapeError, match=r"x1 has shape \(3,\)"):
        empirical_ntk(net, params, X1[0])
    with pytest.raises(ShapeError, match=r"one of x2 \(2,\)"):
        empirical_nngp(net, params, X1, X2[:, :2])
    headless = Network(net.layers[:-1])
    with pytest.raises(NtkTheoryError, match="Dense"):
        empirical_nngp(headless, params[:-1], X1)
