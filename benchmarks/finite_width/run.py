"""How wrong is E[Θ²]/E[Θ]² from a few hundred networks, and what do the exact value and the 1/n terms cost?

    python benchmarks/finite_width/run.py [--out benchmarks/results/finite_width.json]

ReLU, one input, σ_w² = 2, no biases. For each (n, L): the exact value, its first order in 1/n, its limit at
λ = L/n; and what `--networks` networks give, as published curves have it: the median and the 10% and 90%
quantiles over `--repeats` such experiments, all networks drawn exactly in law. Seconds are CPU seconds.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import jax
import numpy as np

import ntk_theory as ntk
from ntk_theory.finite_width import depth_profile, dispersion_limit, first_order, relu_ntk_dispersion
from ntk_theory.sampling import draw_kernels
from ntk_theory.symbols import ratio

SETTINGS = ((64, 8), (64, 16), (64, 32))
INPUT = np.ones((1, 4))


def seconds_of(function):
    """The result, and the CPU seconds of the second call: the first compiles, or fills caches."""
    function()
    start = time.process_time()
    result = function()
    return result, time.process_time() - start


def compared(width: int, depth: int, networks: int, repeats: int) -> dict[str, object]:
    """One row of the table."""
    net = ntk.mlp("relu", depth=depth, W_std=2**0.5)
    exact, seconds = seconds_of(lambda: relu_ntk_dispersion(width, depth, 2**0.5, 0.0))
    found, first_seconds = seconds_of(lambda: first_order(net, INPUT))
    start = time.process_time()
    theta = draw_kernels(net, INPUT, width, networks * repeats, jax.random.key(0)).ntk.reshape(repeats, networks)
    sampling = time.process_time() - start
    theta = theta.astype(float)
    estimates = (theta**2).mean(axis=1) / theta.mean(axis=1) ** 2
    low, median, high = np.quantile(estimates, [0.1, 0.5, 0.9]).tolist()
    return {
        "width": width,
        "depth": depth,
        "exact": exact,
        "first_order": 1 + found.ntk_covariance.item() / found.ntk.item() ** 2 / width,
        "limit": float(dispersion_limit().subs(ratio, depth / width)),
        "simulated_quantiles_10_50_90": [low, median, high],
        "cpu_seconds": {"exact": seconds, "first_order": first_seconds, "sampling_all": sampling},
    }


def main() -> None:
    """Run, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/finite_width.json"))
    options = parser.parse_args()
    rows = [compared(*setting, options.networks, options.repeats) for setting in SETTINGS]
    _, profile = seconds_of(lambda: depth_profile("tanh", 100, W_std=1.5, b_std=0.3))
    pair = ntk.mlp("tanh", depth=3, W_std=1.5, b_std=0.3)
    _, two = seconds_of(lambda: first_order(pair, np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])))
    result = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "networks": options.networks,
        "repeats": options.repeats,
        "rows": rows,
        "cpu_seconds": {"tanh, 100 depths, one input": profile, "tanh, depth 3, two inputs": two},
    }
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    for row in rows:
        low, median, high = row["simulated_quantiles_10_50_90"]
        numbers = ", ".join(f"{name} {row[name]:.4f}" for name in ("exact", "first_order", "limit"))
        print(
            f"n = {row['width']}, L = {row['depth']}: {numbers}; simulated {median:.2f} ({low:.2f} … {high:.2f})"
        )
    print(result["cpu_seconds"])


if __name__ == "__main__":
    main()
