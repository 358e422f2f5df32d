"""The report's page: results in, one HTML text out, which needs the folder's figures/ and assets/ alone."""

from collections.abc import Mapping
from importlib import resources
from string import Template

from ntk_theory.report.page.html import paragraph
from ntk_theory.report.page.kernels import derived, phase_section, theorems
from ntk_theory.report.page.networks import gradient_flow, learned, simulated
from ntk_theory.report.results import Results
from ntk_theory.tables.table import Table, html_text, prose

TITLE = "Kernels of infinitely wide networks, from formula to verdict"
LINKS = (
    ("claims", "Claims"),
    ("derived", "1 Derived"),
    ("phases", "2 Phases"),
    ("learned", "3 On real data"),
    ("simulated", "4 Simulated"),
    ("flow", "5 Gradient flow"),
    ("theorems", "6 Theorems"),
    ("made", "How it was made"),
)


def page(results: Results, tables: Mapping[str, Table]) -> str:
    """index.html."""
    assets = resources.files("ntk_theory.report") / "assets"
    body = (
        f"<header>{_head()}</header>"
        f'<main><section id="claims">{tables["claims"].html()}</section>'
        f"{derived(results, tables)}{phase_section(results, tables)}{learned(results, tables)}"
        f"{simulated(results, tables)}{gradient_flow(results, tables)}{theorems(results, tables)}</main>"
        f'<footer id="made">{_made(results)}</footer>'
    )
    template = Template((assets / "page.html").read_text(encoding="utf-8"))
    style = (assets / "page.css").read_text(encoding="utf-8")
    return template.substitute(title=html_text(TITLE), style=style, body=body)


def _head() -> str:
    links = "".join(f'<a href="#{target}">{html_text(text)}</a>' for target, text in LINKS)
    lead = prose(
        """Three activations on their whole way: their kernels are derived, their numbers proven, the kernels
        compiled and put to work on real data, and the theory held against finite networks, with stated error
        rates."""
    )
    where = prose(
        """Every number on this page is in results.json with its error, every table in tables/ for LaTeX,
        every figure in figures/ for print."""
    )
    return (
        f"<h1>{html_text(TITLE)}</h1>{paragraph(lead, 'lead')}"
        f'<p class="meta">{html_text(where)} <a href="results.json">results.json</a></p><nav>{links}</nav>'
    )


def _made(results: Results) -> str:
    seconds = ", ".join(f"{name} {spent:.0f} s" for name, spent in results.seconds.items())
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return "".join(
        paragraph(text)
        for text in (
            f"Made by ntk_theory {results.versions['ntk_theory']} with seed {results.settings.seed}, in "
            f"{sum(results.seconds.values()):.0f} s: {seconds}.",
            f"Versions: {versions}.",
            "The mathematics is set by MathJax (Apache licence 2.0), from assets/; the page needs no network.",
        )
    )
