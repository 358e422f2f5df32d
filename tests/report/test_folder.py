"""Nothing half-written: the folder appears whole, an older report survives errors, other folders are refused."""

from pathlib import Path

import pytest

from ntk_theory.errors import DataError
from ntk_theory.report.folder import output_folder


def write(out: Path, text: str) -> None:
    with output_folder(out) as folder:
        (folder / "results.json").write_text(text)
        (folder / "figures").mkdir()


def test_it_appears_whole_and_replaces_a_report(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "report"
    with output_folder(out) as folder:
        (folder / "results.json").write_text("first")
        assert not out.exists()
    assert (out / "results.json").read_text() == "first"
    write(out, "second")
    assert (out / "results.json").read_text() == "second"
    assert [p.name for p in out.parent.iterdir()] == ["report"]


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", "x")
    assert (tmp_path / "out" / "results.json").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_error_leaves_the_older_report(tmp_path: Path, error: type[BaseException]) -> None:
    out = tmp_path / "report"
    write(out, "older")

    def fail(folder: Path) -> None:
        (folder / "results.json").write_text("half")
        raise error

    with pytest.raises(error), output_folder(out) as folder:
        fail(folder)
    assert (out / "results.json").read_text() == "older"
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("names", [("thesis.tex",), ("results.json", "thesis.tex"), ("index.html",)])
def test_a_folder_of_something_else_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).write_text("precious")
    with pytest.raises(DataError, match="no report of ours"), output_folder(tmp_path):
        pytest.fail("the block must not be entered")
    assert {p.name for p in tmp_path.iterdir()} == set(names)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(DataError, match="is a file"), output_folder(file):
        pass
    with pytest.raises(DataError, match="can't be written"), output_folder(file / "report"):
        pass
