"""Gram matrices over many devices, of one process or of several that `jax.distributed` has joined.

Each device holds the rows of its own inputs. Of a symmetric matrix each pair is computed once: with D devices,
device i computes the blocks (i, i), (i, i+1), …, (i, i + D/2), indices modulo D, and sends their transposes to the
devices whose rows they are. Inputs that do not divide into D are padded with zero rows, which are cut off again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float

from ntk_theory.codegen import CompiledKernel
from ntk_theory.errors import DataError
from ntk_theory.kernels.gram import ENOUGH, KernelFunction, Kernels, check_values, wanted
from ntk_theory.kernels.inputs import as_numpy, check_finite, check_shapes
from ntk_theory.kernels.memory import check_memory

AXIS = "rows"


@dataclass(frozen=True)
class RowBlocks:
    """A matrix of `shape`, its rows spread over devices: `array` has as many rows more as even shares need.

    `np.asarray` gathers it, in every process; `local()` gives this process's own rows and copies nothing else.
    """

    array: Array
    shape: tuple[int, int]

    def local(self) -> Iterator[tuple[slice, Float[np.ndarray, "rows columns"]]]:
        """The rows that this process's devices hold, block by block, and where they stand."""
        for shard in sorted(self.array.addressable_shards, key=lambda s: s.index[0].start or 0):
            start = shard.index[0].start or 0
            stop = min(start + shard.data.shape[0], self.shape[0])
            if stop > start:
                yield slice(start, stop), np.asarray(shard.data)[: stop - start]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.array.is_fully_addressable:
            whole = np.empty(self.shape, self.array.dtype)
            for rows, block in self.local():
                whole[rows] = block
        else:
            from jax.experimental.multihost_utils import process_allgather

            whole = np.asarray(process_allgather(self.array, tiled=True))[: self.shape[0]]
        return whole if dtype is None else whole.astype(dtype, copy=False)


