"""The report's data: scikit-learn's handwritten digits, or a file, checked before anything is computed.

Every input is scaled to |x|² = n₀, its number of features. Then Σ¹(x, x) = σ_w² + σ_b² for all inputs: they
enter the network at one variance, which is where phases and depth scales are defined, and the kernels become
functions of the angle between two inputs. What is lost is an input's overall brightness.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ntk_theory.errors import DataError
from ntk_theory.report.extras import need
from ntk_theory.report.files import read_arrays

MOST_CLASSES = 50
LEAST_INPUTS = 20
PREPROCESSING = (
    "Each input is scaled to \\(|x|^2 = n_0\\), its number of features, so that all enter the network at the same "
    "variance \\(\\sigma_w^2 + \\sigma_b^2\\); nothing else is done to it."
)


@dataclass(frozen=True)
class Dataset:
    """Inputs with |x|² = n₀ and their classes, numbered from 0; `classes` are the labels as they stood."""

    name: str
    x: Float[np.ndarray, "n features"]
    labels: Int[np.ndarray, "n"]
    classes: tuple[str, ...]

    @property
    def targets(self) -> Float[np.ndarray, "n classes"]:
        """One-hot minus its mean: 1 - 1/C for the class, -1/C for the others, so that a row sums to 0."""
        return np.eye(len(self.classes))[self.labels] - 1 / len(self.classes)

    def take(self, rows: Int[np.ndarray, "m"]) -> "Dataset":
        """Some of the inputs, in the order given."""
        return Dataset(self.name, self.x[rows], self.labels[rows], self.classes)


def load(path: Path | None = None) -> Dataset:
    """The digits (1,797 images of 8 × 8 pixels, ten classes), or the inputs of a file.

    A file is .csv or .npy, a row an input, its label in the last column; or .npz with arrays x and y.
    Raises `DataError` for what can't be used, with the row; `MissingExtraError` without scikit-learn.
    """
    if path is None:
        digits = need("sklearn.datasets").load_digits()
        return dataset("scikit-learn's handwritten digits", digits.data, digits.target)
    x, labels = read_arrays(Path(path))
    return dataset(Path(path).name, x, labels)


def dataset(name: str, x: Float[np.ndarray, "n features"], labels: np.ndarray) -> Dataset:
    """Check inputs and labels, scale the one and number the other. Raises `DataError`."""
    if len(x) < LEAST_INPUTS:
        raise DataError(f"{name} holds {len(x)} inputs; the report trains and tests, and needs {LEAST_INPUTS}.")
    found, numbers = np.unique(labels, return_inverse=True)
    if labels.dtype.kind == "f" and (found != np.round(found)).any():
        wrong = found[found != np.round(found)][0]
        raise DataError(
            f"{name}: the label {wrong} is not a whole number. The report classifies: the last column (or y) "
            "must hold classes, as 0, 1, 2."
        )
    if not 2 <= len(found) <= MOST_CLASSES:
        raise DataError(
            f"{name} has {len(found)} different labels; the report needs 2 to {MOST_CLASSES}. "
            "Is the label in the last column?"
        )
    names = tuple(str(int(v)) if labels.dtype.kind in "fiub" else str(v) for v in found)
    return Dataset(name, scaled(name, x), numbers.astype(np.int64), names)


def scaled(name: str, x: Float[np.ndarray, "n features"]) -> Float[np.ndarray, "n features"]:
    """x·√n₀/|x|. Raises `DataError` for an input that is zero: it has no direction."""
    largest = np.abs(x).max(axis=1, keepdims=True)
    if not largest.all():
        row = int(np.flatnonzero(largest == 0)[0])
        raise DataError(
            f"{name}: the input in row {row} (counted from 0) is zero and can't be scaled to |x|² = n₀. "
            "Leave it out, or add a constant feature to all inputs."
        )
    # Dividing by the largest entry first keeps the square of 1e200 finite.
    unit = x / largest
    return unit * np.sqrt(x.shape[1]) / np.linalg.norm(unit, axis=1, keepdims=True)


def split(data: Dataset, train: int, test: int, seed: int) -> tuple[Dataset, Dataset]:
    """A random split with (up to rounding) the classes' shares in both parts.

    At most 60% of the inputs are trained on; fewer than asked for are taken where the data hold fewer.
    """
    rng = np.random.default_rng(seed)
    n = len(data.x)
    train = min(train, int(0.6 * n))
    test = min(test, n - train)
    # Rank every input within its class, at random: low ranks relative to the class's size go first.
    order = rng.permutation(n)
    position = np.empty(n)
    for label in range(len(data.classes)):
        members = order[data.labels[order] == label]
        position[members] = (np.arange(len(members)) + rng.uniform()) / len(members)
    rows = np.argsort(position, kind="stable")
    return data.take(rng.permutation(rows[:train])), data.take(rng.permutation(rows[train : train + test]))
