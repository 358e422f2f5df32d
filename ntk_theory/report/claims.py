"""What the report claims, each with its verdict, its error rate and the place to look.

The verdicts: DERIVED (algebra, every certificate of the derivation holds), PROVEN (ball arithmetic), VERIFIED and
REFUTED (statistics, with a bound on the probability of being wrong), MEASURED (a number with its 95% interval;
nothing is decided), FAILED (a claim that should hold does not).
"""

from dataclasses import dataclass
from typing import Literal

from ntk_theory.proofs.table import ProofRow
from ntk_theory.report.derivation import Accuracy, Derivation
from ntk_theory.report.flow import Flow
from ntk_theory.report.learning import Learned
from ntk_theory.report.numbers import plain, proven, with_error
from ntk_theory.report.phases import Phases
from ntk_theory.report.settings import TITLES
from ntk_theory.report.simulation import Simulated

VerdictWord = Literal["DERIVED", "PROVEN", "VERIFIED", "REFUTED", "UNDECIDED", "MEASURED", "FAILED"]


@dataclass(frozen=True)
class Claim:
    """A statement, in text with \\( … \\). `as_it_should` is False where a reader should stop and look."""

    statement: str
    verdict: VerdictWord
    error: str
    where: str
    as_it_should: bool


def claims(
    derived: tuple[Derivation, ...],
    accuracies: tuple[Accuracy, ...],
    found: tuple[Phases, ...],
    learned: tuple[Learned, ...],
    simulated: tuple[Simulated, ...],
    flows: tuple[Flow, ...],
    theorems: tuple[ProofRow, ...],
) -> tuple[Claim, ...]:
    """The claims of all sections, in the page's order."""
    return (
        *(_derivation(one) for one in derived),
        *(_digits(accuracies, name) for name in dict.fromkeys(one.activation for one in accuracies)),
        *(_line(one) for one in found),
        *(_theory(one) for one in simulated),
        *(_planted(one) for one in simulated),
        *(_gap(learned, name) for name in dict.fromkeys(one.activation for one in learned)),
        *(_flow(one) for one in flows),
        *([_theorems(theorems)] if theorems else []),
    )


def _theorems(rows: tuple[ProofRow, ...]) -> Claim:
    failed = [row.title for row in rows if row.failed]
    false = sum(row.falsehoods for row in rows)
    return Claim(
        f"{len(rows)} theorems hold, step by step" if not failed else f"Theorems fail: {', '.join(failed)}",
        "FAILED" if failed else "PROVEN",
        f"{sum(row.checks for row in rows) - false} claims checked, {false} falsehoods rejected",
        "theorems",
        not failed,
    )


def _derivation(one: Derivation) -> Claim:
    kind = "in closed form from \\(\\phi\\)" if one.closed_form else "as exact integrals; no closed form is known"
    held = sum(line.holds for line in one.certificates)
    return Claim(
        f"{one.title}: \\(K\\), \\(\\dot K\\), \\(V\\) {kind}",
        "DERIVED" if one.certified else "FAILED",
        f"{held} of {len(one.certificates)} certificates hold",
        "derived",
        one.certified,
    )


def _digits(accuracies: tuple[Accuracy, ...], name: str) -> Claim:
    worst = max(one.relative_error for one in accuracies if one.activation == name)
    good = worst < 1e-6
    return Claim(
        f"{TITLES[name]}: the compiled \\(\\Theta\\) of two inputs is right to {plain(worst, 2)} in all phases",
        "PROVEN" if good else "FAILED",
        "none: ball arithmetic",
        "derived",
        good,
    )


def _line(one: Phases) -> Claim:
    return Claim(
        f"{TITLES[one.activation]}: order turns to chaos at \\(\\sigma_w^2\\) = {proven(one.start, 16)} "
        "(\\(\\sigma_b = 0\\))",
        "PROVEN",
        "none: ball arithmetic",
        "phases",
        True,
    )


def _theory(one: Simulated) -> Claim:
    outcome = one.derived
    return Claim(
        f"{TITLES[one.activation]}: finite networks tend to \\(\\Sigma\\) and \\(\\Theta\\), "
        f"to {100 * outcome.min_detectable:g}% of their size",
        _word(outcome.verdict),
        f"at most {plain(outcome.alpha, 1)}",
        "simulated",
        outcome.verdict == "VERIFIED",
    )


def _planted(one: Simulated) -> Claim:
    outcome = one.planted
    return Claim(
        f"{TITLES[one.activation]}, planted error, \\(K\\) for \\(\\dot K\\): must be refuted",
        _word(outcome.verdict),
        f"at most {plain(outcome.alpha, 1)}",
        "simulated",
        outcome.verdict == "REFUTED",
    )


def _word(verdict: str) -> VerdictWord:
    words: dict[str, VerdictWord] = {"VERIFIED": "VERIFIED", "REFUTED": "REFUTED"}
    return words.get(verdict, "UNDECIDED")


def _gap(learned: tuple[Learned, ...], name: str) -> Claim:
    row = next(one for one in learned if one.activation == name and one.phase == "critical")
    line = row.networks[-1]
    return Claim(
        f"{TITLES[name]}: kernel minus networks of width {line.width}, accuracy: "
        f"{with_error(100 * line.gap, 100 * line.gap_error, places=1)} points",
        "MEASURED",
        "95% interval",
        "learned",
        True,
    )


def _flow(one: Flow) -> Claim:
    return Claim(
        f"{TITLES[one.activation]}: a network of width {one.width} trains within "
        f"{plain(100 * one.largest_distance, 2)}% of gradient flow",
        "MEASURED",
        "one network",
        "flow",
        True,
    )
