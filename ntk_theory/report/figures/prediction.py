"""Figure of `ntk-theory predict`: predictions with their intervals, and whether the intervals are true."""

from typing import Any

import numpy as np

from ntk_theory.report.prediction import LEVELS, Predicted
from ntk_theory.report.style import Palette, figure
from ntk_theory.report.task import Task

MOST_POINTS = 60


def prediction_figure(found: Predicted, job: Task, title: str, palette: Palette) -> Any:
    """Left: intervals at test inputs, sorted by their means, with the targets. Right: coverage against statement.

    For classes each input shows one of its outputs, of the classes in turn: so the share inside is the interval's.
    """
    known = job.test.y is not None
    drawing, axes = figure(3.9, columns=2 if known else 1, width=9.6, width_ratios=(1.6, 1) if known else None)
    left = axes[0, 0]
    rows = np.arange(len(found.mean))
    column = rows % found.mean.shape[1]
    mean, half = found.mean[rows, column], found.half_width[rows, column]
    shown = np.linspace(0, len(rows) - 1, min(MOST_POINTS, len(rows))).astype(int)
    shown = np.argsort(mean)[shown]
    place = np.arange(len(shown))
    back, add = job.unit, job.centre
    left.errorbar(
        place,
        add + back * mean[shown],
        yerr=back * half[shown],
        fmt="o",
        markersize=3,
        elinewidth=1.1,
        color=palette.series[0],
        label=f"prediction, {found.level:.0%} interval",
    )
    if job.test.y is not None:
        target = job.test.y[rows, column][shown]
        inside = np.abs(target - mean[shown]) <= half[shown]
        for mask, colour, label in ((inside, palette.ink, "target"), (~inside, palette.bad, "target outside")):
            if mask.any():
                left.plot(place[mask], add + back * target[mask], "D", color=colour, markersize=3, label=label)
    what = "outputs, of the classes in turn" if job.classes else "target"
    left.set(title=title, xlabel="test inputs, in the order of their means", ylabel=what, xticks=[])
    left.legend(fontsize=8.5, loc="best")
    if known:
        right, levels = axes[0, 1], 100 * np.array(LEVELS)
        right.plot([0, 100], [0, 100], color=palette.quiet, linewidth=1)
        right.plot(levels, 100 * np.array(found.stated), "s-", color=palette.series[1], label="as stated")
        right.plot(levels, 100 * np.array(found.calibrated), "o-", color=palette.series[0], label="calibrated")
        right.set(
            title="Are the intervals true?", xlabel="stated probability (%)", ylabel="test targets inside (%)"
        )
        right.set(xlim=(0, 100), ylim=(0, 101), aspect="equal")
        right.legend(fontsize=8.5, loc="upper left")
    return drawing
