"""Training without matrices against training with them: path by path exactly, and in law by Kolmogorov-Smirnov.

A path's reference is gradient descent written by hand in NumPy, from the very matrices that the lazy answers
belong to (`lazy.complete`, less the steps). In law, the reference is the same descent from fresh matrices.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from scipy.stats import ks_2samp

import ntk_theory as ntk
from ntk_theory.errors import DataError, DivergentExpectationError, NtkTheoryError, ShapeError
from ntk_theory.sampling import draw_training, lazy, training
from ntk_theory.sampling.chain import chain_of

FAMILY, TESTS = 1e-6, 100
COUNT = 10_000
X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5], [0.3, 0.2, -1.0]])
Y = np.array([0.7, -0.4])
ACTIVATIONS = {  # φ and φ′, written here by hand
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "erf": (scipy.special.erf, lambda z: 2 / np.sqrt(np.pi) * np.exp(-z * z)),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
}


def passed_by_hand(name, W_std, b_std, weights, biases, x):
    """Features, outputs and δ of every input, with all matrices; leading axes are networks."""
    phi, slope = ACTIVATIONS[name]
    h, features, slopes = np.broadcast_to(x, (*weights[0].shape[:-2], *x.shape)), [], []
    for W, b in zip(weights, biases, strict=True):
        features.append(h)
        z = W_std / np.sqrt(h.shape[-1]) * h @ np.swapaxes(W, -1, -2) + b_std * b[..., None, :]
        h, slopes = phi(z), [*slopes, slope(z)]
    deltas = [np.ones_like(z)]
    for W, s in zip(weights[:0:-1], slopes[-2::-1], strict=True):
        deltas.insert(0, s * (W_std / np.sqrt(W.shape[-1]) * deltas[0] @ W))
    return features, z[..., 0], deltas


def trained_by_hand(name, W_std, b_std, weights, biases, *, steps, step_size):
    """Outputs and layers of the NTK at every step, and the parameters that remain."""
    outputs, layers = [], []
    for step in range(steps + 1):
        features, f, deltas = passed_by_hand(name, W_std, b_std, weights, biases, X)
        outputs.append(f)
        grams = [W_std**2 / h.shape[-1] * h @ np.swapaxes(h, -1, -2) + b_std**2 for h in features]
        layers.append(np.stack([g * (d @ np.swapaxes(d, -1, -2)) for g, d in zip(grams, deltas, strict=True)], -3))
        if step < steps:
            move = -step_size * (f[..., : len(Y)] - Y)[..., None]
            pushed = [np.swapaxes(move * d[..., : len(Y), :], -1, -2) for d in deltas]
            weights = [
                W + W_std / np.sqrt(h.shape[-1]) * p @ h[..., : len(Y), :]
                for W, p, h in zip(weights, pushed, features, strict=True)
            ]
            biases = [b + b_std * p.sum(-1) for b, p in zip(biases, pushed, strict=True)]
    return np.stack(outputs, -2), np.stack(layers, -4)


@pytest.mark.parametrize(
    ("name", "width", "depth"),
    [
        ("erf", 2, 3),
        pytest.param("tanh", 40, 3, marks=pytest.mark.slow),
        pytest.param("relu", 9, 4, marks=pytest.mark.slow),
    ],
)
def test_a_path_is_that_of_its_matrices_step_by_step(name, width, depth):
    """Five steps in float64: outputs and every layer's NTK at every step, for a net that its answers belong to."""
    W_std, b_std, steps, step_size = 1.5, 0.4, 5, 0.15
    net = ntk.mlp(name, depth=depth, W_std=W_std, b_std=b_std)
    with jax.enable_x64(True):
        job = training._Descent(chain_of(net), jnp.asarray(X), jnp.asarray(3), jnp.asarray(Y), step_size, 60)
        through = jax.jit(lambda params, x: training.through(job, params, x))
        descend = jax.jit(lambda params, passed: training.descend(job, params, passed))
        start = params = training.initial(job, width, jax.random.key(1))
        moved = [np.zeros((width, width)) for _ in params.hidden]
        outputs, layers = [], []
        for _ in range(steps + 1):
            params, everything = through(params, job.x)
            outputs.append(everything.outputs)
            layers.append(training.ntk_layers(job, everything))
            params, passed = through(params, job.x[:2])
            params = descend(params, passed)
            for level in range(depth - 1):
                push = (-step_size * (passed.outputs - Y))[:, None] * passed.deltas[level + 1]
                moved[level] += W_std / np.sqrt(width) * np.asarray(push.T @ passed.features[level + 1])
        rest = np.random.default_rng(4).normal(size=(depth - 1, width, width))
        hidden = [np.asarray(lazy.complete(A, jnp.asarray(G))) for A, G in zip(params.hidden, rest, strict=True)]
    weights = [start.first, *(W - move for W, move in zip(hidden, moved, strict=True)), start.readout[None]]
    biases = [*start.biases, start.last_bias[None]]
    expected = trained_by_hand(
        name,
        W_std,
        b_std,
        [*map(np.asarray, weights)],
        [*map(np.asarray, biases)],
        steps=steps,
        step_size=step_size,
    )
    assert np.ptp(outputs, axis=0).max() > 0.02  # something was learnt
    assert np.allclose(outputs, expected[0], rtol=0, atol=1e-9)
    assert np.allclose(layers, expected[1], rtol=1e-9, atol=1e-9)


