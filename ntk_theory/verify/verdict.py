"""What a verification says: the verdict, the evidence, the table, and what the guarantee assumes."""

from dataclasses import asdict, dataclass
from textwrap import fill
from typing import Any, Literal

VerdictName = Literal["VERIFIED", "REFUTED", "UNDECIDED"]


@dataclass(frozen=True)
class Row:
    """One quantity at one width, or in the limit (`width` None) by the contrast of widths.

    `estimate` ± `bound` fails with probability at most alpha; `predicted` is the theory's limit, from which a
    finite width may differ by its bias. `contribution` is log10 of the e-value of the bets on this row, None for
    the single widths, on which nothing is bet because nobody has bounded their bias.
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
    - `assumptions`: what both probabilities rest on, in words and numbers.
    """

    verdict: VerdictName
    reason: str
    table: tuple[Row, ...]
    log10_e_value: float
    alpha: float
    min_detectable: float
    samples: dict[int, int]
    neurons: int
    seconds: float
    assumptions: tuple[str, ...]

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

    def __str__(self) -> str:
        lines = [
            f"{self.verdict}: {self.reason}",
            "",
            f"{'width':>9}  {'quantity':<11}{'estimate':>13}   {'± bound':<11}{'predicted':>12}{'log10 e':>10}",
        ]
        for row in self.table:
            width = "limit" if row.width is None else str(row.width)
            evidence = "" if row.contribution is None else f"{row.contribution:.1f}"
            numbers = f"{row.estimate:>13.6g} ± {row.bound:<11.2g}{row.predicted:>12.6g}{evidence:>10}"
            lines.append(f"{width:>9}  {row.quantity:<11}{numbers}")
        networks = ", ".join(f"{count} of width {width}" for width, count in self.samples.items())
        lines += [
            "",
            f"Evidence against the theory: e-value 10^{self.log10_e_value:.1f}; "
            f"REFUTED at 2/alpha = {2 / self.alpha:.3g}.",
            f"Networks drawn: {networks} ({self.neurons:.3g} neurons, {self.seconds:.1f} s).",
            "What the guarantee assumes:",
            *(fill(text, 100, initial_indent="- ", subsequent_indent="  ") for text in self.assumptions),
        ]
        return "\n".join(lines)
