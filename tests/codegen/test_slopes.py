"""Slopes of compiled kernels: against differences, at generic, equal, antipodal and zero inputs."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.codegen.inputs import folds, prepare
from ntk_theory.codegen.state import along

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", ["erf", pytest.param("tanh", marks=pytest.mark.slow)])
def test_slopes_in_inputs_are_those_of_differences(name):
    base = RNG.normal(size=(4, 3))
    x = np.stack([base[0], base[0], -base[0], 0 * base[0], base[1]])
    direction = RNG.normal(size=x.shape)
    kernel_fn = ntk.mlp(name, depth=1, W_std=1.3, b_std=0.2).scaled_kernel_fn
    with jax.enable_x64(True):
        move = jax.jit(lambda step: kernel_fn(x + step * direction))
        slope = jax.jit(lambda: jax.jvp(move, (0.0,), (1.0,))[1])()
        ends = [move(step) for step in (1e-5, -1e-5)]
    for found, plus, minus in zip(slope, *ends, strict=True):
        exact = (np.asarray(plus) - np.asarray(minus)) / 2e-5
        np.testing.assert_allclose(np.asarray(found), exact, atol=1e-8 * np.abs(exact).max())


def test_the_slope_of_a_correlation_close_to_one_keeps_its_digits():
    # in float32, at an angle of 1e-4: the product of unit vectors alone leaves three digits
    x, other, step = (RNG.normal(size=40).astype(np.float32) for _ in range(3))
    y = (1.3 * x + 1e-4 * other).astype(np.float32)
    slope = jax.grad(lambda a: folds(prepare(a[None]), prepare(jnp.asarray(y)[None]), None)[0, 0])(jnp.asarray(x))
    with mpmath.workdps(40):
        a, b, d = (mpmath.matrix([mpmath.mpf(float(v)) for v in side]) for side in (x, y, step))
        dot = lambda u, v: (u.T * v)[0]  # noqa: E731
        gap = lambda t: -dot(a + t * d, b) / mpmath.sqrt(dot(a + t * d, a + t * d) * dot(b, b))  # noqa: E731
        exact = mpmath.diff(gap, 0)
    size = float(np.linalg.norm(np.asarray(slope)) * np.linalg.norm(step))
    assert abs(float(np.asarray(slope) @ step) - float(exact)) < 3e-6 * size


@pytest.mark.slow
def test_depth_as_a_function_of_the_angle_has_the_slopes_of_its_layers():
    x = RNG.normal(size=(2, 3))
    x[1] = x[0] + 1e-5 * x[1]
    network = ntk.mlp("relu", depth=20, W_std=2**0.5)
    assert network.kernel_fn.compiled.collapsed
    with jax.enable_x64(True):
        slope = jax.grad(lambda a: network.kernel_fn(a, jnp.asarray(x[1:]), get="nngp")[0, 0])(jnp.asarray(x[:1]))
    # 1 - c stays θ²/2 to first order, so the slope is that of the first layer, of 2 x·x′/3
    np.testing.assert_allclose(np.asarray(slope)[0], 2 * x[1] / 3, rtol=3e-4)


def test_a_known_slope_beside_a_constant():
    value, slope = jax.jvp(lambda t: along(t, jnp.array([3.0])), (jnp.array([2.0]),), (jnp.array([5.0]),))
    assert (float(value[0]), float(slope[0])) == (0, 15)
