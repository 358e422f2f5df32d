"""Read inputs and labels from .csv, .npy and .npz: what is wrong is named by its row and column."""

import csv
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError

Content = Float[np.ndarray, "..."] | dict[str, np.ndarray]
"""A table of numbers, or an archive's arrays by name."""

FORMATS = "Give .csv or .npy with one input a row and its label in the last column, or .npz with arrays x and y."


def read_arrays(path: Path) -> tuple[Float[np.ndarray, "n features"], np.ndarray]:
    """Inputs (n, features) in float64, finite, and labels (n,). Raises `DataError` with row and remedy."""
    content = _read(path)
    x, labels = _named(path, content) if isinstance(content, dict) else _apart(path, _table(path, content))
    _check_finite(path, x)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise DataError(
            f"{path.name}: the label in row {np.flatnonzero(~np.isfinite(labels))[0]} is not finite. "
            "Leave the row out, or fill the label in."
        )
    return x, labels


def read_inputs(path: Path) -> Float[np.ndarray, "n features"]:
    """Inputs alone: every column of a .csv or .npy, or the array x of an .npz. Raises `DataError`."""
    content = _read(path)
    if isinstance(content, dict):
        if "x" not in content:
            raise DataError(f"{path.name} has no array x; it holds {sorted(content) or 'nothing'}.")
        content = _numeric(path, "x", content["x"])
    x = _table(path, content)
    _check_finite(path, x)
    return x


def _read(path: Path) -> Content:
    readers = {".csv": _csv, ".npy": _npy, ".npz": _npz}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path.name}: the ending {path.suffix or '(none)'} is not known. {FORMATS}")
    if not path.is_file():
        raise DataError(f"{path} is not a file. Check the path.")
    try:
        return readers[path.suffix.lower()](path)
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror or error}.") from error


def _check_finite(path: Path, x: Float[np.ndarray, "n features"]) -> None:
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise DataError(
            f"{path.name} holds {x[row, column]} in row {row}, column {column} (counted from 0). "
            "Leave the row out, or fill the value in."
        )


def _csv(path: Path) -> Content:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(line, row) for line, row in enumerate(csv.reader(file), 1) if any(v.strip() for v in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path.name} is not text in CSV: {error}. {FORMATS}") from error
    if rows and not any(_number(v) for v in rows[0][1]):
        rows = rows[1:]  # a header
    if not rows:
        raise DataError(f"{path.name} is empty: it holds no row of numbers. {FORMATS}")
    width = len(rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise DataError(
                f"{path.name} is ragged: line {line} has {len(row)} fields, line {rows[0][0]} has {width}. "
                "All rows must be equally long."
            )
        for column, field in enumerate(row):
            if not _number(field):
                raise DataError(
                    f"{path.name}: line {line}, column {column} (counted from 0) holds {field!r}, no number. "
                    "Write labels as numbers too."
                )
    return np.array([[float(v) for v in row] for _, row in rows])


def _npy(path: Path) -> Content:
    array = _load(path)
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path.name} is an archive of arrays; call it .npz. {FORMATS}")
    return _numeric(path, "the array", array)


def _npz(path: Path) -> Content:
    archive = _load(path)
    if isinstance(archive, np.ndarray):
        raise DataError(f"{path.name} is a single array, not an archive of arrays. {FORMATS}")
    try:
        with archive:
            return {name: archive[name] for name in archive.files}
    except ValueError as error:
        raise DataError(f"{path.name} holds Python objects, not plain arrays. {FORMATS}") from error


def _named(path: Path, arrays: dict[str, np.ndarray]) -> tuple[Float[np.ndarray, "n features"], np.ndarray]:
    if not {"x", "y"} <= arrays.keys():
        missing = "labels (y)" if "x" in arrays else "inputs (x)"
        raise DataError(f"{path.name} has no {missing}; it holds {sorted(arrays) or 'nothing'}. {FORMATS}")
    x, y = _table(path, _numeric(path, "x", arrays["x"])), arrays["y"]
    if y.shape != (len(x),):
        raise DataError(f"{path.name}: x has {len(x)} rows, y has shape {y.shape}; expected ({len(x)},).")
    if y.dtype.kind not in "fiubU":
        raise DataError(f"{path.name}: the labels y are of type {y.dtype}; expected numbers or text.")
    return x, y


def _load(path: Path) -> np.ndarray | np.lib.npyio.NpzFile:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path.name} is no plain NumPy file: {error}. {FORMATS}") from error


def _numeric(path: Path, name: str, array: np.ndarray) -> Float[np.ndarray, "..."]:
    if array.dtype.kind not in "fiub":
        raise DataError(f"{path.name}: {name} is of type {array.dtype}; expected numbers. {FORMATS}")
    return array.astype(np.float64)


def _table(path: Path, array: Float[np.ndarray, "..."]) -> Float[np.ndarray, "n columns"]:
    """Images (n, height, width) become rows."""
    if array.ndim < 2 or array.size == 0:
        raise DataError(f"{path.name} holds an array of shape {array.shape}; expected a row an input. {FORMATS}")
    return array.reshape(len(array), -1)


def _apart(
    path: Path, table: Float[np.ndarray, "n columns"]
) -> tuple[Float[np.ndarray, "n features"], np.ndarray]:
    if table.shape[1] < 2:
        raise DataError(f"{path.name} has one column; the labels are missing, or the inputs. {FORMATS}")
    return table[:, :-1], table[:, -1]


def _number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
