"""Training's interpolant has the least norm: by pseudo-inverses, against others, and of a finite network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ntk_theory.dynamics import GradientDescent, movement
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import mlp

RNG = np.random.default_rng(7)
J = RNG.normal(size=(6, 15))
R = RNG.normal(size=6)


def test_it_is_the_pseudo_inverses() -> None:
    """f = J θ: descent from 0 ends at J⁺r, the solution of the least norm."""
    assert movement(J @ J.T, R) == pytest.approx(np.linalg.norm(np.linalg.pinv(J) @ R), rel=1e-9)
    theta, step = np.zeros(15), 0.5 / np.linalg.norm(J, 2) ** 2
    for _ in range(9):
        theta -= step * J.T @ (J @ theta - R)
    found = movement(J @ J.T, R, [9, 1e7], optimizer=GradientDescent(step))
    np.testing.assert_allclose(found, [np.linalg.norm(theta), movement(J @ J.T, R)], rtol=1e-9)


def test_no_interpolant_has_a_smaller_norm() -> None:
    """Any h in the span of more kernel sections that takes the same values has aᵀKa at least as large."""
    x = RNG.normal(size=(14, 3))
    kernel = mlp("erf", depth=1, W_std=1.5, b_std=0.3).kernel_fn(x, get="ntk")
    least = movement(kernel[:6, :6], R)
    ours = np.zeros(14)
    ours[:6] = np.linalg.solve(kernel[:6, :6], R)
    assert np.sqrt(ours @ kernel @ ours) == pytest.approx(least, rel=1e-9)
    for _ in range(20):
        others = RNG.normal(size=8)
        own = np.linalg.solve(kernel[:6, :6], R - kernel[:6, 6:] @ others)
        a = np.concatenate([own, others])
        np.testing.assert_allclose(kernel[:6] @ a, R, atol=1e-8)
        assert np.sqrt(a @ kernel @ a) > least


@pytest.mark.slow
def test_the_parameters_of_a_wide_network_travel_that_far() -> None:
    net, x = mlp("erf", depth=1, W_std=1.5, b_std=0.3), RNG.normal(size=(5, 8))
    inputs, targets = jnp.asarray(x, jnp.float32), jnp.asarray(R[:5, None], jnp.float32)
    start = net.init(jax.random.key(0), x.shape, width=8192)
    gram = net.kernel_fn(x, get="ntk")
    step = 0.5 / float(np.linalg.eigvalsh(gram)[-1])
    slope = jax.jit(jax.grad(lambda p: 0.5 * jnp.sum((net.apply(p, inputs) - targets) ** 2)))
    params = start
    for _ in range(60):
        params = jax.tree.map(lambda p, g: p - step * g, params, slope(params))
    moved = np.sqrt(
        sum(float(((a - b) ** 2).sum()) for a, b in zip(*map(jax.tree.leaves, (params, start)), strict=True))
    )
    residual = np.asarray(targets - net.apply(start, inputs))[:, 0]
    assert moved == pytest.approx(movement(gram, residual, 60, optimizer=GradientDescent(step)), rel=0.03)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError):
        movement(J @ J.T, R[:3])
    with pytest.raises(DataError, match="times"):
        movement(J @ J.T, R, -1.0)
