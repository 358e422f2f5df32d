"""A table as Markdown, CSV and JSON: what reviews compare and programs read."""

import csv
import io
from typing import Any

from ntk_theory.tables.table import MATH, Cell, Number, Table


def markdown(table: Table) -> str:
    """GitHub's Markdown, mathematics in $ … $; the caption below, the rows' sources in the last column."""
    header, rows = table.with_sources()
    last = len(header) - 1 if table.sources else None
    marks = [
        {"l": ":--", "p": ":--", "c": ":-:"}.get(letter, "--:") for letter in table.align if letter in "lcrSp"
    ]
    marks += [":--"] * (len(header) - len(marks))
    lines = [_line(map(_markdown, header)), _line(marks)]
    lines += [_line(f"`{c}`" if i == last else _markdown(c) for i, c in enumerate(row)) for row in rows]
    return "\n".join([*lines, "", _markdown(table.caption), ""])


def comma_separated(table: Table) -> str:
    """A line a row, in full; a column with errors is followed by one that holds them."""
    names, records = table_records(table)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def as_dict(table: Table) -> dict[str, Any]:
    """For JSON: the rows as objects, every number a text with all its digits."""
    _, records = table_records(table)
    return {"name": table.name, "caption": table.caption, "rows": records}


def table_records(table: Table) -> tuple[list[str], list[dict[str, str]]]:
    """Column names, and each row's texts by them; `NAME_error` follows a column of numbers with errors."""
    header, rows = table.with_sources()
    names = [plain(cell) for cell in header]
    wide = {names[i] for row in rows for i, cell in enumerate(row) if isinstance(cell, Number) and cell.error}
    records = []
    for row in rows:
        record = {}
        for name, cell in zip(names, row, strict=True):
            record[name] = plain(cell)
            if name in wide:
                record[f"{name}_error"] = cell.error if isinstance(cell, Number) else ""
        records.append(record)
    return [each for name in names for each in ([name, f"{name}_error"] if name in wide else [name])], records


def plain(cell: Cell | Number | str) -> str:
    """A cell without markup: `plain` where it has one, a number's digits, else its text."""
    if isinstance(cell, Number):
        return cell.digits
    if isinstance(cell, Cell) and cell.plain is not None:
        return cell.plain
    return (cell if isinstance(cell, str) else cell.text).replace(r"\(", "").replace(r"\)", "")


def _markdown(cell: Cell | Number | str) -> str:
    if isinstance(cell, Number):
        return cell.text()
    parts = MATH.split(cell if isinstance(cell, str) else cell.text)
    # a bare | would end the cell, and * or _ outside mathematics set type
    return "".join(
        f"${part[2:-2].replace('|', chr(92) + 'vert ')}$" if i % 2 else _escaped(part)
        for i, part in enumerate(parts)
    )


def _escaped(text: str) -> str:
    for letter in "\\`*_|$<":
        text = text.replace(letter, "\\" + letter)
    return text


def _line(cells: Any) -> str:
    return "| " + " | ".join(cells) + " |"
