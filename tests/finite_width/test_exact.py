"""Exact moments against integrals over all weights, enumerated masks, published laws, and exact sampling."""

from fractions import Fraction
from itertools import product

import jax
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import ntk_theory as ntk
from ntk_theory.errors import DataError, DivergentExpectationError, NotInClassError
from ntk_theory.finite_width import (
    dispersion_formula,
    dispersion_limit,
    exact_moments,
    first_order,
    relu_ntk_dispersion,
)
from ntk_theory.sampling import draw_kernels
from ntk_theory.symbols import L, n, ratio

SLOPES = {"relu": (1, 0), "abs": (1, -1), "identity": (1, 1), "abrelu": (1, Fraction(1, 2))}


def half_normal(order=60):
    """Nodes and weights of a standard normal on z > 0."""
    z, w = np.polynomial.legendre.leggauss(order)
    z = 6 * (z + 1)
    return z, 6 * w * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def two_layers_of_one_neuron(a, b, s, beta):
    """E K̂, E Θ̂, E K̂², E Θ̂², E K̂Θ̂ of a network of width 1 and depth 2, |x|²/n₀ = 1, integrated over all weights.

    z₁ on each half line, (w₂, b₂) in the plane by its angle, cut where z₂ changes sign; w₃ by its moments.
    """
    k1 = s + beta
    total = np.zeros(5)
    angles, angle_weights = np.polynomial.legendre.leggauss(60)
    for sign, d1 in ((1, a), (-1, b)):
        for z, weight in zip(*half_normal(), strict=True):
            h1 = d1 * sign * np.sqrt(k1) * z
            middle = np.arctan2(np.sqrt(beta), np.sqrt(s) * h1)  # the direction in which z₂ grows fastest
            k2 = s * h1**2 + beta
            for d2, start in ((a, middle), (b, middle + np.pi)):
                t, part = start + np.pi / 2 * angles, np.pi / 2 * angle_weights / (2 * np.pi)
                z2 = np.sqrt(k2) * np.cos(t - middle)  # per unit radius R; E R² = 2, E R⁴ = 8
                k3 = [beta, s * d2**2 * z2**2]  # coefficients of 1 and R²
                chain = [s * d2**2 * k2, k1 * s**2 * d1**2 * d2**2 * np.cos(t) ** 2]  # times w₃², of 1 and R²
                K = k3[0] + 2 * k3[1]
                K2 = k3[0] ** 2 + 2 * k3[0] * k3[1] * 2 + 8 * k3[1] ** 2
                T = K + chain[0] + 2 * chain[1]
                KC = k3[0] * (chain[0] + 2 * chain[1]) + k3[1] * (2 * chain[0] + 8 * chain[1])
                C2 = chain[0] ** 2 + 4 * chain[0] * chain[1] + 8 * chain[1] ** 2
                total += weight * np.array(
                    [part @ v for v in np.broadcast_arrays(K, T, K2, K2 + 2 * KC + 3 * C2, K2 + KC)]
                )
    return total


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("b_std", [Fraction(1, 2), 0])
def test_width_one_against_integrals_over_the_weights(name, b_std):
    s, beta = Fraction(9, 4), Fraction(b_std) ** 2
    expected = two_layers_of_one_neuron(*map(float, SLOPES[name]), float(s), float(beta))
    found = exact_moments(name, width=1, depth=2, W_std=Fraction(3, 2), b_std=b_std)
    values = [found.nngp, found.ntk, found.nngp_square, found.ntk_square, found.product]
    assert np.allclose([float(v) for v in values], expected, rtol=1e-12)


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("width", [1, 2, 3])
def test_one_hidden_layer_against_all_masks(name, width):
    """Every sign pattern of the pre-activations, with half-line moments E z^2k 1[z > 0] = (2k - 1)!!/2."""
    s, beta = Fraction(9, 4), Fraction(1, 3)
    k1, mean, square = s + beta, Fraction(0), Fraction(0)
    for slopes in product(SLOPES[name], repeat=width):
        d = [Fraction(v) ** 2 for v in slopes]
        # Θ = β + Σ_i (s/n) d_i (z_i² + k₁ w_i²); z_i² and w_i² have moments k₁, 3k₁² and 1, 3
        first = [s / width * v * 2 * k1 for v in d]
        second = [(s / width * v) ** 2 * (3 + 2 + 3) * k1**2 for v in d]
        total = beta + sum(first)
        mean += total / 2**width
        square += (total**2 + sum(second) - sum(f * f for f in first)) / 2**width
    found = exact_moments(name, width=width, depth=1, W_std=Fraction(3, 2), b_std=sympy.sqrt(3) / 3)
    assert (found.ntk, found.ntk_square) == (sympy.Rational(mean), sympy.Rational(square))


