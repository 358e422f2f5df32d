"""The lazy matrix: every answer fits all others (float64, to rounding), and the law is of independent N(0, 1).

References: one explicit matrix that all answers must come from, found afterwards; and the normal law itself.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from ntk_theory.sampling import lazy

N = 12
times, add_outer, complete = map(jax.jit, (lazy.times, lazy.add_outer, lazy.complete))


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def ask(seed, n=N, rounds=4, k=2, train=True):
    """Questions in turn from both sides, dependent ones among them, with rank-k steps between."""
    numbers = np.random.default_rng(seed)
    A = lazy.unknown(*jnp.asarray(numbers.normal(size=(2, rounds * k + k, n))))
    moved, log = np.zeros((n, n)), []
    for turn in range(rounds):
        v, u = numbers.normal(size=(2, k, n))
        if turn == 1:
            v[1] = 3 * log[0][1][0]  # asked before
        if turn == 2:
            u[1] = u[0] * (1 + 1e-13)  # twice the same
        if turn == 3:
            v[0] = log[1][1][0] + 1e-7 * v[0]  # hardly moved, as features are in training
        A, product = times(A, jnp.asarray(v))
        log.append(("right", v, np.asarray(product), moved.copy()))
        AT, product = times(A.T, jnp.asarray(u))
        A = AT.T
        log.append(("left", u, np.asarray(product), moved.copy()))
        if train:
            A = add_outer(A, jnp.asarray(0.3 * u), jnp.asarray(v))
            moved += 0.3 * u.T @ v
    return A, moved, log, numbers


def test_one_matrix_gives_all_answers():
    """Completed at the end with fresh numbers, the matrix less its steps had every answer on the day."""
    A, moved, log, numbers = ask(seed=1)
    start = np.asarray(complete(A, jnp.asarray(numbers.normal(size=(N, N))))) - moved
    for side, rows, product, before in log:
        matrix = start + before
        expected = rows @ (matrix.T if side == "right" else matrix)
        assert np.allclose(product, expected, rtol=0, atol=1e-11), side


def test_directions_are_orthonormal_or_unused():
    A, *_ = ask(seed=2)
    for asked in A:
        gram = np.asarray(asked.directions @ asked.directions.T)
        assert np.allclose(gram, np.diag(np.round(np.diag(gram))), atol=1e-13)


def test_a_matrix_asked_everything_is_known():
    """After n independent questions nothing is left to draw: other normal numbers change no answer."""
    numbers = np.random.default_rng(3)
    A = lazy.unknown(*jnp.asarray(numbers.normal(size=(2, 8, 4))))
    for _ in range(4):
        A, _ = times(A, jnp.asarray(numbers.normal(size=(1, 4))))
    v, others = jnp.asarray(numbers.normal(size=(1, 4))), jnp.asarray(numbers.normal(size=(4, 4)))
    other = lazy.LazyMatrix(
        A.right._replace(answers=A.right.answers.at[4:].set(others)),
        A.left._replace(answers=A.left.answers.at[:4].set(others)),
    )
    assert np.allclose(times(A, v)[1], times(other, v)[1], atol=1e-12)
    assert np.allclose(times(A.T, v)[1], times(other.T, v)[1], atol=1e-12)
    assert np.allclose(complete(A, others), complete(A, 2 * others), atol=1e-12)


@pytest.mark.parametrize("adaptive", [False, True])
def test_law_of_the_completed_matrix_is_normal(adaptive):
    """Entries, and a product of two, of 20,000 matrices, each asked from both sides; KS at 1e-6/10.

    The adaptive questions are earlier answers' signs and squares, as a network's layers and gradients are.
    """
    n, count = 3, 20_000

    def one(key):
        A = lazy.unknown(*jax.random.normal(key, (2, 4, n)))
        v = jnp.asarray([[1.0, 2.0, 0.0], [0.5, -1.0, 1.0]])
        A, answer = lazy.times(A, v)
        u = jnp.maximum(answer, 0) * answer if adaptive else v[:, ::-1]
        AT, answer = lazy.times(A.T, u)
        w = jnp.sign(answer) if adaptive else v - 1
        A, _ = lazy.times(AT.T, w)
        return lazy.complete(A, jax.random.normal(jax.random.fold_in(key, 1), (n, n)))

    drawn = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(4), count)))
    for i in range(n):
        for j in range(n):
            assert kstest(drawn[:, i, j], "norm").pvalue > 1e-7
    turned = drawn @ np.array([1.0, 2.0, 0.0]) / np.sqrt(5)
    assert kstest(turned[:, 0], "norm").pvalue > 1e-7
    assert kstest((drawn**2).sum((1, 2)), "chi2", args=(n * n,)).pvalue > 1e-7
