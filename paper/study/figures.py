"""The study's figures, from the JSON alone: vector PDF at a column's or a page's width, and PNG."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ntk_theory.report.style import DASHES, LIGHT, MARKERS, figure, style
from paper.study.figure_map import draw_map
from paper.study.figure_training import draw_loss, draw_movement, draw_trainability, fractions
from paper.study.phases import ACTIVATIONS, PHASES, TITLES

COLUMN, PAGE = 3.4, 7.0
COLOURS = dict(zip(PHASES, (LIGHT.series[0], LIGHT.series[2], LIGHT.series[1]), strict=True))
RATIO = r"$\mathbb{E}[\Theta^2]/\mathbb{E}[\Theta]^2$"


def draw_all(found: dict[str, Any], folder: Path) -> None:
    """The figures of those parts that were found."""
    drawings: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "initialization": ("initialization", draw_initialization),
        "published": ("initialization", draw_published),
        "far": ("initialization", draw_far),
        "samples": ("samples", draw_samples),
        "movement": ("training", draw_movement),
        "loss": ("training", draw_loss),
        "trainability": ("training", draw_trainability),
        "map": ("map", draw_map),
        "ensemble": ("ensemble", draw_ensemble),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (part, draw) in drawings.items():
        if part not in found:
            continue
        with style(LIGHT), small():
            drawing = draw(found[part])
            drawing.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
            drawing.savefig(folder / f"{name}.png", dpi=200, metadata={"Software": None})


def small() -> Any:
    """Type as large as a paper's captions."""
    from matplotlib import rc_context

    sizes = {"font.size": 8, "axes.labelsize": 8, "axes.titlesize": 8.5, "legend.fontsize": 7}
    sizes |= {"xtick.labelsize": 7, "ytick.labelsize": 7, "lines.linewidth": 1.1, "lines.markersize": 3.5}
    return rc_context({**sizes, "axes.titlepad": 4, "axes.linewidth": 0.6, "mathtext.fontset": "stix"})


def draw_initialization(result: dict[str, Any]) -> Any:
    """Four panels, one an activation: the ratio against depth/width in three phases."""
    drawing, axes = figure(2.5, 4, width=PAGE, sharey=True)
    rows = [row for row in result["rows"] if row["grid"] == "ours"]
    for panel, name in zip(axes[0], ACTIVATIONS, strict=True):
        for phase in PHASES:
            chosen = [row for row in rows if row["activation"] == name and row["phase"] == phase]
            for index, width in enumerate(sorted({row["width"] for row in chosen})):
                some = sorted((row for row in chosen if row["width"] == width), key=lambda row: row["depth"])
                ratios = [row["ratio"] for row in some]
                theory = [(row["exact"] or row["first_order"]) - 1 for row in some]
                panel.plot(ratios, theory, color=COLOURS[phase], ls=DASHES[0] if name == "relu" else DASHES[1])
                _measured(panel, "ratio", some, COLOURS[phase], MARKERS[index])
        panel.set(title=TITLES[name], xlabel="depth/width", xscale="log", yscale="log")
        fractions(panel, {row["ratio"] for row in rows})
    axes[0][0].set_ylabel(f"{RATIO} $-$ 1")
    for phase in PHASES:
        axes[0][0].plot([], [], color=COLOURS[phase], marker="o", ls="", label=phase)
    axes[0][0].plot([], [], color=LIGHT.ink, ls=DASHES[0], label="exact")
    axes[0][0].plot([], [], color=LIGHT.ink, ls=DASHES[1], label="first order")
    for index, width in enumerate(sorted({row["width"] for row in rows})):
        axes[0][0].plot([], [], MARKERS[index], color=LIGHT.ink, label=f"width {width}")
    axes[0][0].plot([], [], "o", color=LIGHT.ink, mfc=LIGHT.paper, label="heavy tails: no interval")
    drawing.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=8, handlelength=1.6)
    return drawing


def draw_published(result: dict[str, Any]) -> Any:
    """The published setup: the ratio against σ_w² at σ_b² = 1, a row an activation, a column a width."""
    rows = [row for row in result["rows"] if row["grid"] == "papers"]
    names = [name for name in ACTIVATIONS if any(row["activation"] == name for row in rows)]
    widths, depths = (sorted({row[key] for row in rows}) for key in ("width", "depth"))
    drawing, axes = figure(3.6, len(widths), len(names), width=PAGE, sharex=True, sharey=True)
    for line, name in zip(axes, names, strict=True):
        for panel, width in zip(line, widths, strict=True):
            for index, depth in enumerate(depths):
                here = {"activation": name, "width": width, "depth": depth}
                some = sorted((row for row in rows if here.items() <= row.items()), key=lambda row: row["W_var"])
                theory = [(row["exact"] or row["first_order"]) - 1 for row in some]
                dashes = DASHES[0] if name == "relu" else DASHES[1]
                panel.plot([row["W_var"] for row in some], theory, color=LIGHT.series[index % 4], ls=dashes)
                _measured(panel, "W_var", some, LIGHT.series[index % 4], MARKERS[index % len(MARKERS)])
            panel.set(yscale="log", title=f"{TITLES[name]}, width {width}")
        line[0].set_ylabel(f"{RATIO} $-$ 1")
    for panel in axes[-1]:
        panel.set_xlabel(r"$\sigma_w^2$")
    key = axes[0][0]
    for index, depth in enumerate(depths):
        key.plot(
            [], [], MARKERS[index % len(MARKERS)], color=LIGHT.series[index % 4], ls="", label=f"depth {depth}"
        )
    key.plot([], [], color=LIGHT.ink, ls=DASHES[0], label="exact")
    key.plot([], [], color=LIGHT.ink, ls=DASHES[1], label="first order")
    drawing.legend(*key.get_legend_handles_labels(), loc="outside upper center", ncols=6, handlelength=1.6)
    return drawing


