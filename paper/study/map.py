"""The map over (σ_w², L/n): where the theory holds, and what ends it, each boundary derived and measured.

At one width, σ_b² = 1. Boundaries are where a quantity reaches its threshold at a half, as functions of depth:

- kernel random: E[Θ²]/E[Θ]² - 1 = ¼, that is std(Θ) = E[Θ]/2. Derived: exact for ReLU, first order for tanh.
  Measured: networks drawn exactly in law.
- kernel moves: ‖Θ_t - Θ_0‖/‖Θ_0‖ = ½ after training on digits. Measured in networks of the map's width. Derived is
  the rate alone, n^-1 (n^-½ where φ′ jumps), applied to networks twice as wide.
- untrainable: half of the loss is left. Derived in the ordered phase, from the depth asymptotics
  Θ(x, x) - Θ(x, x′) ≈ D q* L χ₁^L beside Θ(x, x) = q*/(1 - χ₁), with D ≈ the inputs' own mean 1 - cos: m inputs
  have λ/λ_max ≈ D(1 - χ₁)L χ₁^L/m, and T steps of η = f·2/λ_max leave e^(-4fTλ/λ_max) of it. Measured likewise.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

import ntk_theory as ntk
from ntk_theory.errors import NoFixedPointError
from ntk_theory.finite_width import depth_profile, relu_ntk_dispersion
from ntk_theory.regime import descents
from ntk_theory.sampling import sweep
from ntk_theory.sampling.store import open_store
from paper.study.claim import Claim, decide, number, part
from paper.study.data import inputs
from paper.study.initialization import INPUT
from paper.study.interval import of_draws
from paper.study.phases import setting
from paper.study.progress import computing
from paper.study.sizes import Sizes
from paper.study.training import uniform

ACTIVATIONS = ("relu", "tanh")
B_VAR = 1.0
INPUTS, STEPS, MEMBERS, NETWORKS = 8, 100, 8, 4096
FINE = 25
WITHIN = 2.0
CLAIMS = {"random": "map-random", "moves": "critical-movement", "untrainable": "ordered-untrainable"}
POINTWISE, NORMAL = 1e-3, 3.2905  # two-sided
DEEPEST = 256


def run(sizes: Sizes, store: Path) -> dict[str, Any]:
    """For each activation and boundary the depths where it lies, derived finely, measured coarsely."""
    x, y, name = inputs(INPUTS)
    rows = []
    for activation in ACTIVATIONS:
        line = setting(activation, "critical").W_var
        fine = np.linspace(0.25, 2.0, FINE) * line
        coarse = np.linspace(0.25, 2.0, sizes.map_points) * line
        rows += [_row(activation, "random", "derived", W, _random(activation, W, sizes.map_width)) for W in fine]
        rows += [_row(activation, "untrainable", "derived", W, _untrainable(activation, W, x)) for W in fine]
        rows += _measured_random(sizes, store, activation, coarse)
        rows += _trained(sizes, store, activation, coarse, x, y)
    rows = [row | {"ratio": row["depth"] / sizes.map_width} for row in rows if np.isfinite(row["depth"])]
    settings = {
        "width": sizes.map_width,
        "b_var": B_VAR,
        "data": name,
        "inputs": INPUTS,
        "steps": STEPS,
        "fraction": sizes.fraction,
        "members": MEMBERS,
        "networks": NETWORKS,
        "critical": {activation: setting(activation, "critical").W_var for activation in ACTIVATIONS},
        "deepest": max(sizes.map_depths) / sizes.map_width,
    }
    numbers, claims = _agreement(rows)
    return part("map", sizes, settings, rows, numbers, claims)


def _row(activation: str, boundary: str, kind: str, W_var: float, depth: float) -> dict[str, Any]:
    row = {
        "activation": activation,
        "boundary": boundary,
        "kind": kind,
        "W_var": float(W_var),
        "depth": float(depth),
    }
    return row | {"claim": CLAIMS[boundary]}


def crossing(depths: Any, values: Any, threshold: float, *, rising: bool = True) -> float:
    """Where the values first cross the threshold, linear in their logarithms; infinite where they don't."""
    d, v = np.log(np.asarray(depths, float)), np.log(np.maximum(np.asarray(values, float), 1e-12) / threshold)
    sign = 1 if rising else -1
    for i in range(1, len(d)):
        if sign * v[i - 1] < 0 <= sign * v[i]:
            return float(np.exp(d[i - 1] + (d[i] - d[i - 1]) * v[i - 1] / (v[i - 1] - v[i])))
    return np.inf


def _random(activation: str, W_var: float, width: int) -> float:
    """The depth where the derived dispersion reaches 5/4."""
    if activation != "relu":
        profile = depth_profile(activation, DEEPEST, W_std=W_var**0.5, b_std=B_VAR**0.5)
        return crossing(np.arange(1, DEEPEST + 1), profile.ntk_fluctuation[1:] / width, 0.25)

    def value(depth: int) -> float:
        return relu_ntk_dispersion(width, depth, W_var**0.5, B_VAR**0.5) - 1

    least, most = 1, DEEPEST
    if value(most) < 0.25:
        return np.inf
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if value(middle) >= 0.25 else (middle, most)
    return crossing([least, most], [value(least), value(most)], 0.25)


def _untrainable(activation: str, W_var: float, x: Float[np.ndarray, "m n"]) -> float:
    """The depth where T steps leave half of the loss, by the leading asymptotics of the ordered phase."""
    try:
        point = ntk.phase(activation).fixed_point(f"{W_var:.12g}", 1, digits=10)
    except NoFixedPointError:
        return np.inf
    chi = float(point.chi_1)
    if not chi < 1:
        return np.inf
    m = len(x)
    cosines = x @ x.T / x.shape[1]
    D = float(1 - (cosines.sum() - m) / (m * (m - 1)))
    depths = np.linspace(max(1.0, -1 / np.log(chi)), DEEPEST, 4000)
    left = np.exp(-4 * 0.25 * STEPS * D * (1 - chi) / m * depths * chi**depths)
    return crossing(depths, left, 0.5)


