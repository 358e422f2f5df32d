"""A table once, printed twice: as booktabs for a paper, as HTML for the page.

Cells and captions are plain text with mathematics in \\( … \\), which LaTeX and MathJax both read.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["", "good", "bad", "quiet"]
_SPECIAL = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "~": r"\textasciitilde{}"}
_SPECIAL |= {"^": r"\textasciicircum{}", "{": r"\{", "}": r"\}", "\\": r"\textbackslash{}"}
_LETTERS = {"σ": r"\(\sigma\)", "χ": r"\(\chi\)", "φ": r"\(\phi\)", "Θ": r"\(\Theta\)", "∞": r"\(\infty\)"}
_LETTERS |= {
    "±": r"\(\pm\)",
    "×": r"\(\times\)",
    "→": r"\(\to\)",
    "≤": r"\(\le\)",
    "≥": r"\(\ge\)",
    "√": r"\(\sqrt{\cdot}\)",
}
_LETTERS |= {"λ": r"\(\lambda\)", "₁": r"\(_1\)", "′": r"\('\)"}
_LETTERS |= {"–": "--", "—": "---", "…": r"\dots{}", "’": "'", "²": r"\(^2\)", "−": r"\(-\)"}
_MATH = re.compile(r"(\\\(.*?\\\))", re.DOTALL)


@dataclass(frozen=True)
class Cell:
    """Text with \\( … \\), a tone that the page shows as colour, and an anchor that the page links it to."""

    text: str
    tone: Tone = ""
    link: str = ""


Row = tuple[Cell | str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a header; `align` is LaTeX's column letters; `rules` are rows after which a rule is drawn."""

    name: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    align: str
    rules: frozenset[int] = field(default_factory=frozenset)

    def tex(self) -> str:
        """A `table` environment; needs \\usepackage{booktabs} and amsmath."""
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{tex_text(self.caption)}}}",
            rf"\label{{tab:{self.name}}}",
            rf"\begin{{tabular}}{{{self.align}}}",
            r"\toprule",
            " & ".join(map(tex_text, self.header)) + r" \\",
            r"\midrule",
        ]
        for i, row in enumerate(self.rows):
            lines.append(" & ".join(_tex_cell(cell) for cell in row) + r" \\")
            if i in self.rules and i + 1 < len(self.rows):
                lines.append(r"\midrule")
        return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])

    def html(self) -> str:
        """A <figure> with the table and its caption."""
        sides = [{"l": "left", "c": "center"}.get(letter, "right") for letter in self.align if letter in "lcr"]
        head = "".join(f'<th class="{s}">{html_text(h)}</th>' for s, h in zip(sides, self.header, strict=True))
        body = []
        for i, row in enumerate(self.rows):
            cells = "".join(_html_cell(cell, side) for cell, side in zip(row, sides, strict=True))
            body.append(f'<tr class="rule">{cells}</tr>' if i in self.rules else f"<tr>{cells}</tr>")
        return (
            f'<figure class="table" id="tab-{self.name}"><div class="scroll"><table>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
            f"<figcaption>{html_text(self.caption)} "
            f'<a class="file" href="tables/{self.name}.tex">{self.name}.tex</a></figcaption></figure>'
        )


def grouped(groups: Iterable[tuple[str, Sequence[Row]]]) -> tuple[tuple[Row, ...], frozenset[int]]:
    """Rows under their group's name, which the first of each carries, and the rows that rules follow."""
    rows: list[Row] = []
    rules = set()
    for name, members in groups:
        rows += [(name if i == 0 else "", *row) for i, row in enumerate(members)]
        rules.add(len(rows) - 1)
    return tuple(rows), frozenset(rules)


def prose(text: str) -> str:
    """A paragraph from a literal of several lines."""
    return " ".join(text.split())


def tex_text(text: str) -> str:
    """Escape what LaTeX reads as commands, outside \\( … \\)."""
    parts = _MATH.split(text)
    return "".join(part if i % 2 else _tex_escape(part) for i, part in enumerate(parts))


def html_text(text: str) -> str:
    """Escape for HTML; MathJax finds \\( … \\) in the escaped text."""
    return html.escape(text, quote=False)


def _tex_escape(text: str) -> str:
    return "".join(_SPECIAL.get(letter) or _LETTERS.get(letter) or letter for letter in text)


def _tex_cell(cell: Cell | str) -> str:
    return tex_text(cell if isinstance(cell, str) else cell.text)


def _html_cell(cell: Cell | str, side: str) -> str:
    full = Cell(cell) if isinstance(cell, str) else cell
    text = html_text(full.text)
    if full.link:
        text = f'<a href="#{full.link}">{text}</a>'
    return f'<td class="{side} {full.tone}">{text}</td>' if full.tone else f'<td class="{side}">{text}</td>'
