"""The variance of exchangeable inputs, against the general law of trained ensembles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.dynamics import TwoValued, ensemble, trained_variance
from ntk_theory.errors import DataError


def matrix(kernel: TwoValued, n: int) -> np.ndarray:
    return (kernel.diagonal - kernel.across) * np.eye(n) + kernel.across * np.ones((n, n))


@given(st.floats(0.1, 5), st.floats(0, 0.95), st.floats(0.1, 50), st.floats(0, 0.95), st.integers(1, 12))
def test_it_is_the_general_law(q: float, c: float, theta: float, ratio: float, samples: int) -> None:
    nngp, ntk = TwoValued(q, q * c), TwoValued(theta, theta * ratio)
    K, H = matrix(nngp, samples + 1), matrix(ntk, samples + 1)
    law = ensemble(
        ntk_train=H[1:, 1:],
        ntk_test=H[:1, 1:],
        nngp_train=K[1:, 1:],
        nngp_test=K[:1, 1:],
        nngp_prior=K[:1, :1],
        y=np.zeros(samples),
    )
    assert trained_variance(nngp, ntk, samples) == pytest.approx(law.covariance[0, 0], rel=1e-9)


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="diagonal"):
        TwoValued(0.0, 0.0)
    with pytest.raises(DataError, match="no larger"):
        TwoValued(1.0, 2.0)
    with pytest.raises(DataError, match="singular"):
        trained_variance(TwoValued(1, 0.5), TwoValued(1, 1), 3)
    with pytest.raises(DataError, match="samples"):
        trained_variance(TwoValued(1, 0.5), TwoValued(1, 0.5), 0)
