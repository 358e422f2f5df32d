"""Predictions of trained ensembles, beside neural-tangents and scikit-learn: agreement and time.

    python benchmarks/dynamics/run.py --peer PYTHON [--rounds 3] [--out benchmarks/results/dynamics.json]

PYTHON is an interpreter with neural-tangents 0.6.5 (jax 0.4.30, numpy < 2); it runs `peer.py`. Both get the same
Gram matrices: ReLU, depth 3, of the digits, 1,000 to train and 300 to test, ten outputs, float64. Asked are the
mean on the test points at one time and at twenty, and mean and covariance of the ensemble at one and at twenty;
and, beside scikit-learn's `GaussianProcessRegressor` with its `DotProduct` kernel, the linear network's posterior.
Processes alternate, each is warmed up by one call; medians of CPU and wall seconds over calls and rounds.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct

from ntk_theory.dynamics import ensemble, trajectory
from ntk_theory.interop import NTKRegressor
from ntk_theory.network import mlp

TRAIN, TEST, CALLS = 1000, 300, 3
TIMES = np.geomspace(1e-3, 1e3, 20)


def prepare(folder: Path) -> None:
    digits = load_digits()
    x = digits.data[: TRAIN + TEST] / 8 - 1
    y = np.eye(10)[digits.target[: TRAIN + TEST]] - 0.1
    kernels = mlp("relu", depth=3, W_std=2**0.5, b_std=0.1).kernel_fn(x)
    np.savez(folder / "case.npz", x=x, y=y, nngp=kernels.nngp, ntk=kernels.ntk, times=TIMES)


def ours(folder: Path) -> None:
    case = np.load(folder / "case.npz")
    y, nngp, ntk = case["y"][:TRAIN], case["nngp"], case["ntk"]
    zeros, zeros_test = np.zeros_like(y), np.zeros((TEST, y.shape[1]))

    def means(t: object) -> np.ndarray:
        return trajectory(ntk[:TRAIN, :TRAIN], ntk[TRAIN:, :TRAIN], zeros, zeros_test, y, t)

    def laws(t: object) -> tuple[np.ndarray, np.ndarray]:
        law = ensemble(
            ntk_train=ntk[:TRAIN, :TRAIN],
            ntk_test=ntk[TRAIN:, :TRAIN],
            nngp_train=nngp[:TRAIN, :TRAIN],
            nngp_test=nngp[TRAIN:, :TRAIN],
            nngp_prior=nngp[TRAIN:, TRAIN:],
            y=y,
            t=t,
        )
        return law.mean, law.covariance

    x = case["x"]
    linear = NTKRegressor(depth=0, W_std=8.0, b_std=0.5, kernel="nngp", ridge=0.5)
    peer = GaussianProcessRegressor(DotProduct(0.5, "fixed"), alpha=0.5, optimizer=None)
    tasks: dict[str, Callable[[], object]] = {
        "mean, one time": lambda: means(1.0),
        "mean, twenty times": lambda: means(TIMES),
        "mean and covariance, one time": lambda: laws(1.0),
        "mean and covariance, twenty times": lambda: laws(TIMES),
        "posterior, linear": lambda: linear.fit(x[:TRAIN], y).predict(x[TRAIN:], return_std=True),
        "posterior, linear (scikit-learn)": lambda: peer.fit(x[:TRAIN], y).predict(x[TRAIN:], return_std=True),
    }
    timings = {name: timed(task) for name, task in tasks.items()}
    mean, covariance = laws(TIMES)
    np.savez(folder / "ours.npz", mean=mean, covariance=covariance, flow=means(TIMES))
    print(json.dumps(timings))


def timed(task: Callable[[], object]) -> list[tuple[float, float]]:
    """CPU and wall seconds of each call after the first."""
    task()
    seconds = []
    for _ in range(CALLS):
        cpu, wall = time.process_time(), time.perf_counter()
        task()
        seconds.append((time.process_time() - cpu, time.perf_counter() - wall))
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, help="an interpreter with neural-tangents")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/dynamics.json"))
    parser.add_argument("--case", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        ours(options.case)
        return
    collected: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        here = Path(__file__).resolve()
        for _ in range(options.rounds):
            commands = {
                "": [sys.executable, str(here), "--peer", "-", "--case", name],
                "neural-tangents: ": [options.peer, str(here.with_name("peer.py")), name],
            }
            for prefix, command in commands.items():
                result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
                for task, seconds in json.loads(result.stdout.splitlines()[-1]).items():
                    collected.setdefault(prefix + task, []).extend(seconds)
        agreement = compare(folder)
    medians = {
        task: [round(statistics.median(s[i] for s in seconds), 4) for i in (0, 1)]
        for task, seconds in collected.items()
    }
    ratios = {
        task.removeprefix("neural-tangents: "): round(
            medians[task][0] / medians[task.removeprefix("neural-tangents: ")][0], 2
        )
        for task in medians
        if task.startswith("neural-tangents")
    }
    ratios["posterior, linear (scikit-learn)"] = round(
        medians["posterior, linear (scikit-learn)"][0] / medians["posterior, linear"][0], 2
    )
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "points": [TRAIN, TEST],
        "cpu_and_wall_seconds": medians,
        "times_faster_in_cpu_seconds": ratios,
        "largest_relative_difference": agreement,
    }
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def environment() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}


def compare(folder: Path) -> dict[str, float]:
    mine, theirs = np.load(folder / "ours.npz"), np.load(folder / "theirs.npz")
    return {
        key: float(np.abs(mine[key] - theirs[key]).max() / np.abs(mine[key]).max())
        for key in ("mean", "covariance", "flow")
    }


if __name__ == "__main__":
    main()
