"""Gaussian averages against independent quadrature, derivatives by hand, orthant probabilities and Isserlis."""

import numpy as np
import pytest
from scipy.special import erf

import ntk_theory as ntk
from ntk_theory.errors import NtkTheoryError
from ntk_theory.finite_width.averages import averages

K = np.array([[1.3, -0.4], [-0.4, 0.8]])
TWO = 2 / np.sqrt(np.pi)
ERF = [  # φ, φ′, φ″, …, by hand
    erf,
    lambda z: TWO * np.exp(-z * z),
    lambda z: -2 * z * TWO * np.exp(-z * z),
    lambda z: (4 * z**2 - 2) * TWO * np.exp(-z * z),
    lambda z: (12 * z - 8 * z**3) * TWO * np.exp(-z * z),
    lambda z: (16 * z**4 - 48 * z**2 + 12) * TWO * np.exp(-z * z),
]


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0)])
def test_hermite_averages_are_averages_of_derivatives(gaussian_pair, a, b):
    """⟨f_a g_b H_k⟩ = ⟨∂…∂ f_a g_b⟩ for smooth φ, the right side by another quadrature."""
    found = averages(ntk.activation("erf"), K)

    def mean(i, j):
        c = K[a, b] / np.sqrt(K[a, a] * K[b, b])
        return gaussian_pair(ERF[i], ERF[j], K[a, a], K[b, b], c)

    assert np.isclose(found.pp[a, b], mean(0, 0), rtol=1e-11)
    assert np.isclose(found.qq[a, b], mean(1, 1), rtol=1e-11)
    assert np.isclose(found.pq_H1[a, b, a], mean(1, 1), atol=1e-11)
    assert np.isclose(found.pq_H1[a, b, b], mean(0, 2), atol=1e-11)
    for start, H2, H4 in ((0, found.pp_H2, found.pp_H4), (1, found.qq_H2, found.qq_H4)):
        assert np.isclose(2 * H2[a, b, a, a], mean(start + 2, start), atol=1e-10)
        assert np.isclose(2 * H2[a, b, a, b], mean(start + 1, start + 1), atol=1e-10)
        assert np.isclose(2 * H2[a, b, b, b], mean(start, start + 2), atol=1e-10)
        for indices in np.ndindex(2, 2, 2, 2):
            of_b = sum(indices)
            assert np.isclose(H4[(a, b, *indices)], mean(start + 4 - of_b, start + of_b), atol=1e-9)


def test_kinks_by_the_arc_cosine_kernel():
    """ReLU: ⟨qq⟩ = 1/4 + asin(c)/2π, and with Hermite tensors its derivatives, Price's theorem."""
    a, b, kappa = K[0, 0], K[1, 1], K[0, 1]
    found = averages(ntk.activation("relu"), K)
    root = np.sqrt(a * b - kappa**2)
    assert np.isclose(found.qq[0, 1], 0.25 + np.arcsin(kappa / np.sqrt(a * b)) / (2 * np.pi), rtol=1e-12)
    assert np.isclose(2 * found.qq_H2[0, 1, 0, 1], 1 / (2 * np.pi * root), rtol=1e-11)
    assert np.isclose(2 * found.pp_H2[0, 1, 0, 1], found.qq[0, 1], rtol=1e-12)
    assert np.isclose(found.qq_H4[0, 1, 0, 1, 0, 1], kappa / (2 * np.pi * root**3), rtol=1e-10)
    assert np.isclose(found.pp_H4[0, 1, 1, 0, 0, 1], 1 / (2 * np.pi * root), rtol=1e-10)
    assert np.allclose([found.pp_H4[0, 0, 0, 0, 0, 0], found.qq_H2[1, 1, 1, 1]], 0, atol=1e-11)


def test_orthants_of_three_and_four_inputs():
    """Correlations 1/2: d of them are positive together with probability 1/(d + 1)."""
    found = averages(ntk.activation("relu"), (np.eye(4) + 1) / 2)
    assert np.isclose(found.qqqq[0, 1, 2, 3], 1 / 5, rtol=1e-6)
    assert np.isclose(found.qqqq[2, 0, 1, 0], 1 / 4, rtol=1e-8)
    assert np.isclose(found.qqqq[3, 0, 3, 0], 1 / 3, rtol=1e-12)


@pytest.mark.parametrize("features", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_fourth_moments_by_isserlis(features):
    """φ = x, four inputs with covariances of rank 2 and 3."""
    x = np.random.default_rng(1).normal(size=(4, features))
    C = x @ x.T
    found = averages(ntk.activation("identity"), C)
    pairs = np.einsum("ab,cd->abcd", C, C)
    expected = pairs + pairs.transpose(0, 2, 1, 3) + pairs.transpose(0, 2, 3, 1)
    assert np.allclose(found.pppp, expected, atol=1e-6 * np.abs(expected).max())
    assert np.allclose(found.ppqq, np.broadcast_to(C[:, :, None, None], expected.shape), atol=1e-6 * C.max())


def test_growing_and_steep_activations():
    """exp(x): everything in closed form, far out in the tails; erf(8x) at variance 4: narrow against σ.

    |x|^0.9 has a pole in φ′ that panels do not resolve to ten digits.
    """
    found = averages(ntk.activation("exp(x)"), np.array([[4.0]]))
    assert np.isclose(found.pppp.item(), np.exp(16 * 4.0 / 2), rtol=1e-10)
    steep = averages(ntk.activation("erf(8*x)"), np.array([[4.0]]))
    assert np.isclose(steep.pp.item(), 2 / np.pi * np.arcsin(512 / 513), rtol=1e-10)
    with pytest.raises(NtkTheoryError, match="do not settle"):
        averages(ntk.activation("abs(x)**(9/10)"), np.array([[1.0]]))
