"""What networks are trained on: scikit-learn's digits, or MNIST's idx files where the user gives them.

Every input has |x|² = n₀ (`ntk_theory.report.data`); the target is +1 for an even digit, -1 for an odd one.
"""

import gzip
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError
from ntk_theory.report.data import dataset, load

_IMAGES, _LABELS = 0x803, 0x801


def inputs(count: int, mnist: Path | None = None) -> tuple[Float[np.ndarray, "m n"], Float[np.ndarray, "m"], str]:
    """The first `count` inputs, their targets, and the data's name. Raises `DataError` for files that are none."""
    if mnist is None:
        data = load()
    else:
        images, labels = (_idx(mnist, kind) for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))
        if len(images) != len(labels):
            raise DataError(f"{mnist}: {len(images)} images and {len(labels)} labels do not belong together.")
        rows = slice(0, max(count, 20))
        data = dataset("MNIST", images[rows].reshape(len(images[rows]), -1).astype(float), labels[rows])
    digits = np.array([int(data.classes[label]) for label in data.labels[:count]])
    return data.x[:count], np.where(digits % 2, -1.0, 1.0), data.name


def _idx(folder: Path, kind: str) -> np.ndarray:
    """An idx file, plain or gzipped: magic number, sizes, bytes (LeCun, Cortes & Burges)."""
    names = [f"train-{kind}", f"train-{kind}.gz"]
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        raise DataError(f"{folder} has neither {names[0]} nor {names[1]}: give the folder of MNIST's idx files.")
    raw = gzip.decompress(found.read_bytes()) if found.suffix == ".gz" else found.read_bytes()
    header = np.frombuffer(raw[:4], ">u4")
    expected = _IMAGES if kind.startswith("images") else _LABELS
    if len(header) == 0 or int(header[0]) != expected:
        raise DataError(f"{found} does not begin with the magic number {expected}: it is no such idx file.")
    axes = expected % 256
    shape = np.frombuffer(raw[4 : 4 + 4 * axes], ">u4").astype(int)
    body = np.frombuffer(raw[4 + 4 * axes :], np.uint8)
    if body.size != np.prod(shape):
        raise DataError(f"{found} holds {body.size} bytes after its header, which promises {np.prod(shape)}.")
    return body.reshape(shape)
