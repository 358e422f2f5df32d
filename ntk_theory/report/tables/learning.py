"""Tables of section 3: kernels and networks on the data, and the posterior's calibration."""

from collections.abc import Callable

from ntk_theory.report.learning import Learned
from ntk_theory.report.numbers import percent, plain, with_error
from ntk_theory.report.results import Results
from ntk_theory.report.settings import TITLES
from ntk_theory.tables.table import Cell, Row, Table, grouped, prose


def learning_table(results: Results) -> Table:
    """Test accuracy of kernels and networks, and the gap between them."""
    settings, data = results.settings, results.data
    half = max(one.kernel_error for one in results.learned)
    caption = prose(
        rf"""Test accuracy in per cent on {data.test} inputs after learning from {data.train}, depth
        {settings.depth}: the NNGP posterior, kernel regression with the NTK at the end of time and at the
        time \(t\) that the networks reached, and networks trained by {settings.learning_steps} steps of
        gradient descent, {settings.members} of each width. Gap: kernel at \(t\) minus network, in points,
        with its 95% interval over test inputs (paired) and networks; a star marks one that excludes 0. The
        kernels' own accuracies have 95% intervals of at most \(\pm {100 * half:.1f}\)."""
    )
    header = ["activation", "phase", "NNGP", r"NTK, \(t=\infty\)", r"NTK, \(t\)"]
    for width in settings.learning_widths:
        header += [f"width {width}", "gap"]
    rows, rules = _by_activation(results, _accuracies)
    return Table("learning", caption, tuple(header), rows, "ll" + "r" * (len(header) - 2), rules)


def posterior_table(results: Results) -> Table:
    """Coverage, density and evidence's choices of the Gaussian process posterior."""
    caption = prose(
        r"""Is the NNGP posterior's uncertainty true? The share of test targets inside its central 50% and 90%
        intervals, its mean negative log density in nats per target (smaller is better), the noise
        \(\sigma^2\), relative to the prior variance, and the scale that maximize the evidence, and the
        condition number of the NTK's Gram matrix. Targets are one-hot labels, which no Gaussian process
        draws: many lie near the mean and some far off, so that the 50% intervals hold too many and the 90%
        intervals about as many as they say."""
    )
    header = ("activation", "phase", "50%", "90%", "log loss", "noise", "scale", r"condition of \(\Theta\)")
    rows, rules = _by_activation(results, _calibration)
    return Table("posterior", caption, header, rows, "llrrrrrr", rules)


def _by_activation(results: Results, row: Callable[[Learned], Row]) -> tuple[tuple[Row, ...], frozenset[int]]:
    return grouped(
        (TITLES[name], [row(one) for one in results.learned if one.activation == name])
        for name in results.settings.activations
    )


def _accuracies(one: Learned) -> Row:
    cells: list[Cell | str] = [one.phase, percent(one.posterior.accuracy), percent(one.kernel_accuracy)]
    cells.append(percent(one.networks[-1].kernel_accuracy))
    for line in one.networks:
        gap = with_error(100 * line.gap, 100 * line.gap_error, places=1)
        open_gap = abs(line.gap) > line.gap_error
        cells += [percent(line.accuracy), Cell(gap + r"\({}^*\)" if open_gap else gap, "bad" if open_gap else "")]
    return tuple(cells)


def _calibration(one: Learned) -> Row:
    bayes = one.posterior
    return (
        one.phase,
        percent(bayes.at(0.5)),
        percent(bayes.at(0.9)),
        plain(bayes.log_loss, 3, trim=False),
        plain(bayes.noise, 2),
        plain(bayes.scale, 3, trim=False),
        plain(one.condition, 3),
    )
