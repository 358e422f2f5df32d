"""The report's data: the digits as they come, files as they should be, and what is wrong named by its place."""

from pathlib import Path

import numpy as np
import pytest

from ntk_theory.errors import DataError, MissingExtraError
from ntk_theory.report.data import load, split
from ntk_theory.report.extras import PACKAGES, need
from ntk_theory.report.files import read_inputs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
LABELS = np.arange(30) % 3
TABLE = np.column_stack([X, LABELS])
TEXT = "\n".join(",".join(str(v) for v in row) for row in TABLE)


def test_digits() -> None:
    pytest.importorskip("sklearn")
    data = load()
    assert data.x.shape == (1797, 64)
    assert data.classes == tuple("0123456789")
    np.testing.assert_allclose((data.x**2).sum(axis=1), 64)
    np.testing.assert_allclose(data.targets.sum(axis=1), 0, atol=1e-15)


def test_a_split_shares_the_classes_and_no_input() -> None:
    data = load()
    train, test = split(data, 400, 600, seed=3)
    assert (len(train.x), len(test.x)) == (400, 600)
    assert np.ptp(np.bincount(train.labels)) <= 4
    rows = {tuple(row) for row in train.x}
    assert not any(tuple(row) in rows for row in test.x)
    again, _ = split(data, 400, 600, seed=3)
    np.testing.assert_array_equal(train.x, again.x)


@pytest.mark.parametrize("name", ["a.csv", "b.CSV", "a.npy", "a.npz", "images.npz"])
def test_files_agree(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, TABLE)
    elif name == "a.npz":
        np.savez(path, x=X, y=LABELS)
    elif name == "images.npz":
        np.savez(path, x=X.reshape(30, 2, 2), y=np.array(["cat", "dog", "hen"])[LABELS])
    else:
        path.write_text("a,b,c,d,label\n" + TEXT + "\n\n")
    data = load(path)
    np.testing.assert_allclose(data.x, X * 2 / np.linalg.norm(X, axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_array_equal(data.labels, LABELS)
    assert data.classes == (("cat", "dog", "hen") if name == "images.npz" else ("0", "1", "2"))


def test_huge_numbers_are_scaled_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X * 1e200, y=LABELS)
    np.testing.assert_allclose((load(tmp_path / "a.npz").x ** 2).sum(axis=1), 4)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("a,b,label\n", "is empty"),
        ("1,2,0\n1,2\n", "ragged: line 2 has 2 fields, line 1 has 3"),
        ("1,2,0\n1,x,1\n", "line 2, column 1 .* holds 'x'"),
        ("1\n2\n", "labels are missing"),
        ("1,2,0\n1,nan,1\n", "holds nan in row 1, column 1"),
        ("1,2,0\n1,inf,1\n", "holds inf in row 1, column 1"),
        ("1,2,0\n1,2,nan\n", "label in row 1 is not finite"),
        ("1,2,0\n1,2,1\n", "holds 2 inputs"),
        (TEXT.replace(".0\n", ".5\n", 1), "0.5 is not a whole number"),
        ("\n".join("1,2,7" for _ in range(30)), "1 different labels"),
        ("\n".join(f"1,2,{i}" for i in range(60)), "60 different labels"),
        (TEXT + "\n0,0,0,0,1", "row 30 .* is zero"),
        (b"\xff\xfe\x00\x80", "not text in CSV"),
    ],
)
def test_csv_errors_name_the_place(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=says):
        load(path)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": X}, "no labels"),
        ({"y": LABELS}, "no inputs"),
        ({"x": X, "y": LABELS[:5]}, r"shape \(5,\); expected \(30,\)"),
        ({"x": X, "y": np.full(30, np.nan)}, "label in row 0"),
        ({"x": np.array([["a"] * 4] * 30), "y": LABELS}, "expected numbers"),
        ({"x": X, "y": LABELS + 1j}, "expected numbers or text"),
        ({"x": np.array([object()] * 30), "y": LABELS}, "Python objects"),
    ],
)
def test_npz_errors(tmp_path: Path, arrays: dict[str, np.ndarray], says: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=says):
        load(tmp_path / "a.npz")


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ending \.xlsx"):
        load(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="not a file"):
        load(tmp_path / "a.csv")
    for name in ("a.npy", "a.npz"):
        (tmp_path / name).write_text("no array")
        with pytest.raises(DataError, match="no plain NumPy file"):
            load(tmp_path / name)
    np.save(tmp_path / "b.npy", TABLE[0])
    with pytest.raises(DataError, match=r"shape \(5,\)"):
        load(tmp_path / "b.npy")
    (tmp_path / "b.npy").rename(tmp_path / "b.npz")
    with pytest.raises(DataError, match="single array"):
        load(tmp_path / "b.npz")


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES, "absent_package", "absent-package")
    with pytest.raises(MissingExtraError, match=r"pip install 'ntk_theory\[report\]'"):
        need("absent_package.inner")


def test_inputs_alone_have_no_label_column(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", X)
    np.savez(tmp_path / "a.npz", x=X)
    (tmp_path / "a.csv").write_text("\n".join(",".join(str(v) for v in row) for row in X))
    for name in ("a.npy", "a.npz", "a.csv"):
        np.testing.assert_array_equal(read_inputs(tmp_path / name), X)
    np.savez(tmp_path / "b.npz", y=X)
    with pytest.raises(DataError, match="no array x"):
        read_inputs(tmp_path / "b.npz")
    (tmp_path / "a.npz").rename(tmp_path / "c.npy")
    with pytest.raises(DataError, match="archive of arrays"):
        read_inputs(tmp_path / "c.npy")
