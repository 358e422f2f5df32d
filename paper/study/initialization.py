"""Is the kernel random? E[Θ²]/E[Θ]² at initialization, simulated exactly in law, beside the theory.

The theory: exact for ReLU at every width and depth (`finite_width.relu_ntk_dispersion`), to first order in 1/n for
the others (`finite_width.depth_profile`). One input with |x|² = n₀, as in the papers.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ntk_theory.finite_width import depth_profile, ntk_growth, relu_ntk_dispersion
from ntk_theory.network import mlp
from ntk_theory.sampling import sweep
from ntk_theory.sampling.store import open_store
from ntk_theory.verify import verify
from paper.study import homogeneous
from paper.study.claim import Claim, decide, number, part
from paper.study.interval import FAILURE, of_draws, of_samples
from paper.study.phases import ACTIVATIONS, PHASES, TITLES, setting
from paper.study.progress import computing
from paper.study.sizes import Sizes

INPUT = np.ones((1, 16))
VERDICT_DEPTH = 2
LARGEST = 1e30


def run(sizes: Sizes, store: Path) -> dict[str, Any]:
    """Four grids: ours, the papers', deep ReLU networks of any width, and wide deep ones of the others."""
    rows = [*_ours(sizes, store), *_papers(sizes, store), *_far(sizes), *_wide(sizes, store)]
    verdicts = _verdicts(sizes, store)
    settings = {
        "verdicts": verdicts,
        "critical": {name: setting(name, "critical").proven for name in ACTIVATIONS},
        "networks": sizes.networks,
        "failure": FAILURE,
        "input": "one input with |x|² = n₀",
    }
    return part("initialization", sizes, settings, rows, _numbers(rows), _claims(rows, verdicts))


def _ours(sizes: Sizes, store: Path) -> list[dict[str, Any]]:
    rows = []
    for name in ACTIVATIONS:
        for phase in PHASES:
            one = setting(name, phase)
            grid = (sizes.widths, sizes.depths)
            rows += _cells(sizes, store, "ours", phase, name, one.W_var, one.b_var, *grid, sizes.networks)
    return rows


def _papers(sizes: Sizes, store: Path) -> list[dict[str, Any]]:
    rows = []
    for name in ("relu", "tanh"):
        for W_var in sizes.paper_W_vars:
            phase = ntk_growth(name, W_var=W_var, b_var=1.0).phase
            # ReLU's kernel grows like (σ_w²/2)^L, beyond float32 where the papers' grids meet.
            depths = [d for d in sizes.paper_depths if name != "relu" or (W_var / 2) ** d < LARGEST]
            grid = (sizes.paper_widths, tuple(depths))
            rows += _cells(sizes, store, "papers", phase, name, W_var, 1.0, *grid, 1024)
    return rows


def _wide(sizes: Sizes, store: Path) -> list[dict[str, Any]]:
    rows = []
    for name in ("erf", "tanh"):
        one = setting(name, "critical")
        for width, depth in sizes.wide:
            rows += _cells(
                sizes, store, "wide", "critical", name, one.W_var, 1.0, (width,), (depth,), sizes.wide_networks
            )
    return rows


def _cells(
    sizes: Sizes,
    store: Path,
    grid: str,
    phase: str,
    name: str,
    W_var: float,
    b_var: float,
    widths: tuple[int, ...],
    depths: tuple[int, ...],
    networks: int,
) -> list[dict[str, Any]]:
    found = sweep(
        store / f"initialization-{networks}.jsonl",
        INPUT,
        activations=[name],
        depths=depths,
        widths=widths,
        W_stds=[W_var**0.5],
        b_stds=[b_var**0.5],
        seeds=[sizes.seed],
        count=networks,
        measure=of_draws,
    )
    profile = depth_profile(name, max(depths), W_std=W_var**0.5, b_std=b_var**0.5).ntk_fluctuation
    rows = []
    for cell, measured in found.items():
        first = 1 + float(profile[cell.depth]) / cell.width
        exact = relu_ntk_dispersion(cell.width, cell.depth, cell.W_std, cell.b_std) if name == "relu" else None
        row = {"grid": grid, "activation": name, "phase": phase, "W_var": W_var, "b_var": b_var}
        row |= {"depth": cell.depth, "width": cell.width, "ratio": cell.depth / cell.width, "networks": networks}
        rows.append(row | measured | {"first_order": first, "exact": exact, "claim": _claim_of(name)})
    return rows


def _far(sizes: Sizes) -> list[dict[str, Any]]:
    rows = []
    for width, depth in sizes.far:
        rng = np.random.default_rng([sizes.seed, width, depth])
        measured = of_samples(homogeneous.draw_ntk(width, depth, sizes.far_networks, rng))
        exact = relu_ntk_dispersion(width, depth, 2**0.5, 0.0)
        row = {"grid": "far", "activation": "relu", "phase": "critical", "W_var": 2.0, "b_var": 0.0}
        row |= {"depth": depth, "width": width, "ratio": depth / width, "networks": sizes.far_networks}
        first = 1 + float(depth_profile("relu", depth, W_std=2**0.5).ntk_fluctuation[depth]) / width
        rows.append(row | measured | {"first_order": first, "exact": exact, "claim": _claim_of("relu")})
    return rows


def _claim_of(name: str) -> str:
    return "relu-exact" if name == "relu" else "first-order"


