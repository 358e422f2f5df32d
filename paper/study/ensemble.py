"""The variance of trained outputs over initializations, predicted and measured.

For S + 1 inputs of which every pair looks alike, NNGP kernel and NTK have two values each, and training on S of
them to the end leaves the variance (1 + A²/S)(q - q′) + (A - 1)²q′ at the last, A = S/(θ/θ′ + S - 1) (theorem 3
of Seleznova & Kutyniok 2020, derived in `ntk_theory.dynamics.exchangeable`). It supposes that the kernel
neither is random nor moves, and that descent has ended; `finite_time` drops the last (a test input sees nothing
but the mean of the others here, which is learned first, and so the two agree).
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

import ntk_theory as ntk
from ntk_theory.dynamics import GradientDescent, TwoValued, ensemble, trained_variance
from ntk_theory.regime import descents
from ntk_theory.sampling.store import open_store
from paper.study.claim import Claim, decide, number, part
from paper.study.phases import PHASES, setting
from paper.study.progress import computing
from paper.study.sizes import Sizes
from paper.study.training import JUDGED_SEED, uniform

ACTIVATIONS = ("relu", "tanh")
TRAINED, TESTS, COSINE, STEPS = 8, 4, 0.5, 200
FRACTION = 0.25
FAILURE = 1e-3
NEAR = 1.6
SHALLOW, DEEP, ORDERED = (
    ("critical", 3),
    ("critical", 30),
    ("ordered", 10),
)  # where the claims are, and their own seed


def run(sizes: Sizes, store: Path) -> dict[str, Any]:
    """Each phase and depth: measured variance with its interval, the formula, and the theory at the same time."""
    shared = {
        "format": 1,
        "seed": sizes.seed,
        "steps": STEPS,
        "trained": TRAINED,
        "tests": TESTS,
        "cosine": COSINE,
    }
    judged: dict[tuple[str, int], list[dict[str, Any]]] = {}
    with open_store(store / "ensemble.jsonl", shared) as kept:

        def found(name: str, phase: str, depth: int, seed: int) -> dict[str, Any]:
            one = setting(name, phase)
            cell = f"{name} {phase} {depth} {sizes.ensemble_width} {sizes.ensemble_members}"
            cell += f" {seed}" if seed != sizes.seed else ""
            if cell not in kept.results:
                computing("ensemble", len(kept.results), cell)
                kept.add(cell, _measured(sizes, name, depth, one.W_var, one.b_var, seed))
            row = {"activation": name, "phase": phase, "W_var": one.W_var, "b_var": one.b_var, "depth": depth}
            row |= {"width": sizes.ensemble_width, "ratio": depth / sizes.ensemble_width}
            return row | kept.results[cell] | {"claim": "ensemble-variance"}

        rows = [
            found(name, phase, depth, sizes.seed)
            for name in ACTIVATIONS
            for phase in PHASES
            for depth in sizes.ensemble_depths
        ]
        for phase, depth in (SHALLOW, DEEP, ORDERED):
            judged[phase, depth] = [found(name, phase, depth, JUDGED_SEED) for name in ACTIVATIONS]
    settings = {
        "trained on": TRAINED,
        "tested at": TESTS,
        "cosine of all pairs": COSINE,
        "steps": STEPS,
        "fraction": FRACTION,
        "members": sizes.ensemble_members,
    }
    claims = [
        _claim(
            "ensemble-variance",
            SHALLOW,
            rf"the trained outputs' variance is the theory's, within a factor of {NEAR}",
            judged[SHALLOW],
            (1 / NEAR, NEAR),
        ),
        _claim(
            "ensemble-fails",
            DEEP,
            rf"the trained outputs' variance is more than {NEAR} times the theory's",
            judged[DEEP],
            (NEAR, 1e300),
        ),
        _claim(
            "ensemble-fails-in-order",
            ORDERED,
            rf"the trained outputs' variance is more than {NEAR} times the theory's",
            judged[ORDERED],
            (NEAR, 1e300),
        ),
    ]
    numbers = {
        f"measured over predicted variance, {row['activation']}, {row['phase']}, L = {row['depth']}": number(
            row["measured"] / row["formula"], "ensemble-variance"
        )
        for row in rows
    }
    return part("ensemble", sizes, settings, rows, numbers, claims)


def _claim(
    id: str, where: tuple[str, int], statement: str, rows: list[dict[str, Any]], allowed: tuple[float, float]
) -> Claim:
    return decide(
        id,
        rf"{where[0]}, $L = {where[1]}$, $n = {rows[0]['width']}$: {statement}",
        [(row["lower"] / row["finite_time"], row["upper"] / row["finite_time"]) for row in rows],
        [allowed] * len(rows),
        FAILURE * len(rows),
        "measured over theory: "
        + ", ".join(f"{row['activation']} {row['measured'] / row['finite_time']:.2g}" for row in rows),
    )


def _measured(sizes: Sizes, name: str, depth: int, W_var: float, b_var: float, seed: int) -> dict[str, float]:
    x = simplex(TRAINED + TESTS)
    y = np.where(np.arange(TRAINED) % 2, -1.0, 1.0)
    settings = uniform(name, depth, W_var, b_var)
    found = descents(
        settings, x, y, width=sizes.ensemble_width, steps=[STEPS], members=sizes.ensemble_members,
        seed=seed, fraction=FRACTION,
    )  # fmt: skip
    tests = found.outputs[:, -1, TRAINED:]
    tests = tests[np.isfinite(tests).all(axis=1)]
    variance, lower, upper = variance_interval(tests, seed)
    net = ntk.mlp(name, depth=depth, W_std=W_var**0.5, b_std=b_var**0.5)
    kernels = net.kernel_fn(x)
    nngp, theta = (np.asarray(kernel) for kernel in kernels)
    two = [TwoValued(float(kernel[0, 0]), float(kernel[0, 1])) for kernel in (nngp, theta)]
    step = FRACTION * 2 / float(np.linalg.eigvalsh(theta[:TRAINED, :TRAINED])[-1])
    later = ensemble(
        ntk_train=theta[:TRAINED, :TRAINED],
        ntk_test=theta[TRAINED:, :TRAINED],
        nngp_train=nngp[:TRAINED, :TRAINED],
        nngp_test=nngp[TRAINED:, :TRAINED],
        nngp_prior=nngp[TRAINED:, TRAINED:],
        y=y,
        t=STEPS,
        optimizer=GradientDescent(step),
    )
    return {
        "measured": variance,
        "lower": lower,
        "upper": upper,
        "members": len(tests),
        "start": two[0].diagonal,
        "formula": trained_variance(*two, TRAINED),
        "finite_time": float(np.diag(later.covariance).mean()),
        "movement": float(np.nanmedian(found.movement[:, -1])),
    }


def simplex(count: int) -> Float[np.ndarray, "count count"]:
    """Inputs with |x|² = n₀ and the same cosine between all pairs."""
    gram = (1 - COSINE) * np.eye(count) + COSINE
    return np.linalg.cholesky(gram) * np.sqrt(count)


def variance_interval(outputs: Float[np.ndarray, "members tests"], seed: int) -> tuple[float, float, float]:
    """The mean over test inputs of their variance over members, and its interval by the bootstrap of members."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(outputs), (4000, len(outputs)))
    again = np.array([outputs[rows].var(axis=0, ddof=1).mean() for rows in draws])
    lower, upper = np.quantile(again, [FAILURE / 2, 1 - FAILURE / 2])
    return float(outputs.var(axis=0, ddof=1).mean()), float(lower), float(upper)