def statistics(outputs, layers):
    """Marginals at the start and the end, and products that tell the joint law of both."""
    found = {}
    for record in (0, -1):
        for i in range(3):
            found[f"f{i} at {record}"] = outputs[:, record, i]
        for layer in range(layers.shape[2]):
            found[f"layer {layer} at {record}"] = layers[:, record, layer, 0, 1]
            found[f"layer {layer} of the test at {record}"] = layers[:, record, layer, 2, 2]
    ntk = layers.sum(2)
    found["f before and after"] = outputs[:, 0, 2] * outputs[:, -1, 2]
    found["f and ntk"] = outputs[:, -1, 2] * ntk[:, 0, 0, 2]
    found["change of ntk"] = ntk[:, -1, 0, 0] - ntk[:, 0, 0, 0]
    found["loss and change"] = ((outputs[:, -1, :2] - Y) ** 2).sum(1) * (ntk[:, -1, 1, 2] - ntk[:, 0, 1, 2])
    return {name: np.round(values.astype(np.float64), 3) for name, values in found.items()}


LAW = [("erf", 2, 2, 0.3, 3), ("relu", 4, 3, 0.2, 2), ("tanh", 8, 1, 0.3, 3)]


@pytest.mark.parametrize(
    ("name", "width", "depth", "b_std", "steps"), [LAW[0], pytest.param(*LAW[1], marks=pytest.mark.slow), LAW[2]]
)
def test_law_is_that_of_training_with_matrices(name, width, depth, b_std, steps):
    worst, p_value = law_differs(name, width, depth, b_std, steps)
    assert p_value > FAMILY / TESTS, f"{worst} differs in law: p = {p_value:.1e}"


def law_differs(name, width, depth, b_std, steps):
    W_std, step_size = 1.4, 0.1
    normal = np.random.default_rng(5).normal
    sizes = [X.shape[1], *[width] * depth, 1]
    weights = [normal(size=(COUNT, out, n)) for n, out in pairwise(sizes)]
    biases = [normal(size=(COUNT, out)) for out in sizes[1:]]
    by_hand = trained_by_hand(name, W_std, b_std, weights, biases, steps=steps, step_size=step_size)
    expected = statistics(*by_hand)
    net = ntk.mlp(name, depth=depth, W_std=W_std, b_std=b_std)
    paths = draw_training(
        net, X[:2], Y, width, COUNT, jax.random.key(6), steps=steps, step_size=step_size, x_test=X[2:]
    )
    found = statistics(paths.outputs, paths.ntk_layers)
    values = {key: ks_2samp(expected[key], found[key], method="asymp").pvalue for key in expected}
    worst = min(values, key=values.get)
    return worst, values[worst]


def test_no_more_tests_were_made_than_the_family_allows():
    assert sum(2 * (3 + 2 * (depth + 1)) + 4 for _, _, depth, _, _ in LAW) <= TESTS


