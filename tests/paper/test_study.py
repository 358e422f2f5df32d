"""The study's own methods: samples against exact moments, intervals that cover, files read, files written."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from ntk_theory.errors import DataError
from ntk_theory.finite_width import relu_ntk_dispersion
from paper.study.__main__ import write
from paper.study.claim import decide
from paper.study.data import inputs
from paper.study.ensemble import COSINE, simplex, variance_interval
from paper.study.homogeneous import draw_ntk
from paper.study.interval import of_samples
from paper.study.map import crossing

RNG = np.random.default_rng(1)


@pytest.mark.parametrize(("width", "depth"), [(2, 1), (3, 4), (40, 6)])
def test_deep_relu_networks_drawn_in_a_line_a_layer_have_the_exact_moments(width, depth):
    theta = draw_ntk(width, depth, 400_000, np.random.default_rng([width, depth]))
    mean = 2.0 * (depth + 1)
    for power, expected in ((1, mean), (2, relu_ntk_dispersion(width, depth, 2**0.5, 0.0) * mean**2)):
        values = theta**power
        assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(len(values))


def test_intervals_of_log_normal_kernels_cover():
    for sigma in (0.05, 0.15, 0.25):
        theta = 3 * np.exp(sigma * np.random.default_rng(0).standard_normal(16384))
        found = of_samples(theta)
        assert found["lower"] <= np.exp(sigma**2) <= found["upper"]
        assert found["trusted"] == 1 or sigma > 0.05
        assert found["upper"] - found["lower"] < 2 * sigma**2
        assert found["spread_lower"] < np.exp(2 * 1.2815515655446004 * sigma) < found["spread_upper"]
    assert of_samples(np.exp(3 * RNG.standard_normal(16384)))["trusted"] == 0


def test_decisions():
    def verdict(*intervals):
        return decide("id", "statement", intervals, [(0.0, 1.0)] * len(intervals), 1e-3, "").verdict

    assert verdict((0.2, 0.9), (0.0, 1.0)) == "VERIFIED"
    assert verdict((0.2, 0.9), (0.5, 1.1)) == "UNDECIDED"
    assert verdict((0.2, 0.9), (1.1, 1.2)) == "REFUTED"
    assert verdict() == "UNDECIDED"


def test_crossings():
    assert crossing([1, 10, 100], [0.1, 1.0, 10.0], 1.0) == pytest.approx(10)
    assert crossing([1, 10, 100], [10.0, 1.0, 0.1], np.sqrt(10), rising=True) == np.inf
    assert crossing([1, 10, 100], [10.0, 1.0, 0.1], np.sqrt(10), rising=False) == pytest.approx(np.sqrt(10))


def test_the_simplex_and_the_variance_of_ensembles():
    x = simplex(5)
    gram = x @ x.T / x.shape[1]
    np.testing.assert_allclose(gram, (1 - COSINE) * np.eye(5) + COSINE, atol=1e-12)
    variance, lower, upper = variance_interval(2 * RNG.standard_normal((400, 3)), 0)
    assert lower < variance < upper
    assert lower < 4 < upper


def test_idx_files(tmp_path):
    images = RNG.integers(1, 255, (30, 4, 4)).astype(np.uint8)
    labels = (np.arange(30) % 10).astype(np.uint8)
    head = np.array([0x803, 30, 4, 4], ">u4").tobytes()
    (tmp_path / "train-images-idx3-ubyte").write_bytes(head + images.tobytes())
    packed = gzip.compress(np.array([0x801, 30], ">u4").tobytes() + labels.tobytes())
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(packed)
    x, y, name = inputs(12, tmp_path)
    assert name == "MNIST"
    assert y.tolist() == [1.0, -1.0] * 6
    np.testing.assert_allclose((x**2).sum(axis=1), 16)
    np.testing.assert_allclose(x[3] / np.linalg.norm(x[3]), images[3].ravel() / np.linalg.norm(images[3].ravel()))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(head[:-1] + b"\x05" + images.tobytes())
    with pytest.raises(DataError, match="promises 600"):
        inputs(12, tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\x00" * 20)
    with pytest.raises(DataError, match="magic number"):
        inputs(12, tmp_path)
    with pytest.raises(DataError, match="neither"):
        inputs(12, tmp_path / "nowhere")


def test_results_are_written_a_row_a_line(tmp_path):
    result = {"part": "x", "rows": [{"a": 1.23456789}, {"a": [1 / 3, 2]}], "claims": [], "numbers": {}}
    write(tmp_path / "x.json", result)
    text = (tmp_path / "x.json").read_text()
    assert json.loads(text)["rows"] == [{"a": 1.234568}, {"a": [0.3333333, 2]}]
    assert len(text.splitlines()) == 9


def test_a_map_boundary_is_where_the_derived_ratio_crosses():
    from paper.study.map import _random, log_normal_error

    at = _random("relu", 2.0, 64)
    below, above = (relu_ntk_dispersion(64, depth, 2**0.5, 1.0) for depth in (int(at), int(at) + 1))
    assert below < 1.25 < above
    # the mean of 4096 log-normal squares over their squared mean, drawn 400 times
    draws = np.exp(0.4 * np.random.default_rng(3).standard_normal((400, 4096)))
    ratios = (draws**2).mean(axis=1) / draws.mean(axis=1) ** 2
    assert ratios.std() / ratios.mean() == pytest.approx(log_normal_error(0.16), rel=0.15)


@pytest.mark.slow
def test_the_figures_are_drawn_from_the_committed_results(tmp_path):
    from paper.study.__main__ import PARTS, read
    from paper.study.figures import draw_all

    results = Path(__file__).parents[2] / "paper" / "results"
    found = {name: read(results / f"{name}.json") for name in PARTS}
    draw_all(found, tmp_path)
    names = {file.name for file in (results / "figures").glob("*.pdf")}
    assert names == {file.name for file in tmp_path.glob("*.pdf")}
    for result in found.values():
        ids = {claim["id"] for other in found.values() for claim in other["claims"]}
        assert {row["claim"] for row in result["rows"]} | {n["claim"] for n in result["numbers"].values()} <= ids
