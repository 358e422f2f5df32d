"""`verify`: do finite networks' kernels tend to the theory's as the width grows?

The order of things: a pilot at each width bounds variances and measures the bias (`pilot`, `variance`); it
chooses the contrast of widths in which the bias cancels (`contrast`); then rounds of fresh networks are bet on
(`bets`, `evidence`) until the theory is refuted, shown right within `min_detectable`, or the budget is spent.
"""

from collections.abc import Callable, Sequence
from math import isfinite
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Array, Float

from ntk_theory.errors import DataError
from ntk_theory.sampling.chain import chain_of, check_inputs
from ntk_theory.verify import explain
from ntk_theory.verify.bets import Bets
from ntk_theory.verify.contrast import best_contrast
from ntk_theory.verify.example import Example, Sampler
from ntk_theory.verify.findings import Findings
from ntk_theory.verify.pilot import ROUNDING, draw_pilot, pilot_size
from ntk_theory.verify.quantities import predictions
from ntk_theory.verify.variance import KURTOSIS
from ntk_theory.verify.verdict import Verdict

if TYPE_CHECKING:
    from ntk_theory.network import Network

_ROUND = 512  # contrasts between two looks at the evidence
_MOST_INPUTS = 16


def verify(
    net: "Network",
    x: Float[Array | np.ndarray, "k features"],
    widths: Sequence[int] = (64, 256, 1024),
    kernel_fn: Callable[..., Any] | None = None,
    alpha: float = 1e-6,
    min_detectable: float = 0.01,
    *,
    budget: int = 2**30,
    time_limit: float | None = None,
    progress: Callable[[float, str], None] | None = None,
    seed: int = 0,
) -> Verdict:
    """Hold a theory of the infinitely wide network against finite networks of growing width.

    `kernel_fn(x, get=("nngp", "ntk"))` is the theory, with `.nngp` and `.ntk` of shape (k, k); None means the one
    that ntk_theory derives, `net.kernel_fn`. Tested are all entries of both kernels for the k inputs x, in the
    limit of infinite width. Sizes are relative to √(K_ii K_jj), of the NNGP kernel and the NTK each.

    - If the theory is right, P(REFUTED) ≤ alpha. If one entry is wrong by `min_detectable` or more,
      P(VERIFIED) ≤ alpha. Both hold whenever the sampling stops, under three assumptions, which the verdict
      states in numbers:
      (1) E X(n) = limit + scale·Σ_k a_k/n^k, where the contrast of m widths cancels a_1 … a_{m-1} whatever they
      are, and the rest obey |a_k| ≤ A^k/k! with A = 2·depth + 2·(the |a_1| that the pilot saw);
      (2) averages over 1,024 neurons or more have kurtosis at most 5 (a normal variable's is 3), which is what
      bounds variances from the pilot, at the price of alpha/2 (widths whose pilot shows more are not bet on);
      (3) threefry's numbers are random, and float32 is right to 3e-6.
      Neither normality nor boundedness is assumed.
    - A theory wrong by more than the remainder of (1) is refuted in the end; the networks it takes go like
      V log(1/alpha)/error² with V = n·Var/K².
    - `budget` is in neurons (networks × width); 2^30 takes one to two minutes on two cores, and most examples of
      depth 3 need a fiftieth of it. The same example (network, inputs, widths, alpha, min_detectable, seed) meets
      the same networks, so that its verdict can be repeated; with `time_limit`, in seconds, it depends on the
      machine. Another `seed` asks the same question anew.
    - `progress(fraction, message)` is called after the pilot and after each round.

    Raises `DataError` and `ShapeError` for settings, inputs or kernels that can't be used, `NtkTheoryError` for a
    network other than Dense, Nonlinearity, …, Dense(width=1), `DivergentExpectationError` for an activation with a
    jump: its NTK is infinite.
    """
    started = monotonic()
    example = _example(net, x, widths, alpha, min_detectable, seed)
    _check_budget(example, budget, time_limit)
    predicted = predictions(kernel_fn or net.kernel_fn, example.x)
    report = progress or _silent

    sampler = Sampler(example)
    pilot = draw_pilot(sampler)
    report(0.0, f"pilot: {sampler.neurons:.2g} neurons")
    growth = 2 * net.depth + 2 * pilot.bias
    kurtosis = pilot.kurtosis(example.widths)
    light = [n for n in example.widths if kurtosis[n] <= KURTOSIS]
    chosen = best_contrast(light, growth, min_detectable - ROUNDING)
    findings = Findings(sampler, pilot, predicted, growth, chosen, started)
    if len(light) < 2:
        return findings.verdict("UNDECIDED", explain.too_heavy(kurtosis))
    if chosen is None:
        return findings.verdict("UNDECIDED", explain.too_narrow(example, growth))

    slack = chosen.remainder + ROUNDING
    variance = pilot.variance_of(chosen, chosen.counts)
    bets = Bets(predicted / pilot.scale, variance, slack, min_detectable - slack, alpha)
    findings.bets = bets
    spent, round_cost = sampler.neurons, _ROUND * chosen.neurons
    part = len(example.widths)
    while spent + round_cost <= budget:
        averages = [
            sampler.averages(n, _ROUND, g, part) for n, g in zip(chosen.widths, chosen.counts, strict=True)
        ]
        bets.add(np.tensordot(chosen.weights, averages, axes=1) / pilot.scale)
        part, spent = part + 1, sampler.neurons
        if bets.log_e_value >= bets.threshold:
            return findings.verdict("REFUTED", explain.refuted(findings, bets))
        if bets.log_nearly >= bets.threshold:
            return findings.verdict("VERIFIED", explain.verified(example))
        report(max(findings.share, spent / budget), f"{spent:.2g} neurons")
        if time_limit is not None and monotonic() - started > time_limit:
            return findings.verdict("UNDECIDED", explain.more(findings, "time limit"))
    return findings.verdict("UNDECIDED", explain.more(findings, "budget"))


