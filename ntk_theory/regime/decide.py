"""`regime`: is the kernel theory true of this network on these data, why, and what to change."""

from math import ceil, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ntk_theory.activation import Activation
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.finite_width.exact import check_whole
from ntk_theory.network import mlp
from ntk_theory.regime.movement import descents
from ntk_theory.regime.place import place
from ntk_theory.regime.randomness import randomness
from ntk_theory.regime.trainability import trainability
from ntk_theory.regime.uniform import Uniform, uniform
from ntk_theory.regime.verdict import Movement, Regime, VerdictName
from ntk_theory.sampling.chain import check_inputs

if TYPE_CHECKING:
    from ntk_theory.network import Network

_MEASURED = 256  # the width of networks that are trained, where the width in question is larger
_INPUTS, _MEMBERS, _DESCENT = 8, 4, 64


def regime(
    net: "Network",
    x: Float[Array | np.ndarray, "m features"],
    *,
    width: int | None = None,
    y: Float[ArrayLike, "m *outputs"] | None = None,
    tolerance: float = 0.2,
    steps: int = 1000,
    seed: int = 0,
) -> Regime:
    """Where `net`, at hidden `width`, stands on the inputs x: a `Regime` with verdict, reasons and advice.

    Four questions. The phase of (σ_w², σ_b²), in ball arithmetic. Is the kernel random: std(Θ)/E[Θ] at x, exact
    for φ = a·max(x, 0) + b·min(x, 0), to first order in 1/n for others. Does it move: ‖Θ_t - Θ_0‖_F/‖Θ_0‖_F,
    measured on 4 networks of width 256 (or `width`) trained on 8 of the inputs for 64 steps, and carried to larger
    widths like 1/n, n^-½ where φ′ jumps. Is it trainable: the share of the targets that `steps` steps of the
    theory's descent learn. `tolerance` is what may be random or move; `y` the targets (±1 at random,
    and all directions alike, where None). Without `width` the verdict is that of wide networks,
    and `sufficient_width` says from where on.

    Raises `NtkTheoryError` for layers that differ (see `mlp`), `DivergentExpectationError` for a φ that jumps,
    `ShapeError` and `DataError` for what can't be used.
    """
    inputs = check_inputs(x)
    settings = uniform(net)
    if width is not None:
        check_whole("width", width, 1)
    check_whole("steps", steps, 1)
    if not 0 < tolerance < 1:
        raise DataError(f"tolerance = {tolerance} must lie in (0, 1): how much of itself the kernel may change.")
    targets = None if y is None else _targets(y, len(inputs))
    where = place(settings)
    random = randomness(net, inputs, width, tolerance)
    learned = trainability(net, inputs, targets, steps)
    moved = _movement(settings, inputs, targets, width, tolerance, random.sufficient_width, seed)
    verdict: VerdictName = "theory holds"
    if learned.learned < 0.5:
        verdict = "untrainable"
    elif width is not None and random.relative > tolerance:
        verdict = "kernel random"
    elif width is not None and not moved.relative <= tolerance:
        verdict = "kernel moves"
    found: dict[str, Any] = {
        "verdict": verdict,
        "activation": settings.activation.name,
        "depth": settings.depth,
        "width": None if width is None else int(width),
        "W_var": float(settings.W_var),
        "b_var": float(settings.b_var),
        "tolerance": float(tolerance),
        "place": where,
        "randomness": random,
        "movement": moved,
        "trainability": learned,
    }
    known = Regime(**found, reasons=(), advice=())
    reasons = (_phase(known), _random(known), _moves(known), _trains(known))
    return Regime(**found, reasons=reasons, advice=_advice(known, settings.activation, inputs))


def _targets(y: Float[ArrayLike, "m *outputs"], count: int) -> Float[np.ndarray, "m outputs"]:
    array = np.asarray(y, np.float64)
    if array.ndim not in (1, 2) or len(array) != count:
        raise ShapeError(f"y has shape {array.shape}; expected ({count},) or ({count}, outputs).")
    if not (np.isfinite(array).all() and array.any()):
        raise DataError("y must be finite, and not 0 throughout.")
    return array.reshape(count, -1)


def _movement(
    settings: Uniform,
    x: Float[np.ndarray, "m features"],
    y: Float[np.ndarray, "m outputs"] | None,
    width: int | None,
    tolerance: float,
    enough: int,
    seed: int,
) -> Movement:
    rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), _INPUTS)).round().astype(int))
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], len(rows))
    target = signs if y is None or not y[rows, 0].any() else y[rows, 0]
    small = min(_MEASURED, width or _MEASURED)
    found = descents(settings, x[rows], target, width=small, steps=_DESCENT, members=_MEMBERS, seed=seed)
    end = np.where(np.isfinite(found.movement[:, -1]), found.movement[:, -1], np.inf)
    measured = float(end.mean())
    exponent = 0.5 if settings.activation.kinks else 1.0
    n = width or enough
    factor = (small / max(n, small)) ** exponent
    error = float(end.std(ddof=1) / np.sqrt(len(end))) if isfinite(measured) else np.inf
    sufficient = ceil(small * (measured / tolerance) ** (1 / exponent)) if isfinite(measured) else None
    return Movement(
        relative=measured * factor,
        error=error * factor,
        measured=measured,
        measured_width=small,
        members=_MEMBERS,
        inputs=len(rows),
        steps=_DESCENT,
        exponent=exponent,
        sufficient_width=sufficient,
    )


