"""A table once, printed as booktabs for a paper, as HTML for a page; `formats` has Markdown, CSV and JSON.

Cells and captions are plain text with mathematics in \\( … \\), which LaTeX and MathJax both read. Numbers with
many digits are a type of their own, so that siunitx aligns them and CSV keeps their errors apart.
"""

import html
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
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
_PLUS_MINUS, _POWER = r"{} \pm {}", r" \times 10^{{{}}}"
MATH = re.compile(r"(\\\(.*?\\\))", re.DOTALL)


@dataclass(frozen=True)
class Cell:
    """Text with \\( … \\), a tone that the page shows as colour, and an anchor that the page links it to.

    `plain` is what CSV and JSON hold, if not the text: a formula as code, a name that is printed once a group.
    """

    text: str
    tone: Tone = ""
    link: str = ""
    plain: str | None = None


@dataclass(frozen=True)
class Number:
    """A decimal as its digits stand, and a bound on its error or its standard error: "1.7609546396", "2e-11".

    An error of at most one unit of the last digit is not printed: the digits say it. CSV always has it.
    """

    digits: str
    error: str = ""

    @property
    def units(self) -> int:
        """The error in units of the last digit, rounded up; 0 where the digits say it."""
        if not self.error or Decimal(self.error) <= self._unit:
            return 0
        return math.ceil(Decimal(self.error) / self._unit)

    def text(self, form: str = "{} ± {}", power: str = "e{}") -> str:
        """The number, and where the digits do not say it its error; `power` writes powers of ten."""
        mantissa, _, exponent = self.digits.lower().partition("e")
        exponent = exponent and power.format(int(exponent))
        if not self.units:
            return mantissa + exponent
        places = len(mantissa.partition(".")[2])
        error = format(Decimal(self.units).scaleb(-places), "f")
        return f"({form.format(mantissa, error)}){exponent}" if exponent else form.format(mantissa, error)

    def math(self) -> str:
        """In \\( … \\)."""
        return rf"\({self.text(_PLUS_MINUS, _POWER)}\)"

    def tex(self) -> str:
        """As siunitx reads it: the error in brackets, in units of the last digit."""
        mantissa, _, exponent = self.digits.lower().partition("e")
        return mantissa + (f"({self.units})" if self.units else "") + (f"e{int(exponent)}" if exponent else "")

    @property
    def _unit(self) -> Decimal:
        exponent = Decimal(self.digits).as_tuple().exponent
        return Decimal(1).scaleb(int(exponent))


