"""How often is an error refuted, and a right theory?

    python benchmarks/verify/run.py [--runs 200] [--networks erf] [--budget 16777216]

Each run is a seed: fresh networks, the pilot included. All theories of a run meet the same networks, as `verify`
has it, so each network is drawn once and every planted error of `tests/mutants/planted.py` is judged on it. Beside
it stands a test as peers write it: means over 1,000 networks of the largest width, each entry within 10%.
Results are written every ten runs; started again, the script goes on from them.
"""

import argparse
import importlib.util
import json
import multiprocessing
import platform
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import ntk_theory as ntk
from ntk_theory.verify import verify
from ntk_theory.verify.example import Sampler
from ntk_theory.verify.findings import Findings
from ntk_theory.verify.theory import kernel_theory

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("planted", ROOT / "tests" / "mutants" / "planted.py")
assert SPEC is not None
assert SPEC.loader is not None
planted = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(planted)

ALPHA = 1e-6
TOLERANCE, PEERS_NETWORKS = 0.1, 1000


def remember_draws() -> None:
    """Draw each part of an example once, whichever theory asks for it; and leave the verdicts' tables empty."""
    draw = Sampler.averages
    asking: dict[str, Sampler] = {}

    @lru_cache(maxsize=256)
    def drawn(key: str, width: int, count: int, size: int, part: int) -> Any:
        return draw(asking[key], width, count, size, part)

    def averages(self: Sampler, width: int, count: int, size: int, part: int) -> Any:
        key = f"{self.example.canonical} {len(self.example.claim.quantities)}"
        asking[key] = self
        before = self.samples.get(width, 0)
        values = drawn(key, width, count, size, part)
        self.samples[width] = before + count * size
        return values

    # The benchmark alone replaces these two, so that all theories of one seed are held against the same networks
    # and no time goes into messages that nobody reads.
    Sampler.averages = averages  # type: ignore[method-assign]  # replaced on purpose: draws are shared
    Findings.rows = lambda _: []  # type: ignore[method-assign]  # replaced on purpose: nobody reads the rows


def peers_test(net: ntk.Network, seed: int, theories: dict[str, Any]) -> dict[str, bool]:
    """Whether each theory passes a comparison of means at one width with a relative tolerance."""
    import jax

    from ntk_theory.sampling import draw_kernels

    draws = draw_kernels(net, planted.X, 1024, PEERS_NETWORKS, jax.random.key(seed))
    means = draws.nngp.mean(0), draws.ntk.mean(0)
    passes = {}
    for name, theory in theories.items():
        limits = kernel_theory(net, theory, planted.X)
        pairs = zip(means, (limits.nngp, limits.ntk), strict=True)
        passes[name] = all(np.allclose(mean, limit, rtol=TOLERANCE, atol=0) for mean, limit in pairs)
    return passes


@lru_cache(maxsize=8)
def asked_theories(name: str) -> dict[str, Any]:
    """What each wrong theory says, worked out once and not in every run; and the true one, None."""
    settings = planted.NETWORKS[name]
    net = ntk.mlp(name, **settings)
    known = {e: kernel_theory(net, build(name, settings), planted.X) for e, build in planted.PLANTED.items()}
    asked: dict[str, Any] = {e: (lambda x, get, known=one: known) for e, one in known.items()}  # noqa: ARG005
    return asked | {"the true theory": None}


def run(
    name: str, runs: int, counts: dict[str, dict[str, float]], done: int, budget: int
) -> dict[str, dict[str, float]]:
    """`runs` further seeds, added to the counts by error; "the true theory" among them."""
    net, asked = ntk.mlp(name, **planted.NETWORKS[name]), asked_theories(name)
    for seed in range(done, done + runs):
        passes = peers_test(net, seed, asked)
        for error, theory in asked.items():
            verdict = verify(net, planted.X, kernel_fn=theory, alpha=ALPHA, budget=budget, seed=seed)
            row = counts.setdefault(error, dict.fromkeys(("refuted", "verified", "peers_fail", "neurons"), 0.0))
            row["refuted"] += verdict.verdict == "REFUTED"
            row["verified"] += verdict.verdict == "VERIFIED"
            row["peers_fail"] += not passes[error]
            row["neurons"] += verdict.neurons
            row["largest_log10_e"] = max(row.get("largest_log10_e", -99.0), round(verdict.log10_e_value, 2))
    return counts


def main() -> None:
    """Run, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--networks", nargs="+", default=["erf"], choices=list(planted.NETWORKS))
    parser.add_argument("--budget", type=int, default=2**24, help="neurons for a verdict; of new networks")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "verify.json")
    options = parser.parse_args()
    remember_draws()
    result: dict[str, Any] = {
        "machine": f"{platform.machine()}, {multiprocessing.cpu_count()} cores",
        "alpha": ALPHA,
        "peers": f"{PEERS_NETWORKS} networks of width 1024, rtol {TOLERANCE}",
        "networks": {},
    }
    if options.out.exists():
        result = json.loads(options.out.read_text())
    for name in options.networks:
        entry = result["networks"].setdefault(
            name,
            {
                "settings": planted.NETWORKS[name],
                "budget_neurons": options.budget,
                "runs": 0,
                "cpu_seconds": 0.0,
                "counts": {},
            },
        )
        while entry["runs"] < options.runs:
            more, start = min(10, options.runs - entry["runs"]), time.process_time()
            run(name, more, entry["counts"], entry["runs"], entry["budget_neurons"])
            entry["runs"] += more
            entry["cpu_seconds"] = round(entry["cpu_seconds"] + time.process_time() - start, 1)
            options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        print(f"{name}: {entry['runs']} runs, {entry['cpu_seconds']} CPU s")
        for error, row in entry["counts"].items():
            rates = [row[kind] / entry["runs"] for kind in ("refuted", "peers_fail")]
            print(f"  {error:42} refuted {rates[0]:.3f}   peers' test fails {rates[1]:.3f}")


if __name__ == "__main__":
    main()