def _silent(fraction: float, message: str) -> None:
    pass


def _example(
    net: "Network",
    x: Float[Array | np.ndarray, "k features"],
    widths: Sequence[int],
    alpha: float,
    min_detectable: float,
    seed: int,
) -> Example:
    inputs = check_inputs(x)
    chain_of(net)
    if len(inputs) > _MOST_INPUTS:
        raise DataError(f"x holds {len(inputs)} inputs; at most {_MOST_INPUTS} are tested at once: two tell most.")
    for name, value in (("alpha", alpha), ("min_detectable", min_detectable)):
        if not isfinite(value) or not 0 < value < 1:
            raise DataError(f"{name} = {value} must lie between 0 and 1, as in alpha=1e-6, min_detectable=0.01.")
    if min_detectable < 20 * ROUNDING:
        raise DataError(
            f"min_detectable = {min_detectable:g}; float32 networks tell errors from {20 * ROUNDING:g}."
        )
    whole = [int(n) for n in widths if isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 2]
    if len(whole) != len(widths) or len(whole) < 2 or sorted(set(whole)) != whole:
        raise DataError(
            f"widths = {widths!r}: give two or more whole numbers of at least 2, ascending, as in (64, 256, 1024)."
        )
    return Example(net, inputs, tuple(whole), float(alpha), float(min_detectable), seed)


def _check_budget(example: Example, budget: int, time_limit: float | None) -> None:
    quantities, widths = len(example.quantities.names), example.widths
    sizes = [pilot_size(n, quantities, len(widths), example.alpha) for n in widths]
    least = sum(n * count * size for n, (count, size) in zip(widths, sizes, strict=True))
    if budget < least:
        raise DataError(f"budget = {budget:g} neurons; the pilot alone takes {least:.3g}. Ask for ten times that.")
    if time_limit is not None and not time_limit > 0:
        raise DataError(f"time_limit = {time_limit} s must be positive, or None.")
