"""The build: what is missing stops it and says what makes it; what is generated says where it is from."""

import json
import shutil

import pytest

from ntk_theory.errors import DataError
from ntk_theory.tables import TABLES, Table, table
from paper import __main__ as build
from paper.claims import claims_list
from paper.numbers import PARTS, measured, measured_table, part_of_study
from paper.tables import FOLDER, forms, write
from paper.typeset import typeset

CLAIM = {
    "id": "a",
    "statement": "at $\\chi_1 > 1$ it moves",
    "verdict": "VERIFIED",
    "alpha": 1.2e-6,
    "evidence": "5% of runs",
    "command": "python -m paper.study --only map",
}


SETTINGS = {"data": "digits", "fraction": 0.25, "depths": [1, 2], "judged": {"networks": 64}}


def study(folder, *, without=""):
    """A folder of results of the right form, whose numbers mean nothing."""
    for part in PARTS:
        numbers = {"a": {"value": 1.2345678, "error": 0.0123, "claim": "a"}, "b": {"value": 3, "error": None}}
        record = {
            "part": part,
            "size": "quick",
            "command": f"run {part}",
            "numbers": numbers,
            "claims": [CLAIM],
            "settings": SETTINGS,
        }
        if part != without:
            (folder / f"{part}.json").write_text(json.dumps(record))
    return folder


def test_numbers_of_the_study_carry_errors_and_sources(tmp_path):
    values = {value.key: value for value in measured(study(tmp_path))}
    assert values["map.a"].latex == r"\num{1.235 +- 0.012}"
    assert values["map.b"].latex == r"\num{3}"
    assert values["map.claims"].latex == r"\num{1}"
    assert values["map.a"].source == "run map"
    assert values["claims.VERIFIED"].latex == values["claims.all"].latex == r"\num{5}"
    assert values["map.settings.judged.networks"].latex == r"\num{64}"
    assert values["map.settings.fraction"].latex == r"\num{0.25}"
    assert "data" not in "".join(values)
    tex = measured_table(tmp_path).tex()
    assert r"initialization & a & 1.235(13) & a \\[2pt] % run initialization" in tex


def test_a_missing_part_stops_the_build_and_says_what_makes_it(tmp_path):
    with pytest.raises(SystemExit, match=r"samples\.json is missing.*--only samples"):
        list(measured(study(tmp_path, without="samples")))
    other = json.loads((study(tmp_path) / "map.json").read_text()) | {"size": "full"}
    (tmp_path / "map.json").write_text(json.dumps(other))
    with pytest.raises(SystemExit, match="different sizes"):
        list(measured(tmp_path))
    (tmp_path / "map.json").write_text('{"command": "x", "size": "full", "numbers": {}}')
    with pytest.raises(SystemExit, match="has no claims"):
        part_of_study(tmp_path, "map")


def test_a_missing_figure_stops_the_build(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "macros", lambda _: "")
    with pytest.raises(SystemExit, match=r"initialization.pdf is missing.*--figures"):
        build.generate(study(tmp_path), tmp_path / "document")


def test_claims_are_sentences_with_verdict_rate_and_source():
    (_, item, _, _) = claims_list([CLAIM], "map").split("\n")
    assert item.startswith(r"\item At $\chi_1 > 1$ it moves. \verdict{good}{VERIFIED}{\num{2e-6}}")
    assert item.endswith(r"5\% of runs.} % python -m paper.study --only map")
    with pytest.raises(DataError, match="map"):
        claims_list([{**CLAIM, "verdict": "TRUE"}], "map")
    assert claims_list([], "map").startswith("%")


@pytest.mark.parametrize("name", ["dispersion"])
def test_a_cheap_table_is_up_to_date(name):
    for file, text in forms(table(name)).items():
        assert (FOLDER / file).read_text(encoding="utf-8") == text, (
            "run python -m paper.tables and look at git diff"
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(TABLES) - {"dispersion"}))
def test_every_table_is_up_to_date(name):
    for file, text in forms(table(name)).items():
        assert (FOLDER / file).read_text(encoding="utf-8") == text, (
            "run python -m paper.tables and look at git diff"
        )


def test_writing_tables_says_what_changed(tmp_path):
    made = Table("small", "Caption.", ("a",), (("1",),), "l")
    assert [path.name for path in write(made, tmp_path)] == ["small.tex", "small.csv"]
    assert write(made, tmp_path) == []


def test_without_tex_there_is_no_pdf_and_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert typeset(tmp_path, tmp_path / "paper.pdf") is None