def test_independent_gradients_are_rejected(monkeypatch):
    """The negative control: answers to Wᵀδ that know nothing of those to W h."""

    def forgetful(A, v):
        nothing = lazy.Asked(*(jnp.zeros_like(part) for part in A.left))
        answered, product = honest(lazy.LazyMatrix(A.right, nothing), v)
        return lazy.LazyMatrix(answered.right, A.left), product

    honest = lazy.times
    monkeypatch.setattr(lazy, "times", forgetful)
    training._descender.cache_clear()
    try:
        _, p_value = law_differs(*LAW[0])
    finally:
        training._descender.cache_clear()
    assert p_value < FAMILY / TESTS


def test_very_wide_networks_follow_their_own_kernel():
    """At n = 65,536 the outputs obey f_t - y = (I - η Θ₀)^t (f_0 - y) up to O(1/n), in float32."""
    net = ntk.mlp("erf", depth=3, W_std=1.4, b_std=0.3)
    eta, steps = 0.1, (1, 5)
    paths = draw_training(net, X[:2], Y, 65_536, 2, jax.random.key(7), steps=steps, step_size=eta)
    for member in range(2):
        decay = np.eye(2) - eta * paths.ntk[member, 0].astype(np.float64)
        for record, step in enumerate(steps, start=1):
            expected = Y + np.linalg.matrix_power(decay, step) @ (paths.outputs[member, 0] - Y)
            assert np.allclose(paths.outputs[member, record], expected, rtol=0, atol=2e-3)
    assert np.array_equal(paths.steps, [0, 1, 5])
    assert np.allclose(paths.ntk[:, 0], net.kernel_fn(X[:2], get="ntk"), atol=0.1)


@pytest.mark.slow
def test_the_first_members_do_not_depend_on_how_many_follow():
    net = ntk.mlp("relu", depth=2, W_std=1.4)
    options = {"steps": 1, "step_size": 0.1, "dtype": np.float64}
    few, many = (draw_training(net, X, np.ones(3), 8, c, jax.random.key(8), **options) for c in (3, 40))
    assert all(np.allclose(a, b[:3], rtol=1e-12) for a, b in zip(few[:4], many[:4], strict=True))
    assert few.outputs.dtype == np.float64


def test_what_can_not_be_trained():
    net = ntk.mlp("erf", depth=2)
    key, options = jax.random.key(0), {"steps": 2, "step_size": 0.1}
    with pytest.raises(ShapeError, match=r"y_train has shape \(3,\)"):
        draw_training(net, X[:2], np.ones(3), 8, 1, key, **options)
    with pytest.raises(DataError, match="y_train has entries"):
        draw_training(net, X[:2], [1, np.inf], 8, 1, key, **options)
    with pytest.raises(ShapeError, match="x_test has 2 features"):
        draw_training(net, X[:2], Y, 8, 1, key, **options, x_test=X[:, :2])
    for steps in (-1, [3, 2], [1, 1], 2.5, [], True):
        with pytest.raises(DataError, match="steps ="):
            draw_training(net, X[:2], Y, 8, 1, key, steps=steps, step_size=0.1)
    for step_size in (0.0, -1.0, np.nan, "0.1"):
        with pytest.raises(DataError, match="step_size"):
            draw_training(net, X[:2], Y, 8, 1, key, steps=1, step_size=step_size)
    for width, count in ((0, 1), (8, 0), (2.5, 1)):
        with pytest.raises(DataError, match="whole number"):
            draw_training(net, X[:2], Y, width, count, key, **options)
    with pytest.raises(DivergentExpectationError, match="NTK"):
        draw_training(ntk.mlp("sign", depth=1), X[:2], Y, 8, 1, key, **options)
    with pytest.raises(NtkTheoryError, match="width=1"):
        draw_training(ntk.mlp("erf", depth=1, outputs=2), X[:2], Y, 8, 1, key, **options)
    with pytest.raises(DataError, match="linear regression"):
        draw_training(ntk.mlp("erf", depth=0), X[:2], Y, 8, 1, key, **options)
    with pytest.raises(DataError, match="left the finite numbers"):
        draw_training(ntk.mlp("relu", depth=1), X[:2], Y, 8, 1, key, steps=60, step_size=1e4)
