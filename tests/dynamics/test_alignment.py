"""Likeness of kernels, against definitions written out and their invariances."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from ntk_theory.dynamics import (
    centred_kernel_alignment,
    kernel_alignment,
    kernel_distance,
    target_alignment,
    transfer_alignment,
)
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import mlp

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


def test_transfer_alignment_is_the_correlation_of_one_output() -> None:
    """For single outputs CKA of f fᵀ and y yᵀ is the squared correlation of f and y."""
    source, y, target = K[:5, :5] + np.eye(5), RNG.normal(size=5), RNG.normal(size=4)
    said = K[5:, :5] @ np.linalg.solve(source, y)
    found = transfer_alignment(K[:5, :5], K[5:, :5], y, target, ridge=1.0)
    assert found == pytest.approx(np.corrcoef(said, target)[0, 1] ** 2)
    assert transfer_alignment(source, K[5:, :5], y, said) == pytest.approx(1)
    with pytest.raises(ShapeError, match="target, source"):
        transfer_alignment(source, K[:5, 5:], y, target)


@pytest.mark.slow
def test_transfer_between_the_digits_tasks_is_predicted() -> None:
    """Source a against b, target c against d with two labels each: the ranks of what training on the source saves.

    Saved is the ratio of the target's test errors, from nothing and from the source's network (up to its sign).
    """
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    x = digits.data * 8 / np.linalg.norm(digits.data, axis=1, keepdims=True)
    rng = np.random.default_rng(0)
    chosen = np.concatenate([rng.permutation(np.flatnonzero(digits.target == d))[:150] for d in range(10)])
    ntk = mlp("relu", depth=2, W_std=2**0.5, b_std=0.1).kernel_fn(x[chosen], get="ntk")

    def task(pair: tuple[int, int], start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.concatenate([150 * digit + np.arange(start, end) for digit in pair])
        return rows, np.repeat([1.0, -1.0], end - start)

    ranks = []
    for target in ((0, 6), (1, 7), (3, 8), (4, 9), (2, 5)):
        few, y_few = task(target, 0, 2)
        known, y_known = task(target, 0, 50)
        tests, y_tests = task(target, 50, 150)
        scores, saved = [], []
        for source in combinations(range(10), 2):
            if set(source) & set(target):
                continue
            rows, y = task(source, 0, 50)
            scores.append(transfer_alignment(ntk[np.ix_(rows, rows)], ntk[np.ix_(known, rows)], y, y_known))
            before = ntk[:, rows] @ np.linalg.solve(ntk[np.ix_(rows, rows)], y)
            before *= np.sign(before[known] @ y_known)
            errors = []
            for f in (np.zeros(len(ntk)), before):
                learned = np.linalg.solve(ntk[np.ix_(few, few)], y_few - f[few])
                errors.append(np.mean((f[tests] + ntk[np.ix_(tests, few)] @ learned - y_tests) ** 2))
            saved.append(errors[0] / errors[1])
        ranks.append(spearmanr(scores, saved).statistic)
    # 28 sources each: by chance a rank correlation is 0 ± 0.19
    assert min(ranks) > 0.2
    assert np.mean(ranks) > 0.45