def test_published_laws():
    """(1 + 5/n)^l (Hanin & Nica 2019); the kurtosis of deep linear networks; means without correction."""
    for depth in range(5):
        relu = exact_moments("relu", width=n, depth=depth, W_std=sympy.sqrt(2))
        assert sympy.simplify(relu.nngp_square / relu.nngp**2 - (1 + 5 / n) ** depth) == 0
        assert relu.ntk == 2 * (depth + 1)
    linear = exact_moments("identity", width=10, depth=3, W_std=1)
    assert linear.output_kurtosis == 3 * sympy.Rational(12, 10) ** 3 - 3
    assert float(3 + linear.output_kurtosis) == pytest.approx(5.184)


@pytest.mark.parametrize("name", SLOPES)
def test_the_closed_form_is_the_recursion(name):
    formula = dispersion_formula(name)
    for width, depth in [(1, 0), (1, 7), (2, 3), (5, 12), (64, 32), (3, 50)]:
        exact = exact_moments(name, width=width, depth=depth, W_std=Fraction(7, 5)).ntk_dispersion
        assert formula.subs({n: width, L: depth}) == exact


def test_large_depth_and_width_together():
    """The limit is the formula's, and the recursion comes within 1/n of it."""
    formula = sympy.exp(5 * ratio) * (9 * ratio**2 + 6 * ratio - 1) + sympy.exp(-ratio)
    assert sympy.simplify(dispersion_limit() - formula / (27 * ratio**2)) == 0
    for value in (0.25, 1.0, 2.0):
        limit = float(dispersion_limit().subs(ratio, value))
        gaps = [
            relu_ntk_dispersion(width, round(value * width), 1.0, 0.0) / limit - 1 for width in (200, 400, 800)
        ]
        assert abs(gaps[2]) < 30 / 800
        assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.1)
        assert gaps[1] / gaps[2] == pytest.approx(2, rel=0.1)
    assert sympy.series(dispersion_limit(), ratio, 0, 2).removeO() == 1 + sympy.Rational(11, 3) * ratio


@pytest.mark.parametrize("name", ["relu", "abs", "identity", "leaky_relu"])
def test_first_order_is_the_expansion(name):
    """The coefficients of 1/n of the exact moments, two ways that share no line."""
    exact = exact_moments(name, width=n, depth=4, W_std=Fraction(3, 2), b_std=Fraction(1, 2))
    found = first_order(ntk.mlp(name, depth=4, W_std=1.5, b_std=0.5), np.array([[1.0]]))
    pairs = [
        (exact.nngp_variance, found.nngp_covariance),
        (exact.ntk_variance, found.ntk_covariance),
        (exact.product - exact.nngp * exact.ntk, found.cross_covariance),
    ]
    for variance, coefficient in pairs:
        assert np.isclose(float(sympy.limit(n * variance, n, sympy.oo)), coefficient.item(), rtol=1e-11)
    assert np.isclose(float(exact.nngp), found.nngp.item(), rtol=1e-13)
    assert np.isclose(float(exact.ntk), found.ntk.item(), rtol=1e-13)
    assert np.allclose([found.nngp_bias, found.ntk_bias], 0, atol=1e-10 * float(exact.ntk))


@given(
    width=st.integers(1, 300),
    depth=st.integers(0, 60),
    W_std=st.integers(2, 24).map(lambda i: i / 8),
    b_std=st.integers(0, 8).map(lambda i: i / 8),
)
def test_floats_are_the_exact_numbers(width, depth, W_std, b_std):
    exact = exact_moments("relu", width=width, depth=depth, W_std=Fraction(W_std), b_std=Fraction(b_std))
    assert relu_ntk_dispersion(width, depth, W_std, b_std) == pytest.approx(float(exact.ntk_dispersion), rel=1e-14)
    assert exact.ntk_variance >= 0
    assert exact.nngp_variance >= 0
    assert exact.product >= exact.nngp * exact.ntk


