"""How fast are Gram matrices, beside neural-tangents 0.6.5?

    python benchmarks/gram/run.py --peer-python PATH [--networks 0 1 …] [--n 1000 2000] [--depths 3 10 50]
                                  [--dtypes float32] [--repeat 5] [--out benchmarks/results/gram.json]

PATH is a Python in an environment of the peer's own, which imports it (jax 0.4.30, numpy < 2):
`pip install jax==0.4.30 jaxlib==0.4.30 "numpy<2" "scipy<1.14" neural-tangents==0.6.5`.
Σ and Θ of N inputs of 784 features by calls of `kernel_fn`, its checks and its look at the data included, warm, in
alternating runs with the peer's jit compiled function: medians of CPU seconds, and wall seconds beside them. The
bare product XXᵀ at highest precision is the floor. Rows that the results hold already are
replaced one by one, so that a run may be made in parts.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import ntk_theory as ntk

NETWORKS = (
    {"name": "relu", "W_std": 2**0.5, "b_std": 0.0, "one_norm": False},
    {"name": "relu", "W_std": 2**0.5, "b_std": 0.1, "one_norm": False},
    {"name": "erf", "W_std": 1.5, "b_std": 0.1, "one_norm": False},
    {"name": "gelu", "W_std": 1.5, "b_std": 0.1, "one_norm": False},
    {"name": "tanh", "W_std": 1.5, "b_std": 0.1, "one_norm": False},
    {"name": "logistic", "W_std": 1.5, "b_std": 0.1, "one_norm": False},
    {"name": "relu", "W_std": 2**0.5, "b_std": 0.1, "one_norm": True},
    {"name": "erf", "W_std": 1.5, "b_std": 0.1, "one_norm": True},
    {"name": "gelu", "W_std": 1.5, "b_std": 0.1, "one_norm": True},
    {"name": "tanh", "W_std": 1.5, "b_std": 0.1, "one_norm": True},
)
KEYS = ("name", "W_std", "b_std", "one_norm", "depth", "n", "dtype")


def timed(function: Any) -> dict[str, float]:
    """CPU and wall seconds of one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    jax.block_until_ready(function())
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


class Peer:
    """The other process: one line of JSON in, one out."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("peer.py")
        self.process = subprocess.Popen(
            [python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
        )

    def run(self, job: dict[str, Any]) -> dict[str, float]:
        print(json.dumps(job), file=self.process.stdin, flush=True)
        return json.loads(next(iter(self.process.stdout or ())))


def inputs(job: dict[str, Any]) -> np.ndarray:
    """Standard normal features, as they are or scaled to one norm."""
    x = np.random.default_rng(0).normal(size=(job["n"], 784))
    if job["one_norm"]:
        x *= 28 / np.linalg.norm(x, axis=1, keepdims=True)
    return x.astype(job["dtype"])


def compared(peer: Peer, job: dict[str, Any], repeat: int) -> dict[str, Any]:
    """Medians of both and of the bare product, in alternating runs after one warm-up of each."""
    x = inputs(job)
    # the peer's quadrature takes 1.8 GB at N = 500, 28 GiB at N = 2000
    runs_there = job["name"] not in ("tanh", "logistic") or job["n"] <= 500
    with jax.enable_x64(job["dtype"] == "float64"):
        network = ntk.mlp(job["name"], depth=job["depth"], W_std=job["W_std"], b_std=job["b_std"])
        start = time.process_time()
        network.kernel_fn(x)
        first = time.process_time() - start
        bare = jax.jit(lambda a: jnp.matmul(a, a.T, precision="highest"))
        data = jnp.asarray(x)
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "bare": [], "peer": []}
        timed(lambda: bare(data))
        timed(lambda: network.kernel_fn(data))
        peer_first = peer.run(job)["first"] if runs_there else None
        for _ in range(repeat):
            runs["ours"].append(timed(lambda: network.kernel_fn(data)))
            if runs_there:
                runs["peer"].append(peer.run(job))
            runs["bare"].append(timed(lambda: bare(data)))
        error = network.kernel_fn.truncation(x)
    row: dict[str, Any] = dict(job)
    for who, values in runs.items():
        for clock in ("cpu", "wall"):
            row[f"{who}_{clock}"] = round(statistics.median(v[clock] for v in values), 5) if values else None
    row["ratio_to_peer"] = round(row["peer_cpu"] / row["ours_cpu"], 2) if runs_there else None
    row["ratio_to_bare"] = round(row["ours_cpu"] / row["bare_cpu"], 2)
    row["ours_first_call_cpu"] = round(first, 2)
    row["peer_first_call_cpu"] = round(peer_first, 2) if peer_first is not None else None
    matrix = x.itemsize * job["n"] ** 2
    row["peak_in_matrices"] = round(network.kernel_fn.peak_memory(x) / matrix, 2)
    row["polynomials_off_by"] = float(f"{error:.1e}")
    return row


def main() -> None:
    """Run all, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--networks", type=int, nargs="+", default=list(range(len(NETWORKS))))
    parser.add_argument("--n", type=int, nargs="+", default=[500, 1000, 2000])
    parser.add_argument("--depths", type=int, nargs="+", default=[3, 10, 50])
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/gram.json"))
    options = parser.parse_args()
    peer = Peer(options.peer_python)
    held = json.loads(options.out.read_text())["rows"] if options.out.exists() else []
    rows = {tuple(row.get(key) for key in KEYS): row for row in held}
    for dtype in options.dtypes:
        for number in options.networks:
            for depth in options.depths:
                for n in options.n:
                    job = {**NETWORKS[number], "depth": depth, "n": n, "dtype": dtype}
                    row = compared(peer, job, options.repeat)
                    rows[tuple(job[key] for key in KEYS)] = row
                    print({k: v for k, v in row.items() if "wall" not in k}, flush=True)
                    machine = f"{platform.machine()}, {multiprocessing.cpu_count()} cores"
                    text = json.dumps({"machine": machine, "rows": list(rows.values())}, indent=1)
                    options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
