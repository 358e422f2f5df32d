"""Pieces of HTML that the page is put together from. Text is escaped here and nowhere else."""

import html
from collections.abc import Iterable

from ntk_theory.tables.table import html_text


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of text with \\( … \\)."""
    return f'<p class="{kind}">{html_text(text)}</p>' if kind else f"<p>{html_text(text)}</p>"


def note(*texts: str) -> str:
    """Paragraphs set off from the rest."""
    return f'<div class="note">{"".join(map(paragraph, texts))}</div>'


def display(latex: str) -> str:
    """A displayed formula, or an environment such as align*."""
    body = latex if latex.lstrip().startswith(r"\begin") else rf"\[{latex}\]"
    return f'<div class="math">{html.escape(body, quote=False)}</div>'


def picture(name: str, alternative: str, caption: str, kind: str = "") -> str:
    """A figure in its light and dark forms, with a link to the one for print."""
    return (
        f'<figure class="{kind}" id="fig-{name}"><picture>'
        f'<source srcset="figures/{name}-dark.png" media="(prefers-color-scheme: dark)">'
        f'<img src="figures/{name}.png" alt="{html.escape(alternative)}"></picture>'
        f'<figcaption>{html_text(caption)} <a class="file" href="figures/{name}.pdf">{name}.pdf</a></figcaption>'
        "</figure>"
    )


def moving_picture(name: str, alternative: str, caption: str) -> str:
    """An animated SVG, which is light or dark by itself; hidden from readers who asked for no motion."""
    return (
        f'<figure class="moving" id="fig-{name}"><img src="figures/{name}.svg" alt="{html.escape(alternative)}">'
        f"<figcaption>{html_text(caption)}</figcaption></figure>"
    )


def details(summary: str, items: Iterable[str]) -> str:
    """A list that opens on a click."""
    listed = "".join(f"<li>{html_text(item)}</li>" for item in items)
    return f"<details><summary>{html_text(summary)}</summary><ul>{listed}</ul></details>"


def section(identifier: str, number: int, title: str, *parts: str) -> str:
    """A numbered section."""
    heading = f'<h2 id="{identifier}"><span class="number">{number}</span>{html_text(title)}</h2>'
    return f"<section>{heading}{''.join(parts)}</section>"


def card(*parts: str) -> str:
    """A framed group."""
    return f'<div class="card">{"".join(parts)}</div>'


def heading(text: str, level: int = 3) -> str:
    """A heading below a section's."""
    return f"<h{level}>{html_text(text)}</h{level}>"