def _measured(panel: Any, at: str, rows: list[dict[str, Any]], colour: str, marker: str) -> None:
    """Means, filled where their interval is trusted, with it; hollow where the tails are too heavy for one."""
    for row in rows:
        value = max(row["dispersion"] - 1, 1e-9)
        if row["trusted"]:
            low, high = max(row["lower"] - 1, 1e-9), row["upper"] - 1
            panel.plot([row[at]] * 2, [low, high], color=colour, lw=0.8)
        panel.plot(
            row[at], value, marker, color=colour, ms=3, mfc=colour if row["trusted"] else LIGHT.paper, mew=0.7
        )


def draw_far(result: dict[str, Any]) -> Any:
    """ReLU far past the papers: width to 10⁵, depth to 500, and the curve of the limit."""
    import sympy

    from ntk_theory.finite_width import dispersion_limit
    from ntk_theory.symbols import ratio

    drawing, axes = figure(2.6, width=COLUMN)
    panel = axes[0][0]
    rows = [row for row in result["rows"] if row["grid"] == "far"]
    limit = sympy.lambdify(ratio, dispersion_limit("relu"), "mpmath")
    x = np.geomspace(min(row["ratio"] for row in rows), max(row["ratio"] for row in rows), 80)
    panel.plot(x, [float(limit(v)) - 1 for v in x], color=LIGHT.quiet, label="limit, depth/width fixed")
    for index, width in enumerate(sorted({row["width"] for row in rows})):
        some = [row for row in rows if row["width"] == width]
        colour = LIGHT.series[index % 4]
        panel.plot([row["ratio"] for row in some], [row["exact"] - 1 for row in some], "+", color=colour, ms=6)
        _measured(panel, "ratio", some, colour, MARKERS[index])
        panel.plot([], [], MARKERS[index], color=colour, label=rf"width $10^{{{round(np.log10(width))}}}$")
    panel.plot([], [], "+", color=LIGHT.ink, label="exact")
    panel.set(xlabel="depth/width", ylabel=f"{RATIO} $-$ 1", xscale="log", yscale="log", ylim=(3e-3, 1e5))
    panel.legend(loc="upper left", handlelength=1.4, labelspacing=0.25)
    return drawing


def draw_samples(result: dict[str, Any]) -> Any:
    """The estimates from 200 initializations: how they scatter, and what the exact ratio is."""
    drawing, axes = figure(2.3, width=COLUMN)
    panel = axes[0][0]
    rows = sorted((row for row in result["rows"] if row["networks"] == 200), key=lambda row: row["ratio"])
    x = [row["ratio"] for row in rows]
    for low, high, alpha in (("q05", "q95", 0.18), ("q25", "q75", 0.35)):
        panel.fill_between(
            x, *([row[k] for row in rows] for k in (low, high)), color=COLOURS["chaotic"], alpha=alpha, lw=0
        )
    panel.plot(
        x, [row["median"] for row in rows], color=COLOURS["chaotic"], label="200 initializations: median, 50%, 90%"
    )
    panel.plot(x, [row["exact"] for row in rows], color=LIGHT.ink, ls=DASHES[1], label="exact")
    panel.set(xlabel="depth/width (width 64)", ylabel=RATIO, yscale="log")
    panel.legend(loc="upper left")
    return drawing


def draw_ensemble(result: dict[str, Any]) -> Any:
    """Measured variance over that of the theory at the same time."""
    drawing, axes = figure(2.6, 2, width=COLUMN, sharey=True)
    depths = sorted({row["depth"] for row in result["rows"]})
    for panel, name in zip(axes[0], ("relu", "tanh"), strict=True):
        for index, phase in enumerate(PHASES):
            rows = [row for row in result["rows"] if row["activation"] == name and row["phase"] == phase]
            x = np.array([depths.index(row["depth"]) for row in rows]) + 0.2 * (index - 1)
            for at, row in zip(x, rows, strict=True):
                ends = [row[end] / row["finite_time"] for end in ("lower", "upper")]
                panel.plot([at, at], ends, color=COLOURS[phase], lw=0.8)
            same = [row["measured"] / row["finite_time"] for row in rows]
            panel.plot(x, same, MARKERS[index], color=COLOURS[phase], label=phase)
        panel.axhline(1, color=LIGHT.quiet, lw=0.7)
        panel.set(title=TITLES[name], xlabel="depth", yscale="log", xticks=range(len(depths)), xticklabels=depths)
    axes[0][0].set_ylabel("variance, measured/theory")
    drawing.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=3, handlelength=0.8)
    return drawing
