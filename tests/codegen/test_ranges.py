"""Closed forms at large and small variances: against balls, and without overflow at depth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, ctx

import ntk_theory as ntk
from ntk_theory.activation import activation
from ntk_theory.codegen.freeze import freeze_layer
from ntk_theory.codegen.moments import moment
from ntk_theory.codegen.price import integrals, loss
from ntk_theory.codegen.state import sides
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.layers import Nonlinearity
from ntk_theory.printing import freeze
from ntk_theory.symbols import c, q, q1, q2

FOLDS = (2.0**-40, 0.125, 1.0, -0.5)
PAIRS = ((1e-12, 1e-12), (1e-12, 1e-6), (1e-3, 1.0), (1e3, 1e3), (1e8, 1e10))
FURTHEST = {"float64": (1e20, 1e20), "float32": (1e8, 1e8)}
BITS = 900


def parts(name, dtype):
    """[(what, the printed value, the exact one, the scale of its error)] at all pairs."""
    dual, layer = ntk.dual(name), freeze_layer(Nonlinearity(activation(name)).equations)
    V, W = (ball_function(e, (q,)) for e in (dual.variance, dual.derivative_variance))
    slope = ball_function(dual.derivative, (q1, q2, c))
    first, second = np.asarray((*PAIRS, FURTHEST[dtype]), dtype).T
    with jax.enable_x64(dtype == "float64"), ctx.workprec(BITS):
        exact = [[f(arb(float(v))) for v in first] for f in (V, W)]
        other = [W(arb(float(v))) for v in second]
        values = layer.diagonal.function(first, np.ones_like(first), 0, 0)
        for what, found, right in zip("VW", values, exact, strict=True):
            yield from ((what, float(v), r, r) for v, r in zip(np.broadcast_to(found, 6), right, strict=True))
        for fold in FOLDS:
            found = layer.ntk.function(first, second, *sides(np.asarray(fold, dtype)), 1, 0, 0)
            for k, value in enumerate(np.broadcast_to(found, 6)):
                rho = 1 - arb(fold) if fold >= 0 else -1 - arb(fold)
                right = slope(arb(float(first[k])), arb(float(second[k])), rho)
                yield "K̇", float(value), right, (exact[1][k] * other[k]).sqrt()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "name",
    ["gelu", *(pytest.param(n, marks=pytest.mark.slow) for n in ("erf", "sin", "gabor", "mexican_hat", "snake"))],
)
def test_printed_forms_at_all_variances(name, dtype):
    tolerance = {"float64": 2e-13, "float32": 2e-5}[dtype]
    least = {"float64": 1e-300, "float32": 1e-30}[dtype]
    for what, found, right, scale in parts(name, dtype):
        with ctx.workprec(BITS):
            error = float(abs(arb(found) - right) / scale) if float(scale) > least else abs(found - float(right))
        assert error < tolerance, (what, found, right)


@pytest.mark.parametrize("name", ["elu", "relu6", "soft_shrink"])
def test_variances_of_pieces(name):
    phi, closed = activation(name), ntk.dual(name).variance
    variances = np.array([1e-12, 1e-6, 1e-2, 0.3, 1.0, 40.0])
    with jax.enable_x64(True):
        found = freeze([q], moment(phi.squared.pieces, closed)).function(variances)
    with ctx.workprec(BITS):
        exact = [float(ball_function(closed, (q,))(arb(at))) for at in variances]
    np.testing.assert_allclose(found, exact, rtol=1e-13, atol=1e-290)


def test_price_over_all_correlations():
    # relu: K̇ = (π - acos c)/2π, and K(1) - K(c) at variances that lie 12 orders of magnitude apart
    folds = np.array([[1e-20, 0.3, 1.0, -0.4, -1e-9]])
    first, second = np.array([1e-12]), np.full(5, 0.5)
    with jax.enable_x64(True):
        found = integrals(lambda at: at.supplement / (2 * np.pi), jnp.asarray(folds), first, second)
        pair = [np.asarray(v) for v in sides(jnp.asarray(folds))]
    at, delta, _, sine, angle, _ = pair
    drop = (np.pi * delta + at * angle - sine) / (2 * np.pi)
    np.testing.assert_allclose(found.below[0, 1:], drop[0, 1:], rtol=1e-13)
    np.testing.assert_allclose(found.below[0, 0], folds[0, 0] / 2, rtol=1e-9)
    np.testing.assert_allclose(found.quarter, 0.5 - 1 / (2 * np.pi), rtol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sizes"), [("elu", (1e-20, 1e-7, 1e-3)), ("hard_tanh", (1e-20, 1e-3, 2e3))])
def test_kernels_of_pieces_at_small_and_large_variances(name, sizes):
    kernel_fn, dual = ntk.mlp(name, depth=1, W_std=1.0, b_std=0.0).kernel_fn, ntk.dual(name)
    K, slope = (ball_function(e, (q1, q2, c)) for e in (dual.kernel, dual.derivative))
    for size in sizes:
        x = np.array([[1.0, 0.0], [0.6, 0.8], [-0.96, 0.28]]) * np.sqrt(2 * size)
        found = kernel_fn(x)
        with ctx.workprec(300):
            balls = [[arb(float(v)) for v in row] for row in x]
            lengths = [sum((v * v for v in row), arb(0)) / 2 for row in balls]
            for i, j in ((0, 1), (0, 2), (1, 2)):
                covariance = sum((s * t for s, t in zip(balls[i], balls[j], strict=True)), arb(0)) / 2
                at = lengths[i], lengths[j], covariance / (lengths[i] * lengths[j]).sqrt()
                assert abs(float(found.nngp[i, j] - K(*at))) < 1e-10 * found.nngp[i, i], (size, i, j)
                exact = K(*at) + slope(*at) * covariance
                assert abs(float(found.ntk[i, j] - exact)) < 1e-10 * found.ntk[i, i], (size, i, j)


@pytest.mark.slow
def test_variances_beyond_every_form_are_an_error():
    x = np.array([[1.0, 0.0], [0.6, 0.8]])
    with pytest.raises(DivergentExpectationError, match="Scale the inputs down"):
        ntk.mlp("hard_tanh", depth=1).kernel_fn(1e10 * x)


@pytest.mark.slow
def test_chaotic_gelu_at_depth_200():
    # q grows like 1.25^200: products of two variances are beyond float32, their roots are not
    x = np.array([[1.0, 0.5, -0.25], [0.5, 1.0, 2.0]])
    net = ntk.mlp("gelu", depth=200, W_std=1.5719, b_std=1.0)
    double, single = net.kernel_fn(x), net.kernel_fn(x.astype(np.float32))
    for name in ("nngp", "ntk"):
        exact, found = getattr(double, name), getattr(single, name)
        assert np.all(np.isfinite(exact))
        np.testing.assert_allclose(found, exact, rtol=2e-4)


def test_terms_of_a_higher_degree_are_lost_sooner():
    with jax.enable_x64(True):
        q, scale = jnp.asarray([1e10]), jnp.asarray([[5e9]])  # as of hard_swish: V is q/2, its terms are of q²
        assert not loss(scale, q, q, 1).both[0, 0]
        assert loss(scale, q, q, 2).both[0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hard_swish", "huber"])
def test_no_kernel_is_better_than_a_wrong_one(name):
    kernel_fn = ntk.mlp(name, depth=1, W_std=1.5, b_std=0.1).kernel_fn
    x = np.array([[1.0, 0.5, 0.2], [0.3, -1.0, 0.4]])
    assert np.all(np.isfinite(kernel_fn(x).ntk))
    with pytest.raises(DivergentExpectationError, match="too large"):
        kernel_fn(1e6 * x)
