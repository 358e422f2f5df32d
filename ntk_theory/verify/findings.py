"""From samples and bets to a verdict and the rows of its table."""

from dataclasses import dataclass
from math import log
from time import monotonic

import numpy as np
from jaxtyping import Float

from ntk_theory.verify import explain
from ntk_theory.verify.bets import Bets, bet_sizes
from ntk_theory.verify.contrast import Contrast
from ntk_theory.verify.evidence import confidence_bounds
from ntk_theory.verify.example import Sampler
from ntk_theory.verify.pilot import ROUNDING, Pilot
from ntk_theory.verify.verdict import Row, Verdict, VerdictName


@dataclass
class Findings:
    """All that a verification has found so far. `bets` is None as long as nothing was bet."""

    sampler: Sampler
    pilot: Pilot
    predicted: Float[np.ndarray, "quantities"]
    growth: float
    chosen: Contrast | None
    started: float
    bets: Bets | None = None

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
            table=tuple(self.rows()),
            log10_e_value=self.bets.log_e_value / log(10) if self.bets else 0.0,
            alpha=example.alpha,
            min_detectable=example.min_detectable,
            samples=dict(self.sampler.samples),
            neurons=self.sampler.neurons,
            seconds=monotonic() - self.started,
            assumptions=explain.assumptions(self),
        )

    def rows(self) -> list[Row]:
        """Each quantity at each width, from the pilot, and in the limit, from the bets."""
        example, pilot = self.sampler.example, self.pilot
        columns: list[tuple[int | None, np.ndarray, np.ndarray]] = []
        for n in example.widths:
            variance = pilot.variance[n] / pilot.sizes[n]
            best = np.sqrt(2 * log(2 / example.alpha) / (len(pilot.averages[n]) * variance))[:, None]
            columns.append((n, *self._interval(pilot.averages[n], variance, best)))
        evidence: list[float | None] = [None] * len(self.predicted)
        if self.bets is not None and self.chosen is not None:
            contrasts = np.concatenate(self.bets.contrasts)
            middle, bound = self._interval(
                contrasts, self.bets.variance, bet_sizes(self.bets.variance, self.bets.far)
            )
            columns.append((None, middle, bound + self.chosen.remainder))
            evidence = [float(e) / log(10) for e in self.bets.log_evidence]
        return [
            Row(
                width=n,
                quantity=quantity,
                estimate=float(middle[j] * pilot.scale[j]),
                bound=float((bound[j] + ROUNDING) * pilot.scale[j]),
                predicted=float(self.predicted[j]),
                contribution=evidence[j] if n is None else None,
            )
            for j, quantity in enumerate(example.quantities.names)
            for n, middle, bound in columns
        ]

    def _interval(
        self, values: np.ndarray, variance: np.ndarray, sizes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Middle and half the length of a confidence interval; alpha/2, as the other half is the variances'."""
        lower, upper = confidence_bounds(values, variance, sizes, self.sampler.example.alpha / 2)
        return (lower + upper) / 2, (upper - lower) / 2
