"""Read inputs and labels from .csv, .npy and .npz: what is wrong is named by its row and column."""

import csv
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError

FORMATS = "Give .csv or .npy with one input a row and its label in the last column, or .npz with arrays x and y."


def read_arrays(path: Path) -> tuple[Float[np.ndarray, "n features"], np.ndarray]:
    """Inputs (n, features) in float64, finite, and labels (n,). Raises `DataError` with row and remedy."""
    readers = {".csv": _csv, ".npy": _npy, ".npz": _npz}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path.name}: the ending {path.suffix or '(none)'} is not known. {FORMATS}")
    if not path.is_file():
        raise DataError(f"{path} is not a file. Check the path.")
    try:
        x, labels = readers[path.suffix.lower()](path)
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror or error}.") from error
    if not np.isfinite(x).all():
        row, column = np.argwhere(~np.isfinite(x))[0]
        raise DataError(
            f"{path.name} holds {x[row, column]} in row {row}, column {column} (counted from 0). "
            "Leave the row out, or fill the value in."
        )
    return x, labels


def _csv(path: Path) -> tuple[Float[np.ndarray, "n features"], np.ndarray]:
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
    return _apart(path, np.array([[float(v) for v in row] for _, row in rows]))


def _npy(path: Path) -> tuple[Float[np.ndarray, "n features"], np.ndarray]:
    return _apart(path, _numeric(path, "the array", _load(path)))


def _npz(path: Path) -> tuple[Float[np.ndarray, "n features"], np.ndarray]:
    archive = _load(path)
    if isinstance(archive, np.ndarray):
        raise DataError(f"{path.name} is a single array, not an archive of arrays. {FORMATS}")
    try:
        with archive:
            arrays = {name: archive[name] for name in archive.files}
    except ValueError as error:
        raise DataError(f"{path.name} holds Python objects, not plain arrays. {FORMATS}") from error
    if not {"x", "y"} <= arrays.keys():
        missing = "labels (y)" if "x" in arrays else "inputs (x)"
        raise DataError(f"{path.name} has no {missing}; it holds {sorted(arrays) or 'nothing'}. {FORMATS}")
    x, y = _numeric(path, "x", arrays["x"]), arrays["y"]
    x = x.reshape(len(x), -1) if x.ndim > 2 else x
    if x.ndim != 2 or x.size == 0 or y.shape != (len(x),):
        raise DataError(
            f"{path.name}: x has shape {x.shape}, y {y.shape}; expected (n, features) and (n,), n ≥ 1."
        )
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise DataError(f"{path.name}: the label in row {np.flatnonzero(~np.isfinite(y))[0]} is not finite.")
    if y.dtype.kind not in "fiubU":
        raise DataError(f"{path.name}: the labels y are of type {y.dtype}; expected numbers or text.")
    return x, y


def _load(path: Path) -> np.ndarray | np.lib.npyio.NpzFile:
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path.name} is no plain NumPy file: {error}. {FORMATS}") from error


def _numeric(path: Path, name: str, array: np.ndarray | np.lib.npyio.NpzFile) -> Float[np.ndarray, "..."]:
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        kind = array.dtype if isinstance(array, np.ndarray) else "an archive"
        raise DataError(f"{path.name}: {name} is {kind}, expected an array of numbers. {FORMATS}")
    return array.astype(np.float64)


def _apart(path: Path, table: Float[np.ndarray, "..."]) -> tuple[Float[np.ndarray, "n features"], np.ndarray]:
    if table.ndim != 2 or table.size == 0:
        raise DataError(
            f"{path.name} holds an array of shape {table.shape}, expected (n, features + 1). {FORMATS}"
        )
    if table.shape[1] < 2:
        raise DataError(f"{path.name} has one column; the labels are missing, or the inputs. {FORMATS}")
    labels = table[:, -1]
    if not np.isfinite(labels).all():
        raise DataError(f"{path.name}: the label in row {np.flatnonzero(~np.isfinite(labels))[0]} is not finite.")
    return table[:, :-1], labels


def _number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
