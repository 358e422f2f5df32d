"""Gram matrices larger than memory, tile by tile into .npy files on disk, resumable after a kill.

A tile is written, flushed to disk, and only then recorded in `progress.txt`; what was not recorded is computed
again. `job.json` says which inputs and which kernel the folder belongs to.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError
from ntk_theory.kernels.inputs import as_numpy, check_shapes

if TYPE_CHECKING:
    from ntk_theory.kernels.gram import KernelFunction


def stream(
    kernel_fn: "KernelFunction",
    x: Float[np.ndarray, "n features"],
    folder: str | os.PathLike[str],
    *,
    get: str | Sequence[str] = ("nngp", "ntk"),
    tile: int = 2048,
) -> dict[str, np.memmap]:
    """Σ and Θ of all pairs of `x` as memory maps of `folder`/nngp.npy and ntk.npy, shape (n, n), in x's precision.

    Only pairs on and above the diagonal are computed, `tile` × `tile` of them at a time. Called again with the
    same arguments after an interruption it goes on where it stopped. Raises `DataError` where the folder holds
    the matrices of other inputs or of another kernel, or the disk has too little room, and what `kernel_fn`
    raises.
    """
    if tile < 1:
        raise DataError(f"tile = {tile} must be at least 1: it is the edge of the blocks that are held in memory.")
    x = np.ascontiguousarray(as_numpy("x", x))
    check_shapes(x, None)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    names = (get,) if isinstance(get, str) else tuple(get)
    job = {"inputs": _digest(x), "kernel": _digest(kernel_fn.source), "tile": tile, "get": list(names)}
    resumed = _claimed(place, job)
    _check_disk(place, names, len(x) ** 2 * x.itemsize)
    matrices = {name: _matrix(place / f"{name}.npy", len(x), x.dtype, resumed) for name in names}
    done = _recorded(place) if resumed else set()
    starts = range(0, len(x), tile)
    with open(place / "progress.txt", "a") as progress:
        progress.write("\n")  # ends a line that a kill may have cut
        for i in starts:
            for j in starts:
                if j < i or (i, j) in done:
                    continue
                rows, columns = slice(i, i + tile), slice(j, j + tile)
                kernels = kernel_fn(x[rows], None if i == j else x[columns], get=names)
                for name, matrix in matrices.items():
                    block = np.asarray(getattr(kernels, name))
                    matrix[rows, columns] = block
                    matrix[columns, rows] = block.T
                    matrix.flush()
                progress.write(f"{i} {j} done\n")
                progress.flush()
                os.fsync(progress.fileno())
    return matrices


def _digest(what: Any) -> str:
    data = what.encode() if isinstance(what, str) else f"{what.dtype}{what.shape}".encode() + what.tobytes()
    return hashlib.sha256(data).hexdigest()


def _claimed(place: Path, job: dict[str, Any]) -> bool:
    """Whether the folder already holds this job. Raises `DataError` where it holds another."""
    path = place / "job.json"
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_text(json.dumps(job))
        part.rename(path)
        return False
    held = json.loads(path.read_text())
    if held != job:
        other = ", ".join(key for key in job if held.get(key) != job[key])
        raise DataError(f"{place} holds a matrix that differs in: {other}. Choose another folder, or empty it.")
    return True


def _matrix(path: Path, n: int, dtype: np.dtype, resumed: bool) -> np.memmap:
    if resumed and _is_whole(path, n, dtype):
        return np.lib.format.open_memmap(path, mode="r+")
    # a file that a kill cut short holds nothing that was recorded: its tiles are computed again
    (path.parent / "progress.txt").unlink(missing_ok=True)
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(n, n))


def _is_whole(path: Path, n: int, dtype: np.dtype) -> bool:
    """Opening a file that was cut short would fill it up with zeros."""
    with suppress(OSError, ValueError), open(path, "rb") as file:
        np.lib.format.read_magic(file)
        shape, _, held = np.lib.format.read_array_header_1_0(file)
        return shape == (n, n) and held == dtype and path.stat().st_size == file.tell() + n * n * dtype.itemsize
    return False


def _check_disk(place: Path, names: Sequence[str], size: int) -> None:
    """A disk that fills up under a memory map kills the process. What a file holds already counts as there."""
    needed = 0
    for name in names:
        path = place / f"{name}.npy"
        needed += size - (path.stat().st_blocks * 512 if path.exists() else 0)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise DataError(
            f"The matrices need {needed / 2**30:.1f} GiB more in {place}, and {free / 2**30:.1f} GiB are free. "
            "Choose another disk, one of nngp and ntk in `get`, or float32 inputs."
        )


def _recorded(place: Path) -> set[tuple[int, int]]:
    path = place / "progress.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    words = [line.split() for line in lines]
    return {(int(w[0]), int(w[1])) for w in words if len(w) == 3 and w[2] == "done"}
