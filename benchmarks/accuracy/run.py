"""How many digits do compiled kernels keep with depth, beside neural-tangents 0.6.5?

    python benchmarks/accuracy/run.py [--peer-python PATH] [--names relu tanh …]
                                      [--out benchmarks/results/accuracy.json]

Three pairs of inputs (apart, 1 - c ≈ 2e-8, equal norms), three phases, both precisions, depths 1, 10, 50, 200: the
largest relative errors of Σ, Θ and 1 - c against the 30 digits that `reference.py` computed. Θ and Σ are relative
to √(ΘΘ) and √(ΣΣ) of the two inputs, which cancel nothing. The layers are those of `kernel_fn`, all depths in one
loop: float32 inputs in double precision, as `kernel_fn` carries them, and in their own, as where JAX traces them.
The peer's layers are applied one by one too; its 1 - c is what its Σ leave. PATH: see benchmarks/gram/run.py.
"""

import argparse
import dataclasses
import json
import multiprocessing
import platform
import subprocess
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from reference import DEPTHS, PAIRS, inputs

import ntk_theory as ntk
from ntk_theory.codegen import CompiledKernel
from ntk_theory.codegen.inputs import folds, norms_apart, prepare
from ntk_theory.codegen.resolve import resolve
from ntk_theory.codegen.scales import rounded
from ntk_theory.codegen.series import LADDER
from ntk_theory.codegen.state import DiagonalState, PairState, correlation
from ntk_theory.kernels.gram import ENOUGH

PEER = ("relu", "erf", "gelu", "tanh", "logistic")


def layers(kernel: CompiledKernel, resolution: Any, dtype: str) -> Any:
    """A function of inputs: q, Θ(x, x), folds and Θ of all pairs at all depths to 200."""
    kernel = dataclasses.replace(kernel, resolution=resolution)
    dense, phi = kernel.layers[:2]

    def step(states: Any, layer: Any, scale: Any) -> Any:
        single, pair = states
        after = kernel._diagonal_step(layer, scale, single)
        return after, kernel._pair_step(layer, scale, pair, single, single, after, after)

    W_var, b_var = (v[0] for v in kernel.own_scales)
    scale = rounded(W_var, np.dtype(dtype)), b_var.astype(dtype)

    def run(x: Any) -> Any:
        prepared = prepare(x)
        fold = folds(prepared, prepared, ~jnp.eye(len(x), dtype=bool))
        single = DiagonalState(prepared.q, jnp.zeros_like(prepared.q))
        pair = PairState(fold, norms_apart(prepared, prepared), jnp.zeros_like(fold), jnp.zeros((), x.dtype))
        states = step((single, pair), dense, scale)

        def both(states: Any, _: None) -> Any:
            states = step(step(states, phi, scale), dense, scale)
            return states, states

        return jax.lax.scan(both, states, length=max(DEPTHS))[1]

    return jax.jit(run)


def ours(name: str, x: np.ndarray, dtype: str, W_std: float, b_std: float) -> dict[int, dict[str, np.ndarray]]:
    """{depth: Σ, Θ and 1 - c of all pairs} in this precision, series at the resolution that `kernel_fn` takes."""
    x = x.astype(dtype)
    with jax.enable_x64(dtype == "float64"):
        kernel = ntk.mlp(name, depth=1, W_std=W_std, b_std=b_std).kernel_fn.compiled
        for resolution in LADDER[LADDER.index(resolve(kernel, np.mean(x * x, axis=1))) :]:
            single, pair = layers(kernel, resolution, dtype)(x)
            if float(pair.truncation[-1]) <= ENOUGH[dtype]:
                break
        found = {}
        for depth in DEPTHS:
            q, theta = np.asarray(single.q[depth - 1]), np.asarray(pair.ntk[depth - 1])
            fold = np.asarray(pair.fold[depth - 1])
            sigma = np.asarray(correlation(fold)) * np.sqrt(q)[:, None] * np.sqrt(q)[None, :]
            found[depth] = {"nngp": sigma, "ntk": theta, "gap": np.where(fold >= 0, fold, 2 + fold.astype(float))}
        return found


def rounded_to(found: dict[int, dict[str, np.ndarray]], dtype: str) -> dict[int, dict[str, np.ndarray]]:
    """Rounded as `kernel_fn` returns them."""
    return {depth: {key: value.astype(dtype) for key, value in one.items()} for depth, one in found.items()}


def errors(found: dict[int, dict[str, np.ndarray]], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The largest relative error over the pairs, for each depth; null where it is not finite."""
    table = []
    for depth in found:
        worst: dict[str, Any] = {"depth": depth}
        for key, values in found[depth].items():
            mine = []
            for row in rows:
                if row["depth"] == depth and key in row:
                    i, j = PAIRS[row["pair"]]
                    exact, value = np.longdouble(row[key]), np.longdouble(values[i, j])
                    size = exact if key == "gap" else np.longdouble(row[f"{key}_scale"])
                    mine.append(abs(float((value - exact) / size)) if size else float(value != 0))
            if mine:
                worst[key] = float(f"{max(mine):.1e}") if np.all(np.isfinite(mine)) else None
        if len(worst) > 1:
            table.append(worst)
    return table


class Peer:
    """The other process: one line of JSON in, one out."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("peer.py")
        self.process = subprocess.Popen(
            [python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
        )

    def run(self, job: dict[str, Any]) -> dict[int, dict[str, np.ndarray]]:
        print(json.dumps(job), file=self.process.stdin, flush=True)
        answer = json.loads(next(iter(self.process.stdout or ())))
        return {int(d): {key: np.asarray(v, float) for key, v in one.items()} for d, one in answer.items()}


def main() -> None:
    """Run all, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python")
    parser.add_argument("--names", nargs="+")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/accuracy.json"))
    options = parser.parse_args()
    reference = json.loads(Path(__file__).with_name("reference.json").read_text())
    peer = Peer(options.peer_python) if options.peer_python else None
    results = json.loads(options.out.read_text())["rows"] if options.out.exists() and options.names else []
    results = [row for row in results if row["name"] not in (options.names or ())]
    for name in options.names or reference:
        for one in reference[name]:
            numbers = {"W_std": one["W_std"], "b_std": one["b_std"]}
            for dtype in ("float64", "float32"):
                x = inputs().astype(dtype)
                # `kernel_fn` carries float32 inputs in double precision, unless JAX traces them
                found = {"ours": rounded_to(ours(name, x, "float64", **numbers), dtype)}
                if dtype == "float32":
                    found["ours, traced"] = ours(name, x, dtype, **numbers)
                if peer and name in PEER:
                    found["neural-tangents"] = peer.run({"name": name, "dtype": dtype, "x": x.tolist(), **numbers})
                for who, values in found.items():
                    for worst in errors(values, one["rows"]):
                        results.append({"name": name, "phase": one["phase"], "dtype": dtype, "who": who, **worst})
                        print(results[-1], flush=True)
        machine = f"{platform.machine()}, {multiprocessing.cpu_count()} cores"
        options.out.write_text(json.dumps({"machine": machine, "rows": results}, indent=0) + "\n")


if __name__ == "__main__":
    main()
