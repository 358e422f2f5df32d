"""Figures of networks in training: how far the kernel moves, the loss, what depth leaves untrainable."""

from typing import Any

import numpy as np

from ntk_theory.report.style import DASHES, LIGHT, MARKERS, figure
from paper.study.phases import PHASES, TITLES

COLOURS = dict(zip(PHASES, (LIGHT.series[0], LIGHT.series[2], LIGHT.series[1]), strict=True))


def fractions(panel: Any, ratios: set[float]) -> None:
    """Ticks at the ratios that occur, thinned out, and no others."""
    from matplotlib.ticker import NullLocator

    chosen = sorted(ratios)
    chosen = [value for index, value in enumerate(chosen) if index % (1 + len(chosen) // 6) == 0]
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticks(chosen, [f"{value:.2g}" for value in chosen])


def draw_movement(result: dict[str, Any]) -> Any:
    """‖Θ_t - Θ_0‖/‖Θ_0‖ against depth/width: median and range of the networks."""
    drawing, axes = figure(2.5, 2, width=7.0, sharey=True)
    rows = [row for row in result["rows"] if row["kind"] == "movement"]
    widths = sorted({row["width"] for row in rows})
    for panel, name in zip(axes[0], ("relu", "tanh"), strict=True):
        for phase in PHASES:
            for index, width in enumerate(widths):
                some = [r for r in rows if (r["activation"], r["phase"], r["width"]) == (name, phase, width)]
                x = [row["ratio"] for row in some]
                middle = np.array([row["movement"] for row in some])
                ends = np.array([[row["least"], row["most"]] for row in some]).T
                panel.errorbar(
                    x,
                    middle,
                    abs(ends - middle),
                    fmt=MARKERS[index],
                    color=COLOURS[phase],
                    ls=DASHES[index],
                    elinewidth=0.6,
                )
        panel.axhline(0.25, color=LIGHT.quiet, lw=0.7)
        panel.set(title=TITLES[name], xlabel="depth/width", xscale="log", yscale="log")
        fractions(panel, {row["ratio"] for row in rows})
    axes[0][0].set_ylabel(r"$\|\Theta_t - \Theta_0\|/\|\Theta_0\|$")
    for phase in PHASES:
        axes[0][1].plot([], [], color=COLOURS[phase], label=phase)
    for index, width in enumerate(widths):
        axes[0][1].plot([], [], MARKERS[index], color=LIGHT.ink, ls=DASHES[index], label=f"width {width}")
    drawing.legend(*axes[0][1].get_legend_handles_labels(), loc="outside upper center", ncols=5, handlelength=2)
    return drawing


def draw_loss(result: dict[str, Any]) -> Any:
    """Loss curves at the largest width: a panel a depth, ReLU solid, tanh dashed."""
    rows = [row for row in result["rows"] if row["kind"] == "movement"]
    depths = sorted({row["depth"] for row in rows})
    width = max(row["width"] for row in rows)
    drawing, axes = figure(2.3, len(depths), width=7.0, sharey=True)
    for panel, depth in zip(axes[0], depths, strict=True):
        for row in rows:
            if row["depth"] == depth and row["width"] == width:
                dashes = DASHES[0] if row["activation"] == "relu" else DASHES[1]
                loss = np.maximum(np.array(row["loss"]) / row["loss"][0], 1e-6)
                panel.plot(np.array(row["steps"]) + 1, loss, color=COLOURS[row["phase"]], ls=dashes)
        panel.set(title=f"depth {depth}, width {width}", xlabel="step + 1", xscale="log", yscale="log")
    axes[0][0].set(ylabel="loss, relative to the start", ylim=(1e-4, 2))
    for phase in PHASES:
        axes[0][0].plot([], [], color=COLOURS[phase], label=phase)
    for dashes, name in zip(DASHES, ("relu", "tanh"), strict=False):
        axes[0][0].plot([], [], color=LIGHT.ink, ls=dashes, label=TITLES[name])
    axes[0][0].legend(loc="lower left", labelspacing=0.25)
    return drawing


def draw_trainability(result: dict[str, Any]) -> Any:
    """tanh: what is left of the loss, against the depth in units of ξ_c."""
    drawing, axes = figure(2.8, width=3.4)
    panel = axes[0][0]
    rows = [row for row in result["rows"] if row["kind"] == "scale" and row["xi_c"]]
    for phase in ("ordered", "chaotic"):
        some = sorted((r for r in rows if r["phase"] == phase), key=lambda row: row["depth"] / row["xi_c"])
        x = [row["depth"] / row["xi_c"] for row in some]
        panel.plot(x, [row["loss"] for row in some], "o", color=COLOURS[phase], label=f"{phase}, networks")
        theory = [max(row["predicted"], 1e-6) for row in some]
        panel.plot(x, theory, "x", color=COLOURS[phase], mew=0.9, label=f"{phase}, kernel theory")
    panel.axhline(0.5, color=LIGHT.quiet, lw=0.7)
    panel.set(xlabel=r"depth/$\xi_c$", ylabel="loss left", xscale="log", yscale="log", ylim=(5e-7, 5))
    drawing.legend(loc="outside upper center", ncols=2, handlelength=1, columnspacing=1)
    return drawing
