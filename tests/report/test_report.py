"""The whole report on small sizes: what it writes, that it stands alone, and that it leaves nothing behind."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ntk_theory.errors import DataError, MissingExtraError
from ntk_theory.report import report, summary
from ntk_theory.report.extras import PACKAGES
from ntk_theory.report.results import Results
from ntk_theory.report.settings import QUICK

SETTINGS = replace(QUICK, activations=("relu",), also_derived=("erf",))
RNG = np.random.default_rng(0)


def write_data(path: Path) -> Path:
    labels = np.arange(90) % 3
    x = RNG.normal(size=(3, 6))[labels] + 0.3 * RNG.normal(size=(90, 6))
    np.savez(path, x=x, y=np.array(["cat", "dog", "hen"])[labels])
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results, list[str]]:
    folder = tmp_path_factory.mktemp("report")
    parts: list[str] = []
    results = report(
        folder / "out",
        write_data(folder / "pets.npz"),
        settings=SETTINGS,
        progress=lambda part, _: parts.append(part),
    )
    return folder / "out", results, parts


def test_what_is_written(made: tuple[Path, Results, list[str]]) -> None:
    out, _, parts = made
    assert {p.name for p in out.iterdir()} == {"index.html", "results.json", "tables", "figures", "assets"}
    assert [p.name for p in out.parent.glob(".*")] == []
    assert list(dict.fromkeys(parts)) == [
        "derived",
        "phases",
        "learned",
        "simulated",
        "flow",
        "theorems",
        "written",
    ]
    names = {p.stem for p in (out / "figures").glob("*.pdf")}
    assert names == {
        "activations",
        "phases",
        "gram",
        "accuracy",
        "calibration",
        "convergence",
        "flow",
        "function_space",
        "double_descent",
    }
    for name in names:
        assert (out / "figures" / f"{name}.png").stat().st_size > 5000
        assert (out / "figures" / f"{name}-dark.png").stat().st_size > 5000


def test_results_are_json_without_nan(made: tuple[Path, Results, list[str]]) -> None:
    out, results, _ = made
    text = (out / "results.json").read_text(encoding="utf-8")
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in results.json"))
    assert read == json.loads(json.dumps(results.as_dict()))
    assert read["data"]["classes"] == ["cat", "dog", "hen"]
    assert read["phases"][0]["start"]["value"] == 2
    assert read["learned"][0]["networks"][0]["width"] == 16
    assert read["settings"]["alpha"] == 1e-6


def test_the_page_stands_alone(made: tuple[Path, Results, list[str]]) -> None:
    out, _, _ = made
    page = (out / "index.html").read_text(encoding="utf-8")
    targets = re.findall(r'(?:src|srcset|href)="([^"]+)"', page)
    anchors = set(re.findall(r'id="([^"]+)"', page))
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert "//" not in target
            assert (out / target).is_file(), target
    assert "http" not in page
    assert "$" not in page.replace("$$", "")
    for section in ("derived", "phases", "learned", "simulated", "flow"):
        assert f'id="{section}"' in page


def test_every_number_of_the_tables_is_in_both_forms(made: tuple[Path, Results, list[str]]) -> None:
    out, _, _ = made
    page = (out / "index.html").read_text(encoding="utf-8")
    for path in (out / "tables").glob("*.tex"):
        text = path.read_text(encoding="ascii")
        assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
        body = text.split(r"\midrule", 1)[1].split(r"\bottomrule")[0]
        for cell in re.findall(r"\\\(([\d.]+)\\\)", body):
            assert cell in page
        assert f'href="tables/{path.name}"' in page


def test_verdicts_and_the_planted_error(made: tuple[Path, Results, list[str]]) -> None:
    _, results, _ = made
    (one,) = results.simulated
    assert one.derived.verdict == "VERIFIED"
    assert one.planted.verdict == "REFUTED"
    assert all(claim.as_it_should for claim in results.claims)


def test_the_summary_says_it_all(made: tuple[Path, Results, list[str]]) -> None:
    out, results, _ = made
    text = summary(results, out)
    for claim in results.claims:
        assert claim.verdict in text
    assert f"All {len(results.claims)} claims are as they should be." in text
    assert str(out / "index.html") in text
    failed = replace(results.claims[0], verdict="FAILED", as_it_should=False)
    assert "1 of" in summary(replace(results, claims=(failed, *results.claims[1:])))
    assert "\\" not in text


def test_an_interrupt_leaves_the_older_report(tmp_path: Path) -> None:
    data = write_data(tmp_path / "pets.npz")
    out = tmp_path / "out"
    out.mkdir()
    (out / "results.json").write_text("older")

    def interrupt(part: str, _: str) -> None:
        if part == "phases":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report(out, data, settings=SETTINGS, progress=interrupt)
    assert (out / "results.json").read_text() == "older"
    assert {p.name for p in tmp_path.iterdir()} == {"pets.npz", "out"}


def test_what_cannot_work_is_said_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(part: str, what: str) -> None:
        pytest.fail(f"{part}: {what} was begun")

    data = write_data(tmp_path / "pets.npz")
    with pytest.raises(DataError, match="not a file"):
        report(tmp_path / "out", tmp_path / "none.npz", settings=SETTINGS, progress=never)
    with pytest.raises(DataError, match="can't be written"):
        report(data / "out", data, settings=SETTINGS, progress=never)
    with pytest.raises(DataError, match="no report of ours"):
        report(tmp_path, data, settings=SETTINGS, progress=never)
    monkeypatch.setitem(PACKAGES, "absent_package", "absent-package")
    with pytest.raises(MissingExtraError, match="absent-package"):
        report(tmp_path / "out", data, settings=SETTINGS, progress=never)
    assert {p.name for p in tmp_path.iterdir()} == {"pets.npz"}


def test_progress_on_no_terminal_is_a_line_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    from ntk_theory.report.terminal import progress_display

    with progress_display() as progress:
        progress("derived", "one")
        progress("derived", "two")
        progress("phases", "three")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[-1] for line in lines] == ["1 Derived", "2 Phases"]
