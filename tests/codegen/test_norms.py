"""Pairs whose norms nearly agree: what they add to 1 - c in one layer, against ball arithmetic and mpmath."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

import ntk_theory as ntk
from ntk_theory.activation import activation
from ntk_theory.codegen.freeze import freeze_layer
from ntk_theory.codegen.norms import Rates, carried, line_rates, rates
from ntk_theory.codegen.series import LADDER
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.layers import Nonlinearity
from ntk_theory.symbols import c, q, q1, q2

APART = [sign * eta for eta in (1e-12, 1e-8, 1e-5, 1e-3, 4e-3, 1e-2, 0.07) for sign in (1, -1)]
FAR = [0.1, -0.3]


@pytest.mark.parametrize("name", ["erf", "gelu", pytest.param("shifted_relu", marks=pytest.mark.slow)])
def test_the_gap_of_near_norms_against_balls(name):
    layer, dual = freeze_layer(Nonlinearity(activation(name)).equations), ntk.dual(name)
    V, K = ball_function(dual.variance, (q,)), ball_function(dual.kernel, (q1, q2, c))

    def variance(value):
        return layer.diagonal.function(value, jnp.zeros_like(value), 1.0, 0.0)[0]

    @jax.jit
    def gap(apart, first, second):
        after = [variance(value) for value in (first, second)]
        norms = carried(apart, *(rates(variance, *side) for side in zip((first, second), after, strict=True)))
        return norms, layer.folds(jnp.full_like(apart, 1e-30), apart, norms, first, second, *after)

    for value in (0.3, 1.0, 4.0):
        eta = np.array([[*APART, *FAR]])
        with jax.enable_x64(True):
            norms, found = (np.asarray(v)[0] for v in gap(eta, np.array([value]), value * np.exp(-2 * eta[0])))
        with ctx.workprec(300):
            first = arb(value)
            for k, apart in enumerate(eta[0]):
                second = first * (-2 * arb(apart)).exp()
                after = V(first), V(second)
                exact = 1 - K(first, second, 1 - arb(1e-30)) / (after[0] * after[1]).sqrt()
                # of what lies along φ itself nothing is left in the gap, nor of what is rounded there
                lost = 1e-14 * float(apart**2 / exact) if apart in APART else 1e-15 / float(exact)
                assert norms[k] == pytest.approx(float((after[0] / after[1]).log() / 2), rel=1e-13)
                assert found[k] == pytest.approx(float(exact), rel=1e-14 + lost), (value, apart)


@pytest.mark.parametrize(
    ("name", "phi"), [("tanh", mpmath.tanh), ("softplus", lambda t: mpmath.log1p(mpmath.exp(t)))]
)
def test_the_gap_of_near_norms_in_series(name, phi):
    folds = freeze_layer(Nonlinearity(activation(name)).equations).folds
    eta, value = np.array([[*APART, *FAR]]), 0.7

    @jax.jit
    def gap(apart, first, second):
        return folds(jnp.full_like(apart, 1e-300), apart, first, second, LADDER[1])

    with jax.enable_x64(True):
        found, norms, _ = (np.asarray(v) for v in gap(eta, np.array([value]), value * np.exp(-2 * eta[0])))
    with mpmath.workdps(40):
        step, root = mpmath.mpf(1) / 10, mpmath.sqrt(mpmath.mpf(value))
        nodes = [(z * step, step * mpmath.npdf(z * step)) for z in range(-130, 131)]
        one = [phi(root * z) for z, _ in nodes]
        for k, apart in enumerate(eta[0]):
            other = [phi(root * mpmath.exp(-mpmath.mpf(apart)) * z) for z, _ in nodes]
            sums = [
                mpmath.fsum(a * b * w for a, b, (_, w) in zip(x, y, nodes, strict=True))
                for x, y in ((one, one), (one, other), (other, other))
            ]
            exact = 1 - sums[1] / mpmath.sqrt(sums[0] * sums[2])
            assert norms[0, k] == pytest.approx(float(mpmath.log(sums[0] / sums[2]) / 2), rel=2e-13)
            assert found[0, k] == pytest.approx(float(exact), rel=4e-13 if abs(apart) > 4e-3 else 3e-14), apart


near = st.floats(-12, -1.8).map(lambda power: 10**power)


@given(near, st.booleans(), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_norms_through_a_dense_layer(apart, larger, value, B):
    apart = apart if larger else -apart
    second = value * np.exp(-2 * apart)
    with jax.enable_x64(True):
        sides = [np.array([v]) for v in (value, second)]
        found = float(carried(jnp.array([[apart]]), *(line_rates(1.5, B, side) for side in sides))[0, 0])
        general = [rates(lambda v: 1.5 * v + B, side, 1.5 * side + B) for side in sides]
        again = float(carried(jnp.array([[apart]]), *(Rates(*side) for side in general))[0, 0])
    with mpmath.workdps(50):
        one, B = mpmath.mpf(value), mpmath.mpf(B)
        exact = float(mpmath.log((1.5 * one + B) / (1.5 * one * mpmath.exp(-2 * mpmath.mpf(apart)) + B)) / 2)
    # the larger of them may be taken from logarithms
    tolerance = 1e-13 if abs(apart) > 2e-3 else 2e-15
    least = 4e-16 if abs(apart) > 2e-3 else 0
    assert found == pytest.approx(exact, rel=tolerance, abs=8 * least)
    assert again == pytest.approx(exact, rel=tolerance, abs=8 * least)


def test_equal_norms_add_nothing():
    folds = freeze_layer(Nonlinearity(activation("gelu")).equations).folds
    with jax.enable_x64(True):
        zero, value = np.zeros((1, 1)), np.array([1.3])
        assert float(jax.jit(folds.__call__)(zero, zero, zero, value, value, value, value)[0, 0]) == 0
