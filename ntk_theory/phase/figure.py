"""The phase diagram of an activation as a figure: depth scale of correlations in colour, contours, and the line.

Drawn from plain floats (`grid`), with the order-to-chaos line through certified points. Needs matplotlib.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ntk_theory.errors import DataError, EnclosureError, MissingExtraError, NoFixedPointError
from ntk_theory.phase.diagram import Phase
from ntk_theory.phase.grid import DepthScaleGrid, depth_scale_grid

DEPTHS = (1, 2, 3, 5, 10, 20, 50, 100)
SUFFIXES = (".png", ".pdf", ".svg")


def draw_diagram(here: Phase, file: str | Path, *, size: int = 140) -> Path:
    """Draw the phases of `here` over σ_w² and σ_b² into `file` (.png, .pdf or .svg), and return its path.

    Colours are ξ_c, the depth to which correlations survive, at the variance that q = 1 leads to; white is
    χ₁ = 1, dashed where the fixed point repels. Raises `DataError` for another
    suffix or a place that can't be written, `MissingExtraError` without matplotlib.
    """
    path = Path(file)
    if path.suffix not in SUFFIXES:
        raise DataError(f"--figure {path}: end the name in {', '.join(SUFFIXES)}.")
    line, b_max = _line(here)
    around = float(line[:, 0].min()) if line is not None else _scale(here)
    lowest = around / 8
    highest = max(8 * around, 4 * float(line[:, 0].max())) if line is not None else 8 * around
    grid = depth_scale_grid(here.dual.activation, np.geomspace(lowest, highest, size), np.linspace(0, b_max, size))
    figure = _drawn(here.dual.activation.name, grid, line)
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        figure.savefig(partial, dpi=180)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path} can't be written: {error.strerror}. Choose another place.") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def _line(here: Phase) -> tuple[np.ndarray | None, float]:
    """Points (σ_w², σ_b²) of the line, with their stability if not all are, and the largest σ_b² to draw."""
    b_max = 1.0
    try:
        start = float(here.boundary_W_var or here.critical_points(0, digits=10)[-1].W_var)
        if here.boundary_W_var is None and here.dual.mean != 0:
            b_max = float(f"{min(start / 4, 30.0):.1g}")
        return np.array(here.critical_line(b_max, points=30)), b_max
    except (NoFixedPointError, IndexError):
        pass
    points = []
    for q in np.geomspace(0.01, 300, 80):
        try:
            point = here.critical_point(f"{q:.6g}", digits=6)
        except (NoFixedPointError, EnclosureError):
            continue
        if float(point.b_var) <= b_max:
            points.append((float(point.W_var), float(point.b_var), point.stable))
    return (np.array(points) if len(points) > 2 else None), b_max


def _scale(here: Phase) -> float:
    """A σ_w² to put in the middle where there is no line: what keeps large variances, or χ₁ = 1 at q = 1."""
    growth = here.length_map.growth
    if growth is not None and growth.square != 0:
        return 1 / float(growth.square)
    return 1 / float(here.chi_1(1, 1, digits=6))


def _drawn(name: str, grid: DepthScaleGrid, line: np.ndarray | None) -> Any:
    try:
        from matplotlib import rc_context
        from matplotlib.colors import BoundaryNorm
        from matplotlib.figure import Figure
        from matplotlib.patheffects import withStroke
    except ImportError as error:
        raise MissingExtraError("Figures need matplotlib: pip install 'ntk_theory[report]'.") from error
    with rc_context({"font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 11}):
        figure = Figure(figsize=(6.4, 4.4), layout="constrained")
        axis = figure.subplots()
        # 1/ξ_c is drawn and ξ_c written beside it: it is bounded, and smooth up to the line
        levels = [0.0, *(1 / depth for depth in reversed(DEPTHS)), 2.0, 4.0]
        rate = np.where(grid.exists, np.clip(1 / np.maximum(grid.xi_c, 1e-9), 0, 3.9), np.nan)
        drawn = axis.contourf(
            grid.W_vars, grid.b_vars, rate, levels=levels, norm=BoundaryNorm(levels, 256), cmap="viridis_r"
        )
        drawn.set_edgecolor("face")
        axis.contour(
            grid.W_vars, grid.b_vars, rate, levels=levels[2:-1], colors="white", linewidths=0.5, alpha=0.6
        )
        halo = [withStroke(linewidth=2.4, foreground="#10131a")]
        outline = [withStroke(linewidth=4.4, foreground="#10131a")]
        if not grid.exists.all():
            axis.set_facecolor("#d9dbe0")
            gone = np.argwhere(~grid.exists)
            row, column = gone[len(gone) // 2]
            axis.text(
                float(grid.W_vars[(column + len(grid.W_vars)) // 2]),
                float(grid.b_vars[row]),
                "the variance\ngrows without\nbound",
                ha="center",
                va="center",
                color="#3a3d45",
            )
        if line is not None:
            stable = line[:, 2] > 0 if line.shape[1] == 3 else np.full(len(line), True)
            for part, dashes in ((stable, "-"), (~stable, (0, (3, 1.5)))):
                kept = np.where(part[:, None], line[:, :2], np.nan)
                axis.plot(*kept.T, color="white", linewidth=2.4, linestyle=dashes, path_effects=outline)
        _name_phases(axis, grid, halo)
        axis.set(
            xscale="log",
            xlim=(grid.W_vars[0], grid.W_vars[-1]),
            ylim=(grid.b_vars[0], grid.b_vars[-1]),
            xlabel=r"$\sigma_w^2$",
            ylabel=r"$\sigma_b^2$",
        )
        axis.set_title(name, loc="left")
        ticks = [b * 10.0**e for e in range(-3, 5) for b in (1, 2, 5)]
        shown = [tick for tick in ticks if grid.W_vars[0] <= tick <= grid.W_vars[-1]]
        axis.set_xticks(shown[::2] if len(shown) > 7 else shown)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.minorticks_off()
        bar = figure.colorbar(drawn, ax=axis, pad=0.015, ticks=levels[1:-1])
        bar.ax.set_yticklabels([*map(str, reversed(DEPTHS)), "½"])
        bar.ax.invert_yaxis()
        bar.set_label(r"depth scale of correlations $\xi_c$ (layers)")
        return figure


def _name_phases(axis: Any, grid: DepthScaleGrid, halo: Any) -> None:
    """The words ordered and chaotic, each in the middle of its region, if that is large enough."""
    for word, region in (
        ("ordered", grid.exists & (grid.chi_1 < 1)),
        ("chaotic", grid.exists & (grid.chi_1 > 1)),
    ):
        row = int(0.7 * len(grid.b_vars))
        columns = np.flatnonzero(region[row])
        if len(columns) <= len(grid.W_vars) // 6:
            continue
        column = int(np.median(columns))
        axis.text(
            float(grid.W_vars[column]),
            float(grid.b_vars[row]),
            word,
            color="white",
            ha="center",
            va="center",
            path_effects=halo,
        )
