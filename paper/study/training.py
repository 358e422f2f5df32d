"""Does the kernel move, and does the network train? Full-batch gradient descent on the digits.

‖Θ_t - Θ_0‖_F/‖Θ_0‖_F and the loss of finite networks by depth, width and phase, with steps of a stated fraction
of the critical one, 2/λ_max of each network's own Θ_0. And what is learned against the depth in units of ξ_c,
measured and by the kernel's theory.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import binomtest

import ntk_theory as ntk
from ntk_theory.dynamics import spectrum
from ntk_theory.regime import Uniform, descents, place
from ntk_theory.sampling.store import open_store
from paper.study.claim import Claim, number, part
from paper.study.data import inputs
from paper.study.phases import PHASES, setting
from paper.study.progress import computing
from paper.study.sizes import Sizes

ACTIVATIONS = ("relu", "tanh")
ALPHA = 1e-4
JUDGED = 64  # networks for each claim; of another seed than those that the thresholds were chosen by
JUDGED_SEED = 20_000
JUDGED_WIDTH, JUDGED_DEPTH, JUDGED_INPUTS, JUDGED_STEPS = 64, 16, 8, 100
RATE_WIDTHS = (1024, 16384)
SCALE_B_VAR, SCALE_WIDTH = 0.05, 128
MOVES = 0.25


def run(sizes: Sizes, store: Path, mnist: Path | None = None) -> dict[str, Any]:
    """Movement and loss on a grid; trainability against ξ_c; the claims' own networks."""
    x, y, name = inputs(sizes.train_inputs, mnist)
    shared = {
        "data": name,
        "inputs": sizes.train_inputs,
        "seed": sizes.seed,
        "fraction": sizes.fraction,
        "format": 1,
    }
    with open_store(store / "training.jsonl", shared) as kept:

        def train(
            settings: Uniform, rows: int, width: int, steps: list[int], members: int, seed: int = sizes.seed
        ) -> dict[str, Any]:
            cell = (
                f"{settings.activation.name} {settings.depth} {width} {settings.W_std:.12g} {settings.b_std:.12g}"
            )
            cell += f" {rows} {steps} {members} {seed}"
            if cell not in kept.results:
                computing("training", len(kept.results), cell)
                found = descents(
                    settings, x[:rows], y[:rows], width=width, steps=steps, members=members,
                    seed=seed, fraction=sizes.fraction,
                )  # fmt: skip
                finite = np.isfinite(found.movement[:, -1])
                movement, loss = (np.where(np.isfinite(a), a, 1e30) for a in (found.movement, found.loss))
                result = {"movement": movement.tolist(), "loss": loss.tolist(), "broken": int((~finite).sum())}
                kept.add(cell, result | {"steps": found.steps.tolist()})
            return dict(kept.results[cell])

        def predict(settings: Uniform) -> float:
            cell = f"predicted {settings.depth} {settings.W_std:.12g} {settings.b_std:.12g} {sizes.train_steps}"
            if cell not in kept.results:
                computing("training", len(kept.results), cell)
                kept.add(cell, predicted_loss(settings, x, y, sizes.train_steps, sizes.fraction))
            return float(kept.results[cell])

        rows = [*_movement(sizes, train), *_scales(sizes, train, predict)]
        judged = _judged(train)
    settings = {
        "data": name,
        "inputs": sizes.train_inputs,
        "targets": "+1 for an even digit, -1 for an odd one",
        "steps": sizes.train_steps,
        "fraction": sizes.fraction,
        "members": sizes.members,
        "scale_b_var": SCALE_B_VAR,
        "judged": {
            "networks": JUDGED,
            "width": JUDGED_WIDTH,
            "depth": JUDGED_DEPTH,
            "inputs": JUDGED_INPUTS,
            "steps": JUDGED_STEPS,
        },
    }
    claims, numbers = _claims(judged)
    return part("training", sizes, settings, rows, numbers, claims)


def uniform(activation: str, depth: int, W_var: float, b_var: float) -> Uniform:
    """The settings as `ntk_theory.regime` takes them."""
    return Uniform(ntk.activation(activation), depth, W_var**0.5, b_var**0.5, 1)


def _records(steps: int) -> list[int]:
    return sorted({0, *(round(steps * (k / 12) ** 2) for k in range(1, 13))})


