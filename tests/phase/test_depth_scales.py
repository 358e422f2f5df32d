"""c*, slopes and depth scales against reference values, and the grid for drawing against the certified ones."""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.errors import DataError, NoFixedPointError
from ntk_theory.phase import depth_scale_grid, phase

ENTRIES = json.loads((Path(__file__).parent / "phases.json").read_text())["entries"]
SCALES = {entry["id"]: entry["value"] for entry in ENTRIES if entry["id"].startswith("scales/")}
NAMES = {"xi_q": "xi_q", "cstar": "c_star", "xi_c": "xi_c", "xi_grad": "xi_gradient"}
POINTS = sorted({key.rsplit("/", 1)[0] for key in SCALES})


@pytest.mark.parametrize("point", POINTS)
def test_reference_values_to_fifteen_digits(point):
    _, activation, place = point.split("/")
    W_var, b_var = (part.split("=")[1] for part in place.split(","))
    found = phase(activation).depth_scales(W_var, b_var)
    for theirs, ours in NAMES.items():
        if f"{point}/{theirs}" in SCALES:
            value = getattr(found, ours)
            assert value.contains(SCALES[f"{point}/{theirs}"]), ours
            assert value.digits >= 15


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_reference_values_to_all_their_digits(point):
    # 40 digits; c* and ξ_c of tanh, by two-dimensional quadrature there, some 20
    _, activation, place = point.split("/")
    W_var, b_var = (part.split("=")[1] for part in place.split(","))
    fixed = phase(activation).fixed_point(W_var, b_var, digits=45)
    found = phase(activation).depth_scales(W_var, b_var, digits=37 if activation == "erf" else 20)
    numbers = {"qstar": fixed.q, "chi1": fixed.chi_1, "chi_parallel": fixed.chi_parallel}
    numbers |= {theirs: getattr(found, ours) for theirs, ours in NAMES.items()}
    for name, ours in numbers.items():
        if (true := SCALES.get(f"{point}/{name}")) is None:
            continue
        places = len(true.split(".")[-1])
        with mpmath.workdps(60):
            gap = abs(mpmath.mpf(str(ours.mid)) - mpmath.mpf(true))
            assert gap <= mpmath.mpf(10) ** -places * 3 + mpmath.mpf(ours.radius), name


def test_a_planted_error_is_seen():
    found = phase("tanh").depth_scales(2, "0.05")
    true = SCALES["scales/tanh/sw2=2,sb2=0.05/xi_c"]
    assert found.xi_c.contains(true)
    assert not found.xi_c.contains(true.replace("25.213414789", "25.213414780"))


def test_logistic_is_a_shifted_tanh():
    logistic = phase("logistic").depth_scales(120, 0, digits=10)
    # (σ_w², σ_b²) ↦ (σ_w²/16, σ_b²/4 + σ_w²/16); the correlation of the shifted variance differs, its slope not
    tanh = phase("tanh").depth_scales("7.5", "7.5", digits=10)
    assert logistic.chi_c.overlaps(tanh.chi_c)
    assert logistic.xi_q.overlaps(tanh.xi_q)
    assert logistic.c_star.overlaps(tanh.c_star)


def test_more_digits_stay_inside_fewer():
    few, many = (phase("tanh").depth_scales("1.8", "0.05", digits=d) for d in (6, 18))
    for name in ("c_star", "chi_c", "xi_q", "xi_c", "xi_gradient"):
        assert getattr(few, name).overlaps(getattr(many, name))
        assert getattr(many, name).digits >= 18


def test_scales_that_are_infinite_or_have_no_meaning_are_none_and_say_why():
    critical = phase("relu").depth_scales(2, 0)
    assert (critical.xi_c, critical.c_star.mid) == (None, 1)
    assert "power" in critical.note
    vanishing = phase("tanh").depth_scales("0.5", 0)
    assert (vanishing.xi_c, vanishing.c_star) == (None, None)
    assert "vanish" in vanishing.note
    assert vanishing.xi_q.contains(1 / np.log(2)) or abs(float(vanishing.xi_q) - 1 / np.log(2)) < 1e-14
    assert json.loads(json.dumps(vanishing.as_dict()))["xi_c"] is None


@pytest.mark.parametrize(
    ("name", "W_vars", "b_vars"),
    [
        ("tanh", [0.8, 1.5, 2.5, 4.0], [0.05, 0.5]),
        ("erf", [0.6, 1.5, 3.0], [0.05, 1.0]),
        ("logistic", [40.0, 150.0], [0.0, 1.0]),
        ("relu", [0.5, 1.5, 1.9, 2.5], [0.1, 1.0]),
        ("gelu", [1.0, 2.0, 3.0], [0.1]),
    ],
)
def test_the_grid_agrees_with_the_certified_values(name, W_vars, b_vars):
    grid = depth_scale_grid(name, W_vars, b_vars)
    assert grid.xi_c.shape == (len(b_vars), len(W_vars))
    for i, b_var in enumerate(b_vars):
        for j, W_var in enumerate(W_vars):
            try:
                exact = phase(name).depth_scales(W_var, b_var, digits=6)
            except NoFixedPointError:
                assert not grid.exists[i, j]
                assert np.isinf(grid.q[i, j])
                continue
            assert grid.exists[i, j]
            for field, value in (
                (grid.q, exact.point.q),
                (grid.chi_1, exact.point.chi_1),
                (grid.c_star, exact.c_star),
                (grid.chi_c, exact.chi_c),
                (grid.xi_q, exact.xi_q),
                (grid.xi_c, exact.xi_c),
            ):
                assert field[i, j] == pytest.approx(float(value), rel=2e-4)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=4), st.lists(st.floats(0, 2), min_size=1, max_size=4))
def test_the_grid_never_holds_nan(W_vars, b_vars):
    grid = depth_scale_grid("tanh", W_vars, b_vars)
    for field in (grid.q, grid.chi_1, grid.c_star, grid.chi_c, grid.xi_q, grid.xi_c):
        assert not np.isnan(field).any()
    assert grid.exists.all()


@pytest.mark.parametrize("bad", [[-1.0], [], [float("nan")], [[1.0]]])
def test_the_grid_refuses_bad_axes(bad):
    with pytest.raises(DataError, match="W_vars"):
        depth_scale_grid("tanh", bad, [0.1])
