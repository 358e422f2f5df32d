"""The theorems and what they depend on, drawn: each coloured by the strongest method that accepted it."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from ntk_theory.errors import MissingExtraError
from ntk_theory.proofs.verdict import Verdict

COLOURS = {
    "failed": "#f4b6b6",
    "stated": "#eeeeee",
    "derived": "#cfe2f7",
    "enclosed": "#fbe3b5",
    "checked by a kernel": "#c5e8c5",
}
"""Derived: by exact steps. Enclosed: with balls too. Checked by a kernel: Coq accepts its certificate."""


def status(verdict: Verdict) -> str:
    """The strongest of a theorem's methods, as a key of `COLOURS`."""
    if not verdict.holds:
        return "failed"
    names = {"kernel": "checked by a kernel", "balls": "enclosed", "exact": "derived"}
    return next((name for method, name in names.items() if method in verdict.methods), "stated")


def draw(verdicts: Sequence[Verdict], path: Path) -> Path:
    """Draw the graph to a .svg, .pdf or .png file; a line runs from a theorem to the right, to each that uses it.

    What follows through another theorem gets no line of its own. Raises `MissingExtraError` without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import FancyBboxPatch, Patch, PathPatch
        from matplotlib.path import Path as Curve
    except ImportError as error:
        raise MissingExtraError("Drawing needs matplotlib: pip install 'ntk_theory[report]'.") from error
    uses = _reduced({verdict.theorem.name: verdict.theorem.depends_on for verdict in verdicts})
    columns, routes = _columns(uses)
    place = _places(columns, routes)
    height = max(y for _, y in place.values()) + 1
    figure = Figure(figsize=(2.7 * len(columns), 0.72 * height + 0.5), layout="constrained")
    axes = figure.subplots()
    for route in routes:
        points = [(place[route[0]][0] + _HALF, place[route[0]][1])]
        codes = [Curve.MOVETO]
        for node in route[1:]:
            (x, y), (left, at) = points[-1], place[node]
            points += [((x + left - _HALF) / 2, y), ((x + left - _HALF) / 2, at), (left - _HALF, at)]
            codes += [Curve.CURVE4] * 3
            if node != route[-1]:
                points.append((left + _HALF, at))
                codes.append(Curve.LINETO)
        axes.add_patch(PathPatch(Curve(points, codes), facecolor="none", edgecolor="#8a8a8a", linewidth=0.9))
    for verdict in verdicts:
        x, y = place[verdict.theorem.name]
        box = FancyBboxPatch((x - _HALF, y - 0.32), 2 * _HALF, 0.64, boxstyle="round,pad=0,rounding_size=0.06")
        box.set(facecolor=COLOURS[status(verdict)], edgecolor="#555555", linewidth=0.8)
        axes.add_patch(box)
        axes.text(x, y, _wrapped(verdict.theorem.title), ha="center", va="center", fontsize=8)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(-0.6, height - 0.4))
    axes.axis("off")
    met = {status(verdict) for verdict in verdicts}
    shown = [Patch(facecolor=COLOURS[s], edgecolor="#555555", label=s) for s in COLOURS if s in met]
    figure.legend(handles=shown, loc="outside lower center", ncols=len(shown), frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


_HALF = 0.38
"""Half the width of a box, in columns."""

Node = tuple[str, ...]
"""(theorem,), or (theorem, user, column) where a line passes a column between the two."""


def _reduced(uses: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Dependencies within the graph, without those that follow through another."""
    above: dict[str, set[str]] = {}
    for name, needed in uses.items():
        above[name] = {n for n in needed if n in uses}.union(*(above.get(n, set()) for n in needed))
    return {
        name: [n for n in needed if n in uses and not any(n in above[m] for m in needed if m in uses)]
        for name, needed in uses.items()
    }


def _columns(uses: dict[str, list[str]]) -> tuple[list[list[Node]], list[list[Node]]]:
    """The nodes of each column, a theorem's right of all that it uses; and each line as the nodes it passes."""
    column: dict[str, int] = {}
    for name, needed in uses.items():
        column[name] = max((column[n] for n in needed), default=-1) + 1
    columns: list[list[Node]] = [[] for _ in range(max(column.values()) + 1)]
    for name, place in column.items():
        columns[place].append((name,))
    routes = []
    for name, needed in uses.items():
        for n in needed:
            passed = range(column[n] + 1, column[name])
            between: list[Node] = [(n, name, str(k)) for k in passed]
            for k, node in zip(passed, between, strict=True):
                columns[k].append(node)
            routes.append([(n,), *between, (name,)])
    return columns, routes


def _places(columns: list[list[Node]], routes: list[list[Node]]) -> dict[str | Node, tuple[int, float]]:
    """Where each node stands: in a column in the order of the means of their neighbours, swept to and fro."""
    neighbours: dict[Node, list[Node]] = {node: [] for column in columns for node in column}
    for route in routes:
        for left, right in pairwise(route):
            neighbours[left].append(right)
            neighbours[right].append(left)
    tallest = max(sum(_height(node) for node in column) for column in columns)
    height: dict[Node, float] = {}

    def settle(column: list[Node]) -> None:
        top = (tallest - sum(_height(node) for node in column)) / 2
        for node in column:
            height[node] = top + _height(node) / 2 - 0.5
            top += _height(node)

    for column in columns:
        settle(column)
    for sweep in range(24):
        for column in columns if sweep % 2 else columns[::-1]:
            means = {n: _mean([height[m] for m in neighbours[n]], height[n]) for n in column}
            column.sort(key=lambda node: means[node])
            settle(column)
    placed: dict[str | Node, tuple[int, float]] = {}
    for k, column in enumerate(columns):
        for node in column:
            placed[node] = placed[node[0] if len(node) == 1 else node] = (k, height[node])
    return placed


def _height(node: Node) -> float:
    return 1.0 if len(node) == 1 else 0.4


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _wrapped(title: str, width: int = 24) -> str:
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(line for line in lines if line)
