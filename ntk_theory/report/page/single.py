"""One table as a page of its own, which needs nothing beside it: style and typesetting are in the file."""

from importlib import resources
from string import Template

from ntk_theory.tables.table import Table, html_text

_SCRIPT = '<script defer src="assets/tex-svg.js"></script>'


def table_page(table: Table) -> str:
    """HTML, two megabytes of it MathJax."""
    assets = resources.files("ntk_theory.report") / "assets"
    template, style, script = (
        (assets / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "tex-svg.js")
    )
    title = f"{table.name[0].upper()}{table.name[1:]}"
    style += "main { max-width: none; }\n"  # the rows' sources need the room
    body = f"<main>{table.html()}</main>"
    page = Template(template).substitute(title=html_text(title), style=style, body=body)
    return page.replace(_SCRIPT, f"<script defer>{script}</script>")
