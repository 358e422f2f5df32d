"""The theorems and what they depend on, drawn: each coloured by the strongest method that accepted it."""

from collections.abc import Sequence
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
    """Draw the graph to a .svg, .pdf or .png file; an arrow runs from a theorem to one that uses it.

    Raises `MissingExtraError` without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import Patch
    except ImportError as error:
        raise MissingExtraError("Drawing needs matplotlib: pip install 'ntk_theory[report]'.") from error
    place = _places(verdicts)
    columns = max(x for x, _ in place.values()) + 1
    rows = max(len([1 for x, _ in place.values() if x == column]) for column in range(columns))
    figure = Figure(figsize=(2.75 * columns, 0.78 * rows + 0.7), layout="constrained")
    axes = figure.subplots()
    used = {}
    for verdict in verdicts:
        x, y = place[verdict.theorem.name]
        state = status(verdict)
        used[state] = Patch(facecolor=COLOURS[state], edgecolor="#555555", label=state)
        for needed in verdict.theorem.depends_on:
            if needed in place:
                axes.annotate(
                    "",
                    xy=(x - 0.39, y),
                    xytext=(place[needed][0] + 0.39, place[needed][1]),
                    arrowprops={"arrowstyle": "-|>", "color": "#888888", "lw": 0.9, "shrinkA": 0, "shrinkB": 0},
                )
        box = {"boxstyle": "round,pad=0.35", "facecolor": COLOURS[state], "edgecolor": "#555555", "linewidth": 0.8}
        axes.text(x, y, _wrapped(verdict.theorem.title), ha="center", va="center", fontsize=8, bbox=box)
    axes.set(xlim=(-0.55, columns - 0.45), ylim=(-0.6, rows - 0.4))
    axes.axis("off")
    ordered = [used[state] for state in COLOURS if state in used]
    figure.legend(handles=ordered, loc="outside lower center", ncols=len(ordered), frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    return path


def _places(verdicts: Sequence[Verdict]) -> dict[str, tuple[int, float]]:
    """A column right of all that a theorem uses; within a column near the mean height of these."""
    column: dict[str, int] = {}
    for verdict in verdicts:
        needed = [column[name] for name in verdict.theorem.depends_on if name in column]
        column[verdict.theorem.name] = max(needed, default=-1) + 1
    uses = {verdict.theorem.name: verdict.theorem.depends_on for verdict in verdicts}
    tallest = max(list(column.values()).count(c) for c in set(column.values()))
    place: dict[str, tuple[int, float]] = {}
    for c in range(max(column.values()) + 1):
        members = [name for name in column if column[name] == c]
        heights = {
            name: [place[needed][1] for needed in uses[name] if needed in place] or [float(tallest)]
            for name in members
        }
        members.sort(key=lambda name: (sum(heights[name]) / len(heights[name]), name))
        gap = tallest / len(members)
        for k, name in enumerate(members):
            place[name] = (c, (k + 0.5) * gap - 0.5)
    return place


def _wrapped(title: str, width: int = 24) -> str:
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(line for line in lines if line)
