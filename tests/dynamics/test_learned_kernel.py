"""Learned kernels: scikit-learn's optimum where it has the kernel, differences, and networks found again."""

import numpy as np
import pytest

from ntk_theory.dynamics import calibration, log_evidence, posterior
from ntk_theory.dynamics.learned_kernel import _evidence, learn_kernel
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import mlp

RNG = np.random.default_rng(2)
X = RNG.normal(size=(40, 3))


def drawn(
    name: str, depth: int, W_std: float, b_std: float, noise: float, x: np.ndarray, outputs: int
) -> np.ndarray:
    """Targets from the Gaussian process of a network."""
    gram = mlp(name, depth=depth, W_std=W_std, b_std=b_std).kernel_fn(x, get="nngp")
    return np.linalg.cholesky(gram + noise * np.eye(len(x))) @ RNG.normal(size=(len(x), outputs))


def test_the_linear_networks_evidence_has_scikit_learns_optimum() -> None:
    """Depth 0: Σ = σ_w² x·x′/n₀ + σ_b²."""
    gaussian_process = pytest.importorskip("sklearn.gaussian_process")
    kernels = gaussian_process.kernels
    y = 3 * X[:, 0] + 1 + 0.3 * RNG.normal(size=40)
    found = learn_kernel("relu", X, y, depth=0, W_std=1.0, b_std=1.0)
    peer = gaussian_process.GaussianProcessRegressor(
        kernels.ConstantKernel(1.0, (1e-4, 1e4)) * kernels.DotProduct(1.0, (1e-4, 1e4)) + kernels.WhiteKernel(0.1)
    ).fit(X / np.sqrt(3), y)
    factor, offset, noise = np.exp(peer.kernel_.theta)
    assert found.log_evidence == pytest.approx(peer.log_marginal_likelihood_value_, abs=1e-5)
    assert found.W_std == pytest.approx(np.sqrt(factor), rel=1e-2)
    assert found.b_std == pytest.approx(np.sqrt(factor) * offset, rel=1e-2)
    assert found.noise == pytest.approx(noise, rel=1e-2)
    assert found.slope < 1e-2
    assert found.by_depth == {0: found.log_evidence}
    assert found.at_bound == ()


@pytest.mark.slow
def test_evidence_and_slopes_are_those_of_differences() -> None:
    """The evidence of `log_evidence`, from `kernel_fn`'s matrices, at moved numbers."""
    y = RNG.normal(size=(40, 2))
    value, slopes = _evidence(mlp("erf", depth=1, W_std=1.3, b_std=0.4), X, y, "ntk")(np.log([1.3, 0.4, 0.2]))

    def peer(logs: np.ndarray) -> float:
        W_std, b_std, noise = np.exp(logs)
        gram = mlp("erf", depth=1, W_std=W_std, b_std=b_std).kernel_fn(X, get="ntk")
        return -log_evidence(gram, y, noise=noise)

    at = np.log([1.3, 0.4, 0.2])
    assert value == pytest.approx(peer(at), rel=1e-12)
    for i in range(3):
        step = np.eye(3)[i] * 1e-4
        assert slopes[i] == pytest.approx((peer(at + step) - peer(at - step)) / 2e-4, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "W_std", "b_std", "noise"),
    [("erf", 1.8, 0.5, 0.02), ("relu", 1.2, 0.6, 0.05), ("tanh", 1.5, 0.4, 0.05)],
)
def test_a_network_is_found_again_and_its_intervals_are_true(
    name: str, W_std: float, b_std: float, noise: float
) -> None:
    """40 outputs of one Gaussian process: depth and numbers come back, and so do the coverages of new points."""
    x = RNG.normal(size=(110, 3))
    y = drawn(name, 2, W_std, b_std, noise, x, 40)
    found = learn_kernel(name, x[:70], y[:70], depth=(1, 2, 3))
    assert found.depth == 2
    assert found.W_std == pytest.approx(W_std, rel=0.1)
    assert found.noise == pytest.approx(noise, rel=0.25)
    kernel_fn = found.network.kernel_fn
    law = posterior(
        kernel_fn(x[:70], get="nngp"), kernel_fn(x[70:], x[:70], get="nngp"),
        np.diagonal(kernel_fn(x[70:], get="nngp")), y[:70], noise=found.noise,
    )  # fmt: skip
    report = calibration(law.mean, law.std, y[70:], levels=(0.5, 0.9, 0.99))
    # 1600 targets, of which points of one output hang together a little: six standard errors of independent ones
    for level, coverage in zip(report.levels, report.coverage, strict=True):
        assert abs(coverage - level) < 6 * np.sqrt(level * (1 - level) / report.values)
    assert found.log_evidence == pytest.approx(law_evidence(found, x[:70], y[:70]), rel=1e-9)


def law_evidence(found, x: np.ndarray, y: np.ndarray) -> float:
    return log_evidence(found.network.kernel_fn(x, get="nngp"), y, noise=found.noise)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError, match="expected"):
        learn_kernel("relu", X, np.ones(3))
    with pytest.raises(DataError, match="zero"):
        learn_kernel("relu", X, np.zeros(40))
    with pytest.raises(DataError, match="must be > 0"):
        learn_kernel("relu", X, np.ones(40), b_std=0.0)
    with pytest.raises(DataError, match="at least one depth"):
        learn_kernel("relu", X, np.ones(40), depth=())
    with pytest.raises(DataError, match="kernel"):
        learn_kernel("relu", X, np.ones(40), kernel="both")  # type: ignore[arg-type]  # what is refused
