"""Exact conditional sampling against plain networks with all their matrices.

Kolmogorov-Smirnov tests of two samples at widths 2 to 8, where every shortcut shows. Each test is at level
`FAMILY`/`TESTS`, so that all together give a false alarm with probability at most `FAMILY` = 1e-6 (seeds are
fixed, so it either happens or not). The negative control, gradients independent of the forward pass, must be
rejected at the same level.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from scipy.stats import ks_2samp

import ntk_theory as ntk
from ntk_theory.errors import DataError, DivergentExpectationError, NtkTheoryError, ShapeError
from ntk_theory.sampling import Draws, conditional, devices, draw_kernels

FAMILY, TESTS = 1e-6, 330
COUNT = 20_000
PAIR = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
PARALLEL = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5], [2.0, 4.0, 0.0]])
ACTIVATIONS = {  # φ and φ′, written here by hand
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "erf": (scipy.special.erf, lambda z: 2 / np.sqrt(np.pi) * np.exp(-z * z)),
    "logistic": (scipy.special.expit, lambda z: scipy.special.expit(z) * scipy.special.expit(-z)),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "gelu": (
        lambda z: z * scipy.special.ndtr(z),
        lambda z: scipy.special.ndtr(z) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
    ),
}
GENERIC = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5], [0.3, 0.2, -1.0]])
SETTINGS = [
    ("relu", 2, 2, 0.5, PAIR),
    ("erf", 3, 3, 0.0, PAIR),
    ("logistic", 8, 3, 0.3, PAIR),
    ("relu", 4, 2, 0.3, PARALLEL),
]
MORE = [  # and in the long run
    ("tanh", 6, 2, 0.2, GENERIC),
    ("gelu", 5, 3, 0.0, PAIR),
    ("logistic", 2, 4, 0.4, PAIR),
    ("erf", 7, 2, 0.0, GENERIC),
    ("relu", 8, 4, 0.0, PAIR),
    ("tanh", 3, 1, 0.6, GENERIC),
]
W_STD = 1.4
PROJECTIONS = 8


def explicit(name, depth, b_std, x, width, count, seed):
    """The same draws with all matrices, by hand in NumPy: forward, backward, and the sum over parameters."""
    phi, slope = ACTIVATIONS[name]
    normal = np.random.default_rng(seed).normal
    features = [x.shape[1], *[width] * depth]
    h = np.broadcast_to(x.T, (count, *x.T.shape))
    kernels, weights, z = [], [], []
    for incoming, outgoing in zip(features, [*features[1:], 1], strict=True):
        kernels.append(W_STD**2 / incoming * np.swapaxes(h, 1, 2) @ h + b_std**2)
        weights.append(W_STD / np.sqrt(incoming) * normal(size=(count, outgoing, incoming)))
        z.append(weights[-1] @ h + b_std * normal(size=(count, outgoing, 1)))
        h = phi(z[-1])
    delta = np.ones((count, 1, len(x)))
    layers = [kernels[-1]]
    for level in reversed(range(depth)):
        delta = slope(z[level]) * (np.swapaxes(weights[level + 1], 1, 2) @ delta)
        layers.append(kernels[level] * (np.swapaxes(delta, 1, 2) @ delta))
    ntk_layers = np.stack(layers[::-1], axis=1)
    return Draws(kernels[-1], ntk_layers.sum(1), ntk_layers, z[-1][:, 0])


def by_autodiff(name, depth, b_std, x, width, count, seed):
    """The same draws by the package's own `init` and `apply`, every gradient written out by autodiff."""
    net = ntk.mlp(name, depth=depth, W_std=W_STD, b_std=b_std)
    x = jnp.asarray(x, jnp.float32)

    def one(key):
        params = net.init(key, x.shape, width=width)
        gradients = jax.vmap(jax.grad(lambda params, x: net.apply(params, x[None])[0, 0]), (None, 0))(params, x)
        products = [[g.reshape(len(x), -1) for g in jax.tree.leaves(layer)] for layer in gradients[::2]]
        layers = jnp.stack([sum(g @ g.T for g in leaves) for leaves in products])
        return layers[-1], layers.sum(0), layers, net.apply(params, x)[:, 0]

    batches = jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=1000))
    return Draws(*(np.asarray(part) for part in batches(jax.random.split(jax.random.key(seed), count))))


