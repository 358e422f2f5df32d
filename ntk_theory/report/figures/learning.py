"""Figures of section 3: Gram matrices in three phases; kernels beside networks; calibration."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ntk_theory.report.learning import PHASES, Learned
from ntk_theory.report.settings import TITLES
from ntk_theory.report.style import MARKERS, Palette, figure

MOST_LABELS = 12
MARKERS_OF_ACCURACY = ("o", "o", "s", "^", "D", "v")
COLOURS = (0, 0, 1, 2, 3, 2)


def gram_figure(
    grams: Mapping[tuple[str, str], Float[np.ndarray, "m m"]],
    classes: Int[np.ndarray, "m"],
    names_of_classes: Sequence[str],
    palette: Palette,
) -> Any:
    """Θ(x, x′)/√(Θ(x, x)Θ(x′, x′)), inputs sorted by class: rows are phases, columns activations."""
    names = list(dict.fromkeys(name for name, _ in grams))
    drawing, axes = figure(6.4, columns=len(names), rows=len(PHASES), width=6.8)
    image = None
    for (name, phase), gram in grams.items():
        axis = axes[PHASES.index(phase), names.index(name)]
        image = axis.imshow(gram, cmap=palette.sequential, vmin=0, vmax=1, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_title(TITLES[name])
    middles = [float(np.flatnonzero(classes == k).mean()) for k in range(len(names_of_classes)) if k in classes]
    for axis, phase in zip(axes[:, 0], PHASES, strict=True):
        axis.set_ylabel(phase, fontsize=11)
        if len(middles) == len(names_of_classes) <= MOST_LABELS:
            axis.set_yticks(middles, names_of_classes, fontsize=8)
    bar = drawing.colorbar(image, ax=axes, shrink=0.5, pad=0.02)
    bar.set_label(r"$\Theta(x,x')\,/\sqrt{\Theta(x,x)\,\Theta(x',x')}$")
    bar.outline.set_visible(False)
    return drawing


def accuracy_figure(learned: Sequence[Learned], palette: Palette) -> Any:
    """Test accuracy of kernel regression, the posterior and networks of each width, phase by phase."""
    names = list(dict.fromkeys(one.activation for one in learned))
    drawing, axes = figure(3.5, columns=len(names), sharey=True)
    for axis, name in zip(axes[0], names, strict=True):
        rows = sorted((one for one in learned if one.activation == name), key=lambda one: PHASES.index(one.phase))
        series: list[tuple[str, list[float], list[float]]] = [
            ("NTK regression, $t = \\infty$", [r.kernel_accuracy for r in rows], [r.kernel_error for r in rows]),
            (
                "NTK regression, $t$ of the networks",
                [r.networks[-1].kernel_accuracy for r in rows],
                [r.kernel_error for r in rows],
            ),
            ("NNGP posterior", [r.posterior.accuracy for r in rows], [r.posterior.accuracy_error for r in rows]),
        ]
        for i, line in enumerate(rows[0].networks):
            lines = [r.networks[i] for r in rows]
            series.append(
                (f"networks, width {line.width}", [o.accuracy for o in lines], [o.accuracy_error for o in lines])
            )
        for i, (label, values, errors) in enumerate(series):
            place = np.arange(len(rows)) + 0.14 * (i - (len(series) - 1) / 2)
            axis.errorbar(
                place,
                100 * np.array(values),
                yerr=100 * np.array(errors),
                fmt=MARKERS_OF_ACCURACY[i],
                color=palette.series[COLOURS[i]],
                markerfacecolor=palette.paper if i == 1 else None,
                label=label,
                elinewidth=1.2,
            )
        axis.set(title=TITLES[name], xticks=range(len(rows)), xlim=(-0.5, len(rows) - 0.5))
        axis.set_xticklabels([r.phase for r in rows])
        axis.tick_params(axis="x", length=0)
        axis.grid(axis="y", color=palette.quiet, alpha=0.25, linewidth=0.6)
    axes[0, 0].set_ylabel("test accuracy (%)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=3)
    return drawing


def calibration_figure(learned: Sequence[Learned], palette: Palette) -> Any:
    """How often central intervals of the posterior hold the target, against their stated probability."""
    names = list(dict.fromkeys(one.activation for one in learned))
    drawing, axes = figure(3.3, columns=len(names), sharey=True)
    for axis, name in zip(axes[0], names, strict=True):
        axis.plot([0, 100], [0, 100], color=palette.quiet, linewidth=1, label="calibrated")
        for one in learned:
            if one.activation != name:
                continue
            i = PHASES.index(one.phase)
            axis.plot(
                100 * np.array(one.posterior.levels),
                100 * np.array(one.posterior.coverage),
                marker=MARKERS[i],
                color=palette.series[i],
                linewidth=1.2,
                label=one.phase,
            )
        axis.set(title=TITLES[name], xlabel="stated probability (%)", xlim=(0, 100), ylim=(0, 101))
        axis.set_aspect("equal")
    axes[0, 0].set_ylabel("targets inside (%)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return drawing
