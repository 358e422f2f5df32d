"""Figure of `ntk-theory train`: a learning curve, predicted and trained, in all and per eigenmode."""

from typing import Any

import numpy as np

from ntk_theory.dynamics.learning_curve import LearningCurve, mode_groups
from ntk_theory.report.extras import need
from ntk_theory.report.style import MARKERS, Palette, figure


def curve_figure(curve: LearningCurve, title: str, palette: Palette) -> Any:
    """Left: training and test error against step. Right: the training error's shares by groups of eigenmodes.

    Lines are closed forms from the networks' own starts, dashes their mean over initializations; markers are
    networks, bars from the least to the most of the members.
    """
    drawing, axes = figure(3.9, columns=2, width=9.6)
    left, right = axes[0]
    shown = curve.steps > 0
    steps = curve.steps[shown]
    for name, real, kernel, expected, colour, marker in (
        ("training", curve.train, curve.kernel_train, curve.expected_train, palette.series[0], "o"),
        ("test", curve.test, curve.kernel_test, curve.expected_test, palette.series[1], "s"),
    ):
        mean = real.mean(axis=0)
        left.plot(steps, kernel.mean(axis=0)[shown], color=colour, linewidth=1.6, label=f"{name}, kernel")
        left.plot(steps, expected[shown], color=colour, linewidth=0.9, linestyle=(0, (4, 2)))
        left.errorbar(
            steps,
            mean[shown],
            yerr=np.stack([mean - real.min(axis=0), real.max(axis=0) - mean])[:, shown],
            fmt=marker,
            color=colour,
            elinewidth=1,
            label=f"{name}, networks",
        )
    left.plot([], [], color=palette.quiet, linewidth=0.9, linestyle=(0, (4, 2)), label="mean over initializations")
    left.set(xscale="log", yscale="log", xlabel="step", ylabel="mean squared error", title=title)
    left.legend(fontsize=8.5, loc="lower left")
    floor = 1e-5 * float(curve.kernel_modes.sum(axis=1).max())
    groups = mode_groups(curve.modes.shape[1])
    colours = _colours(palette, len(groups))
    for i, (group, colour) in enumerate(zip(groups, colours, strict=True)):
        first, last = group.start + 1, group.stop
        right.plot(
            steps,
            curve.kernel_modes[shown, group].sum(axis=1),
            color=colour,
            label=f"{first}" if first == last else f"{first} to {last}",
        )
        right.plot(
            steps,
            curve.modes[shown, group].sum(axis=1),
            MARKERS[i % len(MARKERS)],
            color=colour,
            markersize=4,
        )
    right.set(
        xscale="log", yscale="log", xlabel="step", ylabel="share of the training error", title="By eigenmode"
    )
    right.set_ylim(bottom=floor)
    right.legend(title=r"rank of $\lambda_i$", fontsize=8.5, title_fontsize=8.5, loc="lower left")
    return drawing


def _colours(palette: Palette, count: int) -> list[Any]:
    """So many colours of the palette's sequence, far enough from the paper's to be seen."""
    chosen = need("matplotlib").colormaps[palette.sequential]
    ends = (0.3, 0.98) if palette.dark else (0.0, 0.85)
    return [chosen(v) for v in np.linspace(*ends, count)]
