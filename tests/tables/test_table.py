"""One table in every form: what siunitx, GitHub, spreadsheets and browsers are given."""

import csv
import io
import shutil
import subprocess

import pytest

from ntk_theory.errors import DataError
from ntk_theory.tables import TABLES, table
from ntk_theory.tables.formats import as_dict, comma_separated, markdown
from ntk_theory.tables.table import Cell, Number, Table

TABLE = Table(
    "sample",
    r"In 5% of cases, \(\sigma_w^2\).",
    ("name", Cell(r"\(A\)", plain="A"), Cell(r"\(B\)", plain="B"), "text"),
    (
        ("a_b", Number("-1.25", "2e-3"), Number("1.7609546", "9e-8"), Cell(r"\(x|y\)", plain="x|y")),
        (Cell("", plain="a_b"), Number("103.5", "0.25"), Cell("–", plain=""), "c*d"),
        ("e", Number("1.5e-7", "3e-8"), Number("2"), "f"),
    ),
    "lSSp",
    frozenset({1}),
    ("run --a", "run --b 'c'", "run"),
)


@pytest.mark.parametrize(
    ("number", "text", "tex", "math"),
    [
        (Number("1.25"), "1.25", "1.25", r"\(1.25\)"),
        (Number("1.25", "0.01"), "1.25", "1.25", r"\(1.25\)"),
        (Number("1.25", "0.011"), "1.25 ± 0.02", "1.25(2)", r"\(1.25 \pm 0.02\)"),
        (Number("103.5", "2.5"), "103.5 ± 2.5", "103.5(25)", r"\(103.5 \pm 2.5\)"),
        (Number("12", "3"), "12 ± 3", "12(3)", r"\(12 \pm 3\)"),
        (Number("-1.5e-7"), "-1.5e-7", "-1.5e-7", r"\(-1.5 \times 10^{-7}\)"),
        (Number("1.5E-07", "2e-8"), "(1.5 ± 0.2)e-7", "1.5(2)e-7", r"\((1.5 \pm 0.2) \times 10^{-7}\)"),
    ],
)
def test_numbers_carry_the_error_that_their_digits_do_not_say(number, text, tex, math):
    assert (number.text(), number.tex(), number.math()) == (text, tex, math)


def test_latex_aligns_numbers_and_keeps_sources_as_comments():
    tex = TABLE.tex()
    assert r"\begin{tabular}{lS[table-format=-3.2(1)e-1]S[table-format=1.7]>" in tex
    assert r"a\_b & -1.25 & 1.7609546 & \(x|y\) \\ % run --a" in tex
    assert r" & 103.5(3) & {--} & c*d \\ % run --b 'c'" in tex
    assert r"{\(A\)}" in tex
    assert r"In 5\% of cases" in tex


def test_markdown_escapes_what_would_end_a_cell():
    lines = markdown(TABLE).splitlines()
    assert lines[:3] == [
        "| name | $A$ | $B$ | text | source |",
        "| :-- | --: | --: | :-- | :-- |",
        r"| a\_b | -1.25 | 1.7609546 | $x\vert y$ | `run --a` |",
    ]
    assert r"| c\*d |" in lines[3]


def test_csv_is_read_back_whole():
    rows = list(csv.DictReader(io.StringIO(comma_separated(TABLE))))
    assert rows == as_dict(TABLE)["rows"]
    assert rows[1] == {
        "name": "a_b",
        "A": "103.5",
        "A_error": "0.25",
        "B": "",
        "B_error": "",
        "text": "c*d",
        "source": "run --b 'c'",
    }


def test_html_has_every_cell_and_the_source():
    page = TABLE.html()
    assert page.count("<tr") == 4
    assert r'<td class="right">\(103.5 \pm 0.3\)</td>' in page
    assert "<td class=\"left\"><code>run --b 'c'</code></td>" in page
    assert 'class="file"' not in page


def test_long_tables_go_on_over_pages():
    long = Table("long", "c", ("a",), (("1",), ("2",)), "l", frozenset({0}), long=True).tex()
    assert long.index(r"\endhead") < long.index("1 ") < long.index(r"\addlinespace") < long.index("2 ")


def test_names_are_known_and_unknown_ones_refused():
    with pytest.raises(DataError, match="kernels, critical, rates"):
        table("kernel")
    assert all(recipe.what for recipe in TABLES.values())


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_takes_both_environments(tmp_path):
    long = Table("long", "c", ("a", "b"), (("1", Number("2.5")),) * 80, "lS", long=True)
    packages = r"\usepackage{amsmath,array,booktabs,longtable,siunitx}"
    body = rf"\documentclass{{article}}{packages}\begin{{document}}{TABLE.tex()}{long.tex()}\end{{document}}"
    (tmp_path / "t.tex").write_text(body, encoding="utf-8")
    if subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True, check=False).returncode:
        pytest.skip("tables need LaTeX's siunitx package, which is not installed (Debian: texlive-science)")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert run.returncode == 0, run.stdout.decode(errors="replace")[-1500:]
    assert b"(3 pages" in run.stdout
