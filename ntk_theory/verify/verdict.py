"""What a verification says: the verdict, the evidence, the table, and what the guarantee assumes."""

from dataclasses import asdict, dataclass
from textwrap import fill
from typing import Any, Literal

VerdictName = Literal["VERIFIED", "REFUTED", "UNDECIDED"]


@dataclass(frozen=True)
class Row:
    """One quantity at one width, or in the limit (`width` None) by the contrast of widths.

    `estimate` ± `bound` fails with probability at most alpha; `predicted` is the theory's limit, from which a
    finite width may differ by its bias. `contribution` is log10 of the e-value of the bets on this quantity; at a
    single width, the part of it that this width's mean contributes through the contrast. None where nothing was
    bet on.
    """

    width: int | None
    quantity: str
    estimate: float
    bound: float
    predicted: float
    contribution: float | None


@dataclass(frozen=True)
class Verdict:
    """The outcome of `verify`.

    - `verdict`: "REFUTED": the theory is wrong, and this is said of a right one with probability at most `alpha`.
      "VERIFIED": each entry of the theory is within `min_detectable` of the truth, relative to the kernel's size,
      and this is said of one that is not with probability at most `alpha`. "UNDECIDED": neither, and `reason`
      says what would decide.
    - `e_value`: the evidence against the theory; expectation at most 1 if it is right, refuted at 2/alpha.
    - `table`, `samples` (networks drawn at each width), `neurons` (the sum of networks × width).
    - `claim`: what was tested, in words; `assumptions`: what both probabilities rest on, in words and numbers.
    - `snippet`, `command`: how to see this verdict again, in Python and in the shell (None where the theory is no
      named function in a file).
    """

    verdict: VerdictName
    reason: str
    claim: str
    table: tuple[Row, ...]
    log10_e_value: float
    alpha: float
    min_detectable: float
    samples: dict[int, int]
    neurons: int
    seconds: float
    assumptions: tuple[str, ...]
    snippet: str
    command: str | None

    @property
    def e_value(self) -> float:
        """The evidence against the theory, at most 1e300 (see `log10_e_value` for more)."""
        return float(10.0 ** min(self.log10_e_value, 300.0))

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        plain = asdict(self)
        plain["samples"] = {str(width): count for width, count in self.samples.items()}
        plain["table"] = [asdict(row) for row in self.table]
        plain["assumptions"] = list(self.assumptions)
        return {**plain, "e_value": self.e_value}

    def _shown(self) -> list[Row]:
        """Of the quantity with most evidence every width, of the others what was bet on."""
        bets = [row for row in self.table if row.contribution is not None]
        if not bets:
            widest = max(row.width or 0 for row in self.table)
            return [row for row in self.table if row.width == widest]
        most = max(bets, key=lambda row: (row.width is None, row.contribution)).quantity
        first = [row for row in self.table if row.quantity == most]
        decided = None if any(row.width is None for row in bets) else {row.width for row in bets}
        return first + [
            row
            for row in self.table
            if row.quantity != most and (row.width is None if decided is None else row.width in decided)
        ]

    def __str__(self) -> str:
        room = max(11, *(len(row.quantity) + 2 for row in self.table))
        lines = [
            f"{self.verdict}: {self.reason}",
            f"Claim: {self.claim}.",
            "",
            f"{'width':>9}  {'quantity':<{room}}{'estimate':>13}   {'± bound':<11}"
            f"{'predicted':>12}{'log10 e':>10}",
        ]
        for row in self._shown():
            width = "limit" if row.width is None else str(row.width)
            evidence = "" if row.contribution is None else f"{row.contribution:.1f}"
            numbers = f"{row.estimate:>13.6g} ± {row.bound:<11.2g}{row.predicted:>12.6g}{evidence:>10}"
            lines.append(f"{width:>9}  {row.quantity:<{room}}{numbers}")
        networks = ", ".join(f"{count} of width {width}" for width, count in self.samples.items())
        lines += [
            "",
            f"Evidence against the theory: e-value 10^{self.log10_e_value:.1f}; "
            f"REFUTED at 2/alpha = {2 / self.alpha:.3g}.",
            f"Networks drawn: {networks} ({self.neurons:.3g} neurons, {self.seconds:.1f} s).",
            "What the guarantee assumes:",
            *(fill(text, 100, initial_indent="- ", subsequent_indent="  ") for text in self.assumptions),
            "To see it again:",
            *(f"  {line}" for line in (self.snippet.splitlines() if self.command is None else [self.command])),
        ]
        return "\n".join(lines)
