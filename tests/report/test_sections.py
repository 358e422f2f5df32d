"""The sections' numbers against independent references: mpmath, published forms, direct linear algebra."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from ntk_theory.network import mlp
from ntk_theory.report.data import dataset, split
from ntk_theory.report.derivation import accuracy, curves, derive, proven_ntk
from ntk_theory.report.flow import flow
from ntk_theory.report.learning import gram_matrices, learn, sorted_thumbnail, wilson
from ntk_theory.report.phases import diagram, phases
from ntk_theory.report.simulation import NTK_PAIR, _law
from ntk_theory.verify import Convergence

RNG = np.random.default_rng(7)
CENTRES = RNG.normal(size=(3, 6))
LABELS = np.arange(90) % 3
DATA = dataset("three clouds", CENTRES[LABELS] + 0.4 * RNG.normal(size=(90, 6)), LABELS)
TRAIN, TEST = split(DATA, 30, 40, seed=1)

# E[φ(u)φ(v)], E[φ′(u)φ′(v)] at q1 = q2 = 1, c = 1/2 by two-dimensional quadrature (mpmath, 22 digits or more):
# the project's reference values dual/erf/P1 and dual/logistic/P1; ReLU's are Cho & Saul's (2009) J1 and J0.
DUALS = {
    "relu": ("0.3044988905221146790442", "0.3333333333333333333333"),
    "erf": ("0.2163468959387854596582", "0.4501581580785530347775"),
    "logistic": ("0.2714283256317052803060", "0.0431900204622616535381"),
}
# σ_w² and q* on the order-to-chaos line (mpmath): reference values eoc/logistic, eoc/erf; ReLU's line is 2.
LINES = {
    "logistic": ("103.00755385551932233546", "45.624277797379712827", "103.12849399082650403038"),
    "erf": ("0.78539816339744830962", "0", "1.37583900734668044296"),
}


@pytest.mark.parametrize("name", sorted(DUALS))
def test_derived_values(name: str) -> None:
    one = derive(name, name, depth=3)
    for text, radius, expected in zip(
        (one.kernel_value, one.derivative_value),
        (one.kernel_radius, one.derivative_radius),
        DUALS[name],
        strict=True,
    ):
        assert abs(Fraction(text) - Fraction(expected)) <= Fraction(radius) + Fraction(1, 10**21)
        assert radius < 1e-15
    assert one.closed_form == (name != "logistic")
    assert one.certified
    assert (one.reason == "") == one.closed_form


def relu_ntk(q1: mpmath.mpf, q2: mpmath.mpf, c: mpmath.mpf, W_var: float, b_var: float, depth: int) -> mpmath.mpf:
    """Θ(x, x′) by Cho & Saul's (2009) arc-cosine kernels, for inputs of mean squares q1, q2 and mean product c."""
    first, second, covariance = (W_var * v + b_var for v in (q1, q2, c))
    ntk = covariance
    for _ in range(depth):
        angle = mpmath.acos(covariance / mpmath.sqrt(first * second))
        radius = mpmath.sqrt(first * second)
        covariance = (
            W_var * radius * (mpmath.sin(angle) + (mpmath.pi - angle) * mpmath.cos(angle)) / (2 * mpmath.pi)
            + b_var
        )
        ntk = covariance + W_var * (mpmath.pi - angle) / (2 * mpmath.pi) * ntk
        first, second = W_var * first / 2 + b_var, W_var * second / 2 + b_var
    return ntk


def test_proven_and_compiled_relu_against_arc_cosines() -> None:
    pair = DATA.x[[0, 1]]
    net = mlp("relu", depth=3, W_std=1.5, b_std=0.25)
    with mpmath.workdps(40):
        rows = [[mpmath.mpf(float(v)) for v in row] for row in pair]
        products = [mpmath.fdot(a, b) / 6 for a, b in ((rows[0], rows[0]), (rows[1], rows[1]), (rows[0], rows[1]))]
        expected = relu_ntk(*products, mpmath.mpf("2.25"), mpmath.mpf("0.0625"), 3)
        enclosure = proven_ntk(net, pair, digits=20)
        assert abs(mpmath.mpf(str(enclosure.mid)) - expected) <= enclosure.radius
    measured = accuracy("relu", "chaotic", 2.25, 0.0625, pair, depth=3)
    assert measured.relative_error < 1e-14
    assert measured.truncation == 0


def test_the_curves_are_the_kernels() -> None:
    drawn = curves("erf")
    np.testing.assert_allclose(drawn.kernel, 2 / np.pi * np.arcsin(2 * drawn.c / 3), atol=1e-13)  # Williams 1997
    np.testing.assert_allclose(drawn.derivative, 4 / np.pi / np.sqrt(9 - 4 * drawn.c**2), atol=1e-12)


