"""The words of a verdict: why, what would decide, and what the guarantee assumes."""

from typing import TYPE_CHECKING

import numpy as np

from ntk_theory.verify.bets import Bets
from ntk_theory.verify.example import Example
from ntk_theory.verify.pilot import GROUP, ROUNDING
from ntk_theory.verify.variance import KURTOSIS

if TYPE_CHECKING:
    from ntk_theory.verify.findings import Findings


def verified(example: Example) -> str:
    """All entries are near."""
    return f"every entry of the theory is within {example.min_detectable:.2%} of the kernel's size of the truth."


def refuted(findings: "Findings", bets: Bets) -> str:
    """The entry with most evidence against it, and by how much it is wrong."""
    worst = int(np.argmax(bets.log_evidence))
    scale = findings.pilot.scale[worst]
    estimate = np.concatenate(bets.contrasts).mean(0)[worst]
    error = findings.predicted[worst] / scale - estimate
    return (
        f"{findings.sampler.example.quantities.names[worst]} is {findings.predicted[worst]:.6g} in the theory "
        f"and tends to {estimate * scale:.6g} in the networks: wrong by {error:+.2%} of the kernel's size."
    )


def more(findings: "Findings", what: str) -> str:
    """How much more would decide."""
    neurons = findings.sampler.neurons
    spent = f"the {what} is spent at {neurons:.3g} neurons"
    if findings.share < 0.05:
        return f"{spent}, far from a verdict. Raise budget by much, or min_detectable."
    return f"{spent}; about {neurons / findings.share:.2g} would decide. Raise budget, or min_detectable."


def too_narrow(example: Example, growth: float) -> str:
    """The 1/n expansion is of no use at these widths."""
    wide = round(32 * growth)
    return (
        f"widths up to {example.widths[-1]} are too small for this network: the terms of its expansion in 1/n "
        f"(A = {growth:.3g}) are not small against min_detectable = {example.min_detectable:g}. "
        f"Use widths such as ({wide}, {4 * wide}), fewer layers, or a larger min_detectable."
    )


def too_heavy(kurtosis: dict[int, float]) -> str:
    """The variance can't be bounded."""
    worst = max(kurtosis, key=lambda n: kurtosis[n])
    return (
        f"at width {worst}, averages over {GROUP} neurons have sample kurtosis {kurtosis[worst]:.1f}: tails so "
        f"heavy that a pilot bounds no variance (up to {KURTOSIS:g} it does). The limit does not describe "
        "networks of this depth and width; use larger widths or fewer layers."
    )


def assumptions(findings: "Findings") -> tuple[str, ...]:
    """What both error rates rest on, in words and numbers."""
    chosen, example = findings.chosen, findings.sampler.example
    if chosen is None or findings.bets is None:
        return ("No bet was made: nothing is claimed.",)
    terms = " ".join(f"{w:+.4g}·X({n})" for n, w in zip(chosen.widths, chosen.weights, strict=True))
    cancelled = " and ".join(f"a_{k}" for k in range(1, len(chosen.widths)))
    return (
        f"The mean at width n is limit + scale·(a_1/n + a_2/n² + …). The bets are on {terms}, from which "
        f"{cancelled} cancels, whatever it is; the others obey |a_k| ≤ A^k/k! with A = {findings.growth:.3g}, so "
        f"that at most {chosen.remainder:.2g} of the scale is left (the pilot saw |a_1| = "
        f"{findings.pilot.bias:.2g}).",
        f"Averages over {GROUP} neurons or more have kurtosis at most {KURTOSIS:g} (normal: 3). The pilot then "
        f"bounds their variances; that this fails has probability {example.alpha / 2:.2g}, counted in alpha.",
        f"The float32 sampler's means are right to {ROUNDING:g} of the scale, and threefry's numbers are random.",
    )