def _measured_random(sizes: Sizes, store: Path, activation: str, grid: Any) -> list[dict[str, Any]]:
    rows = []
    for W_var in grid:
        found = sweep(
            store / "map.jsonl",
            INPUT,
            activations=[activation],
            depths=sizes.map_depths,
            widths=[sizes.map_width],
            W_stds=[float(W_var) ** 0.5],
            b_stds=[B_VAR**0.5],
            seeds=[sizes.seed],
            count=NETWORKS,
            measure=of_draws,
        )
        ratios = np.array([found[cell]["dispersion"] for cell in found])
        error = ratios * [log_normal_error(found[cell]["log_variance"]) for cell in found]
        low, middle, high = (ratios + k * NORMAL * error - 1 for k in (-1, 0, 1))
        # The ratio's upper bounds cross first: they bound the depth from below.
        least = sizes.map_depths[0] if high[0] >= 0.25 else crossing(sizes.map_depths, high, 0.25)
        row = _row(activation, "random", "measured", W_var, crossing(sizes.map_depths, middle, 0.25))
        rows.append(row | {"least": least, "most": min(crossing(sizes.map_depths, low, 0.25), 1e9)})
    return rows


def log_normal_error(variance: float) -> float:
    """The relative standard error of mean(Θ²)/mean(Θ)² where log Θ is normal with this variance."""
    first, second, fourth = (np.expm1(k * variance) for k in (1, 2, 4))
    return float(np.sqrt((fourth - 4 * second + 4 * first) / NETWORKS))


def _trained(
    sizes: Sizes, store: Path, activation: str, grid: Any, x: Float[np.ndarray, "m n"], y: Float[np.ndarray, "m"]
) -> list[dict[str, Any]]:
    exponent = 0.5 if activation == "relu" else 1.0
    rows = []
    shared = {"format": 1, "seed": sizes.seed, "inputs": INPUTS, "steps": STEPS, "fraction": sizes.fraction}
    with open_store(store / "map-training.jsonl", shared) as kept:

        def end(W_var: float, depth: int, width: int, members: int) -> dict[str, Any]:
            cell = f"{activation} {W_var:.9g} {depth} {width} {members}"
            if cell not in kept.results:
                computing("map", len(kept.results), cell)
                found = descents(
                    uniform(activation, depth, W_var, B_VAR), x, y, width=width, steps=[STEPS], members=members,
                    seed=sizes.seed, fraction=sizes.fraction,
                )  # fmt: skip
                last = [np.where(np.isfinite(a), a, 1e30)[:, -1] for a in (found.movement, found.loss)]
                kept.add(cell, {"movement": float(np.median(last[0])), "loss": float(np.median(last[1]))})
            return dict(kept.results[cell])

        n, depths = sizes.map_width, sizes.map_depths
        for W_var in map(float, grid):
            here = [end(W_var, depth, n, MEMBERS) for depth in depths]
            wider = [end(W_var, depth, 2 * n, MEMBERS // 2)["movement"] * 2**exponent for depth in depths]
            measured = crossing(depths, [one["movement"] for one in here], 0.5)
            rows.append(_row(activation, "moves", "measured", W_var, measured))
            rows.append(_row(activation, "moves", "derived", W_var, crossing(depths, wider, 0.5)))
            lost = crossing(depths, [one["loss"] for one in here], 0.5)
            rows.append(_row(activation, "untrainable", "measured", W_var, lost))
    return rows


def _agreement(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], list[Claim]]:
    """Measured depths over derived ones, the middle one of each boundary: numbers, not a decision."""
    numbers = {}
    for activation in ACTIVATIONS:
        for boundary in ("random", "moves", "untrainable"):
            derived, measured = (
                {row["W_var"]: row["depth"] for row in rows
                 if (row["activation"], row["boundary"], row["kind"]) == (activation, boundary, kind)}
                for kind in ("derived", "measured")
            )  # fmt: skip
            if len(derived) < 2 or not measured:
                continue
            at = np.array([W for W in measured if min(derived) <= W <= max(derived)])
            line = np.interp(at, list(derived), list(derived.values()))
            if len(at):
                middle = float(np.median([measured[W] for W in at] / line))
                numbers[f"measured over derived depth, {activation}, {boundary}"] = number(
                    middle, CLAIMS[boundary]
                )
    return numbers, [_claim(rows)]


def _claim(rows: list[dict[str, Any]]) -> Claim:
    pairs = []
    for row in rows:
        if row["boundary"] == "random" and row["kind"] == "measured":
            near = [one for one in rows if one["activation"] == row["activation"] and one["kind"] == "derived"]
            line = [(one["W_var"], one["depth"]) for one in near if one["boundary"] == "random"]
            if line and min(line)[0] <= row["W_var"] <= max(line)[0]:
                pairs.append((row, float(np.interp(row["W_var"], *zip(*line, strict=True)))))
    return decide(
        "map-random",
        rf"the depth where the kernel becomes random is the derived one, within a factor of {WITHIN}",
        [(row["least"], row["most"]) for row, _ in pairs],
        [(derived / WITHIN, derived * WITHIN) for _, derived in pairs],
        POINTWISE * len(pairs),
        r"measured over derived depth, at $\sigma_w^2$: "
        + ", ".join(f"{row['activation']} {row['W_var']:.3g}: {row['depth'] / d:.2f}" for row, d in pairs)
        + r"; the intervals suppose that $\log\Theta$ is normal",
    )
