"""The paper's tables, in the forms that are committed: `python -m paper.tables` makes them anew.

A number that changes is then a line in a comparison, and the tests say which table is not up to date.
"""

import argparse
import sys
from pathlib import Path

from ntk_theory.tables import TABLES, table
from ntk_theory.tables.formats import comma_separated
from ntk_theory.tables.table import Table

FOLDER = Path(__file__).parent / "tables"


def main() -> int:
    """Write the tables named, or all, and say which of them changed."""
    parser = argparse.ArgumentParser(prog="python -m paper.tables", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(TABLES)}")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR", help=f"(default {FOLDER.name}/)")
    options = parser.parse_args()
    changed = [path for name in options.names or TABLES for path in write(table(name), options.out)]
    print("\n".join(f"changed: {path}" for path in changed) or "Nothing changed.")
    return 0


def forms(made: Table) -> dict[str, str]:
    """File names and their texts: LaTeX for the document, CSV for comparison and for programs."""
    return {f"{made.name}.tex": made.tex(), f"{made.name}.csv": comma_separated(made)}


def write(made: Table, folder: Path) -> list[Path]:
    """Write a table's files; those whose text is not what it was."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in forms(made).items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    sys.exit(main())
