"""Conjugate gradients beside a direct solution."""

import numpy as np
import pytest

from ntk_theory.dynamics import solve
from ntk_theory.errors import DataError, ShapeError

RNG = np.random.default_rng(7)
A = RNG.normal(size=(40, 60))
GRAM, Y = A @ A.T, RNG.normal(size=(40, 3))


@pytest.mark.parametrize("ridge", [0.0, 2.0])
def test_it_is_the_direct_solution(ridge: float) -> None:
    found = solve(GRAM, Y, ridge=ridge, tolerance=1e-11)
    np.testing.assert_allclose(found.coefficients, np.linalg.solve(GRAM + ridge * np.eye(40), Y), rtol=1e-7)
    assert found.residual <= 1e-11
    assert found.products >= 3
    single = solve(GRAM, Y[:, 0], ridge=ridge, tolerance=1e-11)
    np.testing.assert_allclose(single.coefficients, found.coefficients[:, 0])


def test_single_precision_and_uneven_norms() -> None:
    scale = np.exp(RNG.normal(size=40) * 2)
    gram = (GRAM * scale[:, None] * scale[None, :]).astype(np.float32)
    found = solve(gram, Y, ridge=1.0, tolerance=1e-4)
    exact = np.linalg.solve(gram.astype(np.float64) + np.eye(40), Y)
    assert np.linalg.norm(found.coefficients - exact) < 0.01 * np.linalg.norm(exact)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError):
        solve(GRAM, Y[:3])
    with pytest.raises(DataError, match="ridge"):
        solve(GRAM, Y, ridge=-1.0)
    with pytest.raises(DataError, match="residual is"):
        solve(GRAM, Y, products=2)
    with pytest.raises(DataError, match="positive"):
        solve(GRAM - 1e3 * np.eye(40), Y)
    np.testing.assert_array_equal(solve(GRAM, np.zeros(40)).coefficients, np.zeros(40))
