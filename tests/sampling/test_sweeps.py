"""Sweeps that are killed end with the same numbers to the last bit, no cell lost, none counted twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import ActivationSyntaxError, DataError, DivergentExpectationError, NtkTheoryError
from ntk_theory.sampling import Cell, draw_kernels, moments, sweep

X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
GRID = {
    "activations": ["relu"],
    "depths": [1],
    "widths": [64, 128],
    "W_stds": [1.2, 1.5],
    "b_stds": [0.0, 0.1],
    "seeds": range(12),
}
CELLS = 96
CODE = f"""
import sys, numpy as np
from ntk_theory.sampling import sweep
sweep(sys.argv[1], np.array({X.tolist()}), count=50, **{GRID!r})
"""


def start(path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", CODE, str(path)], env=environment, stderr=subprocess.PIPE)


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.slow)])
def test_killed_again_and_again_it_ends_as_if_never(tmp_path, kills):
    """kill -9 at random moments, each after some cells more were written, then once to the end."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    expected = sweep(whole, X, count=50, **GRID)
    assert len(expected) == CELLS
    moment = random.Random(kills)
    for kill in range(1, kills + 1):
        process = start(killed)
        most = CELLS * kill // (kills + 1)
        enough = max(lines(killed) + 1, moment.randint(most // 2, most))
        deadline = time.monotonic() + 120
        while lines(killed) < enough and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.001)
        time.sleep(moment.uniform(0, 0.01))
        process.kill()
        _, said = process.communicate()
        assert process.returncode == -signal.SIGKILL, said
        assert enough <= lines(killed) < CELLS
    last = start(killed)
    _, said = last.communicate(timeout=240)
    assert last.returncode == 0, said
    assert killed.read_bytes() == whole.read_bytes()
    assert sweep(killed, X, count=50, **GRID) == expected


def test_a_cell_is_what_the_sampler_draws_with_its_key(tmp_path):
    (cell,), (found,) = zip(
        *sweep(
            tmp_path / "store",
            X,
            activations=["erf"],
            depths=[2],
            widths=[64],
            W_stds=[1.5],
            b_stds=[0.3],
            count=40,
        ).items(),
        strict=True,
    )
    assert cell == Cell("erf", 2, 64, 1.5, 0.3, 0)
    draws = draw_kernels(ntk.mlp("erf", depth=2, W_std=1.5, b_std=0.3), X, 64, 40, cell.key)
    assert found == moments(draws)
    assert np.array_equal(found["ntk_mean"], draws.ntk.astype(np.float64).mean(0))
    assert json.loads(json.dumps(found)) == found


def test_what_is_there_is_not_drawn_again_and_a_grid_can_grow(tmp_path, monkeypatch, capsys):
    options = {"activations": ["relu"], "depths": [1], "W_stds": [1.4], "count": 5}
    first = sweep(tmp_path / "store", X, widths=[8], **options)
    drawn = []
    honest = draw_kernels

    def counted(net, x, width, count, key):
        drawn.append(width)
        return honest(net, x, width, count, key)

    monkeypatch.setattr("ntk_theory.sampling.sweeps.draw_kernels", counted)
    grown = sweep(tmp_path / "store", X, widths=[8, 16], progress=True, **options)
    assert drawn == [16]
    assert first.items() <= grown.items()
    assert "1/2 cells" in capsys.readouterr().err
    sweep(tmp_path / "store", X, widths=[8, 16], **options)
    assert drawn == [16]
    assert capsys.readouterr().err == ""  # no terminal, no line


def outputs_alone(draws):
    return {"f²": (draws.outputs**2).mean()}


def test_changed_inputs_count_or_measure_are_refused(tmp_path):
    options = {"activations": ["relu"], "depths": [1], "widths": [8], "W_stds": [1.4]}
    sweep(tmp_path / "store", X, count=5, **options)
    for x, count, measure, words in [
        (2 * X, 5, moments, "begun with x"),
        (X, 6, moments, "count = 5, and now count = 6"),
        (X, 5, outputs_alone, "begun with measure = 'moments"),
    ]:
        with pytest.raises(DataError, match=words):
            sweep(tmp_path / "store", x, count=count, measure=measure, **options)
    other = sweep(tmp_path / "other", X, count=5, measure=outputs_alone, **options)
    assert [*next(iter(other.values()))] == ["f²"]


def test_what_can_not_be_swept(tmp_path):
    options = {"activations": ["relu"], "depths": [1], "widths": [8], "W_stds": [1.4], "count": 5}
    store = tmp_path / "store"
    for changed, error, words in [
        ({"activations": "relu"}, DataError, "settings of activation are 'relu'"),
        ({"activations": ["relu(("]}, ActivationSyntaxError, "relu"),
        ({"activations": ["sign"]}, DivergentExpectationError, "NTK"),
        ({"depths": [-1]}, DataError, "depth = -1"),
        ({"depths": [1.5]}, DataError, "depth = 1.5"),
        ({"widths": [0]}, DataError, "width = 0"),
        ({"widths": []}, DataError, "settings of width"),
        ({"W_stds": [np.nan]}, DataError, "W_std = nan"),
        ({"W_stds": [1, 1.0]}, DataError, "hold one twice"),
        ({"count": 0}, DataError, "count = 0"),
    ]:
        with pytest.raises(error, match=words):
            sweep(store, X, **{**options, **changed})
        assert not store.exists()  # nothing half-done is left
    for measure, words in [
        (lambda _: {"a": np.nan}, "not finite"),
        (lambda _: {"a": "b"}, "not numbers"),
        (lambda _: [1.0], "a dictionary"),
        (None, "no function"),
    ]:
        with pytest.raises(DataError, match=words):
            sweep(tmp_path / words, X, **options, measure=measure)
    with pytest.raises(NtkTheoryError, match="overflow"):
        sweep(tmp_path / "large", X, **{**options, "W_stds": [1e20], "depths": [3]})
