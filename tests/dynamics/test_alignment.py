"""Likeness of kernels, against definitions written out and their invariances."""

import numpy as np
import pytest

from ntk_theory.dynamics import centred_kernel_alignment, kernel_alignment, kernel_distance, target_alignment
from ntk_theory.errors import DataError, ShapeError

RNG = np.random.default_rng(4)
A, B = RNG.normal(size=(9, 4)), RNG.normal(size=(9, 6))
K, L = A @ A.T, B @ B.T


def test_alignment_as_defined() -> None:
    assert kernel_alignment(K, L) == pytest.approx(np.trace(K @ L) / np.sqrt(np.trace(K @ K) * np.trace(L @ L)))
    assert kernel_distance(K, L) == pytest.approx(np.sqrt(2 - 2 * kernel_alignment(K, L)))


def test_centred_alignment_is_that_of_centred_features() -> None:
    """CKA of linear kernels is |AᵀB|²/(|AᵀA| |BᵀB|) of centred features (Kornblith et al. 2019, eq. 3)."""
    a, b = A - A.mean(axis=0), B - B.mean(axis=0)
    expected = np.linalg.norm(a.T @ b) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
    assert centred_kernel_alignment(K, L) == pytest.approx(expected)
    turned = A @ np.linalg.qr(RNG.normal(size=(4, 4)))[0] * 3 + RNG.normal(size=4)
    assert centred_kernel_alignment(turned @ turned.T, L) == pytest.approx(expected)


def test_a_kernel_fits_its_own_task_best() -> None:
    y = RNG.normal(size=(9, 2))
    assert target_alignment(y @ y.T, y) == pytest.approx(1)
    assert target_alignment(5 * y[:, :1] @ y[:, :1].T, y[:, 0]) == pytest.approx(1)
    assert 0 <= target_alignment(K, y) < 1
    assert kernel_distance(K, 7 * K) == pytest.approx(0, abs=1e-7)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError):
        kernel_alignment(K, L[:3, :3])
    with pytest.raises(DataError, match="zero"):
        kernel_alignment(K, np.zeros_like(K))
    with pytest.raises(DataError, match="constant"):
        centred_kernel_alignment(K, np.ones_like(K))
