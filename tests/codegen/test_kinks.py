"""Activations without a closed form that have a kink at 0: coefficients, and kernels against balls."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from flint import arb, ctx

import ntk_theory as ntk
from ntk_theory.codegen import series
from ntk_theory.codegen.expansion import kink
from ntk_theory.codegen.tails import Kink
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.symbols import c, q1, q2, x

PAIRS = ((0, 1), (0, 2), (0, 3))


def test_coefficients_of_the_modulus():
    # E[|z| h_2n(z)] = √(2/π) (-1)^(n+1) (2n - 2)!/(2ⁿ⁻¹ (n - 1)! √(2n)!), to the last of 1024
    with jax.enable_x64(True):
        found = np.asarray(
            series.coefficients(jnp.abs, jnp.array([4.0]), "even", kink=Kink(((1, 2.0),))).values[0]
        )
    with mpmath.workdps(40):
        for n in (1, 2, 30, 511):
            size = mpmath.factorial(2 * n - 2) / mpmath.factorial(n - 1) / mpmath.mpf(2) ** (n - 1)
            exact = 2 * mpmath.sqrt(2 / mpmath.pi) * (-1) ** (n + 1) * size / mpmath.sqrt(mpmath.factorial(2 * n))
            assert found[n] == pytest.approx(float(exact), abs=1e-14)


@pytest.mark.parametrize("name", ["max(x, 0)*cos(x)", pytest.param("softsign", marks=pytest.mark.slow)])
def test_kernels_are_enclosed(name):
    points = np.array([[1.0, 0.0], [0.6, 1.1], [-1.0, 1e-3], [1.0, 2e-4]]) * 2**0.5
    network = ntk.mlp(name, depth=1, W_std=1.0)
    kernels = network.kernel_fn(points)
    dual = ntk.dual(name)
    K, slope = (ball_function(e, (q1, q2, c)) for e in (dual.kernel, dual.derivative))
    with ctx.workprec(90):
        for i, j in PAIRS:
            first, second, cross = (
                sum((arb(float(s)) * arb(float(t)) for s, t in zip(points[a], points[b], strict=True)), arb(0)) / 2
                for a, b in ((i, i), (j, j), (i, j))
            )
            at = first, second, cross / (first * second).sqrt()
            value = K(*at)
            limit = 3e-15
            assert abs(float(kernels.nngp[i, j] - value)) < limit
            assert abs(float(kernels.ntk[i, j] - value - slope(*at) * cross)) < limit


def test_only_a_kink_at_zero_is_one():
    assert kink(ntk.activation("softsign").expression) == Kink(((2, -4.0),))
    assert not kink(x**2)
    assert kink(ntk.activation("max(x - 1, 0)*cos(x)").expression) == Kink((), (1.0,))
