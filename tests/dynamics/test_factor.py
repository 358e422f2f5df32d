"""Cholesky's way beside the eigendecomposition."""

import numpy as np
import pytest

from ntk_theory.dynamics import factor, spectrum
from ntk_theory.errors import DataError, ShapeError

RNG = np.random.default_rng(8)
GRAM, B = (lambda a: a @ a.T)(RNG.normal(size=(12, 9))), RNG.normal(size=(12, 2))


def test_it_is_the_eigendecomposition() -> None:
    found, peer = factor(GRAM, ridge=0.3), spectrum(GRAM, jitter=0.3)
    np.testing.assert_allclose(found.solve(B), peer.apply(lambda v: 1 / v, B), rtol=1e-9)
    np.testing.assert_allclose((found.half(B) ** 2).sum(axis=0), (B * found.solve(B)).sum(axis=0), rtol=1e-12)
    assert found.log_determinant == pytest.approx(np.log(peer.eigenvalues).sum(), rel=1e-12)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError):
        factor(GRAM[:3], ridge=1.0)
    with pytest.raises(DataError, match="positive and finite"):
        factor(GRAM, ridge=0.0)
    with pytest.raises(DataError, match="not positive definite"):
        factor(-GRAM, ridge=1e-3)
    with pytest.raises(DataError, match="not finite"):
        factor(GRAM * np.nan, ridge=1.0)
