"""Fixed points of the variance: reference values, completeness, stability, scale-invariant activations."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.enclosure import enclose
from ntk_theory.errors import DataError, EnclosureError, NoFixedPointError
from ntk_theory.phase import phase
from ntk_theory.symbols import q

ENTRIES = json.loads((Path(__file__).parent / "phases.json").read_text())["entries"]
SCALES = {entry["id"]: entry["value"] for entry in ENTRIES if entry["id"].startswith("scales/")}


def at(name):
    _, activation, point, _ = name.split("/")
    W_var, b_var = (part.split("=")[1] for part in point.split(","))
    return activation, W_var, b_var


@pytest.mark.parametrize("name", [key for key in SCALES if key.endswith("/qstar")])
def test_reference_values_to_thirty_digits(name):
    activation, W_var, b_var = at(name)
    point = phase(activation).fixed_point(W_var, b_var)
    assert point.stable
    assert point.q.digits >= 30
    assert point.q.contains(SCALES[name])
    assert point.chi_1.contains(SCALES[name.replace("qstar", "chi1")])
    if (slope := name.replace("qstar", "chi_parallel")) in SCALES:
        assert point.chi_parallel.contains(SCALES[slope])
    assert point.phase == ("chaotic" if float(SCALES[name.replace("qstar", "chi1")]) > 1 else "ordered")


def test_a_planted_error_is_seen():
    point = phase("tanh").fixed_point(2, "0.05")
    true = SCALES["scales/tanh/sw2=2,sb2=0.05/qstar"]
    assert point.q.contains(true)
    assert not point.q.contains(Fraction(true) + Fraction(1, 10**25))


@given(
    st.sampled_from(["tanh", "erf", "logistic", "gelu", "sin", "gaussian"]),
    st.fractions(Fraction(1, 10), 3, max_denominator=20),
    st.fractions(Fraction(1, 50), 2, max_denominator=50),
)
def test_fixed_points_are_fixed_and_iteration_goes_to_the_stable_one(name, W_var, b_var):
    points = phase(name).fixed_points(W_var, b_var, digits=15, q_max=50.0)
    for point in points:
        image = enclose(W_var * phase(name).dual.variance.subs(q, q) + b_var, {q: point.q}, digits=10)
        assert image.overlaps(point.q)
    ends = {float(point.q) for point in points if point.stable}
    if not ends:
        return
    moving = 0.9 * min(ends)
    for _ in range(300):
        before, moving = moving, float(W_var) * float(phase(name).variance(moving, digits=8)) + float(b_var)
        if abs(moving - before) < 1e-6 * moving:
            break
    else:
        return  # too close to a critical slope to see in 300 layers
    assert min(abs(moving - end) for end in ends) < 1e-3 * max(1, moving)


def test_bounded_activations_have_a_complete_search():
    searched = phase("logistic").search_range(120, 1)
    assert searched.complete
    assert searched.upper >= 121
    assert "nowhere else" in str(searched)
    assert not phase("gelu").search_range(2, 1).complete


def test_without_biases_zero_is_a_fixed_point_and_repels_in_the_chaotic_phase():
    zero, other = phase("tanh").fixed_points(2, 0)
    assert (zero.q.mid, zero.chi_1.mid, zero.stable) == (0, 2, False)
    assert other.stable
    assert phase("tanh").fixed_point(2, 0).q.overlaps(other.q)
    (only,) = phase("tanh").fixed_points("0.9", 0)
    assert (only.q.mid, only.stable, only.phase) == (0, True, "ordered")


def test_at_criticality_without_biases_zero_attracts_though_its_slope_is_one():
    (only,) = phase("tanh").fixed_points(1, 0)
    assert (only.q.mid, only.chi_parallel.mid, only.phase, only.stable) == (0, 1, "critical", True)


def test_several_fixed_points_with_their_stability():
    low, high = phase("gelu").fixed_points("2.3", "0.05")
    assert (low.stable, high.stable) == (True, False)
    assert phase("gelu").fixed_point("2.3", "0.05").q.overlaps(low.q)
    assert [point.stable for point in phase("exp").fixed_points("0.05", "0.05")] == [True, False]


def test_relu_has_its_fixed_point_in_closed_form():
    point = phase("relu").fixed_point("1.5", "0.05")
    assert point.q.contains(Fraction(1, 5))
    assert (float(point.chi_1.mid), float(point.chi_parallel.mid)) == (0.75, 0.75)
    every = phase("relu").fixed_point(2, 0)
    assert every.every_q
    assert every.phase == "critical"
    for W_var, b_var in ((2, 1), (3, 0), (3, "0.1")):
        with pytest.raises(NoFixedPointError, match="grows without bound"):
            phase("relu").fixed_point(W_var, b_var)
    assert phase("relu").fixed_points(2, 1) == ()


def test_no_fixed_point_says_where_it_looked():
    with pytest.raises(NoFixedPointError, match=r"no fixed point of the variance in \[0.999999, 50"):
        phase("exp").fixed_point(1, 1, q_max=50.0)


def test_no_weights_leave_the_bias():
    point = phase("tanh").fixed_point(0, 1)
    assert point.q.contains(1)
    assert point.chi_1.mid == 0


def test_the_parallel_slope_is_the_sum_of_two_expectations():
    # χ_∥ = σ_w² (E[φ′²] + E[φφ″])
    from sympy import Lambda, tanh

    from ntk_theory.gaussian import GaussianMean
    from ntk_theory.symbols import x

    point = phase("tanh").fixed_point(2, "0.05")
    f = tanh(x)
    both = GaussianMean(Lambda(x, f.diff(x) ** 2 + f * f.diff(x, 2)), q)
    assert point.chi_parallel.overlaps(enclose(2 * both, {q: point.q}, digits=25))


@pytest.mark.parametrize(
    ("W_var", "b_var", "name"), [(-1, 0, "W_var"), (1, -1, "b_var"), (float("nan"), 0, "W_var")]
)
def test_bad_variances_are_refused_by_name(W_var, b_var, name):
    with pytest.raises(DataError, match=name):
        phase("tanh").fixed_points(W_var, b_var)
    with pytest.raises(DataError, match=name):
        phase("relu").search_range(W_var, b_var)


def test_homogeneous_maps_are_told_from_critical_exactly():
    relu, leaky = phase("relu"), phase("leaky_relu")
    (below,) = relu.fixed_points("1.99999999999999999999999999", "0.05", digits=12)
    assert below.stable
    assert float(below.q) == pytest.approx(1e25)
    assert relu.fixed_points("2.00000000000000000000000001", "0.05") == ()
    assert relu.asymptotics("1.99999999999999999999999999", "0.05").phase == "ordered"
    (every,) = leaky.fixed_points(Fraction(200, 101), 0)
    assert every.every_q
    assert every.chi_1.mid == 1
    assert leaky.fixed_points(Fraction(200, 101), "0.1") == ()
    with pytest.raises(EnclosureError, match="give it exactly"):
        leaky.fixed_points(leaky.critical_W_var(0), 0)


def test_a_fixed_point_next_to_zero_is_found():
    for excess in ("1e-5", "1e-20"):
        zero, point = phase("tanh").fixed_points(1 + Fraction(excess), 0, digits=10)
        assert (zero.q.mid, zero.stable, point.stable) == (0, False, True)
        # σ_w²V(q) = q at q = (σ_w² - 1)/2 + …, by V = q - 2q² + 17q³/3
        assert float(point.q) == pytest.approx(float(Fraction(excess)) / 2, rel=1e-4)


def test_expectations_that_become_infinite_end_the_search():
    # 0.09/√(1 - 4q) = q, E[φ²] = ∞ from q = 1/4 on
    found = phase("exp(x**2)").fixed_points("0.09", 0, digits=15)
    true = sorted(root for root in np.roots([4, -1, 0, 0.0081]) if root > 0)
    assert [float(point.q) for point in found] == pytest.approx(true)
    assert not phase("exp(x**2)").search_range("0.09", 0).complete
