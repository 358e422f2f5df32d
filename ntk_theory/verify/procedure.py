"""`verify`: a claim about finite networks, decided with stated error rates.

The order of things: a pilot at each width bounds variances and measures the bias (`pilot`, `variance`); it
chooses the contrast of widths in which the bias cancels (`contrast`); then rounds of fresh networks are bet on
(`bets`, `evidence`) until the theory is refuted, shown right within `min_detectable`, or the budget is spent.
"""

from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral, Real
from time import monotonic
from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.errors import DataError
from ntk_theory.network import Network
from ntk_theory.sampling.chain import check_inputs
from ntk_theory.verify import explain
from ntk_theory.verify.bets import Bets
from ntk_theory.verify.claims import ClaimMaker, the_claim
from ntk_theory.verify.claims.claim import Claim
from ntk_theory.verify.contrast import Contrast, best_contrast, contrast, exact, exponent
from ntk_theory.verify.example import Example, Sampler
from ntk_theory.verify.findings import Findings
from ntk_theory.verify.pilot import Pilot, draw_pilot, pilot_size
from ntk_theory.verify.rerun import Call
from ntk_theory.verify.variance import KURTOSIS
from ntk_theory.verify.verdict import Verdict

_ROUND = 512  # contrasts between two looks at the evidence
_MOST_INPUTS = 16


def verify(
    net: Network,
    x: Float[Array | np.ndarray, "k features"],
    widths: Sequence[int] | None = None,
    kernel_fn: "Callable[..., Any] | Network | None" = None,
    alpha: float = 1e-6,
    min_detectable: float | None = None,
    *,
    claim: "str | Claim | ClaimMaker" = "limit",
    budget: int = 2**30,
    time_limit: float | None = None,
    progress: Callable[[float, str], None] | None = None,
    seed: int = 0,
) -> Verdict:
    """Hold a theory of the infinitely wide network against finite networks of growing width.

    `kernel_fn(x, get=("nngp", "ntk"))` is the theory, with `.nngp` and `.ntk` of shape (k, k); a `Network` means
    that network's equations, None those of `net` itself, with the duals that its layers carry. `claim` is what is
    tested: the name of one (`ntk_theory.verify.claims.CLAIMS`), or a `Claim` of yours. The default, "limit": all
    entries of both kernels for the k inputs x, and of each layer's contribution to the NTK where the theory tells
    it, in the limit of infinite width. Sizes are relative to √(K_ii K_jj), of each kernel.

    - If the theory is right, P(REFUTED) ≤ alpha. If one entry is wrong by `min_detectable` or more,
      P(VERIFIED) ≤ alpha. Both hold whenever the sampling stops, under three assumptions, which the verdict
      states in numbers:
      (1) E X(n) = limit + scale·Σ_k a_k/n^k, where the contrast of m widths cancels a_1 … a_{m-1} whatever they
      are, and the rest obey |a_k| ≤ A^k/k! with A = 2·depth + 2·(the |a_1| that the pilot saw); a claim whose rate
      is "exact" needs no such assumption;
      (2) averages over 1,024 neurons or more have kurtosis at most 5 (a normal variable's is 3), which is what
      bounds variances from the pilot, at the price of alpha/2 (widths whose pilot shows more are not bet on);
      (3) threefry's numbers are random, and float32 is right to 3e-6.
      Neither normality nor boundedness is assumed.
    - A theory wrong by more than the remainder of (1) is refuted in the end; the networks it takes go like
      V log(1/alpha)/error² with V = n·Var/K².
    - `widths` and `min_detectable` are the claim's own where they are None: (64, 256, 1024) and 1% for the limit.
    - `budget` is in neurons (networks × width); 2^30 takes one to two minutes on two cores, and most examples of
      depth 3 need a fiftieth of it. The same example (network, inputs, claim, widths, alpha, min_detectable, seed)
      meets the same networks, so that its verdict can be repeated; with `time_limit`, in seconds, it depends on
      the machine. Another `seed` asks the same question anew.
    - `progress(fraction, message)` is called after the pilot and after each round.

    Raises `DataError` and `ShapeError` for settings, inputs, claims or kernels that can't be used,
    `NotInClassError` for a claim whose theory does not cover the activation, `NtkTheoryError` for a network other
    than Dense, Nonlinearity, …, Dense(width=1), `DivergentExpectationError` for an activation with a jump: its NTK
    is infinite.
    """
    started = monotonic()
    if not isinstance(net, Network):
        raise DataError(f"net = {net!r} is no network: make one with ntk_theory.mlp or serial.")
    inputs = check_inputs(x)
    chosen_claim = the_claim(claim, net, inputs, kernel_fn)
    example = _example(net, inputs, chosen_claim, widths, alpha, min_detectable, seed)
    _check_budget(example, budget, time_limit)
    report = progress or _silent

    sampler = Sampler(example)
    pilot = draw_pilot(sampler)
    report(0.0, f"pilot: {sampler.neurons:.2g} neurons")
    growth = 2 * net.depth + 2 * pilot.bias
    light = {n: kurtosis <= KURTOSIS for n, kurtosis in pilot.kurtosis().items()}
    chosen = _contrasts(example, pilot, light, growth)
    call = Call(kernel_fn, claim if isinstance(claim, str) else None)
    findings = Findings(sampler, pilot, call, growth, chosen, started)
    if not chosen and sum(kurtosis.all() for kurtosis in light.values()) >= _least_widths(example.claim):
        return findings.verdict("UNDECIDED", explain.too_narrow(example, growth))
    if not chosen:
        return findings.verdict("UNDECIDED", explain.too_heavy(findings))
    used = np.concatenate([np.all([light[n] for n in contrast.widths], axis=0) for contrast in chosen])
    if not used.any():
        return findings.verdict("UNDECIDED", explain.too_heavy(findings))

    spread = pilot.spread()
    counts = [contrast.counts(spread) for contrast in chosen]
    slack = chosen[0].remainder + example.claim.rounding
    theory = np.concatenate([example.claim.predicted(c.widths[0]) / pilot.scale for c in chosen])
    variance = np.concatenate([pilot.variance_of(*one) for one in zip(chosen, counts, strict=True)])
    bets = Bets(theory, variance, used, slack, example.min_detectable - slack, alpha, example.claim.at_least)
    findings.bets = bets
    sizes: dict[int, int] = {}
    for one, groups in zip(chosen, counts, strict=True):
        sizes.update(zip(one.widths, groups, strict=True))
    spent, round_cost = sampler.neurons, _ROUND * sum(n * count for n, count in sizes.items())
    part = len(example.widths)
    while spent + round_cost <= budget:
        averages = {n: sampler.averages(n, _ROUND, size, part) / pilot.scale for n, size in sizes.items()}
        findings.add(averages)
        bets.add(np.concatenate([_weighted(contrast, averages) for contrast in chosen], axis=1))
        part, spent = part + 1, sampler.neurons
        if bets.log_e_value >= bets.threshold:
            return findings.verdict("REFUTED", explain.refuted(findings, bets))
        if bets.log_nearly >= bets.threshold:
            if used.all():
                return findings.verdict("VERIFIED", explain.verified(example))
            return findings.verdict("UNDECIDED", explain.too_heavy(findings))
        report(max(findings.share, spent / budget), f"{spent:.2g} neurons")
        if time_limit is not None and monotonic() - started > time_limit:
            return findings.verdict("UNDECIDED", explain.more(findings, "time limit"))
    return findings.verdict("UNDECIDED", explain.more(findings, "budget"))


