"""What the report shows on a terminal: progress while it computes, and a summary at the end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from ntk_theory.report.extras import need
from ntk_theory.report.numbers import terminal
from ntk_theory.report.results import Progress, Results
from ntk_theory.report.settings import PARTS

STYLES = {"DERIVED": "cyan", "PROVEN": "cyan", "VERIFIED": "green", "REFUTED": "green", "MEASURED": "default"}


@contextmanager
def progress_display() -> Iterator[Progress]:
    """One line on standard error that says what is being done; on no terminal, a line for each part."""
    console = need("rich.console").Console(stderr=True)
    started = time.perf_counter()
    last = ""

    if not console.is_terminal:

        def say(part: str, _what: str) -> None:
            nonlocal last
            if part != last:
                print(f"{time.perf_counter() - started:5.0f} s  {PARTS[part]}", file=sys.stderr, flush=True)
            last = part

        yield say
        return

    rich_progress = need("rich.progress")
    columns = (
        rich_progress.SpinnerColumn(),
        rich_progress.TextColumn("[bold]{task.fields[part]:<22}"),
        rich_progress.TextColumn("{task.description}"),
        rich_progress.TimeElapsedColumn(),
    )
    with rich_progress.Progress(*columns, console=console, transient=True) as display:
        task = display.add_task("", part="Reading the data", total=None)

        def show(part: str, what: str) -> None:
            nonlocal last
            if last and part != last:
                console.print(f"[green]done[/green] {PARTS[last]}")
            last = part
            display.update(task, part=PARTS[part], description=what)

        yield show


def summary(results: Results, folder: Path | None = None) -> str:
    """Each claim, its verdict, its error rate and where to look, as text for standard output."""
    table = need("rich.table").Table(box=need("rich.box").SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("claim", "verdict", "error rate", "section"):
        table.add_column(name, no_wrap=name != "claim")
    text = need("rich.text").Text
    for claim in results.claims:
        style = STYLES.get(claim.verdict, "red") if claim.as_it_should else "bold red"
        table.add_row(
            text(terminal(claim.statement)),
            text(claim.verdict, style=style),
            text(terminal(claim.error)),
            text(PARTS[claim.where]),
        )
    failed = [claim for claim in results.claims if not claim.as_it_should]
    lines = [_rendered(table)]
    if failed:
        lines.append(
            f"{len(failed)} of {len(results.claims)} claims are not as they should be: look at them first."
        )
    else:
        lines.append(f"All {len(results.claims)} claims are as they should be.")
    lines.append(f"Computed in {sum(results.seconds.values()):.0f} s.")
    if folder is not None:
        lines.append(f"The report: {folder / 'index.html'}")
    return "\n".join(lines)


def _rendered(table: Any) -> str:
    """With colours where standard output is a terminal."""
    console_type = need("rich.console").Console
    seen = console_type()
    buffer = StringIO()
    width = seen.width if seen.is_terminal else 140
    console_type(file=buffer, width=width, force_terminal=seen.is_terminal, color_system="auto").print(table)
    return buffer.getvalue().rstrip()
