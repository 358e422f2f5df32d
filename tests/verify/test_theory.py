"""The theory under test: shares of layers against the plain recursion by quadrature, and errors in the slopes."""

import numpy as np
import pytest
from scipy.special import expit

import ntk_theory as ntk
from ntk_theory.errors import DataError, DivergentExpectationError, EnclosureError
from ntk_theory.verify import verify
from ntk_theory.verify.claims import limit
from ntk_theory.verify.theory import KernelTheory, kernel_theory

X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])


def test_shares_of_layers_are_the_recursions(gaussian_pair):
    """C_l = Σ_l Π_{m ≥ l} σ_w² K̇(Σ_m) by hand, the logistic's K and K̇ by quadrature."""

    def slope(z):
        return expit(z) * expit(-z)

    W, b = 3.0, 0.4
    sigma = [W**2 * X @ X.T / 3 + b**2]
    slopes = []
    for _ in range(2):
        q = np.diag(sigma[-1])
        c = np.clip(sigma[-1] / np.sqrt(np.outer(q, q)), -1, 1)
        pairs = [(i, j) for i in range(2) for j in range(2)]
        K, dK = (np.array([gaussian_pair(f, f, q[i], q[j], c[i, j]) for i, j in pairs]) for f in (expit, slope))
        sigma.append(W**2 * K.reshape(2, 2) + b**2)
        slopes.append(W**2 * dK.reshape(2, 2))
    expected = [sigma[0] * slopes[0] * slopes[1], sigma[1] * slopes[1], sigma[2]]
    found = kernel_theory(ntk.mlp("logistic", depth=2, W_std=W, b_std=b), None, X)
    assert np.allclose(found.ntk_layers, expected, rtol=1e-8)
    assert np.allclose(found.ntk, np.sum(expected, axis=0), rtol=1e-8)
    assert np.allclose(found.nngp, expected[-1], rtol=1e-8)


def test_shares_where_the_ntk_vanishes():
    """Odd φ, orthogonal inputs, no bias: every share is 0 off the diagonal but for rounding."""
    found = kernel_theory(ntk.mlp("erf", depth=3, W_std=1.5), None, np.eye(2))
    assert np.allclose(found.ntk_layers[:, 0, 1], np.zeros(4), atol=1e-14)


@pytest.mark.parametrize("name", [pytest.param("logistic", marks=pytest.mark.slow), "relu"])
def test_a_slope_off_by_a_hundredth_is_refuted(name):
    """K̇ × 1.01 moves the logistic's NTK by less than a quarter percent; its first layer's share by two."""
    dual = ntk.dual(name)
    settings = {"depth": 3, "W_std": 4.0 if name == "logistic" else 2**0.5, "b_std": 0.2}
    wrong = ntk.mlp(
        name,
        **settings,
        theory=dual.replace(
            derivative=dual.derivative * 101 / 100, derivative_variance=dual.derivative_variance * 101 / 100
        ),
    )
    verdict = verify(wrong, X, alpha=1e-9)
    assert verdict.verdict == "REFUTED"
    assert verdict.command is None  # the command line derives the right theory
    assert "kernel_fn=yours" in verdict.snippet
    assert verify(ntk.mlp(name, **settings), X, kernel_fn=wrong, alpha=1e-9).verdict == "REFUTED"


def test_a_function_may_tell_shares_too():
    net = ntk.mlp("erf", depth=2, W_std=1.5, b_std=0.3)
    right = kernel_theory(net, None, X)

    def kernel_fn(x, get):  # noqa: ARG001
        return right

    verdict = verify(net, X, kernel_fn=kernel_fn)
    assert verdict.verdict == "VERIFIED"
    assert any(row.quantity.startswith("ntk layer 2") for row in verdict.table)


def test_another_network_s_theory_is_compared_by_its_kernels_alone():
    """Layers of networks of different depth have no counterparts; those of the same depth do."""
    net = ntk.mlp("identity", depth=1)
    for depth in (0, 2):
        theory = kernel_theory(net, ntk.mlp("identity", depth=depth), X)
        assert theory.ntk_layers is None
        assert len(limit(net, X, theory).quantities) == 6


@pytest.mark.parametrize(
    ("theory", "words"),
    [
        (42, "no theory"),
        (lambda x: x, "can't be called"),
        (lambda x, get: {"nngp": x, "ntk": x}, "gave dict"),  # noqa: ARG005
        (lambda x, get: (x @ x.T * 1j, x @ x.T), "no matrix of real"),  # noqa: ARG005
        (lambda x, get: ("a", "b"), "no matrix of real"),  # noqa: ARG005
        (lambda x, get: KernelTheory(x @ x.T, x @ x.T, np.ones((5, 2, 2))), "5 ntk_layers"),  # noqa: ARG005
    ],
)
def test_what_is_no_theory(theory, words):
    with pytest.raises(DataError, match=words):
        kernel_theory(ntk.mlp("erf", depth=1), theory, X)


def test_errors_are_those_of_the_kernels():
    with pytest.raises(DivergentExpectationError):
        kernel_theory(ntk.mlp("sign", depth=2), None, X)
    with pytest.raises(EnclosureError, match="series"):
        kernel_theory(ntk.mlp("tanh", depth=2, W_std=1e3), None, X)