def _contrasts(
    example: Example, pilot: Pilot, light: dict[int, Bool[np.ndarray, "quantities"]], growth: float
) -> tuple[Contrast, ...]:
    """What is bet on, by the claim's rate: a contrast of widths, or each width alone. Empty where none will do.

    Widths at which all tails are light enough for the pilot are preferred, where there are enough of them.
    """
    claim, least = example.claim, _least_widths(example.claim)
    widths = [n for n in example.widths if light[n].all()]
    if len(widths) < least:
        widths = list(example.widths)
    if claim.rate == "exact":
        return tuple(exact(n) for n in widths)
    make: Callable[[Sequence[int]], Contrast] = partial(contrast, growth=growth, shift=claim.shift)
    if claim.rate == "power":
        make = partial(exponent, growth=growth)
    best = best_contrast(widths, example.min_detectable - claim.rounding, pilot.spread(), make)
    if best is None and len(widths) < len(example.widths):
        best = best_contrast(example.widths, example.min_detectable - claim.rounding, pilot.spread(), make)
    return () if best is None else (best,)


def _least_widths(claim: Claim) -> int:
    return 1 if claim.rate == "exact" else 2


def _weighted(
    chosen: Contrast, averages: dict[int, Float[np.ndarray, "samples quantities"]]
) -> Float[np.ndarray, "samples quantities"]:
    parts = [w * averages[n] for n, w in zip(chosen.widths, chosen.weights, strict=True)]
    return np.sum(parts, axis=0)


def _silent(fraction: float, message: str) -> None:
    pass


def _example(
    net: Network,
    x: Float[np.ndarray, "k features"],
    claim: Claim,
    widths: Sequence[int] | None,
    alpha: float,
    min_detectable: float | None,
    seed: int,
) -> Example:
    if len(x) > _MOST_INPUTS:
        raise DataError(f"x holds {len(x)} inputs; at most {_MOST_INPUTS} are tested at once: two tell most.")
    widths = claim.widths if widths is None else widths
    min_detectable = claim.min_detectable if min_detectable is None else min_detectable
    for name, value in (("alpha", alpha), ("min_detectable", min_detectable)):
        if not isinstance(value, Real) or not 0 < value < 1:
            raise DataError(f"{name} = {value!r} must lie between 0 and 1, as in alpha=1e-6, min_detectable=0.01.")
    if min_detectable < 20 * claim.rounding:
        raise DataError(
            f"min_detectable = {min_detectable:g}; float32 networks tell errors from {20 * claim.rounding:g}."
        )
    asked = list(widths) if isinstance(widths, Sequence | np.ndarray) else [None]
    whole = [int(n) for n in asked if _is_whole(n) and n >= 2]
    least = _least_widths(claim)
    if len(whole) != len(asked) or len(whole) < least or sorted(set(whole)) != whole:
        raise DataError(
            f"widths = {widths!r}: give {'one' if least == 1 else 'two'} or more whole numbers of at least 2, "
            "ascending, as in (64, 256, 1024)."
        )
    if not _is_whole(seed):
        raise DataError(f"seed = {seed!r} must be a whole number.")
    return Example(net, x, claim, tuple(whole), float(alpha), float(min_detectable), int(seed))


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _check_budget(example: Example, budget: int, time_limit: float | None) -> None:
    sizes = [pilot_size(example, n) for n in example.widths]
    least = sum(n * count * size for n, (count, size) in zip(example.widths, sizes, strict=True))
    if not isinstance(budget, Real) or not budget >= least:
        raise DataError(f"budget = {budget!r} neurons; the pilot alone takes {least:.3g}. Ask for ten times that.")
    if time_limit is not None and (not isinstance(time_limit, Real) or not time_limit > 0):
        raise DataError(f"time_limit = {time_limit!r} s must be positive, or None.")
