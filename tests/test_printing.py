"""SymPy printed as JAX: every function of the list against mpmath, pieces without NaN, refusals."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.activation import NAMED, activation
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.special import Phi2
from ntk_theory.printing import elementwise, freeze
from ntk_theory.symbols import x

EVERYWHERE = np.array([-800.0, -3.0, -0.5, 0.25, 1.0, 40.0, 900.0])


@pytest.mark.parametrize(
    "formula",
    [
        sympy.exp(-(x**2)),
        sympy.log(1 + sympy.exp(x)),
        sympy.log(2 + x**2),
        sympy.erf(x / 3),
        sympy.sin(x),
        sympy.cos(x),
        sympy.tan(x / 1000),
        sympy.asin(x / 1000),
        sympy.acos(x / 1000),
        sympy.atan(x),
        sympy.atan2(x, 2),
        sympy.sinh(x / 100),
        sympy.cosh(x / 100),
        sympy.tanh(x),
        1 / sympy.sqrt(1 + x**2),
        (2 + x**2) ** sympy.Rational(3, 2),
        sympy.Float("0.1") * x + sympy.Rational(1, 3) + sympy.pi - sympy.E,
    ],
)
def test_functions_against_mpmath(formula):
    function = freeze([x], formula).function
    with jax.enable_x64(True):
        values = np.asarray(function(jnp.asarray(EVERYWHERE)))
    exact = sympy.lambdify(x, formula, "mpmath")
    for point, value in zip(EVERYWHERE, values, strict=True):
        assert value == pytest.approx(float(exact(mpmath.mpf(point))), rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("name", NAMED)
def test_named_activations_and_their_gradients_are_finite_everywhere(name):
    phi = elementwise(activation(name))
    in_range = EVERYWHERE[np.abs(EVERYWHERE) < 50] if name in ("exp", "sinh") else EVERYWHERE
    points = jnp.asarray([*in_range, 0.0], jnp.float32)
    assert bool(jnp.isfinite(phi(points)).all())
    slopes = jax.vmap(jax.grad(lambda t: phi(t[None])[0]))(points)
    assert bool(jnp.isfinite(slopes).all())


@given(st.floats(-20, 20, width=32))
def test_pieces_are_the_expression(point):
    text = "where(x > 1, log(x), where(x > -1, x**2, exp(x)))"
    value = float(elementwise(activation(text))(jnp.float32(point)[None])[0])
    exact = float(activation(text).expression.subs(x, sympy.Rational(point)).evalf())
    assert value == pytest.approx(exact, rel=2e-5, abs=1e-6)


@pytest.mark.parametrize("rho", ["-0.999", "-0.5", "0", "0.3", "0.9999"])
def test_phi2(rho):
    points = ["-2.5", "-0.3", "0", "0.01", "1", "3"]
    h, k, r = sympy.symbols("h k r")
    function = freeze([h, k, r], Phi2(h, k, r)).function
    grid = np.array([float(p) for p in points])
    with jax.enable_x64(True):
        values = np.asarray(function(grid[:, None], grid[None, :], jnp.full((6, 6), float(rho))))
    for i, first in enumerate(points):
        for j, second in enumerate(points):
            exact = Phi2(*(sympy.Rational(v) for v in (first, second, rho))).evalf(20)
            assert values[i, j] == pytest.approx(float(exact), abs=1e-14)


def test_unknown_functions_and_free_parameters_are_refused():
    with pytest.raises(NotInClassError, match="No JAX form is known for zeta"):
        freeze([x], sympy.zeta(x))
    with pytest.raises(NotInClassError, match="alpha must be numbers"):
        elementwise(activation("alpha*x"))


def test_a_piecewise_function_and_its_gradient():
    # log(1 + x) has no value, and 1/(1 + x) a pole, where the other branches stand
    formula = activation("where(x > 0, log(1 + x), where(x > -2, x/(1 - x), -1))").expression
    function = freeze([x], 2 * formula).function
    points = jnp.array([-3.0, -1.0, 0.5, 2.0])
    expected = [-2, -1, 2 * np.log(1.5), 2 * np.log(3)]
    np.testing.assert_allclose(function(points), expected, rtol=1e-6)
    slopes = jax.vmap(jax.grad(function))(points)
    np.testing.assert_allclose(slopes, [0, 0.5, 4 / 3, 2 / 3], rtol=1e-6)


def test_numbers_of_any_function_are_printed_as_numbers():
    assert float(freeze([x], sympy.gamma(sympy.Rational(1, 3)) * x).function(1.0)) == pytest.approx(
        2.678938534707747
    )


def test_the_source_is_text_without_sympy():
    frozen = freeze([x], sympy.exp(x) * sympy.sin(x), sympy.exp(x))
    assert frozen.source.startswith("def function(x):")
    assert frozen.source.count("exp(") == 1
    first, second = frozen.function(jnp.float32(1.0))
    assert float(first / second) == pytest.approx(np.sin(1.0), rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_tails_of_exponential_units_keep_their_digits(dtype):
    # e²ᵠ is 4e15 at q = 18, and 1 - erf has no digit left there
    formula = sympy.exp(2 * x) * (1 - sympy.erf(sympy.sqrt(2 * x))) / 3
    points = np.array([1e-3, 1.0, 18.0, 300.0], dtype)
    with jax.enable_x64(dtype == np.float64):
        values = np.asarray(freeze([x], formula).function(jnp.asarray(points)))
    with mpmath.workdps(30):
        exact = [mpmath.exp(2 * mpmath.mpf(float(p))) * mpmath.erfc(mpmath.sqrt(2 * float(p))) / 3 for p in points]
    np.testing.assert_allclose(values, np.array(exact, float), rtol=5e-15 if dtype == np.float64 else 1e-6)
