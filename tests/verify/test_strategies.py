"""The strategies: what they draw is what they say, what is left after shrinking is the smallest, and errors."""

import dataclasses
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import ntk_theory as ntk
from ntk_theory.errors import DataError, MissingExtraError, ShapeError
from ntk_theory.verify import Claim
from ntk_theory.verify import strategies as some
from ntk_theory.verify.family import Family
from ntk_theory.verify.strategies.inputs import GEOMETRIES

FEW = settings(max_examples=4, deadline=None, derandomize=True, database=None)
EIGHTH = 1 / 8


@given(st.data())
def test_geometries(data):
    geometry = data.draw(st.sampled_from(GEOMETRIES))
    x = data.draw(some.inputs(geometry))
    (first, second), products = np.mean(x**2, axis=1), x[0] @ x[1] / 2
    cosine = products / np.sqrt(first * second) if second else None
    assert x.shape == (2, 2)
    assert 0.25 - 1e-9 <= first <= 4 + 1e-9
    if geometry == "angle":
        assert abs(cosine) <= 7 / 8 + 1e-9
        assert cosine * 8 == pytest.approx(round(cosine * 8), abs=1e-9)
    else:
        expected = {"orthogonal": 0, "parallel": 1, "equal": 1, "antipodal": -1, "zero": None}[geometry]
        assert cosine == (None if expected is None else pytest.approx(expected))
    assert (geometry == "equal") <= np.array_equal(x[0], x[1])


@given(some.networks(("relu", "erf"), depths=(1, 3)), some.widths(64, 512), some.inputs(cosine=0.3))
def test_networks_and_widths(net, widths, x):
    assert 1 <= net.depth <= 3
    assert all((layer.W_std * 8) % 1 == 0 and (layer.b_std * 8) % 1 == 0 for layer in net.layers[::2])
    assert list(widths) == sorted(set(widths))
    assert x[0] @ x[1] == pytest.approx(0.3 * np.linalg.norm(x[0]) * np.linalg.norm(x[1]))


@pytest.mark.parametrize("phase", ["ordered", "chaotic"])
@FEW
@given(st.data())
def test_phases_on_demand(phase, data):
    W, b = data.draw(some.sigmas("erf", phase=phase))
    point = ntk.phase("erf").fixed_points(b_var=str(b**2), W_var=str(W**2))[-1]
    assert float(point.chi_1.mid) < 1 if phase == "ordered" else float(point.chi_1.mid) > 1


def test_networks_in_a_phase_have_activations_that_know_it():
    """ReLU is never chaotic at a fixed point: it is left out, not an error in the middle of a run."""
    net = find(some.networks(("relu", "erf"), phase="chaotic"), bool, settings=settings(database=None))
    assert net.layers[1].activation.name == "erf"


def test_shrinking_ends_at_the_smallest_network():
    """An error that needs two layers and a bias is found, and shrunk to exactly that."""

    def bad(net):
        return net.depth >= 2 and net.layers[0].b_std > 0

    net = find(some.networks(("erf", "relu")), bad, settings=settings(database=None, derandomize=True))
    assert net == ntk.mlp("erf", depth=2, W_std=1.0, b_std=EIGHTH)


def test_a_wrong_theory_is_found_and_its_verdicts_are_remembered():
    """K̇ × 1.05 is right at depth 0; the property fails, and every example is verified once."""
    family = Family(alpha=1e-6, examples=1000, budget=2**26, widths=(64, 256))
    dual = ntk.dual("erf")
    wrong = dual.replace(
        derivative=dual.derivative * 21 / 20, derivative_variance=dual.derivative_variance * 21 / 20
    )

    @settings(FEW, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 1))
    def property_of(depth):
        net = ntk.mlp("erf", depth=depth, W_std=1.5, theory=wrong)
        family.check(net, np.array([[1.0, 0.5]]))

    with pytest.raises(AssertionError, match="REFUTED"):
        property_of()
    assert len(family.verdicts) == 2
    asked = dict(family.verdicts)
    with pytest.raises(AssertionError):
        property_of()
    assert family.verdicts == asked


