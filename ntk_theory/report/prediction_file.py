"""Predictions to a file: a row an input, in the data's own units."""

import csv
from pathlib import Path

import numpy as np

from ntk_theory.errors import DataError
from ntk_theory.report.prediction import Predicted
from ntk_theory.report.task import Task


def check_predictions(file: str | Path) -> Path:
    """The path, before anything is computed for it. Raises `DataError` for one that can't be written."""
    path = Path(file)
    if path.suffix not in (".csv", ".npz"):
        raise DataError(f"--out {path}: predictions are written as .csv or .npz; end the name so.")
    if not path.absolute().parent.is_dir():
        raise DataError(f"{path} can't be written: there is no folder {path.parent}. Choose another place.")
    return path


def write_predictions(file: str | Path, found: Predicted, job: Task) -> Path:
    """Means, lower and upper ends of the intervals, standard deviations, and for classes the class predicted.

    .csv: columns mean, lower, upper (an output each, with its class in the name) and std; .npz: arrays of these
    names. Whole or not at all. Raises `DataError`.
    """
    path = check_predictions(file)
    names = job.classes or ("",)
    mean = job.centre + job.unit * found.mean
    half = job.unit * found.half_width
    partial = path.with_name(path.name + ".partial")
    chosen = [names[k] for k in found.mean.argmax(axis=1)] if job.classes else []
    try:
        if path.suffix == ".npz":
            arrays = {"mean": mean, "lower": mean - half, "upper": mean + half, "std": job.unit * found.std}
            if chosen:
                arrays["predicted"] = np.array(chosen)
            with partial.open("wb") as target:
                np.savez(target, allow_pickle=False, **arrays)
        else:
            with partial.open("w", newline="", encoding="utf-8") as text:
                writer = csv.writer(text)
                ends = ("mean", "lower", "upper")
                header = [f"{end} {name}".strip() for name in names for end in ends]
                writer.writerow([*(["predicted"] if chosen else []), *header, "std"])
                columns = np.stack([mean, mean - half, mean + half], axis=2).reshape(len(mean), -1)
                for i, (row, std) in enumerate(zip(columns, job.unit * found.std, strict=True)):
                    writer.writerow([*chosen[i : i + 1], *(f"{v:.9g}" for v in row), f"{std:.9g}"])
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path} can't be written: {error.strerror}. Choose another place.") from error
    finally:
        partial.unlink(missing_ok=True)
    return path