def _claims(rows: list[dict[str, Any]], verdicts: list[dict[str, Any]]) -> list[Claim]:
    ours = [row for row in rows if row["grid"] == "ours"]
    ordered = [row for row in ours if row["phase"] == "ordered"]
    chaotic = [row for row in ours if row["phase"] == "chaotic" and row["ratio"] >= 0.25]
    pairs = _pairs([row for row in ours if row["phase"] == "critical"])
    exact = [verdict for verdict in verdicts if verdict["claim"] == "moments"]
    first = [verdict for verdict in verdicts if verdict["claim"] == "variance"]
    return [
        _together(
            "relu-exact",
            r"ReLU: $\mathbb{E}[\Theta]$ and $\mathbb{E}[\Theta^2]$ at finite width and depth are the exact ones",
            exact,
        ),
        _together(
            "first-order",
            r"erf, logistic, $\tanh$: $n \operatorname{Var}(\Theta)/\Theta^2$ tends to the theory's $V$",
            first,
        ),
        decide(
            "ordered-deterministic",
            r"ordered: the kernel is hardly random at any depth: nine tenths of the networks' $\Theta$ are "
            r"less than 3 times what a tenth stays below",
            _spreads(ordered),
            [(1.0, 3.0)] * len(ordered),
            FAILURE * len(ordered),
            f"{len(ordered)} settings, width {_range(ordered, 'width')}, depth {_range(ordered, 'depth')}",
        ),
        decide(
            "chaotic-random",
            r"chaotic: the kernel is random where $L/n \ge 1/4$: that quotient of quantiles is above 4",
            _spreads(chaotic),
            [(4.0, 1e300)] * len(chaotic),
            FAILURE * len(chaotic),
            f"{len(chaotic)} settings, width {_range(chaotic, 'width')}, depth {_range(chaotic, 'depth')}",
        ),
        decide(
            "critical-by-ratio",
            r"critical: how random the kernel is depends on $L/n$ alone: at equal $L/n$ the quotient is the "
            r"same within a factor of 2",
            [(a["spread_lower"] / b["spread_upper"], a["spread_upper"] / b["spread_lower"]) for a, b in pairs],
            [(0.5, 2.0)] * len(pairs),
            2 * FAILURE * len(pairs),
            f"{len(pairs)} pairs of settings with equal depth/width",
        ),
    ]


def _together(id: str, statement: str, verdicts: list[dict[str, Any]]) -> Claim:
    """All verified, or one refuted: the probabilities of being wrong add."""
    words = [verdict["verdict"] for verdict in verdicts]
    verdict: Any = "REFUTED" if "REFUTED" in words else "VERIFIED" if set(words) == {"VERIFIED"} else "UNDECIDED"
    within = max(verdict["min_detectable"] for verdict in verdicts)
    evidence = f"{words.count('VERIFIED')} of {len(words)} networks verified, each within {100 * within:g}\\%"
    left = [f"{v['activation']}, {v['phase']}" for v in verdicts if v["verdict"] == "UNDECIDED"]
    evidence += f"; undecided, as its tails are too heavy: {'; '.join(left)}" if left else ""
    return Claim(id, statement, verdict, sum(verdict["alpha"] for verdict in verdicts), evidence)


def _verdicts(sizes: Sizes, store: Path) -> list[dict[str, Any]]:
    """`ntk_theory.verify` on networks of two hidden layers in each phase, the claim that each activation has."""
    found = []
    with open_store(store / "verdicts.jsonl", {"format": 1, "seed": sizes.seed}) as kept:
        for name in ACTIVATIONS:
            for phase in PHASES:
                one, claim = setting(name, phase), "moments" if name == "relu" else "variance"
                cell = f"{name} {phase} {claim}"
                if cell not in kept.results:
                    computing("initialization", len(kept.results), cell)
                    net = mlp(name, depth=VERDICT_DEPTH, W_std=one.W_var**0.5, b_std=one.b_var**0.5)
                    verdict = verify(net, INPUT, claim=claim, seed=sizes.seed, budget=2**28)
                    record = {"activation": name, "phase": phase, "claim": claim, "verdict": verdict.verdict}
                    record |= {"alpha": verdict.alpha, "min_detectable": verdict.min_detectable}
                    kept.add(cell, record | {"reason": verdict.reason, "neurons": verdict.neurons})
                found.append(kept.results[cell])
    return found


def _spreads(rows: list[dict[str, Any]]) -> list[tuple[float, float]]:
    return [(row["spread_lower"], row["spread_upper"]) for row in rows]


def _range(rows: list[dict[str, Any]], name: str) -> str:
    values = [row[name] for row in rows] or [0]
    return f"{min(values)} to {max(values)}"


def _pairs(rows: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (a, b)
        for a in rows
        for b in rows
        if a["activation"] == b["activation"] and a["ratio"] == b["ratio"] and a["width"] < b["width"]
    ]


def _numbers(rows: list[dict[str, Any]]) -> dict[str, Any]:
    numbers = {}
    for name in ACTIVATIONS:
        for phase in PHASES:
            one = setting(name, phase)
            growth = ntk_growth(name, W_var=one.W_var, b_var=one.b_var)
            key = f"{TITLES[name]} {phase}"
            numbers[f"{key}: slope of n Var/Theta^2 in L"] = number(growth.slope, _claim_of(name))
            if growth.limit is not None:
                numbers[f"{key}: limit of n Var/Theta^2"] = number(growth.limit, _claim_of(name))
    numbers["settings simulated"] = number(len(rows), "relu-exact")
    numbers["settings trusted"] = number(sum(bool(row["trusted"]) for row in rows), "relu-exact")
    return numbers
