"""Numbers, text and tables in their three forms: LaTeX, HTML, terminal."""

import doctest
import shutil
import subprocess
from pathlib import Path

import pytest

from ntk_theory.report import numbers
from ntk_theory.report.numbers import Proven, percent, plain, proven, terminal, with_error
from ntk_theory.tables.table import Cell, Table, grouped, html_text, prose, tex_text

TABLE = Table(
    "sample",
    "Accuracy in 100% of cases & more, with \\(\\sigma_w^2\\) < 3.",
    ("name", "\\(\\chi_1\\)"),
    (("a_b", Cell("\\(1.5\\)", "good")), ("", Cell("none", "quiet", link="phases"))),
    "lr",
    frozenset({0}),
)


def test_docstrings() -> None:
    assert doctest.testmod(numbers).failed == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (with_error(0.97352, 0.0061), r"\(0.9735 \pm 0.0061\)"),
        (with_error(-12.34, 2.1), r"\(-12.3 \pm 2.1\)"),
        (with_error(12.34, 2.1, places=0), r"\(12 \pm 2\)"),
        (with_error(1e-9, 1e-10), r"\(1.000 \times 10^{-9} \pm 1.0 \times 10^{-10}\)"),
        (with_error(3.0, 0.0), r"\(3\)"),
        (plain(0.0), r"\(0\)"),
        (plain(103.00755, 6), r"\(103.008\)"),
        (plain(0.25, 3, trim=False), r"\(0.250\)"),
        (plain(3.2e-16, 2), r"\(3.2 \times 10^{-16}\)"),
        (plain(float("inf")), r"\(\infty\)"),
        (percent(0.9741), r"\(97.4\)"),
        (proven(Proven("18.12724067629514", 1e-14, 18.1), 6), r"\(18.1272\ldots\)"),
        (proven(Proven("2", 0.0, 2.0), 6), r"\(2\)"),
        (proven(Proven("0.250000000000000", 0.0, 0.25), 6), r"\(0.25\)"),
        (proven(Proven("0.25", 1e-3, 0.25), 6), r"\(0.25\)"),
        (terminal(r"\(\sigma_w^2\) = \(3.0 \times 10^{-16}\)"), "σ_w² = 3.0e-16"),
        (terminal(r"\(\dot K\) for \(\phi\): \(1.4 \pm 1.3\)"), "K̇ for φ: 1.4 ± 1.3"),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    assert text == expected


def test_text_is_escaped_outside_mathematics() -> None:
    assert tex_text(r"5% of a_b & \(a_b\)") == r"5\% of a\_b \& \(a_b\)"
    assert html_text(r"a < b & \(a < b\)") == r"a &lt; b &amp; \(a &lt; b\)"
    assert prose("one\n   two ") == "one two"


def test_groups_carry_their_name_once() -> None:
    rows, rules = grouped([("a", [("1",), ("2",)]), ("b", [("3",)])])
    assert rows == (("a", "1"), ("", "2"), ("b", "3"))
    assert rules == {1, 2}


def test_both_forms_of_a_table() -> None:
    tex, page = TABLE.tex(), TABLE.html()
    assert tex.count(r"\midrule") == 2
    assert r"100\% of cases \& more, with \(\sigma_w^2\) < 3." in tex
    assert '<td class="right good">\\(1.5\\)</td>' in page
    assert '<a href="#phases">none</a>' in page
    assert "&lt; 3" in page


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_takes_it(tmp_path: Path) -> None:
    document = (
        rf"\documentclass{{article}}\usepackage{{booktabs,amsmath}}\begin{{document}}{TABLE.tex()}\end{{document}}"
    )
    (tmp_path / "t.tex").write_text(document, encoding="ascii")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-1500:]
