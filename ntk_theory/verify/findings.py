"""From samples and bets to a verdict and the rows of its table."""

from dataclasses import dataclass, field
from math import log
from time import monotonic

import numpy as np
from jaxtyping import Float

from ntk_theory.verify import explain, rerun
from ntk_theory.verify.bets import Bets, bet_sizes
from ntk_theory.verify.contrast import Contrast
from ntk_theory.verify.evidence import confidence_bounds
from ntk_theory.verify.example import Sampler
from ntk_theory.verify.pilot import Pilot
from ntk_theory.verify.rerun import Call
from ntk_theory.verify.verdict import Row, Verdict, VerdictName


@dataclass
class Findings:
    """All that a verification has found so far. `bets` is None as long as nothing was bet.

    `chosen` are the contrasts that are bet on: one, or at an exact claim one a width. The columns of the bets are
    the quantities of the first, then those of the second.
    """

    sampler: Sampler
    pilot: Pilot
    call: Call
    growth: float
    chosen: tuple[Contrast, ...]
    started: float
    bets: Bets | None = None
    sums: dict[int, Float[np.ndarray, "quantities"]] = field(default_factory=dict)
    rounds: int = 0

    def add(self, averages: dict[int, Float[np.ndarray, "samples quantities"]]) -> None:
        """Keep a round's mean at each width, in units of the scale."""
        self.rounds += 1
        for n, values in averages.items():
            self.sums[n] = self.sums.get(n, 0.0) + values.mean(0)

    @property
    def share(self) -> float:
        """How far the evidence is on its way to a verdict, between 0 and 1."""
        if self.bets is None:
            return 0.0
        return min(max(0.0, self.bets.log_e_value, self.bets.log_nearly) / self.bets.threshold, 1.0)

    def verdict(self, name: VerdictName, reason: str) -> Verdict:
        """The verdict, with the table and the assumptions."""
        example = self.sampler.example
        return Verdict(
            verdict=name,
            reason=reason,
            claim=example.claim.statement,
            table=tuple(self.rows()),
            log10_e_value=self.bets.log_e_value / log(10) if self.bets else 0.0,
            alpha=example.alpha,
            min_detectable=example.min_detectable,
            samples=dict(self.sampler.samples),
            neurons=self.sampler.neurons,
            seconds=monotonic() - self.started,
            assumptions=explain.assumptions(self),
            snippet=rerun.snippet(self.call, example),
            command=rerun.command(self.call, example),
        )

    def rows(self) -> list[Row]:
        """Each quantity at each width, from the pilot, and in the limit, from the bets."""
        example, pilot = self.sampler.example, self.pilot
        evidence = self._evidence()
        columns: list[tuple[int | None, np.ndarray, np.ndarray, np.ndarray]] = []
        for n in example.widths:
            variance = pilot.variance[n] / pilot.sizes[n]
            best = np.sqrt(2 * log(2 / example.alpha) / (len(pilot.averages[n]) * variance))[:, None]
            middle, bound = self._interval(pilot.averages[n], variance, best)
            columns.append((n, middle, bound, self.expected(n)))
        if self.bets is not None and example.claim.rate != "exact":
            contrasts, chosen = np.concatenate(self.bets.contrasts), self.chosen[0]
            sizes = bet_sizes(self.bets.variance, self.bets.far)
            middle, bound = self._interval(contrasts, self.bets.variance, sizes)
            columns.append((None, middle, bound + chosen.remainder, self.bets.theory))
        return [
            Row(
                width=n,
                quantity=quantity,
                estimate=float(middle[j] * pilot.scale[j]),
                bound=float((bound[j] + example.claim.rounding) * pilot.scale[j]),
                predicted=float(predicted[j] * pilot.scale[j]),
                contribution=evidence[n][j] if n in evidence else None,
            )
            for j, quantity in enumerate(example.claim.quantities)
            for n, middle, bound, predicted in columns
        ]

    def expected(self, width: int) -> Float[np.ndarray, "quantities"]:
        """The theory at a width, in units of the scale; of a power, from the smallest width's mean on."""
        example, scale = self.sampler.example, self.pilot.scale
        theory = example.claim.predicted(width) / scale
        if example.claim.rate != "power":
            return theory
        first = example.widths[0]
        return self.pilot.averages[first].mean(0) - theory * log(width / first)

    def _evidence(self) -> dict[int | None, list[float | None]]:
        """log10 of the e-value of the bets on each quantity, and what each width's mean contributes to it.

        A contrast's deviation is Σ w_i (mean_i - theory_i); each width is given its part of it. Widths whose
        biases cancel can so have large parts of opposite sign. Without evidence there is nothing to divide.
        """
        if self.bets is None:
            return {}
        totals = np.split(self.bets.log_evidence / log(10), len(self.chosen))
        found: dict[int | None, list[float | None]] = {}
        for contrast, total in zip(self.chosen, totals, strict=True):
            bet = np.isfinite(total)
            if len(contrast.widths) > 1:
                found[None] = [float(e) if b else None for e, b in zip(total, bet, strict=True)]
            else:
                found[contrast.widths[0]] = [float(e) if b else None for e, b in zip(total, bet, strict=True)]
                continue
            parts = {
                n: w * (self.sums[n] / self.rounds - self.expected(n))
                for n, w in zip(contrast.widths, contrast.weights, strict=True)
            }
            whole = np.sum(list(parts.values()), axis=0)
            for n, part in parts.items():
                shares = np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)
                found[n] = [float(s * e) if e > 0 else None for s, e in zip(shares, total, strict=True)]
        return found

    def _interval(
        self, values: np.ndarray, variance: np.ndarray, sizes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Middle and half the length of a confidence interval; alpha/2, as the other half is the variances'."""
        lower, upper = confidence_bounds(values, variance, sizes, self.sampler.example.alpha / 2)
        return (lower + upper) / 2, (upper - lower) / 2