def _movement(sizes: Sizes, train: Any) -> list[dict[str, Any]]:
    rows = []
    for name in ACTIVATIONS:
        for phase in PHASES:
            one = setting(name, phase)
            for depth in sizes.train_depths:
                for width in sizes.train_widths:
                    chosen = uniform(name, depth, one.W_var, one.b_var)
                    records = _records(sizes.train_steps)
                    found = train(chosen, sizes.train_inputs, width, records, sizes.members)
                    end = np.array(found["movement"])[:, -1]
                    row = {"kind": "movement", "activation": name, "phase": phase}
                    row |= {"W_var": one.W_var, "b_var": one.b_var, "depth": depth, "width": width}
                    row |= {"ratio": depth / width, "members": sizes.members, "broken": found["broken"]}
                    row |= {"movement": float(np.median(end)), "least": float(end.min()), "most": float(end.max())}
                    row |= {"steps": found["steps"], "loss": np.median(found["loss"], axis=0).tolist()}
                    rows.append(row | {"claim": f"{phase}-{'moves' if phase == 'chaotic' else 'movement'}"})
    return rows


def _scales(sizes: Sizes, train: Any, predict: Any) -> list[dict[str, Any]]:
    """tanh from deep order to chaos: what is left of the loss after training, against depth/ξ_c."""
    line = float(ntk.phase("tanh").critical_W_var(SCALE_B_VAR, digits=10))
    rows = []
    for factor in np.geomspace(0.4, 2.0, sizes.scale_points):
        for depth in sizes.scale_depths:
            W_var = float(factor * line)
            chosen = uniform("tanh", depth, W_var, SCALE_B_VAR)
            found = train(chosen, sizes.train_inputs, SCALE_WIDTH, [sizes.train_steps], 2)
            where = place(chosen)
            row = {
                "kind": "scale",
                "activation": "tanh",
                "phase": where.phase,
                "W_var": W_var,
                "b_var": SCALE_B_VAR,
            }
            row |= {"depth": depth, "width": SCALE_WIDTH, "xi_c": where.xi_c}
            loss = np.array(found["loss"])[:, -1]
            row |= {"loss": float(np.exp(np.log(np.maximum(loss, 1e-30)).mean()))}
            row |= {"predicted": predict(chosen)}
            rows.append(row | {"claim": "ordered-untrainable"})
    return rows


def predicted_loss(
    settings: Uniform, x: Float[np.ndarray, "m n"], y: Float[np.ndarray, "m"], steps: int, fraction: float
) -> float:
    """E Σ(f_t - y)²/Σy² in the limit: each eigenvector of Θ decays by itself from f_0 ~ N(0, K)."""
    net = ntk.mlp(settings.activation, depth=settings.depth, W_std=settings.W_std, b_std=settings.b_std)
    with np.errstate(all="ignore"):
        kernels = net.kernel_fn(x)
    found = spectrum(np.asarray(kernels.ntk))
    decay = (1 - 2 * fraction * found.eigenvalues / found.eigenvalues[-1]) ** (2 * steps)
    along = found.rotate(y) ** 2 + np.diag(found.rotate(found.rotate(np.asarray(kernels.nngp)).T))
    return float((decay * along).sum() / (y**2).sum())


def _judged(train: Any) -> dict[tuple[str, str, str], Float[np.ndarray, "networks"]]:
    """Final movement and loss of the networks that the claims are judged by; of chaos and order, and between."""
    found = {}
    for name in ACTIVATIONS:
        for phase in PHASES:
            one = setting(name, phase)
            for kind, depth, width in (("deep", JUDGED_DEPTH, JUDGED_WIDTH), ("shallow", 4, JUDGED_WIDTH)):
                if kind == "shallow" and phase != "critical":
                    continue
                chosen = uniform(name, depth, one.W_var, one.b_var)
                result = train(chosen, JUDGED_INPUTS, width, [JUDGED_STEPS], JUDGED, JUDGED_SEED)
                found[name, phase, f"{kind} movement"] = np.array(result["movement"])[:, -1]
                found[name, phase, f"{kind} loss"] = np.array(result["loss"])[:, -1]
        one = setting(name, "critical")
        for width in RATE_WIDTHS:
            chosen = uniform(name, 1, one.W_var, one.b_var)
            result = train(chosen, JUDGED_INPUTS, width, [JUDGED_STEPS], JUDGED, JUDGED_SEED + width)
            found[name, "rate", str(width)] = np.array(result["movement"])[:, -1]
    return found


