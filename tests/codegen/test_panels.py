"""Activations without a closed form that have kinks elsewhere than at 0, against ball arithmetic."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flint import arb, ctx

import ntk_theory as ntk
from ntk_theory.codegen import panels, series
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.symbols import c, q, q1, q2

POINTS = ((1.0, 1.0, 1e-9), (1.0, 0.5, 0.25), (1.5, 1.0, -0.5), (1.0, 1.0, -1e-4))
"""Variances and folded correlations: near 1 and near -1, and norms that are apart."""


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize(
    "text",
    ["where(x > 1, tanh(x), x*tanh(1))", pytest.param("tanh(max(x, -1)) + abs(x)/2", marks=pytest.mark.slow)],
)
def test_kernels_are_enclosed(text):
    layer, dual = ntk.mlp(text, depth=1, W_std=1.0).kernel_fn.compiled.layers[1], ntk.dual(text)
    (node,) = layer.covariances
    K, slope = (ball_function(e, (q1, q2, c)) for e in (dual.kernel, dual.derivative))
    V = ball_function(dual.variance, (q,))
    first, second, fold = (jnp.array(column) for column in zip(*POINTS, strict=True))
    fold = jnp.where(jnp.eye(len(POINTS), dtype=bool), fold, 0.5)

    @jax.jit
    def found(first, second, fold):
        sides = (
            series.coefficients(node.integrand.function, v, node.parity, kink=node.kink) for v in (first, second)
        )
        apart = jnp.log(first[:, None] / second[None, :]) / 2
        return layer.folds(fold, apart, first, second, series.FINEST), series.covariance(*sides, fold)

    (after, _, error), (slopes, slopes_error) = found(first, second, fold)
    assert max(float(error), float(slopes_error)) < 1e-11
    with ctx.workprec(110):
        for k, (a, b, near) in enumerate(POINTS):
            at = arb(a), arb(b), (1 if near > 0 else -1) - arb(near)
            gap = 1 - K(*at) / (V(at[0]) * V(at[1])).sqrt()
            value = arb(float(after[k, k]))
            assert abs(float((value if value > 0 else 2 + value) / gap - 1)) < 2e-13
            assert abs(float(arb(float(slopes[k, k])) - slope(*at))) < 1e-14


def test_sheppards_quadrant_moved():
    # P(u > 1, v > 1) at correlation ½ and P(u > 1, v > 1/√2) at -½: Owen's T, by scipy's bivariate normal law
    from scipy.stats import multivariate_normal

    def step(x):
        return jnp.where(x > 1, 1.0, 0.0)

    found = panels.product(step, jnp.array([1.0]), jnp.array([1.0, 2.0]), jnp.array([[0.5, -0.5]]), (1.0,))
    exact = [
        multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([-1, -t]) for r, t in ((0.5, 1.0), (-0.5, 0.5**0.5))
    ]
    np.testing.assert_allclose(found[0], exact, rtol=0, atol=1e-9)


@pytest.mark.slow
def test_equal_antipodal_and_empty_inputs():
    points = np.array([[1.0, 0.5], [1.0, 0.5], [-1.0, -0.5], [0.0, 0.0], [1.0 + 1e-9, 0.5]])
    kernel_fn = ntk.mlp("where(x > 1, tanh(x), x*tanh(1))", depth=2, W_std=1.2, b_std=0.1).kernel_fn
    kernels = kernel_fn(points)
    for kernel in kernels:
        assert np.all(np.isfinite(kernel))
        np.testing.assert_allclose(kernel[0, 1], kernel[0, 0], rtol=1e-13)
        np.testing.assert_allclose(kernel[0, 4], kernel[0, 0], rtol=1e-8)
    gradient = jax.grad(lambda x: kernel_fn(x, x, "ntk").sum())(jnp.asarray(points))
    assert np.all(np.isfinite(gradient))
