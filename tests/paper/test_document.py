"""The document's sources: no number typed by hand, everything included is made, every citation is there."""

import re
from pathlib import Path

import pytest

from paper.__main__ import FIGURES, STORED
from paper.numbers import PARTS, derived, measured
from paper.tables import FOLDER

SOURCES = sorted((Path(__file__).parents[2] / "paper" / "document").glob("*.tex"))
TEXT = [path for path in SOURCES if path.name != "paper.tex"]

_COMMENT = re.compile(r"(?<!\\)%.*")
# what is no running text: labels, citations, files, keys of numbers, sizes of the page
_NAMES = re.compile(
    r"\\(?:val|cite[pt]?|ref|eqref|label|input|column|texttt|renewcommand)\*?(?:\[[^\]]*\])?\{[^{}]*\}"
)
_DISPLAYED = re.compile(r"\\begin\{(equation|align|multline|gather)\*?\}.*?\\end\{\1\*?\}", re.DOTALL)
_MATH = re.compile(r"\\\(.*?\\\)|\\\[.*?\\\]", re.DOTALL)
_SPELT = re.compile(
    r"\b(three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million|\w+ty-\w+)\b",
    re.IGNORECASE,
)


def whole():
    return _COMMENT.sub("", "".join(path.read_text() for path in SOURCES))


def quoted():
    return set(re.findall(r"\\val\{([^{}#]+)\}", whole()))


def of_the_study(key):
    return key.split(".")[0] in (*PARTS, "claims", "study")


def stripped(text):
    return _NAMES.sub(" ", _COMMENT.sub("", text))


def typed_numbers(text):
    """Digits in running text, and in formulas all but 0, 1 and 2, their structure."""
    text = stripped(text)
    formulas = [m.group(0) for m in (*_DISPLAYED.finditer(text), *_MATH.finditer(_DISPLAYED.sub(" ", text)))]
    plain = _MATH.sub(" ", _DISPLAYED.sub(" ", text))
    typed = [n for formula in formulas for n in re.findall(r"\d+(?:[.,]\d+)*", formula)]
    return (
        [n for n in typed if n not in ("0", "1", "2")]
        + re.findall(r"\d+(?:[.,]\d+)*", plain)
        + _SPELT.findall(plain)
    )


@pytest.mark.parametrize("path", TEXT, ids=lambda path: path.name)
def test_no_number_is_typed_by_hand(path):
    assert typed_numbers(path.read_text()) == []


def test_the_search_for_numbers_finds_them():
    assert typed_numbers(r"At width 64 it is \(\lambda = 0.5\) % 7") == ["0.5", "64"]
    assert typed_numbers(r"\val{few.64} \cite{jacot2018} \(\sigma_w^2/n\) \ref{sec:1}") == []
    assert typed_numbers("\\begin{equation}x = 3.5\\end{equation} and 12") == ["3.5", "12"]


@pytest.mark.slow
def test_every_derived_number_is_there():
    assert {key for key in quoted() if not of_the_study(key)} <= {value.key for value in derived()}


def test_everything_referred_to_is_there():
    text = whole()
    cited = {key for group in re.findall(r"\\cite[pt]?\{([^}]+)\}", text) for key in group.split(",")}
    listed = set(re.findall(r"@\w+\{(\w+),", (SOURCES[0].parent / "references.bib").read_text()))
    assert cited == listed
    assert set(re.findall(r"\\column\{(\w+)\}", text)) == set(FIGURES)
    assert {name.removeprefix("claims-") for name in re.findall(r"generated/(claims-\w+)", text)} == set(PARTS)


def test_every_table_is_committed_and_included():
    text = (SOURCES[0].parent / "tables.tex").read_text()
    included = set(re.findall(r"\\input\{tables/(\w+)\}", text))
    assert included == {path.stem for path in FOLDER.glob("*.tex")} == {path.stem for path in FOLDER.glob("*.csv")}


def test_every_number_of_the_study_is_stored():
    assert {key for key in quoted() if of_the_study(key)} <= {value.key for value in measured(STORED)}
