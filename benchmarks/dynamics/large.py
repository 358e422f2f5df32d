"""Kernel regression on many points: the peak of memory, the seconds, the residual reached.

    python benchmarks/dynamics/large.py [--points 20000] [--out benchmarks/results/dynamics_large.json]

ReLU, depth 2, float32: the NTK of points in 64 dimensions, (Θ + ridge·I)a = y for one output by conjugate
gradients, and the trained mean at 1,000 new points. The targets are a function of the inputs plus noise; what a
prediction of 0 would miss is 1.
"""

import argparse
import json
import os
import platform
import resource
import time
from pathlib import Path

import numpy as np

from ntk_theory.dynamics import solve
from ntk_theory.network import mlp

NEW, FEATURES, NOISE = 1000, 64, 0.1


def gibibytes() -> float:
    """The most memory that this process has held so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/dynamics_large.json"))
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(options.points + NEW, FEATURES)).astype(np.float32)
    clean = np.tanh(x[:, 0] + 0.5 * x[:, 1] * x[:, 2])
    clean /= clean.std()
    y = clean + NOISE * rng.normal(size=len(clean))
    net = mlp("relu", depth=2, W_std=2**0.5)
    train, new = x[: options.points], x[options.points :]
    started, clock = time.process_time(), time.perf_counter()
    gram = net.kernel_fn(train, get="ntk")
    after_kernel, kernel_seconds = gibibytes(), time.process_time() - started
    ridge = 0.1 * float(np.mean(np.diagonal(gram)))
    started = time.process_time()
    found = solve(gram, y[: options.points], ridge=ridge, tolerance=1e-4)
    solve_seconds = time.process_time() - started
    mean = net.kernel_fn(new, train, get="ntk") @ found.coefficients
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "points": options.points,
        "gram_gibibytes": round(gram.nbytes / 2**30, 2),
        "peak_gibibytes": {"after the Gram matrix": after_kernel, "at the end": gibibytes()},
        "cpu_seconds": {"Gram matrix": round(kernel_seconds, 1), "solve": round(solve_seconds, 1)},
        "wall_seconds": round(time.perf_counter() - clock, 1),
        "products": found.products,
        "residual": found.residual,
        "test_error": float(np.mean((mean - clean[options.points :]) ** 2)),
    }
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