Row = tuple[Cell | Number | str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a header; `align` is LaTeX's column letters, S for siunitx's and p for paragraphs.

    `rules` are rows after which a rule is drawn, in a `long` table, which goes on over pages, a space. `sources`
    has the command that made each row: LaTeX carries it as a comment, the other formats as a column.
    """

    name: str
    caption: str
    header: tuple[Cell | str, ...]
    rows: tuple[Row, ...]
    align: str
    rules: frozenset[int] = field(default_factory=frozenset)
    sources: tuple[str, ...] = ()
    long: bool = False

    def tex(self) -> str:
        """A `table` environment, or a `longtable`; needs booktabs, amsmath, siunitx for S, array for p."""
        letters = zip(self.align, self._columns(), strict=True)
        columns = "".join(_tex_column(letter, values) for letter, values in letters)
        cells = (_tex_cell(cell, letter) for cell, letter in zip(self.header, self.align, strict=True))
        head = " & ".join(cells) + r" \\"
        caption, label = rf"\caption{{{tex_text(self.caption)}}}", rf"\label{{tab:{self.name}}}"
        lines = ["% needs amsmath, array, booktabs, longtable, siunitx"] if self.sources else []
        if self.long:
            lines += [r"\setlength{\LTcapwidth}{\linewidth}", rf"\begin{{longtable}}{{{columns}}}"]
            lines += [caption, label + r"\\", r"\toprule", head, r"\midrule", r"\endfirsthead", r"\toprule", head]
            lines += [r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot", *self._tex_rows(r"\addlinespace")]
            return "\n".join([*lines, r"\end{longtable}", ""])
        lines += [r"\begin{table}", r"\centering", caption, label, rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
        lines += [head, r"\midrule", *self._tex_rows(r"\midrule"), r"\bottomrule", r"\end{tabular}"]
        return "\n".join([*lines, r"\end{table}", ""])

    def html(self) -> str:
        """A <figure> with the table and its caption."""
        named = {"l": "left", "p": "left", "c": "center"}
        sides = [named.get(letter, "right") for letter in self.align if letter in "lcrSp"]
        header = (*self.header, "source") if self.sources else self.header
        sides += ["left"] * (len(header) - len(sides))
        head = "".join(_html_cell(cell, side, "th") for cell, side in zip(header, sides, strict=True))
        body = []
        for i, row in enumerate(self.rows):
            cells = "".join(_html_cell(cell, side) for cell, side in zip(row, sides[: len(row)], strict=True))
            cells += f'<td class="left"><code>{html_text(self.sources[i])}</code></td>' if self.sources else ""
            body.append(f'<tr class="rule">{cells}</tr>' if i in self.rules else f"<tr>{cells}</tr>")
        file = "" if self.sources else f' <a class="file" href="tables/{self.name}.tex">{self.name}.tex</a>'
        return (
            f'<figure class="table" id="tab-{self.name}"><div class="scroll"><table>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
            f"<figcaption>{html_text(self.caption)}{file}</figcaption></figure>"
        )

    def with_sources(self) -> tuple[tuple[Cell | str, ...], tuple[Row, ...]]:
        """Header and rows, with the rows' sources as the last column."""
        if not self.sources:
            return self.header, self.rows
        rows = tuple((*row, source) for row, source in zip(self.rows, self.sources, strict=True))
        return (*self.header, "source"), rows

    def _columns(self) -> list[tuple[Cell | Number | str, ...]]:
        return list(zip(*self.rows, strict=True))

    def _tex_rows(self, rule: str) -> list[str]:
        lines = []
        end = r" \\[2pt]" if self.long else r" \\"
        for i, row in enumerate(self.rows):
            cells = " & ".join(_tex_cell(cell, letter) for cell, letter in zip(row, self.align, strict=True))
            lines.append(cells + end + (f" % {self.sources[i]}" if self.sources else ""))
            if i in self.rules and i + 1 < len(self.rows):
                lines.append(rule)
        return lines


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
    parts = MATH.split(text)
    return "".join(part if i % 2 else _tex_escape(part) for i, part in enumerate(parts))


def html_text(text: str) -> str:
    """Escape for HTML; MathJax finds \\( … \\) in the escaped text."""
    return html.escape(text, quote=False)


def _tex_escape(text: str) -> str:
    return "".join(_SPECIAL.get(letter) or _LETTERS.get(letter) or letter for letter in text)


def _tex_cell(cell: Cell | Number | str, letter: str) -> str:
    if isinstance(cell, Number):
        return cell.tex() if letter == "S" else rf"\num{{{cell.tex()}}}"
    text = tex_text(cell if isinstance(cell, str) else cell.text)
    return f"{{{text}}}" if letter == "S" and text else text


def _tex_column(letter: str, cells: tuple[Cell | Number | str, ...]) -> str:
    """A column's letter; for siunitx with the room that its numbers take before and after the marker."""
    if letter == "p":
        return r">{\raggedright\arraybackslash}p{0.4\linewidth}"
    if letter != "S":
        return letter
    numbers = [cell for cell in cells if isinstance(cell, Number)]
    whole, places, error, power = 1, 0, 0, ""
    for number in numbers:
        mantissa, _, exponent = number.digits.lstrip("-").lower().partition("e")
        before, _, after = mantissa.partition(".")
        whole, places = max(whole, len(before)), max(places, len(after))
        error = max(error, len(str(number.units)) if number.units else 0)
        if exponent:
            size = f"e{'-' if int(exponent) < 0 else ''}{len(str(abs(int(exponent))))}"
            power = max(power, size, key=len)
    sign = "-" if any(number.digits.startswith("-") for number in numbers) else ""
    return f"S[table-format={sign}{whole}.{places}{f'({error})' if error else ''}{power}]"


def _html_cell(cell: Cell | Number | str, side: str, tag: str = "td") -> str:
    full = Cell(cell) if isinstance(cell, str) else Cell(cell.math()) if isinstance(cell, Number) else cell
    text = html_text(full.text)
    if full.link:
        text = f'<a href="#{full.link}">{text}</a>'
    kind = f"{side} {full.tone}" if full.tone else side
    return f'<{tag} class="{kind}">{text}</{tag}>'
