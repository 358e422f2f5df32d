"""Gram matrices: against tabulated recursions, by mpmath, their laws, their limits, and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ntk_theory as ntk
from ntk_theory.errors import DataError, DivergentExpectationError, EnclosureError, ShapeError

NAMES = ["relu", "erf", "erf_sigmoid", "logistic", "gelu", "tanh"]
INPUTS = hnp.arrays(
    np.float64, (5, 4), elements=st.floats(-3, 3, allow_subnormal=False).map(lambda v: round(v, 3))
)
WITHOUT_BIAS = ntk.mlp("relu", depth=2, W_std=1.5)
NETWORKS = {name: ntk.mlp(name, depth=3, W_std=1.25, b_std=0.25) for name in NAMES}


def test_relu_against_the_table(reference):
    angles = {"0": 0.0, "pi/2": np.pi / 2, "pi/3": np.pi / 3, "pi": np.pi, "1": 1.0}
    x = np.sqrt(2) * np.array([[np.cos(t), np.sin(t)] for t in angles.values()])
    columns = {name: column for column, name in enumerate(angles)}
    computed = {}
    for entry in reference("relu_recursion.json"):
        layers = entry["weight_layers"]
        if layers not in computed:
            # |x|² = n₀ and W_std² = 2 in every layer: the diagonal of Σ is 2, in the table it is 1
            computed[layers] = ntk.mlp("relu", depth=layers - 1, W_std=2**0.5).kernel_fn(x)
        value = getattr(computed[layers], entry["kernel"])[0, columns[entry["angle"]]] / 2
        # at the antipode Θ moves like √(2 - δ), and δ = 2 is known to 2⁻⁵²: half the digits
        tolerance = 1e-7 if entry["angle"] == "pi" else 1e-11
        assert value == pytest.approx(float(entry["value"]), rel=tolerance, abs=tolerance)


def test_diagonal_with_bias_against_the_closed_sum():
    # Σ K^l χ^(L-l) with σ_w² = 2, σ_b² = 0.1, |x|² = n₀: 6.6 (Lee et al. 2019, three weight layers)
    network = ntk.mlp("relu", depth=2, W_std=2**0.5, b_std=0.1**0.5)
    assert network.kernel_fn(np.ones((1, 4)), get="ntk")[0, 0] == pytest.approx(6.6, rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
@given(INPUTS)
def test_symmetric_and_positive_semidefinite(name, x):
    kernels = NETWORKS[name].kernel_fn(x)
    for gram in kernels:
        np.testing.assert_allclose(gram, gram.T, rtol=1e-12)
        assert np.linalg.eigvalsh(gram).min() > -1e-9 * np.trace(gram)


@pytest.mark.parametrize("name", NAMES)
@given(INPUTS)
def test_blocks_of_the_symmetric_matrix_are_the_pairs(name, x):
    whole = NETWORKS[name].kernel_fn(x)
    block = NETWORKS[name].kernel_fn(x[:2], x[2:])
    distinct = np.array([[not np.array_equal(a, b) for b in x[2:]] for a in x[:2]])
    np.testing.assert_allclose(block.nngp[distinct], whole.nngp[:2, 2:][distinct], rtol=1e-9)
    np.testing.assert_allclose(block.ntk[distinct], whole.ntk[:2, 2:][distinct], rtol=1e-8)


@pytest.mark.parametrize("name", ["relu", "erf", "gelu"])
@given(INPUTS)
def test_equal_inputs_given_apart_meet_the_diagonal(name, x):
    network = NETWORKS[name]
    np.testing.assert_allclose(np.diag(network.kernel_fn(x, x).ntk), np.diag(network.kernel_fn(x).ntk), rtol=1e-6)


@given(st.floats(0.01, 100))
def test_relu_without_bias_is_homogeneous(scale):
    x = np.array([[1.0, 2.0], [-0.5, 1.0]])
    kernel_fn = WITHOUT_BIAS.kernel_fn
    np.testing.assert_allclose(kernel_fn(scale * x).ntk, scale**2 * kernel_fn(x).ntk, rtol=1e-12)


def test_the_logistic_kernel_against_mpmath():
    # one hidden layer: Σ² = σ_w² K + σ_b², Θ² = Σ² + σ_w² K̇ Σ¹, K and K̇ by nested quadrature
    x = np.array([[1.0, 1.0], [0.5, -1.5]])
    kernels = ntk.mlp("logistic", depth=1, W_std=3.0, b_std=0.5).kernel_fn(x)
    q1, q2, k = 9 * 1.0 + 0.25, 9 * 1.25 + 0.25, 9 * -0.5 + 0.25
    c = k / np.sqrt(q1 * q2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(180)
    weights /= np.sqrt(2 * np.pi)
    u = np.sqrt(q1) * nodes[:, None]
    v = np.sqrt(q2) * (c * nodes[:, None] + np.sqrt(1 - c * c) * nodes[None, :])
    logistic = lambda t: 1 / (1 + np.exp(-t))  # noqa: E731
    slope = lambda t: logistic(t) * logistic(-t)  # noqa: E731
    both = weights[:, None] * weights[None, :]
    K, Kdot = np.sum(both * logistic(u) * logistic(v)), np.sum(both * slope(u) * slope(v))
    assert kernels.nngp[0, 1] == pytest.approx(9 * K + 0.25, rel=1e-9)
    assert kernels.ntk[0, 1] == pytest.approx(9 * K + 0.25 + 9 * Kdot * k, rel=1e-9)


def test_the_series_reports_its_truncation():
    x = np.random.default_rng(0).normal(size=(6, 8))
    assert ntk.mlp("relu", depth=2).kernel_fn.truncation(x) == 0
    network = ntk.mlp("logistic", depth=3, W_std=10.0)
    assert 0 <= network.kernel_fn.truncation(x) < 1e-12
    nearly_equal = np.vstack([x[:1], x[:1] * (1 + 1e-9)])
    with pytest.raises(EnclosureError, match="off by"):
        ntk.mlp("tanh", depth=1, W_std=200.0).kernel_fn(nearly_equal)


@pytest.mark.parametrize("name", ["relu", "erf", "logistic"])
def test_singular_geometries(name):
    network = NETWORKS[name]
    x = np.array([[1.0, 2.0], [1.0, 2.0], [-1.0, -2.0], [0.0, 0.0], [1e-30, 0.0]])
    kernels = network.kernel_fn(x)
    assert np.isfinite(kernels.nngp).all()
    assert np.isfinite(kernels.ntk).all()
    assert kernels.ntk[0, 1] == pytest.approx(kernels.ntk[0, 0], rel=1e-6)


def test_a_zero_input_without_bias():
    kernels = WITHOUT_BIAS.kernel_fn(np.array([[0.0, 0.0], [1.0, 2.0]]))
    np.testing.assert_array_equal(kernels.ntk[0], [0, 0])
    np.testing.assert_array_equal(kernels.nngp[0], [0, 0])


def test_precisions_and_kinds_of_arrays():
    x = np.random.default_rng(1).normal(size=(4, 3))
    kernel_fn = NETWORKS["relu"].kernel_fn
    exact = kernel_fn(x)
    assert isinstance(exact.ntk, np.ndarray)
    assert exact.ntk.dtype == np.float64
    single = kernel_fn(x.astype(np.float32))
    assert single.ntk.dtype == np.float32
    np.testing.assert_allclose(single.ntk, exact.ntk, rtol=1e-5)
    on_device = kernel_fn(jnp.asarray(x, jnp.float32))
    assert isinstance(on_device.ntk, jax.Array)
    np.testing.assert_allclose(on_device.ntk, exact.ntk, rtol=1e-5)
    np.testing.assert_allclose(kernel_fn(x.tolist()).ntk, exact.ntk)


def test_the_rule_of_return_values():
    x = np.eye(2)
    kernel_fn = NETWORKS["relu"].kernel_fn
    assert isinstance(kernel_fn(x, get="ntk"), np.ndarray)
    assert kernel_fn(x, get=("ntk",)).nngp is None
    nngp, theta = kernel_fn(x)
    np.testing.assert_array_equal(nngp, kernel_fn(x, get="nngp"))
    np.testing.assert_array_equal(theta, kernel_fn(x).ntk)


def test_under_jit_vmap_and_grad():
    x = jnp.asarray(np.random.default_rng(2).normal(size=(4, 3)), jnp.float32)
    kernel_fn = NETWORKS["erf"].kernel_fn
    np.testing.assert_allclose(jax.jit(lambda a: kernel_fn(a, get="ntk"))(x), kernel_fn(x, get="ntk"), rtol=1e-5)
    batched = jax.vmap(lambda a: kernel_fn(a, get="nngp"))(jnp.stack([x, 2 * x]))
    np.testing.assert_allclose(batched[1], kernel_fn(2 * x, get="nngp"), rtol=1e-5)
    gradient = jax.grad(lambda a: kernel_fn(a, get="ntk").sum())(x)
    assert bool(jnp.isfinite(gradient).all())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda k: k(np.ones(3)), ShapeError, "use x"),
        (lambda k: k(np.ones((0, 3))), ShapeError, "expected"),
        (lambda k: k(np.ones((2, 3)), np.ones((2, 4))), ShapeError, "3 features and x2 has 4"),
        (lambda k: k(np.array([[1.0, np.nan]])), DataError, r"x1\[0, 1\] is nan"),
        (lambda k: k(np.ones((2, 2)), np.array([[1.0, np.inf]])), DataError, r"x2\[0, 1\] is inf"),
        (lambda k: k(np.ones((2, 2)) * 1j), DataError, "real numbers"),
        (lambda k: k(np.ones((2, 2)), get="cov"), DataError, "'cov' is not among"),
        (lambda k: k([["a", "b"]]), DataError, "real numbers"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call(NETWORKS["relu"].kernel_fn)


@pytest.mark.parametrize(
    "values", [{"W_std": -1.0}, {"W_std": np.nan}, {"b_std": -0.1}, {"b_std": np.inf}, {"depth": -1}]
)
def test_bad_networks(values):
    with pytest.raises(DataError):
        ntk.mlp("relu", **{"depth": 1, **values})


def test_a_jump_has_an_nngp_kernel_and_no_ntk():
    network = ntk.mlp("sign", depth=2, W_std=1.5)
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    with pytest.raises(DivergentExpectationError, match=r"jumps by 2.*get=\"nngp\""):
        network.kernel_fn(x)
    # Σ² = σ_w² (2/π) asin(c), iterated by hand
    c = 2 / np.pi * np.arcsin(2 / np.pi * np.arcsin(1 / np.sqrt(2)))
    assert network.kernel_fn(x, get="nngp")[0, 1] == pytest.approx(2.25 * c, rel=1e-13)
    assert "Theta" not in str(network.recursion())


def test_the_generated_source_is_kept():
    source = NETWORKS["relu"].kernel_fn.source
    assert "supplement" in source
    assert "sympy" not in source.lower()
