"""Networks beside their linearizations: the linear model exactly, the gap's order in width."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ntk_theory.dynamics.linearization import linearization, linearized
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import mlp

RNG = np.random.default_rng(5)
X, Y, X_TEST = RNG.normal(size=(6, 4)), RNG.normal(size=6), RNG.normal(size=(5, 4))
TANH = mlp("tanh", depth=2, W_std=1.3, b_std=0.2)


def test_linearized_agrees_to_first_order_and_is_affine() -> None:
    params = TANH.init(jax.random.key(0), (1, 4), width=16)
    x = jnp.asarray(X, jnp.float32)
    direction = TANH.init(jax.random.key(1), (1, 4), width=16)
    f_lin = linearized(TANH, params)

    def moved(step: float):
        return jax.tree.map(lambda p, d: p + step * d, params, direction)

    np.testing.assert_allclose(f_lin(params, x), TANH.apply(params, x), rtol=1e-6)
    near = TANH.apply(moved(1e-2), x) - f_lin(moved(1e-2), x)
    nearer = TANH.apply(moved(5e-3), x) - f_lin(moved(5e-3), x)
    # the remainder is of second order
    assert jnp.abs(nearer).max() < 0.4 * jnp.abs(near).max()
    middle = (f_lin(moved(0.0), x) + f_lin(moved(2.0), x)) / 2
    np.testing.assert_allclose(f_lin(moved(1.0), x), middle, rtol=1e-4, atol=1e-5)


def test_a_linear_network_of_its_readout_is_its_own_linearization() -> None:
    """Without hidden layers f is linear in its parameters: the two paths are one."""
    net = mlp("relu", depth=0, W_std=1.0, b_std=0.5)
    result = linearization(net, X, Y, X_TEST, width=8, steps=[1, 7, 40], members=2)
    np.testing.assert_allclose(result.network, result.linear, atol=2e-5)


def test_the_gap_falls_like_one_over_width() -> None:
    """1/n is the sharp order; from 64 to 1024 neurons the gap must fall by far more than 1/√n's factor 4."""
    narrow, wide = (
        linearization(TANH, X, Y, X_TEST, width=n, steps=[20, 60], members=6).gap[-1] for n in (64, 1024)
    )
    assert narrow > 8 * wide > 0
    assert wide < 0.05


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError, match="one output"):
        linearization(TANH, X, Y[:, None], X_TEST, width=8, steps=5)
    with pytest.raises(DataError, match="finite"):
        linearization(TANH, X, Y * np.nan, X_TEST, width=8, steps=5)
