"""Correlations folded at c = ±1: forms, inputs and dense layers against mpmath."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.codegen.affine import affine_fold
from ntk_theory.codegen.inputs import folds, norms_apart, prepare
from ntk_theory.codegen.scales import rounded
from ntk_theory.codegen.state import correlation, sides
from ntk_theory.special import root

FOLDS = np.array([s * m for m in (1.0, 0.7, 1e-3, 1e-9, 1e-17, 1e-30) for s in (1, -1)])
RELATIVE = {np.float64: 2e-15, np.float32: 6e-7}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_form_of_a_correlation_keeps_its_digits(dtype):
    with jax.enable_x64(dtype == np.float64):
        given_folds = FOLDS.astype(dtype)
        found = jax.jit(sides)(given_folds)
    with mpmath.workdps(60):
        for k, fold in enumerate(given_folds):
            s = mpmath.mpf(float(fold))
            c = 1 - s if fold >= 0 else -1 - s
            small = mpmath.acos(abs(c))
            exact = (
                c, 1 - c, 1 + c, mpmath.sqrt(1 - c * c), mpmath.acos(c), small if c < 0 else mpmath.pi - small
            )  # fmt: skip
            for name, form, value in zip(found._fields, found, exact, strict=True):
                assert float(form[k]) == pytest.approx(float(value), rel=RELATIVE[dtype], abs=1e-37), (name, fold)


def exact_fold(x, y):
    with mpmath.workdps(60):
        a, b = ([mpmath.mpf(float(t)) for t in side] for side in (x, y))
        dot = lambda u, v: mpmath.fsum(s * t for s, t in zip(u, v, strict=True))  # noqa: E731
        c = dot(a, b) / mpmath.sqrt(dot(a, a) * dot(b, b))
        return 1 - c if c >= 0 else -1 - c


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1.0, 1e-15, 1e15])
def test_inputs_near_and_far_and_antipodal(dtype, scale):
    rng = np.random.default_rng(0)
    base, other = rng.normal(size=(2, 20))
    steps = (1.0, 0.1, 1e-2, 1e-3, 1e-5)
    rows = [base, -base, 1.5 * base, *(base + h * other for h in steps), *(-1.2 * base + h * other for h in steps)]
    x = (scale * np.array(rows)).astype(dtype)
    with jax.enable_x64(dtype == np.float64):
        found = np.asarray(jax.jit(lambda a: folds(prepare(a), prepare(a), None))(x))
    for i in range(len(x)):
        for j in range(len(x)):
            exact = exact_fold(x[i], x[j])
            # a product is off by some eps, and corrected where that would be much of it
            tolerance = 1e-13 if dtype == np.float64 else 1e-5
            least = 10 * float(np.finfo(dtype).eps) ** 2
            assert found[i, j] == pytest.approx(float(exact), rel=tolerance, abs=least)
            assert np.signbit(found[i, j]) == ((x[i].astype(np.float64) / scale) @ (x[j] / scale) < 0)


def test_antipodes_and_equals_are_told_apart():
    x = np.array([[1.0, 2.0], [1.0, 2.0], [-1.0, -2.0], [0.0, 0.0]], np.float32)
    c = np.asarray(correlation(folds(prepare(x), prepare(x), None)))
    np.testing.assert_array_equal(c, [[1, 1, -1, 0], [1, 1, -1, 0], [-1, -1, 1, 0], [0, 0, 0, 0]])


positive = st.floats(1e-3, 1e3)
near_zero = st.tuples(st.sampled_from([1, -1]), st.floats(-12, np.log10(2))).map(lambda t: t[0] * 10.0 ** t[1])


@given(st.floats(1e-30, 1), st.booleans(), near_zero, positive, positive, positive)
def test_a_dense_layer_against_mpmath(near, negative, apart, q2, A, B):
    fold = -near if negative else near
    q1 = q2 * np.exp(2 * apart)  # rounded, where η is not
    with jax.enable_x64(True):
        found = float(
            affine_fold(*(jnp.array([[v]]) for v in (fold, apart)), *map(jnp.array, ([q1], [q2])), A, B)[0, 0]
        )
    with mpmath.workdps(80):
        s, q2, A, B = map(mpmath.mpf, (fold, q2, A, B))
        q1 = q2 * mpmath.exp(2 * mpmath.mpf(apart))
        c = 1 - s if fold >= 0 else -1 - s
        after = (A * c * mpmath.sqrt(q1 * q2) + B) / mpmath.sqrt((A * q1 + B) * (A * q2 + B))
        exact = 1 - after if after >= 0 else -1 - after
    assert found == pytest.approx(float(exact), rel=3e-14)


@pytest.mark.parametrize(("dtype", "tolerance", "least"), [(np.float64, 2e-15, 1e-28), (np.float32, 1e-6, 1e-11)])
def test_norms_that_are_nearly_equal(dtype, tolerance, least):
    rng = np.random.default_rng(1)
    base = rng.normal(size=784)
    rows = [base, *(base * (1 + h) for h in (1e-13, 1e-9, 1e-6, -1e-3, 0.1, 5.0))]
    x = np.array([*rows, *(h * rng.permutation(base) for h in (1, 1e-20)), np.zeros(784)]).astype(dtype)
    with jax.enable_x64(dtype == np.float64):
        prepared = jax.jit(prepare)(x)
        found = np.asarray(norms_apart(prepared, prepared))
    with mpmath.workdps(60):
        squares = [mpmath.fsum(mpmath.mpf(float(v)) ** 2 for v in row) for row in x[:-1]]
        for i, first in enumerate(squares):
            for j, second in enumerate(squares):
                exact = float(mpmath.log(first / second) / 2)
                assert found[i, j] == pytest.approx(exact, rel=tolerance, abs=least), (i, j)
    assert np.all(found[-1, :-1] < -15)
    assert np.all(np.diag(found) == 0)


def test_the_slope_of_an_angle_at_its_cusp_is_zero():
    assert float(jax.grad(root)(0.0)) == 0
    assert float(jax.grad(root)(4.0)) == 0.25


def test_two_hundred_products_in_single_precision():
    # 1.6 itself is off by 1.5e-8 in float32, which 200 layers would make 3e-6
    factor, q = rounded(np.float64(1.6), np.dtype(np.float32)), jnp.float32(1.0)
    for _ in range(200):
        q = factor * (q * jnp.float32(0.625))
    assert float(q) == pytest.approx(1, abs=5e-7)
    assert isinstance(rounded(np.float64(2.5), np.dtype(np.float32)), np.ndarray)
