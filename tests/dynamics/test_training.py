"""Gradient descent of finite networks against its own definition, step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ntk_theory.activation import activation
from ntk_theory.dynamics.training import largest_eigenvalue, train
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.layers import Dense, Nonlinearity
from ntk_theory.network import Network

RNG = np.random.default_rng(3)
X, X_TEST = RNG.normal(size=(8, 5)), RNG.normal(size=(3, 5))
Y = RNG.normal(size=(8, 2))
NET = Network((Dense(1.2, 0.3), Nonlinearity(activation("erf")), Dense(1.2, 0.3, width=2)))


def test_it_descends_as_written() -> None:
    result = train(NET, X, Y, X_TEST, seed=5, width=16, steps=[1, 7], members=2)
    assert result.train_outputs.shape == (2, 3, 8, 2)
    assert result.steps.tolist() == [0, 1, 7]
    np.testing.assert_allclose(result.times, result.steps * result.step_size)
    x, y = jnp.asarray(X, jnp.float32), jnp.asarray(Y, jnp.float32)
    params = NET.init(jax.random.split(jax.random.key(5), 2)[1], X.shape, width=16)
    np.testing.assert_allclose(result.train_outputs[1, 0], NET.apply(params, x), atol=1e-5)
    slope = jax.grad(lambda p: 0.5 * jnp.sum((NET.apply(p, x) - y) ** 2))
    for _ in range(7):
        params = jax.tree.map(lambda p, g: p - result.step_size * g, params, slope(params))
    np.testing.assert_allclose(result.train_outputs[1, 2], NET.apply(params, x), atol=1e-4)
    np.testing.assert_allclose(
        result.test_outputs[1, 2], NET.apply(params, jnp.asarray(X_TEST, jnp.float32)), atol=1e-4
    )


def test_centred_training_starts_at_zero_and_knows_it() -> None:
    result = train(NET, X, Y, X_TEST, seed=5, width=16, steps=3, centred=True, step_size=1e-3)
    assert result.step_size == 1e-3
    assert not result.train_outputs[:, 0].any()
    # Shifting the targets by f_0 is the same descent.
    x = jnp.asarray(X, jnp.float32)
    start = NET.apply(NET.init(jax.random.split(jax.random.key(5), 1)[0], X.shape, width=16), x)
    shifted = train(NET, X, Y + np.asarray(start), X_TEST, seed=5, width=16, steps=3, step_size=1e-3)
    np.testing.assert_allclose(result.train_outputs + np.asarray(start), shifted.train_outputs, atol=1e-4)


def test_largest_eigenvalue_is_that_of_the_jacobian() -> None:
    params = NET.init(jax.random.key(1), X.shape, width=16)
    x = jnp.asarray(X, jnp.float32)
    jacobian = jax.jacobian(lambda p: NET.apply(p, x))(params)
    flat = np.concatenate([np.asarray(a).reshape(16, -1) for a in jax.tree.leaves(jacobian)], axis=1)
    exact = np.linalg.norm(flat, 2) ** 2
    assert float(largest_eigenvalue(NET, params, x, iterations=200)) == pytest.approx(exact, rel=1e-3)


def test_the_loss_falls_below_the_bound() -> None:
    result = train(NET, X, Y, X_TEST, seed=0, width=64, steps=[5, 50, 500])
    losses = ((result.train_outputs[0] - Y) ** 2).sum(axis=(1, 2))
    assert (np.diff(losses) < 0).all()
    assert losses[-1] < 0.05 * losses[0]


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError, match="expected"):
        train(NET, X, Y[:3], X_TEST, seed=0, width=4, steps=1)
    with pytest.raises(ShapeError, match="2 outputs"):
        train(NET, X, Y[:, :1], X_TEST, seed=0, width=4, steps=1)
    with pytest.raises(DataError, match="step_fraction"):
        train(NET, X, Y, X_TEST, seed=0, width=4, steps=1, step_fraction=1.5)
    with pytest.raises(DataError, match="between 0 and 2"):
        train(NET, X, Y, X_TEST, seed=0, width=4, steps=1, step_size=10.0)
    with pytest.raises(DataError, match="steps"):
        train(NET, X, Y, X_TEST, seed=0, width=4, steps=[-1])


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_descent_that_diverges_is_an_error() -> None:
    steep = Network((Dense(1.0), Nonlinearity(activation("x**3")), Dense(1.0, width=2)))
    with pytest.raises(DataError, match="left the finite numbers"):
        train(steep, 3 * X, 1e3 * Y, X_TEST, seed=0, width=4, steps=200, step_fraction=0.99)


def test_momentum_and_readout_descend_as_written() -> None:
    seen: list[int] = []
    result = train(
        NET, X, Y, X_TEST, seed=5, width=16, steps=[2, 6], momentum=0.8, readout=True, progress=seen.append
    )
    x, y = jnp.asarray(X, jnp.float32), jnp.asarray(Y, jnp.float32)
    *fixed, readout = NET.init(jax.random.split(jax.random.key(5), 1)[0], X.shape, width=16)
    slope = jax.grad(lambda p: 0.5 * jnp.sum((NET.apply((*fixed, p), x) - y) ** 2))
    velocity = jax.tree.map(jnp.zeros_like, readout)
    for _ in range(6):
        velocity = jax.tree.map(lambda v, g: 0.8 * v - result.step_size * g, velocity, slope(readout))
        readout = jax.tree.map(jnp.add, readout, velocity)
    np.testing.assert_allclose(result.train_outputs[0, 2], NET.apply((*fixed, readout), x), atol=1e-4)
    assert seen == [2, 6]
    # the readout's kernel is φφᵀ: its largest eigenvalue bounds the step, 2(1 + β)/λ_max
    hidden = NET.layers[1].apply(fixed[1], NET.layers[0].apply(fixed[0], x))
    features = np.column_stack([1.2 / 4 * hidden, np.full(8, 0.3)])
    assert result.largest_eigenvalue == pytest.approx(np.linalg.norm(features, 2) ** 2, rel=1e-3)
    assert result.step_size == pytest.approx(0.5 * 2 * 1.8 / result.largest_eigenvalue, rel=1e-6)
