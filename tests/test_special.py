"""Special functions in JAX: against mpmath, up to their singular points, and in kernels."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy
from sympy import Rational

from ntk_theory import special
from ntk_theory.dual import dual
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.special import Orthant
from ntk_theory.network import mlp
from ntk_theory.printing import freeze
from ntk_theory.symbols import x

GAPS = np.array([1.0, 0.9, 0.5, 0.4999, 0.1, 1e-3, 1e-9, 1e-14, 0.0])


@pytest.mark.parametrize("p", [0.55, 0.6, 1.0, 1.5, 2.0, 2.5, 2.7, 5.2])
def test_hypergeometric_up_to_its_singular_point(p):
    for a, c in ((-p / 2, 0.5), ((1 - p) / 2, 1.5), ((2 - p) / 2, 1.5)):
        if c - 2 * a < 0.01:
            continue
        with jax.enable_x64(True):
            values = np.asarray(special.hypergeometric(a, a, c, jnp.asarray(1 - GAPS), jnp.asarray(GAPS)))
        with mpmath.workdps(30):
            exact = [mpmath.hyp2f1(a, a, c, 1 - mpmath.mpf(w)) for w in GAPS]
        np.testing.assert_allclose(values, np.array(exact, float), rtol=3e-15)


@pytest.mark.parametrize("parameters", [(1, 1, Rational(1, 2)), (0.3, 0.3, 1.6001)])
def test_what_would_lose_digits_is_refused(parameters):
    a, b, c = map(sympy.nsimplify, parameters)
    with pytest.raises(NotInClassError, match="is not compiled"):
        freeze([x], sympy.hyper([a, b], [c], x))


@pytest.mark.parametrize(
    "arguments",
    [
        ("0.3", "-0.5", "0.8", "0.2", "-0.4", "0.5"),
        ("1", "2", "-1", "0.99", "0.98", "0.985"),
        ("0", "0", "0", "0", "0.3", "0.2", "0.1", "-0.4", "0.25", "0.5"),
        ("0", "0", "0", "0", "0.9", "0.8", "0.7", "0.85", "0.75", "0.95"),
    ],
)
def test_orthants(arguments):
    with jax.enable_x64(True):
        value = float(special.orthant(*(jnp.float64(v) for v in arguments)))
    assert value == pytest.approx(float(Orthant(*map(Rational, arguments)).evalf(16)), rel=1e-14)


QUADRANTS = [
    (0.0, 0.0, "0.99999999"),
    (3.0, 0.0, "-0.999999"),
    (1e-6, 2.0, "0.3"),
    (0.5, 40.0, "-0.5"),
    (300.0, 300.0, "0.99"),
    (1e4, 1.0, "0"),
]


def exponential_over_quadrant(a, b, c):
    """The integral in polar coordinates, in pieces that shrink towards both ends."""
    reach = mpmath.pi - mpmath.acos(mpmath.mpf(c))

    def radial(m):
        if m > 1e3:
            return sum((-1) ** k * mpmath.fac2(2 * k + 1) / m ** (2 * k + 2) for k in range(5))
        return 1 - m * mpmath.sqrt(mpmath.pi / 2) * mpmath.exp(m * m / 2) * mpmath.erfc(m / mpmath.sqrt(2))

    near = [reach / 4**k for k in range(1, 9)]
    ends = sorted([0, *near, *(reach - t for t in near), reach])
    integral = mpmath.quad(lambda t: radial(a * mpmath.sin(t) + b * mpmath.sin(reach - t)), ends, maxdegree=4)
    return float(integral / (2 * mpmath.pi))


def test_exponentials_over_a_quadrant():
    with mpmath.workdps(25):
        exact = [exponential_over_quadrant(*one) for one in QUADRANTS]
        gaps = [(float(1 - mpmath.mpf(c)), float(1 + mpmath.mpf(c))) for _, _, c in QUADRANTS]
    with jax.enable_x64(True):
        a, b, rho = (jnp.asarray([float(one[k]) for one in QUADRANTS]) for k in range(3))
        below, above = jnp.asarray(gaps).T
        along = (1 + a, -b / 2, (1 - rho**2) / 3)
        value, slope = jax.jvp(lambda *at: special.quadrant(*at, below, above), (a, b, rho), along)

        def moved(step):
            # 1 ± ρ move with ρ
            shift = step * along[2]
            at = a + step * along[0], b + step * along[1], rho + shift, below - shift, above + shift
            return special.quadrant(*at)

        ratio = (moved(2e-4) - moved(1e-4)) / 1e-4
    np.testing.assert_allclose(value, exact, rtol=2e-12)
    np.testing.assert_allclose(slope, ratio, rtol=2e-3, atol=1e-9)


@pytest.mark.parametrize("text", ["max(x, 0)**1.5", pytest.param("max(x, 0)*erf(x)", marks=pytest.mark.slow)])
def test_compiled_kernels_are_the_derived_ones(text):
    x1 = np.array([[1.0, 0.0], [0.6, 0.8], [0.9999999, 4.472e-4], [-1.0, 1e-3]]) * np.sqrt(2)
    kernels = mlp(text, depth=1, W_std=1.0, b_std=0.0).kernel_fn(x1)
    q = (x1**2).mean(axis=1)
    for i, j in [(0, 1), (0, 2), (1, 3), (2, 3)]:
        c = x1[i] @ x1[j] / 2 / np.sqrt(q[i] * q[j])
        exact = float(dual(text).value(*(Rational(v) for v in (q[i], q[j], c))).evalf(20))
        assert kernels.nngp[i, j] == pytest.approx(exact, rel=1e-12, abs=1e-15)
