"""The variance of exchangeable inputs, against the general law of trained ensembles."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.dynamics import TwoValued, ensemble, trained_variance
from ntk_theory.errors import DataError
from ntk_theory.network import mlp
from ntk_theory.phase import phase


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


def test_the_condition_of_a_two_valued_kernel() -> None:
    for across, m in ((0.3, 5), (-0.1, 4), (0.0, 3)):
        gram = np.full((m, m), across) + (1 - across) * np.eye(m)
        assert TwoValued(1.0, across).condition(m) == pytest.approx(np.linalg.cond(gram))
    assert TwoValued(2.0, 2.0).condition(3) == np.inf
    with pytest.raises(DataError, match="negative eigenvalue"):
        TwoValued(1.0, -0.6).condition(3)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "b_var", "ratio"), [("relu", 0, 1 / 4), ("erf", "1/20", 1 / 3)])
def test_conditions_against_depth_in_three_phases(name: str, b_var: str, ratio: float) -> None:
    """The NTK of 5 inputs (Xiao, Pennington & Schoenholz 2020, table 1).

    Ordered: it grows without bound. Critical: it tends, like 1/depth up to logarithms, to (m + 3)/3 and (m + 2)/2.
    Chaotic: to 1 for erf; ReLU without biases is the same network at every σ_w, and has no such phase.
    """
    critical = float(phase(name).critical_W_var(b_var).mid)
    x = np.random.default_rng(1).normal(size=(5, 8))
    x *= np.sqrt(8) / np.linalg.norm(x, axis=1, keepdims=True)

    def conditions(W_var: float, depths: tuple[int, ...]) -> list[float]:
        b_std = float(Fraction(b_var)) ** 0.5
        nets = (mlp(name, depth=depth, W_std=W_var**0.5, b_std=b_std) for depth in depths)
        return [float(np.linalg.cond(net.kernel_fn(x, get="ntk"))) for net in nets]

    limit = TwoValued(1.0, ratio).condition(5)
    near = [abs(c - limit) for c in conditions(critical, (16, 64, 256))]
    assert near[2] < near[1] < near[0]
    assert near[2] < 0.1 * limit
    if name == "erf":
        ordered = conditions(0.5 * critical, (4, 8, 16))
        assert ordered[2] > 3 * ordered[1] > 9 * ordered[0]
        chaotic = conditions(4 * critical, (4, 16, 64))
        assert chaotic[2] - 1 < 0.1 * (chaotic[0] - 1)
        assert chaotic[2] < 1.05
