"""The same tasks by neural-tangents, in its own environment: `python peer.py FOLDER`, with the case in it.

Its loss is the mean over entries, ours half the sum over points: its time is ours times the entries of y.
"""

import json
import sys
import time
from collections import namedtuple
from pathlib import Path

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import neural_tangents as nt  # noqa: E402, its arrays take their precision when it is imported

TRAIN, CALLS = 1000, 3


def main() -> None:
    folder = Path(sys.argv[1])
    case = np.load(folder / "case.npz")
    x, y = case["x"], case["y"][:TRAIN]
    nngp, ntk, times = case["nngp"], case["ntk"], case["times"] * y.size
    zeros, zeros_test = np.zeros_like(y), np.zeros((len(x) - TRAIN, y.shape[1]))

    def means(t):
        predict = nt.predict.gradient_descent_mse(ntk[:TRAIN, :TRAIN], y)
        return jax.block_until_ready(predict(t, zeros, zeros_test, ntk[TRAIN:, :TRAIN])[1])

    def kernel_fn(x1, x2, get, **_):
        # inputs are their own indices: the library asks for blocks of the matrices that both sides share
        rows = np.asarray(x1)[:, 0].astype(int)
        columns = rows if x2 is None else np.asarray(x2)[:, 0].astype(int)
        found = {name: matrix[np.ix_(rows, columns)] for name, matrix in (("nngp", nngp), ("ntk", ntk))}
        if isinstance(get, str):
            return found[get]
        return namedtuple("Kernels", get)(*(found[name] for name in get))

    indices = np.arange(len(x), dtype=np.float64)[:, None]

    def laws(t):
        predict = nt.predict.gradient_descent_mse_ensemble(kernel_fn, indices[:TRAIN], y, diag_reg=0.0)
        return jax.block_until_ready(predict(t, indices[TRAIN:], "ntk", compute_cov=True))

    tasks = {
        "mean, one time": lambda: means(1.0 * y.size),
        "mean, twenty times": lambda: means(times),
        "mean and covariance, one time": lambda: laws(1.0 * y.size),
        "mean and covariance, twenty times": lambda: laws(times),
    }
    timings = {name: timed(task) for name, task in tasks.items()}
    law = laws(times)
    np.savez(folder / "theirs.npz", mean=law.mean, covariance=law.covariance, flow=means(times))
    print(json.dumps(timings))


def timed(task):
    # as in run.py, which can't be imported in this environment
    task()
    seconds = []
    for _ in range(CALLS):
        cpu, wall = time.process_time(), time.perf_counter()
        task()
        seconds.append((time.process_time() - cpu, time.perf_counter() - wall))
    return seconds


if __name__ == "__main__":
    main()