def statistics(draws):
    """Every marginal, and what tells the joint law: products, and mixtures of all outputs and kernels at once.

    Atoms (dead ReLU networks) need rounding.
    """
    found = {}
    every = np.concatenate(
        [part.reshape(len(part), -1) for part in (draws.outputs, draws.nngp, draws.ntk_layers)], 1
    )
    weights = np.random.default_rng(23).normal(size=(every.shape[1], PROJECTIONS))
    for number, mixture in enumerate((np.sign(every) * np.log1p(np.abs(every)) @ weights).T):
        found[f"mixture {number}"] = mixture
    rows, columns = np.triu_indices(draws.nngp.shape[1])
    for i, j in zip(rows, columns, strict=True):
        found[f"nngp[{i},{j}]"] = draws.nngp[:, i, j]
        found[f"ntk[{i},{j}]"] = draws.ntk[:, i, j]
        for layer in range(draws.ntk_layers.shape[1] - 1):
            found[f"layer {layer}[{i},{j}]"] = draws.ntk_layers[:, layer, i, j]
    found["f"] = draws.outputs[:, 0]
    found["f f'"] = draws.outputs[:, 0] * draws.outputs[:, -1]
    found["f² ntk"] = draws.outputs[:, 0] ** 2 * draws.ntk[:, 0, -1]
    found["f f' layer 0"] = draws.outputs[:, 0] * draws.outputs[:, -1] * draws.ntk_layers[:, 0, 0, -1]
    return {name: np.round(values.astype(np.float64), 4) for name, values in found.items()}


def smallest_p_value(plain, name, width, depth, b_std, x, count=COUNT):
    expected = statistics(plain(name, depth, b_std, x, width, count, seed=21))
    net = ntk.mlp(name, depth=depth, W_std=W_STD, b_std=b_std)
    found = statistics(draw_kernels(net, x, width, count, jax.random.key(22)))
    values = {key: ks_2samp(expected[key], found[key], method="asymp").pvalue for key in expected}
    worst = min(values, key=values.get)
    return values[worst], worst


@pytest.mark.parametrize(("name", "width", "depth", "b_std", "x"), SETTINGS)
def test_law_is_that_of_networks_written_by_hand(name, width, depth, b_std, x):
    p_value, worst = smallest_p_value(explicit, name, width, depth, b_std, x)
    assert p_value > FAMILY / TESTS, f"{worst} differs in law: p = {p_value:.1e}"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "width", "depth", "b_std", "x"), MORE)
def test_law_in_more_settings(name, width, depth, b_std, x):
    p_value, worst = smallest_p_value(explicit, name, width, depth, b_std, x)
    assert p_value > FAMILY / TESTS, f"{worst} differs in law: p = {p_value:.1e}"


def test_law_is_that_of_the_packages_networks():
    p_value, worst = smallest_p_value(by_autodiff, *SETTINGS[0])
    assert p_value > FAMILY / TESTS, f"{worst} differs in law: p = {p_value:.1e}"