@pytest.mark.parametrize("name", sorted(LINES))
def test_the_line(name: str) -> None:
    found = phases(name, Fraction(1, 20), Fraction(1, 4), Fraction(4))
    start, start_q, critical = LINES[name]
    assert found.start_q is not None
    for number, expected in ((found.start, start), (found.start_q, start_q), (found.critical, critical)):
        assert abs(Fraction(number.text) - Fraction(expected)) <= Fraction(number.radius) + Fraction(1, 10**18)
        assert number.radius < 1e-12
    ordered, on_line, chaotic = found.points
    assert ordered.chi_1 is not None
    assert chaotic.chi_1 is not None
    assert ordered.chi_1.value < 1 < chaotic.chi_1.value
    assert on_line.xi_c is None
    assert on_line.xi_q is not None


def test_relu_has_a_vertical_line_and_no_fixed_point_beyond() -> None:
    found = phases("relu", Fraction(1, 20), Fraction(1, 4), Fraction(4))
    assert (found.start.text, found.start.radius, found.start_q) == ("2", 0.0, None)
    ordered, critical, chaotic = found.points
    assert ordered.q is not None
    assert ordered.q.value == pytest.approx(0.05 / (1 - 0.25), abs=1e-15)
    assert critical.q is None
    assert chaotic.chi_1 is not None
    assert chaotic.chi_1.value == 4
    drawn = diagram("relu", 6)
    assert not drawn.exists.all()
    np.testing.assert_array_equal(drawn.line[:, 0], 2)


def test_wilson() -> None:
    """Against the roots of |p - p0| = z √(p0 (1 - p0)/n) (Wilson 1927)."""
    correct = np.arange(50) < 45
    low, high = np.sort(np.roots([1 + 1.959964**2 / 50, -(2 * 0.9 + 1.959964**2 / 50), 0.81]))
    assert wilson(correct) == pytest.approx((high - low) / 2, rel=1e-9)


def test_gram_matrices_are_the_kernel_function() -> None:
    net = mlp("erf", depth=2, W_std=1.3, b_std=0.2)
    grams = gram_matrices(net, TRAIN.x, TEST.x)
    within, across = net.kernel_fn(TRAIN.x), net.kernel_fn(TEST.x, TRAIN.x)
    np.testing.assert_allclose(grams.ntk, within.ntk, rtol=1e-13)
    np.testing.assert_allclose(grams.nngp_test, across.nngp, rtol=1e-13)
    np.testing.assert_allclose(grams.nngp_prior, np.diag(net.kernel_fn(TEST.x, get="nngp")), rtol=1e-13)


def test_learning() -> None:
    row, gram = learn(
        "erf", "critical", 1.4, 0.05,
        depth=1, trained=TRAIN, tested=TEST, widths=(64, 16), members=2, steps=30, seed=0,
    )  # fmt: skip
    net = mlp("erf", depth=1, W_std=1.4**0.5, b_std=0.05**0.5)
    weights = np.linalg.solve(net.kernel_fn(TRAIN.x, get="ntk"), TRAIN.targets)
    predicted = net.kernel_fn(TEST.x, TRAIN.x, get="ntk") @ weights
    assert row.kernel_accuracy == pytest.approx((predicted.argmax(axis=1) == TEST.labels).mean())
    narrow, wide = row.networks
    assert (narrow.width, wide.width) == (16, 64)
    assert narrow.time == pytest.approx(wide.time)
    assert wide.distance < narrow.distance
    assert row.posterior.levels[4] == 0.5
    assert row.posterior.at(0.9) >= row.posterior.at(0.5)
    thumbnail = sorted_thumbnail(gram, TRAIN.labels, size=10)
    np.testing.assert_allclose(np.diag(thumbnail), 1)


def test_a_wide_network_follows_the_flow() -> None:
    few, others = TRAIN.take(np.arange(8)), TEST.take(np.arange(6))
    one, paths = flow("erf", 1.4, 0.05, depth=1, trained=few, tested=others, width=2048, steps=60, seed=0)
    assert one.own_distance < one.infinite_distance < 0.1
    assert one.own_distance < 0.02
    np.testing.assert_allclose(paths.curve[0], paths.network[0], atol=0.05)
    start = mlp("erf", depth=1, W_std=1.4**0.5, b_std=0.05**0.5)
    params = start.init(jax.random.split(jax.random.key(0), 1)[0], (1, 6), width=2048)
    outputs = start.apply(params, jnp.asarray(np.concatenate([few.x, others.x]), jnp.float32))
    assert one.start_rms == pytest.approx(float(jnp.sqrt(jnp.mean(outputs**2))), rel=1e-5)


def test_laws_are_found_where_they_hold() -> None:
    widths, samples = (64, 128, 256, 512), (4000, 2000, 1000, 500)
    n, theory = np.array(widths, float)[:, None], np.array([3.0])
    grown = Convergence(
        widths=widths,
        samples=samples,
        quantities=(NTK_PAIR,),
        theory=theory,
        scale=np.array([2.0]),
        mean=theory + 2.0 * 0.7 / n,
        std=2.0 * 1.5 / np.sqrt(n),
    )
    law = _law(grown, NTK_PAIR)
    assert law.slope == pytest.approx(-0.5)
    assert law.fluctuation == pytest.approx(1.5)
    assert law.bias == pytest.approx(0.7)
    assert law.slope_error < 1e-6 < law.bias_error
