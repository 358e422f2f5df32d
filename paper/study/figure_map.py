"""The map over (σ_w², depth/width): regions, and each boundary derived (lines) and measured (marks)."""

from typing import Any

import numpy as np

from ntk_theory.report.style import DASHES, LIGHT, MARKERS, figure
from paper.study.phases import TITLES

BOUNDARIES = ("random", "moves", "untrainable")
WORDS = {"random": "kernel random", "moves": "kernel moves", "untrainable": "untrainable"}
COLOURS = {"random": LIGHT.series[1], "moves": LIGHT.series[3], "untrainable": LIGHT.series[0]}
BOX = {"facecolor": LIGHT.paper, "edgecolor": "none", "pad": 1.5}


def draw_map(result: dict[str, Any]) -> Any:
    """A panel an activation. A region is what lies above the lower of derived and measured boundaries."""
    settings = result["settings"]
    top, bottom = settings["deepest"], 1 / settings["width"]
    drawing, axes = figure(3.1, len(settings["critical"]), width=7.0, sharey=True)
    for panel, (name, line) in zip(axes[0], settings["critical"].items(), strict=True):
        for index, boundary in enumerate(BOUNDARIES):
            curves = {}
            for kind in ("derived", "measured"):
                chosen = [
                    row for row in result["rows"] if row["activation"] == name and row["boundary"] == boundary
                ]
                points = sorted((r["W_var"], r["ratio"]) for r in chosen if r["kind"] == kind)
                curves[kind] = np.array(points).reshape(-1, 2).T
            colour = COLOURS[boundary]
            panel.plot(*curves["derived"], color=colour, ls=DASHES[2 if boundary == "moves" else 0])
            panel.plot(*curves["measured"], MARKERS[index], color=colour, clip_on=False, zorder=3)
            shade = curves["measured" if boundary == "moves" else "derived"]
            if shade.shape[1] > 1:
                panel.fill_between(shade[0], np.minimum(shade[1], top), top, color=colour, alpha=0.16, lw=0)
        panel.axvline(line, color=LIGHT.ink, lw=0.7, ls=DASHES[1])
        panel.set(title=f"{TITLES[name]}, $\\sigma_b^2 = {settings['b_var']:g}$, width {settings['width']}")
        panel.set(xlabel=r"$\sigma_w^2$", yscale="log", ylim=(bottom, top), xlim=(0.25 * line, 2 * line))
        for side, word, ha in ((0.98, "order", "right"), (1.02, "chaos", "left")):
            panel.text(side * line, bottom * 1.08, word, fontsize=7, ha=ha, va="bottom")
        panel.text(
            line, bottom * 2.2, "theory holds", fontsize=8, ha="center", va="center", style="italic", bbox=BOX
        )
    axes[0][0].set_ylabel("depth/width")
    handles = axes[0][1]
    for index, boundary in enumerate(BOUNDARIES):
        dashes = DASHES[2 if boundary == "moves" else 0]
        handles.plot([], [], MARKERS[index], color=COLOURS[boundary], ls=dashes, label=WORDS[boundary])
    handles.plot([], [], color=LIGHT.ink, lw=0.7, label="line: derived; mark: measured")
    handles.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), labelspacing=0.5)
    return drawing
