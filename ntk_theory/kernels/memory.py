"""Whether matrices fit into memory, asked before they are made."""

from pathlib import Path
from typing import Any

import jax

from ntk_theory.errors import OutOfMemoryError

MATRICES = 3
"""Σ and Θ, and room for the inputs, scaled and normalised, and a block (benchmarks/results/gram.json)."""
_SMALL = 2**26
"""Below this no question is asked: the answer would cost more than the matrices."""
_CGROUP = Path("/sys/fs/cgroup")


def check_memory(rows: int, columns: int, itemsize: int, device: Any = None) -> None:
    """Raises `OutOfMemoryError` where Σ and Θ of this shape, with their temporaries, exceed the free memory."""
    needed = MATRICES * rows * columns * itemsize
    if needed < _SMALL:
        return
    free = available(device)
    if free is not None and needed > free:
        raise OutOfMemoryError(
            f"Σ and Θ of shape ({rows}, {columns}) take {needed / 2**30:.1f} GiB while they are computed, and "
            f"{free / 2**30:.1f} GiB are free. Blocks of at most {tile(free, itemsize)} inputs fit: "
            f"ntk_theory.kernels.stream(kernel_fn, x, folder, tile={tile(free, itemsize)}) computes them on disk."
        )


def tile(free: int, itemsize: int) -> int:
    """The edge of a block that leaves half of the free memory alone."""
    edge = int((free / 2 / MATRICES / itemsize) ** 0.5)
    return max(edge // 256 * 256, min(edge, 256), 1)


def available(device: Any = None) -> int | None:
    """Bytes that are free where `device` (the default one) computes; None where the system does not say."""
    device = jax.devices()[0] if device is None else device
    if device.platform != "cpu":
        stats = device.memory_stats() or {}
        return stats["bytes_limit"] - stats.get("bytes_in_use", 0) if "bytes_limit" in stats else None
    found = [value for value in (_system(), _container()) if value is not None]
    return min(found) if found else None


def _system() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _container() -> int | None:
    """What a container's limit leaves, its file cache counted as free."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
        cached = next(
            int(line.split()[1])
            for line in (_CGROUP / "memory.stat").read_text().splitlines()
            if line.startswith("inactive_file ")
        )
    except (OSError, StopIteration):
        return None
    return None if limit == "max" else int(limit) - used + cached