def test_deep_and_chaotic_networks_do_not_overflow():
    """Mean squares of 10^400 and a ratio that is a float."""
    assert 1 < relu_ntk_dispersion(1000, 1000, 3.0, 1.0) < 1e4
    with pytest.raises(DataError, match="exceed all floats"):
        exact_moments("relu", width=1000, depth=1000, W_std=3.0)
    with pytest.raises(DataError, match="larger width"):
        relu_ntk_dispersion(1, 500, 1.0, 0.0)


@pytest.mark.parametrize(
    ("width", "depth", "W_std", "b_std"),
    [(3, 2, 1.2, 0.4), (2, 1, 1.4, 0.5), pytest.param(8, 3, 1.5, 0.2, marks=pytest.mark.slow)],
)
def test_moments_against_exact_sampling(width, depth, W_std, b_std):
    """|z| < 5.5 for five means over 1.5·10⁵ networks: false alarm 6e-7 in all settings if means are normal.

    The standard errors are 0.3% to 1.9% of the means: an error of 14% in any one is seen with probability 0.96.
    """
    net = ntk.mlp("relu", depth=depth, W_std=W_std, b_std=b_std)
    draws = draw_kernels(net, np.array([[1.0, -1.0, 1.0]]), width, 150_000, jax.random.key(11))
    K, T = draws.nngp.astype(float).ravel(), draws.ntk.astype(float).ravel()
    exact = exact_moments("relu", width=width, depth=depth, W_std=W_std, b_std=b_std)
    expected = (exact.nngp, exact.ntk, exact.nngp_square, exact.ntk_square, exact.product)
    for values, mean in zip((K, T, K * K, T * T, K * T), expected, strict=True):
        assert abs(values.mean() - mean) < 5.5 * values.std() / np.sqrt(len(values))


def test_several_outputs_against_plain_networks():
    """Three outputs of width-2 networks, all their matrices drawn; |z| < 5.5 for two means, 8e-8."""
    net = ntk.mlp("relu", depth=2, W_std=1.2, b_std=0.4, outputs=3)
    x = np.array([[1.0, -1.0]])
    kernel = jax.jit(jax.vmap(lambda key: net.empirical_ntk(net.init(key, x.shape, width=2), x)[0, 0]))
    T = np.asarray(kernel(jax.random.split(jax.random.key(3), 50_000)), float)
    exact = exact_moments("relu", width=2, depth=2, W_std=1.2, b_std=0.4, outputs=3)
    for values, mean in ((T, exact.ntk), (T * T, exact.ntk_square)):
        assert abs(values.mean() - mean) < 5.5 * values.std() / np.sqrt(len(values))
    single = exact_moments("relu", width=2, depth=2, W_std=1.2, b_std=0.4)
    assert (single.ntk_square - exact.ntk_square) > 10 * (T * T).std() / np.sqrt(len(T))


def test_what_it_does_not_take():
    for arguments, words in [
        ((0, 1, 1.0, 0.0), "width = 0"),
        ((2.5, 1, 1.0, 0.0), r"width = 2\.5"),
        ((True, 1, 1.0, 0.0), "width = True"),
        ((2, -1, 1.0, 0.0), "depth = -1"),
        ((2, 1, 0.0, 0.0), "W_std = 0"),
        ((2, 1, float("nan"), 0.0), "W_std = nan"),
        ((2, 1, 1.0, -0.5), r"b_std = -0\.5"),
        ((2, 1, "1", 0.0), "W_std = '1'"),
        ((n, 1, 1.0, 0.0), "width = n"),
    ]:
        with pytest.raises(DataError, match=words):
            relu_ntk_dispersion(*arguments)
    with pytest.raises(DataError, match="no dispersion"):
        exact_moments("relu", width=2, depth=1, W_std=1, input_square=0)
    with pytest.raises(NotInClassError, match=r"first_order"):
        exact_moments("tanh", width=2, depth=1, W_std=1)
    with pytest.raises(NotInClassError, match=r"max\(x - 1, 0\)"):
        exact_moments("max(x - 1, 0)", width=2, depth=1, W_std=1)
    with pytest.raises(DivergentExpectationError, match="jumps"):
        exact_moments("sign", width=2, depth=1, W_std=1)
