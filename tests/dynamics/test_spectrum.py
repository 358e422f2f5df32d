"""One eigendecomposition: what it accepts, what it mends and says, what it refuses."""

import numpy as np
import pytest

from ntk_theory.dynamics import spectrum
from ntk_theory.errors import DataError, ShapeError


def gram(n: int, rank: int, seed: int = 0) -> np.ndarray:
    features = np.random.default_rng(seed).normal(size=(n, rank))
    return features @ features.T


def test_well_conditioned_is_left_alone() -> None:
    matrix = gram(20, 60)
    result = spectrum(matrix)
    assert result.jitter == 0
    assert result.condition == pytest.approx(np.linalg.cond(matrix), rel=1e-9)
    assert result.largest_step == pytest.approx(2 / np.linalg.norm(matrix, 2))
    rebuilt = (result.eigenvectors * result.eigenvalues) @ result.eigenvectors.T
    np.testing.assert_allclose(rebuilt, matrix, atol=1e-12)


def test_apply_is_a_function_of_the_matrix() -> None:
    matrix, b = gram(8, 20), np.arange(16.0).reshape(8, 2)
    np.testing.assert_allclose(spectrum(matrix).apply(np.reciprocal, b), np.linalg.solve(matrix, b), rtol=1e-8)


def test_singular_by_rounding_is_mended_and_said() -> None:
    matrix = gram(20, 5)
    result = spectrum(matrix)
    assert 0 < result.jitter < 1e-12 * np.trace(matrix)
    assert (result.eigenvalues > 0).all()


def test_float32_is_judged_by_its_own_rounding() -> None:
    result = spectrum(gram(30, 10).astype(np.float32))
    assert 1e-8 < result.jitter / result.eigenvalues[-1] < 1e-4


def test_jitter_given_is_used() -> None:
    assert spectrum(gram(5, 2), jitter=0.5).jitter == 0.5
    assert spectrum(gram(5, 2), jitter=0.5).eigenvalues[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("matrix", "jitter", "error", "says"),
    [
        (np.ones((2, 3)), None, ShapeError, r"\(2, 3\)"),
        (np.zeros((0, 0)), None, ShapeError, "n ≥ 1"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), None, DataError, r"nan at \(0, 1\)"),
        (np.array([[1.0, 0.5], [0.2, 1.0]]), None, DataError, "not symmetric"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), None, DataError, "pass jitter > 1"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), 0.5, DataError, "Pass more than 1"),
        (np.zeros((3, 3)), None, DataError, "no kernel's"),
        (np.eye(2), -1.0, DataError, "finite number ≥ 0"),
        (np.eye(2), np.nan, DataError, "finite number ≥ 0"),
    ],
)
def test_what_is_refused(matrix: np.ndarray, jitter: float | None, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        spectrum(matrix, jitter=jitter)
