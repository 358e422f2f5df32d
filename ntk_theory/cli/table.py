"""`ntk-theory table`: a table for a paper, in LaTeX, CSV, Markdown or HTML."""

import argparse
from typing import TYPE_CHECKING, Any

from ntk_theory.cli.command import declare, show
from ntk_theory.errors import DataError

if TYPE_CHECKING:
    from ntk_theory.tables import Table

FORMATS = ("latex", "csv", "md", "html")


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(
        commands,
        "table",
        run,
        "a table for a paper, each row with the command that made it",
        "table critical --format latex",
        activation=False,
    )
    command.add_argument("name", metavar="NAME", nargs="?", help="which table; --list shows them")
    command.add_argument("--format", choices=FORMATS, default="md", help="(default md)")
    command.add_argument("--list", action="store_true", help="the tables there are, and what they take")
    command.add_argument("--results", metavar="FILE", help="for verdicts: a claims.json, instead of running tests")


def run(options: argparse.Namespace) -> int:
    """Print the list, or make one table and print it."""
    from ntk_theory.tables import TABLES, table

    if options.list:
        known = {name: {"what": recipe.what, "seconds": recipe.seconds} for name, recipe in TABLES.items()}
        lines = (f"{name:<12}{recipe.what} (about {recipe.seconds} s)" for name, recipe in TABLES.items())
        show(options, known, "\n".join(lines))
        return 0
    if options.name is None:
        raise DataError(f"Which table? NAME is one of {', '.join(TABLES)}.")
    if options.results is not None:
        if options.name != "verdicts":
            raise DataError(f"--results is for verdicts; {options.name} is derived anew. Leave it out.")
        from pathlib import Path

        from ntk_theory.tables.verdicts import claims

        made = claims(Path(options.results))
    else:
        made = table(options.name)
    from ntk_theory.tables.formats import as_dict

    show(options, as_dict(made), "" if options.json else _printed(made, options.format).rstrip("\n"))
    return 0


def _printed(made: "Table", form: str) -> str:
    from ntk_theory.tables.formats import comma_separated, markdown

    if form == "html":
        from ntk_theory.report.page.single import table_page

        return table_page(made)
    return made.tex() if form == "latex" else comma_separated(made) if form == "csv" else markdown(made)
