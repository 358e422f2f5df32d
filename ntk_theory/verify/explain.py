"""The words of a verdict: why, what would decide, and what the guarantee assumes."""

from typing import TYPE_CHECKING

import numpy as np

from ntk_theory.verify.bets import Bets
from ntk_theory.verify.example import Example
from ntk_theory.verify.pilot import GROUP
from ntk_theory.verify.variance import KURTOSIS

if TYPE_CHECKING:
    from ntk_theory.verify.findings import Findings


def verified(example: Example) -> str:
    """All entries are near."""
    claim = example.claim
    if claim.at_least:
        return f"no entry is below the theory by {example.min_detectable:.3g} or more."
    if claim.rate == "power":
        return f"every exponent is within {example.min_detectable:.3g} of the theory's."
    near = f"{example.min_detectable:.2%}"
    return f"every entry of the theory is within {near} of the truth, relative to {claim.of}."


def refuted(findings: "Findings", bets: Bets) -> str:
    """The entry with most evidence against it, and by how much it is wrong."""
    claim = findings.sampler.example.claim
    worst = int(np.argmax(bets.log_evidence))
    which, j = divmod(worst, len(claim.quantities))
    estimate = np.concatenate(bets.contrasts).mean(0)[worst]
    scale, theory = findings.pilot.scale[j], bets.theory[worst]
    if claim.rate == "power":
        return (
            f"{claim.quantities[j]} falls like n^-{theory * scale:.3g} in the theory and like "
            f"n^-{estimate * scale:.3g} in the networks."
        )
    where = f"is at width {findings.chosen[which].widths[0]}" if claim.rate == "exact" else "tends to"
    return (
        f"{claim.quantities[j]} is {theory * scale:.6g} in the theory and {where} {estimate * scale:.6g} in the "
        f"networks: wrong by {theory - estimate:+.2%} of {claim.of}."
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


def too_heavy(findings: "Findings") -> str:
    """The variance of some quantity can't be bounded: what the networks do instead of following the limit."""
    example, pilot = findings.sampler.example, findings.pilot
    kurtosis = pilot.kurtosis()
    widths = {n for contrast in findings.chosen for n in contrast.widths} or set(example.widths)
    n = max(widths, key=lambda n: kurtosis[n].max())
    j = int(np.argmax(kurtosis[n]))
    heavy = sum(np.any([kurtosis[n] > KURTOSIS for n in widths], axis=0))
    averages, neurons = pilot.averages[n][:, j], pilot.sizes[n] * n
    spread = averages.std() * np.sqrt(pilot.sizes[n])
    predicted = findings.expected(n)[j]
    others = "" if findings.bets is None else " The other entries were bet on, and nothing is wrong with them."
    return (
        "the limit does not describe networks of this depth and width: "
        f"at width {n} one network's {example.claim.quantities[j]} varies by {spread:.2g} times "
        f"{example.claim.of}, and averages over {neurons} neurons have kurtosis {kurtosis[n][j]:.1f}, tails "
        f"so heavy that a pilot bounds no variance (up to {KURTOSIS:g} it does); half of them lie below "
        f"{np.median(averages):.3g}, where the theory has {predicted:.3g}. "
        f"So with {heavy} of {len(example.claim.quantities)} entries.{others} "
        "Use larger widths or fewer layers, or the claim 'phase', which is tested layer by layer."
    )


def assumptions(findings: "Findings") -> tuple[str, ...]:
    """What both error rates rest on, in words and numbers."""
    example = findings.sampler.example
    if not findings.chosen or findings.bets is None:
        return ("No bet was made: nothing is claimed.",)
    return (
        _expansion(findings),
        f"Averages over {GROUP} neurons or more have kurtosis at most {KURTOSIS:g} (normal: 3). The pilot then "
        f"bounds their variances; that this fails has probability {example.alpha / 2:.2g}, counted in alpha.",
        f"The sampler's means are right to {example.claim.rounding:g} of the scale, and threefry's numbers are "
        "random.",
    )


def _expansion(findings: "Findings") -> str:
    claim, chosen = findings.sampler.example.claim, findings.chosen[0]
    if claim.rate == "exact":
        widths = ", ".join(str(contrast.widths[0]) for contrast in findings.chosen)
        return f"The mean is the theory's at every width; the bets are on each of the widths {widths}."
    terms = " ".join(f"{w:+.4g}·X({n})" for n, w in zip(chosen.widths, chosen.weights, strict=True))
    last = len(chosen.widths) - (2 if claim.rate == "power" else 1)
    cancelled = " and ".join(f"a_{k}" for k in range(1, last + 1)) or "no a_k"
    mean = "constant - p·log n" if claim.rate == "power" else "limit"
    order = f"(k+{claim.shift})" if claim.shift else "k"
    return (
        f"The mean at width n is {mean} + scale·(a_1/n + a_2/n² + …). The bets are on {terms}, from which "
        f"{cancelled} cancel, whatever they are; the others obey |a_k| ≤ A^{order}/{order}! with "
        f"A = {findings.growth:.3g}, so that at most {chosen.remainder:.2g} of the scale is left (the pilot saw "
        f"|a_1| = {findings.pilot.bias:.2g})."
    )
