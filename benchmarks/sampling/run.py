"""What does a finite network cost without its matrices, beside drawing them and beside autodiff?

    python benchmarks/sampling/run.py [--widths 256 1024 4096] [--out benchmarks/results/sampling.json]

Kernels: one network's NNGP and NTK (depth 2, two inputs, ReLU, float32), three ways in one process, one after the
other: `draw_kernels`; a network drawn and its layer formula; a network drawn and its NTK by autodiff (gradients of
all parameters, contracted). Training: ten steps of gradient descent on two points (depth 3, erf), `draw_training`
and explicit, both with the drawing of the network. Small networks: networks a second of width 16 and 128, with
their matrices, by how many go side by side. Every figure is the median of several runs, after one that compiles;
CPU seconds are of all cores, wall seconds of the clock. Ratios are of CPU seconds, within this one run.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import ntk_theory as ntk
from ntk_theory.sampling import (
    draw_kernels,
    draw_training,
    empirical_ntk,
    ensemble,
    layer_contributions,
    map_networks,
)

X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
Y = np.array([1.0, -1.0])
STEPS, STEP_SIZE = 10, 0.05
WIDEST = 10**6


def measured(once: Callable[[], Any], least: float, share: int = 1) -> dict[str, float]:
    """Median CPU and wall seconds of a run, divided by `share`, as many as take `least` seconds."""
    jax.block_until_ready(once())
    cpu, wall = [], []
    while sum(wall) < least or len(wall) < 2:
        start, cpu_start = time.perf_counter(), time.process_time()
        jax.block_until_ready(once())
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    return {"cpu_seconds": statistics.median(cpu) / share, "wall_seconds": statistics.median(wall) / share}


def kernels(width: int, least: float) -> dict[str, Any]:
    """One network's kernels, three ways; the exact one in calls that draw as many as a slab holds."""
    net, x = ntk.mlp("relu", depth=2, W_std=1.4, b_std=0.3), jnp.asarray(X, jnp.float32)
    count = max(1, 2**18 // width)
    key = jax.random.key(0)

    def by_layers() -> Any:
        return layer_contributions(net, net.init(key, x.shape, width=width), x)

    def by_autodiff() -> Any:
        return empirical_ntk(net, net.init(key, x.shape, width=width), x)

    return {
        "exact": measured(lambda: draw_kernels(net, X, width, count, key), least, count),
        "layer_formula": measured(by_layers, least),
        "autodiff": measured(by_autodiff, least),
    }


def training(width: int, least: float) -> dict[str, Any]:
    """Ten steps of one network, with its matrices in one compiled loop, and without."""
    net, x, y = ntk.mlp("erf", depth=3, W_std=1.4, b_std=0.3), jnp.asarray(X, jnp.float32), jnp.asarray(Y)
    options = {"steps": STEPS, "step_size": STEP_SIZE}

    def loss(params: Any) -> jax.Array:
        return 0.5 * jnp.sum((net.apply(params, x)[:, 0] - y) ** 2)

    def step(_: Any, params: Any) -> Any:
        return jax.tree.map(lambda p, g: p - STEP_SIZE * g, params, jax.grad(loss)(params))

    descend = jax.jit(lambda params: jax.lax.fori_loop(0, STEPS, step, params), donate_argnums=0)
    found = {"exact": measured(lambda: draw_training(net, X, Y, width, 1, jax.random.key(0), **options), least)}
    if width <= 4096:
        found["explicit"] = measured(lambda: descend(net.init(jax.random.key(0), x.shape, width=width)), least)
    return found


def small(width: int, least: float) -> dict[str, Any]:
    """Networks a CPU second by how many go side by side; and what the package chooses."""
    net, x = ntk.mlp("relu", depth=3, W_std=1.4, b_std=0.3), jnp.asarray(X, jnp.float32)
    statistic, key = ensemble._kernels(net, width), jax.random.key(0)
    count = 2**20 // width**2 * 16
    rates = {}
    for batch in (1, 4, 16, 64, 256):
        spent = measured(lambda batch=batch: map_networks(statistic, count, key, x, batch=batch), least)
        rates[str(batch)] = {name: round(count / seconds) for name, seconds in spent.items()}
    return {"chosen": ensemble._fitting(statistic, key, (x,)), "networks_per_second": rates}


def main() -> None:
    """Run all, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--widths", type=int, nargs="+", default=[256, 1024, 4096])
    parser.add_argument("--least", type=float, default=1.0, help="seconds of repeated runs for each figure")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/sampling.json"))
    options = parser.parse_args()
    result: dict[str, Any] = {
        "machine": f"{platform.machine()}, {multiprocessing.cpu_count()} cores",
        "load_at_start": os.getloadavg()[0],
        "python": platform.python_version(),
        "jax": jax.__version__,
        "kernels": {},
        "training": {},
        "small_networks": {},
    }
    for width in options.widths:
        row = result["kernels"][str(width)] = kernels(width, options.least)
        exact = row["exact"]["cpu_seconds"]
        row["times_faster"] = {name: row[name]["cpu_seconds"] / exact for name in ("layer_formula", "autodiff")}
        print(width, json.dumps(row), flush=True)
    net = ntk.mlp("relu", depth=2, W_std=1.4, b_std=0.3)
    widest = measured(lambda: draw_kernels(net, X, WIDEST, 1, jax.random.key(0)), options.least)
    result["kernels"][str(WIDEST)] = {"exact": widest}
    print(WIDEST, widest, flush=True)
    for width in (4096, 65_536):
        row = result["training"][str(width)] = training(width, options.least)
        if "explicit" in row:
            row["times_cheaper"] = row["explicit"]["cpu_seconds"] / row["exact"]["cpu_seconds"]
        print("training", width, json.dumps(row), flush=True)
    for width in (16, 128):
        result["small_networks"][str(width)] = small(width, options.least)
        print("small", width, json.dumps(result["small_networks"][str(width)]), flush=True)
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
