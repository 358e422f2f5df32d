"""What `ntk-theory train` and `predict` learn: the digits, or a file's classes or numbers, scaled, and split.

Classes are one-hot minus their mean, one output a class; numbers are one output, minus their mean and over their
standard deviation on the training inputs. Inputs are scaled to |x|² = n₀ (`scale="norm"`, as in the report), each
feature to mean 0 and variance 1 on the training inputs ("standard"), or not at all ("none").
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from ntk_theory.errors import DataError, ShapeError
from ntk_theory.report.data import LEAST_INPUTS, MOST_CLASSES, scaled
from ntk_theory.report.extras import need
from ntk_theory.report.files import read_arrays, read_inputs

Scale = Literal["norm", "standard", "none"]


@dataclass(frozen=True)
class Part:
    """Inputs and their targets; `labels` are the classes' numbers, None for numbers and for inputs alone."""

    x: Float[np.ndarray, "n features"]
    y: Float[np.ndarray, "n outputs"] | None
    labels: Int[np.ndarray, "n"] | None

    @property
    def targets(self) -> Float[np.ndarray, "n outputs"]:
        """y, where there is one. Raises `DataError` where the inputs came alone."""
        if self.y is None:
            raise DataError("These inputs came without targets.")
        return self.y


@dataclass(frozen=True)
class Task:
    """Training and test inputs. In the file's units a target is `centre` + `unit`·y; `classes` () for numbers."""

    name: str
    train: Part
    test: Part
    classes: tuple[str, ...]
    centre: float
    unit: float
    scale: Scale

    @property
    def outputs(self) -> int:
        """One a class, or one."""
        return self.train.targets.shape[1]


def task(
    data: Path | None,
    *,
    train: int,
    test: int | Path,
    scale: Scale | None = None,
    seed: int = 0,
) -> Task:
    """Read `data` (None for the digits) and split off at most `train` and `test` inputs, at random.

    `test` as a path is a file of the test inputs, with targets or without. Labels are classes where they are text
    or at most 50 different whole numbers, and numbers otherwise. `scale` None means "norm" for classes, "standard"
    for numbers. Raises `DataError`, and `MissingExtraError` without scikit-learn for the digits.
    """
    name = "scikit-learn's handwritten digits" if data is None else data.name
    if data is None:
        digits = need("sklearn.datasets").load_digits()
        x, labels = np.asarray(digits.data, np.float64), np.asarray(digits.target)
    else:
        x, labels = read_arrays(data)
    if len(x) < LEAST_INPUTS:
        raise DataError(f"{name} holds {len(x)} inputs; training and testing need {LEAST_INPUTS}.")
    order = np.random.default_rng(seed).permutation(len(x))
    if isinstance(test, Path):
        rows, x_new, new_labels = order[:train], *_test_file(test, x.shape[1])
    else:
        most = min(train, int(0.8 * len(x)))
        rows, others = order[:most], order[most : most + test]
        x_new, new_labels = x[others], labels[others]
    classes = _classes(labels)
    chosen: Scale = scale or ("norm" if len(classes) else "standard")
    if chosen == "norm":
        scaled(name, x)  # names an input that is zero by its row in the file
    inputs, inputs_new = _scaled(name, x[rows], x_new, chosen)
    if len(classes):
        one_hot = np.eye(len(classes)) - 1 / len(classes)

        def classified(points: Float[np.ndarray, "n features"], given: np.ndarray | None) -> Part:
            numbers = None if given is None else _numbered(given, classes)
            return Part(points, None if numbers is None else one_hot[numbers], numbers)

        names = tuple(str(int(v)) if classes.dtype.kind in "fiub" else str(v) for v in classes)
        trained, tested = classified(inputs, labels[rows]), classified(inputs_new, new_labels)
        return Task(name, trained, tested, names, 0.0, 1.0, chosen)
    centre, unit = float(labels[rows].mean()), float(labels[rows].std())
    if not unit > 0:
        raise DataError(
            f"{name}: the targets of the training inputs are all {centre:g}; there is nothing to learn."
        )
    new = None if new_labels is None else (_numbers(new_labels)[:, None] - centre) / unit
    trained = Part(inputs, (labels[rows, None] - centre) / unit, None)
    return Task(name, trained, Part(inputs_new, new, None), (), centre, unit, chosen)


def _classes(labels: np.ndarray) -> np.ndarray:
    """The different labels, in order; none where the labels are numbers to be regressed on."""
    found = np.unique(labels)
    if labels.dtype.kind == "f" and (found != np.round(found)).any():
        return found[:0]
    if len(found) < 2:
        raise DataError(f"All inputs have the label {found[0]}; there is nothing to learn.")
    if len(found) > MOST_CLASSES:
        if labels.dtype.kind == "U":
            raise DataError(f"The data have {len(found)} different labels; at most {MOST_CLASSES} are classes.")
        return found[:0]
    return found


def _numbered(labels: np.ndarray, classes: np.ndarray) -> Int[np.ndarray, "n"]:
    if (labels.dtype.kind == "U") != (classes.dtype.kind == "U"):
        raise DataError(
            f"The test labels are {labels.dtype}, those of training {classes.dtype}: one kind is needed."
        )
    numbers = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    if (unknown := classes[numbers] != labels).any():
        raise DataError(f"The test inputs hold the label {labels[unknown][0]}, which is in no training input.")
    return numbers


def _numbers(labels: np.ndarray) -> Float[np.ndarray, "n"]:
    if labels.dtype.kind == "U":
        raise DataError(f"The test labels are text ({labels[0]!r}), the training labels numbers.")
    return labels.astype(np.float64)


def _test_file(path: Path, features: int) -> tuple[Float[np.ndarray, "m features"], np.ndarray | None]:
    """Inputs with targets, or inputs alone where the file has no more columns than the inputs."""
    x = read_inputs(path)
    if x.shape[1] == features and path.suffix.lower() != ".npz":
        return x, None
    if path.suffix.lower() == ".npz" and "y" not in np.load(path).files:
        labels = None
    else:
        x, labels = read_arrays(path)
    if x.shape[1] != features:
        raise ShapeError(f"{path.name} has inputs of {x.shape[1]} features, the training inputs have {features}.")
    return x, labels


def _scaled(
    name: str, x: Float[np.ndarray, "n features"], new: Float[np.ndarray, "m features"], scale: Scale
) -> tuple[Float[np.ndarray, "n features"], Float[np.ndarray, "m features"]]:
    if scale == "norm":
        return scaled(name, x), scaled(f"{name}, test inputs", new)
    if scale == "standard":
        mean, std = x.mean(axis=0), x.std(axis=0)
        # a feature that does not vary in training says nothing, whatever a test input holds there
        varies = std > 0
        if not varies.any():
            raise DataError(f"{name}: no feature varies over the training inputs.")
        return (x - mean)[:, varies] / std[varies], (new - mean)[:, varies] / std[varies]
    return x, new