def sharded(
    kernel_fn: KernelFunction,
    x1: Any,
    x2: Any = None,
    *,
    get: Sequence[str] = ("nngp", "ntk"),
    devices: Sequence[Any] | None = None,
) -> Kernels:
    """Σ and Θ of all pairs as `RowBlocks` over `devices`: all there are, those of other processes included.

    Inputs are NumPy arrays of shape (n1, features) and (n2, features), the same in every process, and are computed
    in their own precision. Raises what `kernel_fn` raises, in every process.
    """
    names = wanted(kernel_fn.compiled, tuple(get))
    x1, x2 = as_numpy("x1", x1), None if x2 is None else as_numpy("x2", x2)
    check_shapes(x1, x2)
    check_finite(x1, x2)
    chosen = jax.devices() if devices is None else list(devices)
    if not chosen:
        raise DataError("devices is empty: leave it out to use all of them.")
    mesh = Mesh(np.array(chosen), (AXIS,))
    shape = (len(x1), len(x1 if x2 is None else x2))
    share = -(-shape[0] // len(chosen))
    _check_memory(chosen, share, shape[1], x1.dtype.itemsize)
    with jax.enable_x64(True):  # float32 inputs are carried in double precision too
        arguments = [_placed(mesh, P(AXIS), np.pad(x1, ((0, share * len(chosen) - len(x1)), (0, 0))))]
        if x2 is not None:
            arguments.append(_placed(mesh, P(), x2.astype(x1.dtype)))
        for resolution in kernel_fn.resolutions(x1, x2):
            program = kernel_fn.once(
                ("sharded", resolution, mesh, shape, x2 is None),
                partial(_program, kernel_fn.at(resolution), mesh, shape, x2 is None),
            )
            nngp, ntk, report = program(*arguments)
            truncation, overflow, broken = (float(v) for v in np.asarray(report.addressable_data(0)))
            if truncation <= ENOUGH[str(x1.dtype)]:
                break
    check_values(x1.dtype, truncation=truncation, overflow=overflow > 0, finite=broken == 0)
    matrices = {"nngp": RowBlocks(nngp, shape), "ntk": RowBlocks(ntk, shape)}
    return Kernels(**{name: matrices[name] for name in names})


def _check_memory(devices: Sequence[Any], share: int, columns: int, itemsize: int) -> None:
    """All of this process's devices that are processors share its memory; accelerators have each their own."""
    local = [device for device in devices if device.process_index == jax.process_index()]
    if local:
        together = len(local) if local[0].platform == "cpu" else 1
        check_memory(share * together, columns, itemsize, local[0])


def _placed(mesh: Mesh, spec: P, x: Float[np.ndarray, "n features"]) -> Array:
    return jax.make_array_from_callback(x.shape, NamedSharding(mesh, spec), lambda index: x[index])


def _program(kernel: CompiledKernel, mesh: Mesh, shape: tuple[int, int], symmetric: bool) -> Any:
    body = partial(_own_rows if symmetric else _rows_by_columns, kernel, mesh.size, shape)
    inputs = (P(AXIS),) if symmetric else (P(AXIS), P())
    # check_vma: the loops inside start from constants, which differ from device to device only later
    mapped = jax.shard_map(body, mesh=mesh, in_specs=inputs, out_specs=(P(AXIS), P(AXIS), P()), check_vma=False)
    return jax.jit(mapped)


def _own_rows(kernel: CompiledKernel, devices: int, shape: tuple[int, int], x: Float[Array, "m features"]) -> Any:
    """A device's rows of Σ and Θ of all pairs of one batch, and what is to be checked of them."""
    m, here = x.shape[0], jax.lax.axis_index(AXIS)
    zero = jnp.zeros_like(here)
    everyone = jax.lax.all_gather(x, AXIS, tiled=True)
    *own, worst = kernel.symmetric(x)
    rows = [jnp.zeros((m, m * devices), x.dtype)] * 2
    rows = [
        jax.lax.dynamic_update_slice(row, block, (zero, here * m)) for row, block in zip(rows, own, strict=True)
    ]

    def block(ahead: Array) -> Any:
        return kernel.pairs(x, jax.lax.dynamic_slice_in_dim(everyone, (here + ahead) % devices * m, m))

    steps = range(1, devices // 2 + 1)
    if steps:
        *blocks, errors = jax.lax.map(block, jnp.asarray(steps))
        worst = jnp.maximum(worst, jnp.max(errors))
        for ahead in steps:
            around = [(i, (i + ahead) % devices) for i in range(devices)]
            for k, found in enumerate(blocks):
                one = found[ahead - 1]
                rows[k] = jax.lax.dynamic_update_slice(rows[k], one, (zero, (here + ahead) % devices * m))
                if 2 * ahead != devices:  # else the other device computes it as well
                    sent = jax.lax.ppermute(one.T, AXIS, around)
                    rows[k] = jax.lax.dynamic_update_slice(rows[k], sent, (zero, (here - ahead) % devices * m))
    rows = [row[:, : shape[1]] for row in rows]
    return *rows, _report(shape, worst, rows, kernel.diagonal(x))


def _rows_by_columns(
    kernel: CompiledKernel,
    devices: int,  # noqa: ARG001 (the two bodies are called alike)
    shape: tuple[int, int],
    x1: Float[Array, "m features"],
    x2: Float[Array, "n2 features"],
) -> Any:
    """The same of all pairs of two batches."""
    nngp, ntk, worst = kernel.pairs(x1, x2)
    return nngp, ntk, _report(shape, worst, [nngp, ntk], kernel.diagonal(x1), kernel.diagonal(x2))


def _report(shape: tuple[int, int], worst: Array, rows: list[Array], *single: Any) -> Float[Array, "3"]:
    """Over all devices: the truncation, whether a variance overflows, whether an entry is not finite."""
    m = rows[0].shape[0]
    wanted = (jax.lax.axis_index(AXIS) * m + jnp.arange(m) < shape[0])[:, None]
    overflow = jnp.any(jnp.isinf(jnp.concatenate([v for state in single for v in state])))
    broken = jnp.any(jnp.stack([jnp.any(wanted & ~jnp.isfinite(row)) for row in rows]))
    found = jnp.stack([worst, overflow.astype(worst.dtype), broken.astype(worst.dtype)])
    return jax.lax.pmax(found, AXIS)
