"""Closed forms at large and small variances: against balls, and without overflow at depth."""

import jax
import numpy as np
import pytest
from flint import arb, ctx

import ntk_theory as ntk
from ntk_theory.activation import activation
from ntk_theory.codegen.freeze import freeze_layer
from ntk_theory.codegen.moments import moment
from ntk_theory.codegen.state import sides
from ntk_theory.enclosure.evaluate import ball_function
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
@pytest.mark.parametrize("name", ["gelu", "erf", "sin", "gabor", "mexican_hat", "snake"])
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
