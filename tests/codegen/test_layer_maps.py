"""Maps of correlations through a layer: the form that is chosen, its measured bound, and exact references."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy

import ntk_theory as ntk
from ntk_theory.activation import activation
from ntk_theory.codegen import compile_network
from ntk_theory.codegen.angle import AngleMap, angle_map
from ntk_theory.codegen.closed import ClosedMap
from ntk_theory.codegen.compile import repetitions
from ntk_theory.codegen.difference import difference
from ntk_theory.codegen.expansion import Expansion
from ntk_theory.codegen.freeze import PlainMap, freeze_layer
from ntk_theory.codegen.stable import delta
from ntk_theory.layers import Dense, Nonlinearity
from ntk_theory.symbols import c, q1, q2

KINDS = {"relu": AngleMap, "abs": AngleMap, "identity": AngleMap, "erf": ClosedMap, "tanh": Expansion}


@pytest.mark.parametrize("name", KINDS)
def test_the_kind_follows_from_the_equations(name):
    layer = freeze_layer(Nonlinearity(activation(name)).equations)
    assert isinstance(layer.folds, KINDS[name])
    if name != "tanh":
        assert 0 <= layer.error_bound < 3e-14


def test_a_theory_that_contradicts_itself_is_taken_at_its_word():
    dual = ntk.dual("erf")
    wrong = dual.replace(kernel=1.1 * dual.kernel)
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    first = ntk.mlp("erf", depth=1, theory=wrong).kernel_fn(x).nngp[0, 1]
    assert first == pytest.approx(1.1 * ntk.mlp("erf", depth=1).kernel_fn(x).nngp[0, 1], rel=1e-12)
    powers = ntk.dual("relu").replace(kernel=1.1 * ntk.dual("relu").kernel)
    assert isinstance(freeze_layer(Nonlinearity(activation("relu"), powers).equations).folds, ClosedMap | PlainMap)


@pytest.mark.parametrize(
    "f",
    [
        sympy.exp(c * sympy.sqrt(q1 * q2)),
        sympy.asin(2 * c * sympy.sqrt(q1 * q2) / sympy.sqrt((1 + 2 * q1) * (1 + 2 * q2))),
        1 / sympy.sqrt(1 + q1 + q2 + q1 * q2 * (1 - c**2)),
        c**3 * sympy.sqrt(2 + c) - (3 - c) ** sympy.Rational(-3, 2),
        sympy.exp(-q1) * sympy.sinh(c * q2),
    ],
)
@pytest.mark.parametrize("step", ["1e-25", "1e-6", "0.5", "1.75"])
def test_the_difference_calculus_is_exact_and_does_not_cancel(f, step):
    step = sympy.Rational(step)
    at = {q1: sympy.Rational(3, 4), q2: 2}
    with mpmath.workdps(80):
        exact = (f.subs(c, 1) - f.subs(c, 1 - step)).subs(at).evalf(60)
    # in 20 digits, what cancels would show: step is 1e-25
    found = difference(f).subs({delta: sympy.Float(step, 20), c: sympy.Float(1 - step, 20)}).subs(at).evalf(20)
    assert abs(found / exact - 1) < sympy.Float("1e-17")


def test_angle_maps_against_mpmath():
    dual = ntk.dual("relu")
    folds = angle_map(dual.variance, dual.kernel)
    points = np.array([1e-20, 1e-10, 1e-3, 0.3, 1.0, -0.5, -1e-3])
    with jax.enable_x64(True):
        found = np.asarray(folds(jnp.asarray(points)[None]))[0]
    with mpmath.workdps(60):
        for fold, value in zip(points, found, strict=True):
            s = mpmath.mpf(float(fold))
            x = 1 - s if fold >= 0 else -1 - s
            after = (mpmath.sqrt(1 - x * x) + (mpmath.pi - mpmath.acos(x)) * x) / mpmath.pi
            assert value == pytest.approx(float(1 - after), rel=1e-14)


def test_depth_is_one_function_of_the_angle():
    for depth in (1, 50):
        kernel = ntk.mlp("relu", depth=depth, W_std=2**0.5).kernel_fn.compiled
        for key, limit in (("float64", 3e-14), ("float32", 4e-7)):
            assert kernel.collapsed[key].error < limit
            assert len(kernel.collapsed[key].ntk.left) <= 64
    assert not ntk.mlp("relu", depth=3, b_std=0.1).kernel_fn.compiled.collapsed
    assert not ntk.mlp("erf", depth=3).kernel_fn.compiled.collapsed


def test_collapsed_kernels_are_those_of_the_recursion():
    x = np.random.default_rng(0).normal(size=(5, 3)) * np.array([1, 2, 3, 4, 1e-3])[:, None]
    network = ntk.mlp("relu", depth=7, W_std=2**0.5)
    kernels = network.kernel_fn(x)
    with mpmath.workdps(40):
        for i, j in ((0, 1), (2, 3), (1, 4)):
            a, b = ([mpmath.mpf(float(t)) for t in x[k]] for k in (i, j))
            dot = lambda u, v: mpmath.fsum(s * t for s, t in zip(u, v, strict=True)) * 2 / 3  # noqa: E731
            size = mpmath.sqrt(dot(a, a) * dot(b, b))
            rho = dot(a, b) / size
            theta = rho
            for _ in range(7):
                angle = mpmath.acos(rho)
                slope = (mpmath.pi - angle) / mpmath.pi
                rho = (mpmath.sin(angle) + (mpmath.pi - angle) * rho) / mpmath.pi
                theta = rho + slope * theta
            assert kernels.nngp[i, j] == pytest.approx(float(rho * size), rel=1e-13)
            assert kernels.ntk[i, j] == pytest.approx(float(theta * size), rel=1e-13)


def test_equal_layers_are_one_body():
    hidden = (Dense(1.5, 0.1), Nonlinearity(activation("relu")))
    kernel = compile_network((*hidden * 40, Dense(1.5, 0.1)))
    assert [(len(run.body), run.times) for run in kernel.runs] == [(2, 40), (1, 1)]
    assert sum(len(run.body) * run.times for run in repetitions(kernel.layers[:7])) == 7


def test_the_time_to_compile_does_not_grow_with_depth():
    x = np.ones((3, 2), np.float32)
    sizes = []
    for depth in (5, 150):
        kernel = ntk.mlp("erf", depth=depth, b_std=0.1).kernel_fn.compiled
        sizes.append(len(jax.jit(kernel.symmetric).lower(x).as_text()))
    assert sizes[1] < 1.05 * sizes[0]
