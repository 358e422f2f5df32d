"""Duals of φ that grow like exp(a·x²): right where they exist, refused by name where they do not."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Rational

from ntk_theory.dual import dual, mixed_kernel
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.gaussian.algebra import ROOT_1, ROOT_2, Algebra
from ntk_theory.network import mlp
from ntk_theory.symbols import c, q, q1, q2

GROWING = {
    "exp(x**2/4)": lambda t: np.exp(t * t / 4),
    "x*exp(x**2/8)": lambda t: t * np.exp(t * t / 8),
    "exp(x**2/8)*max(x, 0)": lambda t: np.exp(t * t / 8) * np.maximum(t, 0),
    "exp(x**2/8)*max(x - 1, 0)": lambda t: np.exp(t * t / 8) * np.maximum(t - 1, 0),
    "exp(x**2/8)*sin(x)": lambda t: np.exp(t * t / 8) * np.sin(t),
    "cosh(x**2/8 + x)": lambda t: np.cosh(t * t / 8 + t),
    "exp(x**2/8) + exp(x**2/16)": lambda t: np.exp(t * t / 8) + np.exp(t * t / 16),
    "where(x > 0, exp(x**2/8) - 1, x)": lambda t: np.where(t > 0, np.exp(t * t / 8) - 1, t),
}


@pytest.mark.parametrize("text", GROWING)
@pytest.mark.parametrize("point", [("0.9", "0.4", "0.6"), ("0.3", "0.8", "-0.9")])
def test_kernels_within_the_conditions(text, point, gaussian_pair):
    derived = dual(text)
    assert derived.closed_form
    assert all(z.holds for z in derived.certificates)
    expected = gaussian_pair(GROWING[text], GROWING[text], *map(float, point), cuts=(0.0, 1.0))
    assert float(derived.value(*point).evalf(15)) == pytest.approx(expected, rel=1e-9)


def test_the_published_gaussian_integral():
    # E[exp(uᵀAu)] = det(I - 2ΣA)^(-1/2)
    a = sympy.Symbol("a", positive=True)
    derived = dual("exp(a*x**2)")
    s = c * sympy.sqrt(q1 * q2)
    determinant = sympy.Matrix([[1 - 2 * a * q1, -2 * a * s], [-2 * a * s, 1 - 2 * a * q2]]).det()
    assert sympy.expand(derived.kernel**-2 - determinant) == 0
    assert [condition.of for condition in derived.conditions] == ["K", "V", "mean"]
    assert derived.conditions[1].positive == (1 - 4 * a * q,)
    assert derived.conditions[2].positive == (1 - 2 * a * q,)


@pytest.mark.parametrize(
    ("numbers", "failing"),
    [
        ((3, 1, 0), "1 - q1/2"),
        ((1, "2.5", 0), "1 - q2/2"),
        (("1.5", "1.5", "0.9"), "q1\\*q2"),
        ((1, 1, 1), "q1\\*q2"),
    ],
)
def test_values_outside_the_conditions_are_refused_by_name(numbers, failing):
    with pytest.raises(DivergentExpectationError, match=failing):
        dual("exp(x**2/4)").value(*numbers)


def test_the_conditions_are_sharp():
    derived = dual("exp(x**2/4)")
    edge = derived.value("0.9", "0.9", 1)
    assert abs(edge - 1 / sympy.sqrt(1 - Rational(9, 10))) < 1e-20
    assert derived.value("1.5", "1.5", "0.3").evalf(15) > 0  # V(1.5) is infinite, this K is not
    assert abs(derived.hermite(0).subs(q, Rational(3, 2)).evalf(20) - 2) < 1e-15


@given(st.sampled_from(["1/8", "1/5", "1/3"]), st.integers(1, 8), st.integers(1, 8), st.integers(-9, 9))
def test_the_condition_is_positive_definiteness(a, i, j, k):
    a, first, second, rho = Rational(a), Rational(i, 3), Rational(j, 3), Rational(k, 10)
    s = rho * sympy.sqrt(first * second)
    tilted = sympy.eye(2) - 2 * a * sympy.Matrix([[first, s], [s, second]])
    exists = tilted[0, 0] > 0 and tilted[1, 1] > 0 and tilted.det() > 0
    try:
        dual(f"exp({a}*x**2)").value(first, second, rho)
        assert exists
    except DivergentExpectationError:
        assert not exists


def test_mixed_with_a_function_that_does_not_grow(gaussian_pair):
    value = mixed_kernel("exp(x**2/8)", "relu").subs({q1: Rational(4, 5), q2: 2, c: Rational(-1, 2)}).evalf(15)
    expected = gaussian_pair(lambda t: np.exp(t * t / 8), lambda t: np.maximum(t, 0), 0.8, 2, -0.5, cuts=(0.0,))
    assert float(value) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("text", ["exp(x**3)", "exp(exp(x))", "exp(x**4)", "cosh(x**3)", "exp(abs(x)**3)"])
def test_what_exists_at_no_variance_is_refused(text):
    with pytest.raises(DivergentExpectationError, match="more slowly"):
        dual(text)


def test_growth_on_a_bounded_piece_needs_no_condition(gaussian_pair):
    derived = dual("where(abs(x) < 1, exp(x**2), 1)")
    assert derived.conditions == ()
    f = lambda t: np.where(np.abs(t) < 1, np.exp(t * t), 1)  # noqa: E731
    expected = gaussian_pair(f, f, 3, 2, 0.5, cuts=(-1.0, 1.0))
    assert float(derived.value(3, 2, "0.5").evalf(8)) == pytest.approx(expected, rel=1e-7)


def test_kernels_never_return_nan_silently():
    kernel_fn = mlp("exp(x**2/8)", depth=1, W_std=1.0, b_std=0.0).kernel_fn
    assert np.isfinite(kernel_fn(np.array([[1.0, 0.5], [0.3, -1.0]]), get="nngp")).all()
    with pytest.raises(DivergentExpectationError, match="conditions"):
        kernel_fn(np.array([[3.0, 2.0], [0.3, -1.0]]))


def test_conditions_are_printed():
    derived = dual("exp(x**2/4)")
    assert str(derived.conditions[1]) == "V where 1 - q > 0"
    assert r"V \text{ where } 1 - q > 0" in derived.latex()


def test_signs_on_the_bounded_domain():
    algebra = Algebra(growth=Rational(1, 2))
    r1, r2, rho = (algebra.generator(s).numer for s in (ROOT_1, ROOT_2, c))
    assert algebra.sign(1 - r1**2) == 1
    assert algebra.sign(r1 - 1) == -1
    assert algebra.sign((1 - r1**2) * (1 - r2**2) + r1 * r2 * rho + 1) == 1
    assert not algebra.has_sign(1 - 2 * r1**2)
    assert not algebra.has_sign(2 * r2 - 1)
    (both, multiplicity), *_ = algebra.factors(1 - r1**2)[1]
    assert both == 1 - r1**2
    assert multiplicity == 1