def test_no_more_tests_were_made_than_the_family_allows():
    settings = [*SETTINGS, *MORE, SETTINGS[0]]
    made = [len(x) * (len(x) + 1) // 2 * (2 + depth) + 4 + PROJECTIONS for _, _, depth, _, x in settings]
    assert sum(made) <= TESTS


@pytest.mark.parametrize(
    "setting",
    [
        ("erf", 2, 2, 0.5, PAIR),
        pytest.param(("relu", 3, 3, 0.3, GENERIC, 3 * COUNT), marks=pytest.mark.slow),
        pytest.param(("logistic", 4, 3, 0.3, GENERIC), marks=pytest.mark.slow),
        pytest.param(("tanh", 4, 2, 0.2, GENERIC), marks=pytest.mark.slow),
        pytest.param(("gelu", 5, 3, 0.0, PAIR), marks=pytest.mark.slow),
        pytest.param(("erf", 8, 3, 0.0, PAIR), marks=pytest.mark.slow),
    ],
)
def test_independent_gradients_are_rejected(monkeypatch, setting):
    """The negative control: fresh weights in the backward pass, as the usual shortcut has it."""
    monkeypatch.setattr(
        conditional,
        "_transposed_product",
        lambda lanes, Q, products, normals, factor: lanes.combine(normals, factor).neurons,  # noqa: ARG005
    )
    conditional._sampler.cache_clear()
    try:
        p_value, _ = smallest_p_value(explicit, *setting)
    finally:
        conditional._sampler.cache_clear()
    assert p_value < FAMILY / TESTS


NET = ntk.mlp("erf", depth=2, W_std=1.5, b_std=0.3)


def test_more_draws_begin_with_the_same_ones():
    few, many = (draw_kernels(NET, PAIR, 64, count, jax.random.key(5)) for count in (3, 9000))
    assert all(np.array_equal(a, b[:3]) for a, b in zip(few, many, strict=True))
    assert many.ntk.dtype == np.float32
    assert np.allclose(many.ntk_layers.sum(1), many.ntk, rtol=1e-5, atol=1e-5)
    assert np.allclose(many.ntk_layers[:, -1], many.nngp, rtol=1e-6)


def test_one_compilation_serves_all_multiples_of_64():
    conditional._sampler.cache_clear()
    for width in (64, 192, 1024, 4096):
        draw_kernels(NET, PAIR, width, 5, jax.random.key(0))
    sampler = conditional._sampler(conditional.chain_of(NET).activations, 2**14 // 64, 64)
    assert conditional._sampler.cache_info().misses == 1
    compiled = devices._compiled(sampler, 5, tuple(jax.local_devices()))
    assert compiled._cache_size() == 1


def test_widths_are_independent_of_each_other():
    """The same key at two widths gives unrelated networks, so that contrasts of widths are honest: six sigma."""
    a, b = (draw_kernels(NET, PAIR, width, 20_000, jax.random.key(6)).outputs[:, 0] for width in (64, 128))
    assert abs(np.corrcoef(a, b)[0, 1]) < 6 / np.sqrt(20_000)


def test_degenerate_inputs_give_finite_exact_kernels():
    """A zero input and two equal ones, no bias: rank one, and rows that must vanish or agree."""
    net = ntk.mlp("relu", depth=3, W_std=2**0.5)
    x = np.array([[0.0, 0.0], [1.0, 2.0], [1.0, 2.0]])
    draws = draw_kernels(net, x, 64, 200, jax.random.key(7))
    for kernel in (draws.nngp, draws.ntk):
        assert np.isfinite(kernel).all()
        assert np.array_equal(kernel[:, 0], np.zeros_like(kernel[:, 0]))
        assert np.allclose(kernel[:, 1, 1], kernel[:, 1, 2], rtol=1e-4)


def test_double_precision_and_many_inputs():
    x = np.random.default_rng(0).normal(size=(6, 3))
    draws = draw_kernels(NET, x, 3, 50, jax.random.key(8), dtype=np.float64)
    assert draws.ntk.dtype == np.float64
    assert np.linalg.eigvalsh(draws.ntk).min() > -1e-12
    assert np.linalg.matrix_rank(draws.nngp[0] - 0.3**2, tol=1e-9) <= 3  # three neurons, six inputs


def test_a_million_neurons_wide():
    draw_kernels(NET, PAIR, 2**20, 1, jax.random.key(9))
    start = time.perf_counter()
    draws = draw_kernels(NET, PAIR, 2**20, 1, jax.random.key(10))
    assert time.perf_counter() - start < 10
    assert np.allclose(draws.nngp[0], NET.kernel_fn(PAIR, get="nngp"), atol=0.02)


def test_what_the_sampler_does_not_take():
    dense, phi = ntk.Dense(1.0), ntk.Nonlinearity(ntk.activation("erf"))
    key = jax.random.key(0)
    for layers, words in [
        ((dense, dense, ntk.Dense(1.0, width=1)), "Layer 1 is Dense"),
        ((dense, phi, ntk.Dense(1.0)), "width=1"),
        ((ntk.Dense(1.0, width=5), phi, ntk.Dense(1.0, width=1)), "fixes its width at 5"),
        ((dense, phi, ntk.Dense(1.0, width=3)), "width=3"),
    ]:
        with pytest.raises(NtkTheoryError, match=words):
            draw_kernels(ntk.serial(*layers), PAIR, 8, 1, key)
    with pytest.raises(DivergentExpectationError, match="NTK"):
        draw_kernels(ntk.mlp("sign", depth=1), PAIR, 8, 1, key)
    with pytest.raises(ShapeError, match="inputs, features"):
        draw_kernels(NET, PAIR[0], 8, 1, key)
    with pytest.raises(DataError, match=r"x\[1, 2\] is nan"):
        draw_kernels(NET, np.array([[1.0, 2.0, 0.0], [1.0, -1.0, np.nan]]), 8, 1, key)
    with pytest.raises(DataError, match="complex"):
        draw_kernels(NET, PAIR * 1j, 8, 1, key)
    with pytest.raises(DataError, match="no network"):
        draw_kernels("erf", PAIR, 8, 1, key)
    for dtype in ("float16", int, "none"):
        with pytest.raises(DataError, match=r"numpy\.float64"):
            draw_kernels(NET, PAIR, 8, 1, key, dtype=dtype)
    for width, count in [(0, 1), (8, 0), (2.5, 1), (True, 1)]:
        with pytest.raises(DataError, match="whole number"):
            draw_kernels(NET, PAIR, width, count, key)