def _phase(known: Regime) -> str:
    where = known.place
    if where.phase is None or where.chi_1 is None:
        return f"The phase is not defined here: {where.note}"
    text = f"The phase is {where.phase}: χ₁ = {where.chi_1}."
    if where.phase != "critical" and where.nearly_critical(known.depth):
        text += f" Over {known.depth} layers χ₁ can't be told from 1: the network behaves as on the critical line."
    if where.xi_c is not None:
        text += (
            f" The depth is {known.depth / where.xi_c:.3g} depth scales ξ_c = {where.xi_c:.4g} of correlations."
        )
    elif where.note:
        text += f" {where.note[0].upper()}{where.note[1:].rstrip('.')}."
    return text


def _random(known: Regime) -> str:
    random = known.randomness
    kind = "exactly" if random.exact else "to first order in 1/n"
    text = f"At width {random.width}" + ("" if known.ratio is None else f" (depth/width = {known.ratio:.3g})")
    if random.trusted:
        text += f" std(Θ)/E[Θ] is {random.relative:.3g} and E[Θ²]/E[Θ]² is {random.dispersion:.4g}, {kind}"
    else:
        text += f" E[Θ²]/E[Θ]² would be {random.dispersion:.4g} {kind}, too far from 1 to trust that order"
    compare = "above" if random.relative > known.tolerance else "within"
    return f"{text}: {compare} the {known.tolerance:g} allowed."


def _moves(known: Regime) -> str:
    moved = known.movement
    how = f"{moved.members} networks of width {moved.measured_width}, {moved.inputs} inputs, {moved.steps} steps"
    if not isfinite(moved.measured):
        return f"In training the descent blew up although its step was ¼ of the critical one ({how})."
    n = known.width or known.randomness.width
    text = f"In training ‖Θ_t - Θ_0‖/‖Θ_0‖ is {moved.relative:.2g} ± {moved.error:.1g} at width {n}"
    if n > moved.measured_width:
        how += f", then like n^-{moved.exponent:g}"
    compare = "above" if moved.relative > known.tolerance else "within"
    return f"{text} ({how}): {compare} the {known.tolerance:g} allowed."


def _trains(known: Regime) -> str:
    at = known.trainability
    text = (
        f"On {at.inputs} inputs Θ has the condition number {at.condition:.3g}, the largest stable step is "
        f"{at.largest_step:.3g}, and {at.steps} steps at half of it learn {100 * at.learned:.3g}% of "
    )
    return text + f"the targets; inputs look {100 * at.similarity:.3g}% alike to Θ."


def _advice(known: Regime, activation: Activation, x: Float[np.ndarray, "m features"]) -> tuple[str, ...]:
    advice = []
    n, enough = known.width, known.sufficient_width
    if n is None and enough is not None:
        advice.append(f"Take a width of {enough} or more: the kernel is then fixed to {known.tolerance:g}.")
    elif known.verdict in ("kernel random", "kernel moves") and n is not None and enough is not None:
        text = f"Take a width of {enough} or more"
        shallow = known.depth * n // max(enough, 1)
        advice.append(text + (f", or a depth of about {shallow} at width {n}." if shallow >= 1 else "."))
    elif enough is None:
        advice.append("Take a smaller learning rate, W_std nearer to the critical line, or less depth.")
    line, chaotic = known.place.critical_W_var, known.place.phase == "chaotic"
    if line is None or known.place.phase in (None, "critical") or known.place.nearly_critical(known.depth):
        return tuple(advice)
    if known.verdict == "untrainable" and known.place.xi_c is not None:
        advice.append(
            f"Bring σ_w² to {line:.6g}, the order-to-chaos line at this σ_b², where correlations die like a power "
            f"of depth; or take fewer layers: a depth scale is {known.place.xi_c:.3g} of them."
        )
    elif known.verdict == "kernel random" and chaotic:
        net = mlp(activation, depth=known.depth, W_std=line**0.5, b_std=known.b_var**0.5)
        there = randomness(net, x, known.randomness.width, known.tolerance)
        if there.relative < 0.95 * known.randomness.relative:
            advice.append(
                f"On the order-to-chaos line, σ_w² = {line:.6g}, std(Θ)/E[Θ] is {there.relative:.3g} at the same "
                f"width, and a width of {there.sufficient_width} is enough."
            )
    return tuple(advice)