def test_verdicts_are_remembered_for_what_they_were_asked_of():
    """Claims of one name, and functions at one address one after the other, are different questions."""
    net, x = ntk.mlp("erf", depth=1, W_std=1.5), np.array([[1.0, 0.5]])
    right, verdicts = net.kernel_fn(x), []
    family = Family(alpha=1e-3, examples=10, budget=2**25, widths=(64, 256))
    for factor in (1.0, 1.1, 1.0):
        # a new function each time, often where the last one was
        verdicts.append(family.verify(net, x, kernel_fn=lambda x, get, f=factor: (f * right.nngp, f * right.ntk)))  # noqa: ARG005
    assert [v.verdict for v in verdicts] == ["VERIFIED", "REFUTED", "VERIFIED"]
    assert len(family.verdicts) == 2
    own = Claim("own", "Σ", lambda d, _: {"Σ": d.nngp[:, 0, 0]}, {"Σ": right.nngp[0, 0]})
    wrong = dataclasses.replace(own, theory={"Σ": 1.1 * right.nngp[0, 0]})
    assert [family.verify(net, x, claim=one).verdict for one in (own, wrong)] == ["VERIFIED", "REFUTED"]
    with pytest.raises(AssertionError) as failure:
        family.check(net, x, claim=wrong, shrink=True)
    assert "A smaller example" not in str(failure.value)  # the claim's numbers belong to this x
    with pytest.raises(ShapeError):
        family.verify(net, x[0])


@pytest.mark.slow
@FEW
@given(some.networks(("erf",), depths=(1, 2), phase="ordered"), some.inputs())
def test_the_derived_theory_is_never_refuted(net, x):
    FAMILY.check(net, x)


FAMILY = Family(alpha=1e-6, examples=100, budget=2**25, widths=(64, 256), undecided=1.0)


@pytest.mark.slow
def test_the_smallest_example_is_one_input_to_one_layer():
    """A theory carried by the layers shrinks with them: depth, inputs, σ's on the grid, no bias."""
    dual = ntk.dual("erf")
    wrong = dual.replace(
        derivative=dual.derivative * 21 / 20, derivative_variance=dual.derivative_variance * 21 / 20
    )
    net = ntk.mlp("erf", depth=2, W_std=1.6, b_std=0.3, theory=wrong)
    family = Family(alpha=1e-6, examples=10, budget=2**26, widths=(64, 256))
    x = np.array([[1.1, 0.4], [0.3, -0.7]])
    with pytest.raises(AssertionError, match="A smaller example") as failure:
        family.check(net, x, shrink=True)
    smaller = str(failure.value).split("A smaller example:")[1]
    assert "ntk.mlp('erf', depth=1, W_std=1.625, b_std=0.0)" in smaller
    assert "x = numpy.array([[1.0, 0.0]])" in smaller


def test_families_are_finite_and_notice_when_nothing_is_decided():
    net, x = ntk.mlp("erf", depth=1, W_std=1.5), np.array([[1.0, 0.5]])
    family = Family(alpha=1e-6, examples=1, budget=2**26)
    assert family.check(net, x, widths=(64, 256)).alpha == 1e-6
    assert family.check(net, x, widths=(64, 256)).verdict == "VERIFIED"
    with pytest.raises(DataError, match="all are spent"):
        family.check(net, 2 * x, widths=(64, 256))
    with pytest.raises(DataError, match="family's"):
        family.check(net, x, alpha=0.1)
    for wrong, words in (({"alpha": 2}, "alpha = 2"), ({"alpha": "x"}, "alpha"), ({"examples": 1.5}, "examples")):
        with pytest.raises(DataError, match=words):
            Family(**wrong)
    undecided = Family(alpha=1e-3, examples=20, budget=2**25, widths=(4, 8))
    for seed in range(9):
        undecided.check(net, x, seed=seed, min_detectable=1e-3)
    with pytest.raises(AssertionError, match="10 of 10 verdicts are UNDECIDED"):
        undecided.check(net, x, seed=9, min_detectable=1e-3)


def test_what_the_strategies_refuse(monkeypatch):
    for make, words in [
        (lambda: some.inputs("skew"), "geometry"),
        (lambda: some.inputs(cosine=2.0), "cosine"),
        (lambda: some.sigmas(phase="ordered"), "name an activation"),
        (lambda: some.networks(depths=(3, 1)), "depths"),
        (lambda: some.networks(depths=3), "depths"),
        (lambda: some.networks("relu"), "one name or more"),
        (lambda: some.sigmas("relu", phase="chaotic"), "another activation"),
        (lambda: some.sigmas(most=0.1), "most"),
        (lambda: some.inputs(cosine="1"), "cosine"),
        (lambda: some.widths(3, 5), "powers of two"),
        (lambda: some.activations(()), "one name or more"),
    ]:
        with pytest.raises(DataError, match=words):
            make()
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ntk_theory\[test\]'"):
        some.activations()
