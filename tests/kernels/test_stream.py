"""Matrices on disk: equal to those in memory, after a real kill -9 too."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError
from ntk_theory.kernels import stream

X = np.random.default_rng(3).normal(size=(23, 4))
NETWORK = ntk.mlp("relu", depth=2, W_std=2**0.5)
JOB = """
import sys, time, numpy as np, ntk_theory as ntk
from ntk_theory.kernels import stream
x = np.random.default_rng(3).normal(size=(23, 4))
kernel_fn = ntk.mlp("relu", depth=2, W_std=2**0.5).kernel_fn
class Slow:
    source = kernel_fn.source
    def __call__(self, *args, **options):
        time.sleep(0.3)
        return kernel_fn(*args, **options)
stream(Slow(), x, sys.argv[1], tile=5)
"""


def test_killed_and_resumed(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", JOB, str(tmp_path)])
    progress = tmp_path / "progress.txt"
    while process.poll() is None and not (progress.exists() and progress.read_text().count("done") >= 2):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = progress.read_text().count("done")
    assert 2 <= before < 15
    with open(progress, "a") as cut:
        cut.write("20 2")  # a line that the kill cut short counts for nothing
    calls = []

    class Counted:
        source = NETWORK.kernel_fn.source

        def __call__(self, *args, **options):
            calls.append(1)
            return NETWORK.kernel_fn(*args, **options)

    matrices = stream(Counted(), X, tmp_path, tile=5)
    assert len(calls) == 15 - before
    whole = NETWORK.kernel_fn(X)
    np.testing.assert_allclose(matrices["ntk"], whole.ntk, rtol=1e-13)
    np.testing.assert_allclose(np.load(tmp_path / "nngp.npy"), whole.nngp, rtol=1e-13)


def test_another_job_is_refused(tmp_path):
    stream(NETWORK.kernel_fn, X[:4], tmp_path, tile=3)
    with pytest.raises(DataError, match="differs in: inputs"):
        stream(NETWORK.kernel_fn, X[:5], tmp_path, tile=3)
    with pytest.raises(DataError, match="tile = 0"):
        stream(NETWORK.kernel_fn, X, tmp_path, tile=0)


def test_a_file_cut_short_while_it_was_made(tmp_path):
    whole = NETWORK.kernel_fn(X[:4])
    stream(NETWORK.kernel_fn, X[:4], tmp_path, tile=3)
    for size in (150, 10):  # within the matrix, within the header
        with open(tmp_path / "ntk.npy", "r+b") as file:
            file.truncate(size)
        found = stream(NETWORK.kernel_fn, X[:4], tmp_path, tile=3)
        for name, exact in whole._asdict().items():
            np.testing.assert_allclose(found[name], exact, rtol=1e-13)


def test_whole_numbers_give_fractions(tmp_path):
    x = np.arange(8).reshape(4, 2)
    found = stream(NETWORK.kernel_fn, x, tmp_path, get="ntk", tile=3)
    np.testing.assert_allclose(found["ntk"], NETWORK.kernel_fn(x, get="ntk"), rtol=1e-13)
    assert list(found) == ["ntk"]
