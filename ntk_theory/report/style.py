"""How figures look: one type, one set of colours, a light and a dark form of each.

The colours are Okabe and Ito's, told apart with any kind of colour vision; lines differ in their dashes or
markers as well. Nothing here touches pyplot, so drawing has no state outside its figure.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ntk_theory.report.extras import need

WIDTH = 8.4
"""Inches: the width of the page's column, so that text in figures is as large as text beside them."""

MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))


@dataclass(frozen=True)
class Palette:
    """Colours on a light or a dark ground."""

    dark: bool
    ink: str
    quiet: str
    paper: str
    series: tuple[str, ...]
    sequential: str
    good: str
    bad: str


LIGHT = Palette(
    dark=False,
    ink="#1c1d21",
    quiet="#8a8d96",
    paper="#ffffff",
    series=("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    sequential="viridis",
    good="#00734f",
    bad="#a3123f",
)
DARK = Palette(
    dark=True,
    ink="#e6e7ea",
    quiet="#7f838d",
    paper="#17191e",
    series=("#56B4E9", "#F0883E", "#2BC49A", "#E29AC6"),
    sequential="viridis",
    good="#2BC49A",
    bad="#ff8fa3",
)


@contextmanager
def style(palette: Palette) -> Iterator[None]:
    """matplotlib's settings while a figure is drawn."""
    settings: dict[str, Any] = {
        "figure.facecolor": palette.paper,
        "savefig.facecolor": palette.paper,
        "axes.facecolor": palette.paper,
        "axes.edgecolor": palette.quiet,
        "axes.labelcolor": palette.ink,
        "axes.titlecolor": palette.ink,
        "axes.prop_cycle": need("matplotlib").cycler(color=palette.series),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.titlepad": 8,
        "axes.labelsize": 10.5,
        "text.color": palette.ink,
        "xtick.color": palette.quiet,
        "ytick.color": palette.quiet,
        "xtick.labelcolor": palette.ink,
        "ytick.labelcolor": palette.ink,
        "xtick.labelsize": 9.5,
        "ytick.labelsize": 9.5,
        "legend.frameon": False,
        "legend.fontsize": 9.5,
        "lines.linewidth": 1.7,
        "lines.markersize": 5,
        "font.family": "STIXGeneral",
        "font.size": 10.5,
        "mathtext.fontset": "stix",
        "pdf.fonttype": 42,
        "axes.formatter.use_mathtext": True,
    }
    with need("matplotlib").rc_context(settings):
        yield


def figure(
    height: float, columns: int = 1, rows: int = 1, *, width: float = WIDTH, **options: Any
) -> tuple[Any, Any]:
    """A figure, and its axes as a (rows, columns) array."""
    drawing = need("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    axes = drawing.subplots(rows, columns, squeeze=False, **options)
    return drawing, axes


def save(folder: Path, name: str, draw: Any) -> None:
    """Draw in both forms: name.pdf and name.png for paper and light pages, name-dark.png for dark ones."""
    for palette in (LIGHT, DARK):
        with style(palette):
            drawing = draw(palette)
            if palette.dark:
                drawing.savefig(folder / f"{name}-dark.png", dpi=180)
            else:
                drawing.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
                drawing.savefig(folder / f"{name}.png", dpi=180)
