"""How 200 initializations mislead: the ratio estimated from them, many times over, where it is known exactly."""

from pathlib import Path
from typing import Any

import numpy as np

from ntk_theory.finite_width import relu_ntk_dispersion
from paper.study.claim import Claim, number, part
from paper.study.homogeneous import draw_ntk
from paper.study.sizes import Sizes

WIDTH = 64
DEPTHS = (4, 16, 32, 48, 64)
SIZE = 200
SHOWN = 32
ALPHA = 1e-6


def run(sizes: Sizes, store: Path) -> dict[str, Any]:  # noqa: ARG001
    """Quantiles of the estimates at each depth, and with more networks at one."""
    rows = []
    for depth in DEPTHS:
        rows.append(_row(depth, SIZE, sizes.repeats, sizes.seed))
    for count in (20, 2000, 20_000):
        rows.append(_row(SHOWN, count, max(20, sizes.repeats * SIZE // count), sizes.seed))
    shown = next(row for row in rows if row["depth"] == SHOWN and row["networks"] == SIZE)
    numbers = {
        "exact ratio at n = 64, L = 32": number(shown["exact"], "relu-exact"),
        "median of 200 initializations there": number(shown["median"], "small-samples"),
        "share of estimates from 200 below the exact ratio": number(shown["below"], "small-samples"),
    }
    settings = {"width": WIDTH, "depths": DEPTHS, "W_var": 2.0, "b_var": 0.0, "repeats": sizes.repeats}
    return part("samples", sizes, settings, rows, numbers, [_claim(shown)])


def _row(depth: int, count: int, repeats: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng([seed, depth, count])
    theta = draw_ntk(WIDTH, depth, count * repeats, rng).reshape(repeats, count)
    estimates = (theta**2).mean(axis=1) / theta.mean(axis=1) ** 2
    exact = relu_ntk_dispersion(WIDTH, depth, 2**0.5, 0.0)
    levels = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
    row: dict[str, Any] = {"depth": depth, "ratio": depth / WIDTH, "networks": count, "repeats": repeats}
    row |= {name: float(np.quantile(estimates, level)) for name, level in levels.items()}
    row |= {"exact": exact, "below": float((estimates < exact).mean()), "claim": "small-samples"}
    if depth == SHOWN and count == SIZE:
        edges = np.geomspace(1.5, 40, 41)
        row |= {"edges": edges.tolist(), "histogram": np.histogram(estimates, edges)[0].tolist()}
    return row


def _claim(shown: dict[str, Any]) -> Claim:
    # Hoeffding: of N estimates a share b below the exact ratio puts their probability above b - √(log(1/α)/2N).
    radius = float(np.sqrt(np.log(1 / ALPHA) / (2 * shown["repeats"])))
    right = shown["below"] - radius > 0.5
    wrong = shown["below"] + radius < 0.5
    return Claim(
        "small-samples",
        r"ReLU at $n = 64$, $L = 32$, $(\sigma_w^2, \sigma_b^2) = (2, 0)$: 200 initializations more often than "
        r"not give a ratio that is below the exact one",
        "VERIFIED" if right else "REFUTED" if wrong else "UNDECIDED",
        ALPHA,
        f"{100 * shown['below']:.0f}\\% of {shown['repeats']} estimates are below {shown['exact']:.3f}, "
        f"their median is {shown['median']:.2f}",
    )
