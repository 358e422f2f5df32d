"""Work that is numbered 0, 1, 2, … done on all devices of a machine, and by several processes.

What a number gives depends on it alone, so that neither devices nor processes change a result: each device takes
a run of neighbouring numbers in a program of the same shape.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, PartitionSpec

Numbered = Callable[..., Any]
"""function(numbers, *arguments): arrays whose first axis goes with the numbers."""


def on_all_devices(function: Numbered, count: int, at_once: int, *arguments: Any, processes: bool = False) -> Any:
    """function(numbers, *arguments) for the numbers 0 … count - 1, as NumPy arrays; `at_once` a call and device.

    With `processes`, each process of `jax.distributed` does its share and all get everything: call it in all.
    """
    devices = tuple(jax.local_devices())
    parties = jax.process_count() if processes else 1
    share = -(-count // parties)
    first = jax.process_index() * share if processes else 0
    compiled = _compiled(function, len(arguments), devices)
    step = at_once * len(devices)
    calls = []
    for start in range(first, first + share, step):
        done = compiled(jnp.arange(start, start + step, dtype=jnp.uint32), *arguments)
        calls.append(jax.tree.map(np.asarray, done))
    own = jax.tree.map(lambda *parts: np.concatenate(parts)[:share], *calls)
    if parties > 1:
        own = jax.tree.map(np.asarray, multihost_utils.process_allgather(own, tiled=True))
    return jax.tree.map(lambda part: part[:count], own)


@lru_cache(maxsize=64)
def _compiled(function: Numbered, arguments: int, devices: tuple[Any, ...]) -> Callable[..., Any]:
    if len(devices) == 1:
        return jax.jit(function)
    spec: Any = PartitionSpec  # JAX has no types for it
    numbers = spec("numbers")
    return jax.jit(
        jax.shard_map(
            function,
            mesh=Mesh(np.array(devices), ("numbers",)),
            in_specs=(numbers, *[spec()] * arguments),
            out_specs=numbers,
            check_vma=False,  # loops start from constants, which vary over devices only after the first round
        )
    )
