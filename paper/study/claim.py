"""Claims with verdicts from confidence intervals, and the envelope that every part's results come in."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from paper.study.sizes import Sizes


@dataclass(frozen=True)
class Claim:
    """A statement in LaTeX and its verdict, wrong with probability at most `alpha` where it is not UNDECIDED."""

    id: str
    statement: str
    verdict: Literal["VERIFIED", "REFUTED", "UNDECIDED"]
    alpha: float
    evidence: str


Bounds = tuple[float, float]


def decide(
    id: str, statement: str, intervals: Iterable[Bounds], allowed: Iterable[Bounds], alpha: float, evidence: str
) -> Claim:
    """VERIFIED where each interval lies in what is allowed, REFUTED where one lies outside, else UNDECIDED."""
    pairs = list(zip(intervals, allowed, strict=True))
    inside = all(least <= lower and upper <= most for (lower, upper), (least, most) in pairs)
    outside = any(upper < least or lower > most for (lower, upper), (least, most) in pairs)
    verdict: Any = "VERIFIED" if inside and pairs else "REFUTED" if outside else "UNDECIDED"
    return Claim(id, statement, verdict, alpha, evidence)


def part(
    name: str,
    sizes: Sizes,
    settings: dict[str, Any],
    rows: list[dict[str, Any]],
    numbers: dict[str, Any],
    claims: list[Claim],
) -> dict[str, Any]:
    """The JSON of a part, as README.md says."""
    command = f"python -m paper.study --size {sizes.name} --only {name}"
    return {
        "part": name,
        "size": sizes.name,
        "seed": sizes.seed,
        "command": command,
        "settings": settings,
        "rows": rows,
        "numbers": numbers,
        "claims": [{**asdict(claim), "command": command} for claim in claims],
    }


def number(value: float, claim: str, error: float | None = None) -> dict[str, Any]:
    """A number that a text quotes."""
    return {"value": value, "error": error, "claim": claim}