def _claims(judged: dict[Any, Float[np.ndarray, "networks"]]) -> tuple[list[Claim], dict[str, Any]]:
    claims, numbers = [], {}

    def deep(phase: str, what: str = "movement", kind: str = "deep") -> Float[np.ndarray, "acts networks"]:
        return np.stack([judged[name, phase, f"{kind} {what}"] for name in ACTIVATIONS])

    where = f"$n = {JUDGED_WIDTH}$, $L = {JUDGED_DEPTH}$"
    moved = r"$\|\Theta_t - \Theta_0\|/\|\Theta_0\|$"
    questions: list[tuple[str, str, Any]] = [
        ("chaotic-moves", f"chaotic, {where}: in training {moved} is above {MOVES}", deep("chaotic") > MOVES),
        ("ordered-movement", f"ordered, {where}: in training {moved} is below {MOVES}", deep("ordered") < MOVES),
        (
            "critical-movement",
            f"critical, {where}: {moved} is larger than in the ordered phase",
            deep("critical") > deep("ordered"),
        ),
        (
            "critical-movement-ratio",
            f"critical: {moved} is larger at $L/n = {JUDGED_DEPTH / JUDGED_WIDTH:g}$ than at {4 / JUDGED_WIDTH:g}",
            deep("critical") > deep("critical", kind="shallow"),
        ),
        (
            "ordered-untrainable",
            rf"ordered, $L = {JUDGED_DEPTH}$: after {JUDGED_STEPS} steps more than half of the loss is left",
            deep("ordered", "loss") > 0.5,
        ),
        (
            "critical-trainable",
            rf"critical, $L = {JUDGED_DEPTH}$: after {JUDGED_STEPS} steps less than half of the loss is left",
            deep("critical", "loss") < 0.5,
        ),
    ]
    for id, statement, holds in questions:
        claims.append(_majority(id, statement, holds))
    claims.append(_rates(judged))
    for name in ACTIVATIONS:
        narrow, wide = (np.median(judged[name, "rate", str(width)]) for width in RATE_WIDTHS)
        fitted = float(np.log(narrow / wide) / np.log(RATE_WIDTHS[1] / RATE_WIDTHS[0]))
        key = f"exponent of the movement in 1/n, {name}, n = {RATE_WIDTHS[0]} to {RATE_WIDTHS[1]}"
        numbers[key] = number(fitted, "movement-rate")
    for phase in PHASES:
        for row, name in enumerate(ACTIVATIONS):
            key = f"median movement, {name}, {phase}, n = {JUDGED_WIDTH}, L = {JUDGED_DEPTH}"
            id = {"chaotic": "chaotic-moves", "ordered": "ordered-movement"}.get(phase, "critical-movement")
            numbers[key] = number(float(np.median(deep(phase)[row])), id)
            key = f"median loss left, {name}, {phase}, n = {JUDGED_WIDTH}, L = {JUDGED_DEPTH}"
            numbers[key] = number(float(np.median(deep(phase, "loss")[row])), "ordered-untrainable")
    return claims, numbers


def _rates(judged: dict[Any, Float[np.ndarray, "networks"]]) -> Claim:
    """Exponents on the two sides of ¾, by pairs of independent networks of the two widths."""
    factor = (RATE_WIDTHS[1] / RATE_WIDTHS[0]) ** 0.75
    relu, tanh = (judged[n, "rate", str(RATE_WIDTHS[1])] * factor > judged[n, "rate", str(RATE_WIDTHS[0])]
                  for n in ACTIVATIONS)  # fmt: skip
    return _majority(
        "movement-rate",
        rf"one hidden layer, $n = {RATE_WIDTHS[0]}$ to ${RATE_WIDTHS[1]}$: the movement falls more slowly than "
        r"$n^{-3/4}$ for ReLU, whose slope jumps ($n^{-1/2}$), and faster for $\tanh$ ($n^{-1}$)",
        np.stack([relu, ~tanh]),
    )


def _majority(id: str, statement: str, holds: Any) -> Claim:
    """Of most networks, for each activation: exact binomial tests against one half, their errors added."""
    level = ALPHA / len(holds)
    shares = [int(row.sum()) for row in holds]
    more = all(binomtest(k, JUDGED, 0.5, "greater").pvalue <= level for k in shares)
    fewer = any(binomtest(k, JUDGED, 0.5, "less").pvalue <= level for k in shares)
    said = ", ".join(f"{name} {k} of {JUDGED}" for name, k in zip(ACTIVATIONS, shares, strict=True))
    statement = f"{statement}, in most networks"
    return Claim(id, statement, "VERIFIED" if more else "REFUTED" if fewer else "UNDECIDED", ALPHA, said)
