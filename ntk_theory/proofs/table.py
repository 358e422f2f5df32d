"""What was proven, as rows: for the terminal, and for a report's table."""

from collections.abc import Sequence
from dataclasses import dataclass

from ntk_theory.proofs.verdict import Verdict


@dataclass(frozen=True)
class ProofRow:
    """One theorem as a report prints it.

    `methods`: those that took part and hold, of "exact", "balls", "kernel"; `checks`: how many claims there are,
    `falsehoods` of them false ones, rejected; `verdict` in words, with what is cited (`given`).
    """

    name: str
    title: str
    statement: str
    source: str
    methods: tuple[str, ...]
    checks: int
    falsehoods: int
    seconds: float
    verdict: str
    given: tuple[str, ...]
    depends_on: tuple[str, ...]

    @property
    def failed(self) -> bool:
        return self.verdict == "FAILED"


def rows(verdicts: Sequence[Verdict]) -> tuple[ProofRow, ...]:
    """One row a theorem."""
    return tuple(
        ProofRow(
            name=v.theorem.name,
            title=v.theorem.title,
            statement=v.theorem.statement,
            source=v.theorem.source,
            methods=v.methods,
            checks=len(v.steps) + len(v.lemmas),
            falsehoods=sum(s.falsehood for s in v.steps) + sum(lemma.falsehood for lemma in v.lemmas),
            seconds=v.seconds,
            verdict=v.text,
            given=v.theorem.given,
            depends_on=v.theorem.depends_on,
        )
        for v in verdicts
    )


def steps(verdict: Verdict) -> str:
    """A theorem with its claims, each with the method that checked it; ✗ marks what does not hold."""
    theorem = verdict.theorem
    accepted = verdict.certificate.accepted if verdict.certificate else None
    mark = {True: "✓", False: "✗", None: "?"}
    lines = [f"{theorem.name}: {theorem.title} ({theorem.source})", f"  {theorem.statement}"]
    claims: list[tuple[bool | None, str, bool, str]] = [
        (s.holds, s.method, s.falsehood, s.claim) for s in verdict.steps
    ]
    claims += [(accepted, "kernel", lemma.falsehood, lemma.claim) for lemma in verdict.lemmas]
    lines += [
        f"  {mark[holds]} {method:<6} {'rejected: ' if false else ''}{claim}"
        for holds, method, false, claim in claims
    ]
    return "\n".join(lines)


def table(verdicts: Sequence[Verdict]) -> str:
    """The rows as text: theorem, methods, claims checked, seconds, verdict; then what failed, and why."""
    shown = rows(verdicts)
    width = max(len(row.name) for row in shown)
    lines = [f"{'theorem':<{width}}  {'methods':<19}  claims  false  seconds  verdict"]
    lines += [
        f"{r.name:<{width}}  {', '.join(r.methods):<19}  {r.checks:>6}  {r.falsehoods:>5}  {r.seconds:>7.1f}  "
        f"{r.verdict}"
        for r in shown
    ]
    lines += [f"{v.theorem.name}: {failure}" for v in verdicts for failure in v.failures]
    absent = {v.kernel_missing for v in verdicts if v.lemmas and v.kernel_missing}
    lines += [f"The kernel checked nothing: {reason}." for reason in sorted(absent)]
    holding = sum(v.holds for v in verdicts)
    return "\n".join(
        [*lines, f"{holding} of {len(verdicts)} theorems hold; 'false': falsehoods, all to be rejected."]
    )
