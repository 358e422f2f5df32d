"""Paths in function space: the straight line is descent's, a wide network is nearer to it; the film is an SVG."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ntk_theory.network import mlp
from ntk_theory.report.data import dataset
from ntk_theory.report.figures.film import film_svg
from ntk_theory.report.function_space import Film, film, function_space

RNG = np.random.default_rng(8)
LABELS = np.arange(40) % 2
DATA = dataset("clouds", RNG.normal(size=(2, 6))[LABELS] + 0.8 * RNG.normal(size=(40, 6)), LABELS)
TRAIN, TEST = DATA.take(np.arange(12)), DATA.take(np.arange(12, 40))


@pytest.mark.slow
def test_the_kernels_path_is_straight_and_wide_networks_are_near_it() -> None:
    strayed, found = function_space(
        "erf", 1.5, 0.1, depth=1, trained=TRAIN, tested=TEST, widths=(16, 512), members=2, steps=60, seed=0
    )
    assert strayed[0].distance > 2 * strayed[1].distance > 0
    gram = mlp("erf", depth=1, W_std=1.5**0.5, b_std=0.1**0.5).kernel_fn(TRAIN.x, get="ntk")
    values = np.linalg.eigvalsh(gram)[::-1]
    fast, slow = (values[rank - 1] for rank in found.ranks)
    assert found.eigenvalue_ratio == pytest.approx(fast / slow)
    assert fast > 2 * slow
    seen = np.abs(found.straight[0])
    logs = np.log(seen[seen[:, 0] > 1e-4])  # below, digits are lost in f - y
    slopes = np.diff(logs[:, 1]) / np.diff(logs[:, 0])
    np.testing.assert_allclose(slopes, slopes[0], rtol=1e-6)
    assert found.bent[0].shape == (2, *found.straight[0].shape)
    np.testing.assert_allclose(found.bent[1][:, 0], 1)


def test_the_film_is_xml_whose_last_frame_stands() -> None:
    frames, grid = 4, 9
    angles = np.linspace(-np.pi, np.pi, grid)
    made = Film(
        64, np.arange(4.0), angles, np.array([[0.0, 1.0]]), RNG.normal(size=(frames, grid)),
        RNG.uniform(0.1, 1, size=(frames, grid)), RNG.normal(size=(3, frames, grid)),
    )  # fmt: skip
    text = film_svg(made)
    root = ET.fromstring(text)
    paths = [e for e in root.iter() if e.tag.endswith("path")]
    assert len(paths) == 5
    for path in paths:
        (moving,) = path
        values = moving.attrib["values"].split(";")
        assert len(values) == len(moving.attrib["keyTimes"].split(";")) == frames + 1
        assert values[-1] == values[-2] == path.attrib["d"]
        # every frame has the same commands: only then are frames blended into one another
        assert len({re.sub(r"[\d.e-]+", "", v.replace(" ", "")) for v in values}) == 1
    assert "script" not in text


@pytest.mark.slow
def test_the_films_ensemble_ends_on_its_points() -> None:
    made = film("erf", 1.5, 0.1, depth=1, width=64, seed=0, frames=6)
    nearest = np.abs(made.angles[:, None] - made.points[:, 0]).argmin(axis=0)
    assert np.abs(made.mean[-1, nearest] - made.points[:, 1]).max() < 0.5
    assert made.std[-1, nearest].max() < 0.3 * made.std[0].min()
    assert made.networks.shape == (3, *made.mean.shape)
