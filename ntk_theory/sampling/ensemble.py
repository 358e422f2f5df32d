"""Many networks drawn with all their matrices: any statistic of each, side by side as far as the cache holds them.

The batch is chosen so that what one compiled network needs, times the batch, stays within a processor's cache;
batches follow one another in a compiled loop (`lax.map`). One batch of all networks would be slower, and take
memory without limit (benchmarks/sampling).
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.network import Network
from ntk_theory.sampling.chain import chain_of, check_count, check_inputs
from ntk_theory.sampling.conditional import Draws, check_draws
from ntk_theory.sampling.devices import Numbered, on_all_devices
from ntk_theory.sampling.normals import threefry_key
from ntk_theory.sampling.plain import full_precision, layer_contributions

Statistic = Callable[..., Any]
"""statistic(key, *arguments): one network's arrays, drawn with the key."""

_MOST_SIDE_BY_SIDE = 1024
_HOT = 4  # of all a network's temporary arrays one part in so many is in use at a time; benchmarks/sampling tells
_AT_ONCE = 2**14  # networks a call and device, at most


def map_networks(
    statistic: Statistic,
    count: int,
    key: Array,
    *arguments: Any,
    batch: int | None = None,
    processes: bool = False,
) -> Any:
    """statistic(key_i, *arguments) for `count` independent keys: its arrays as NumPy, the networks first.

    `statistic` draws one network, as in `lambda key, x: net.apply(net.init(key, x.shape, width=64), x)`; keep the
    same function for several calls, it is compiled once. All local devices share the work, and with
    `processes=True` all processes of `jax.distributed`: call it in every one of them, and every one gets all.
    Key i depends on `key` and i alone. `batch` networks go side by side; None chooses by the cache.
    Raises `DataError` for a count or batch that is no whole number of at least 1.
    """
    check_count("count", count)
    if batch is not None:
        check_count("batch", batch)
    root = threefry_key(key)
    side_by_side = batch or _fitting(statistic, root, arguments)
    at_once = side_by_side * min(-(-count // side_by_side), max(1, _AT_ONCE // side_by_side))
    return on_all_devices(_batched(statistic, side_by_side), count, at_once, root, *arguments, processes=processes)


def draw_explicit(
    net: Network,
    x: Float[Array | np.ndarray, "k features"],
    width: int,
    count: int,
    key: Array,
    *,
    processes: bool = False,
) -> Draws:
    """What `draw_kernels` returns, from networks drawn with all their matrices, in float32: O(n²) each.

    It is the reference for the law that `draw_kernels` has. Raises as `draw_kernels` does.
    """
    inputs = check_inputs(x)
    check_count("width", width)
    chain_of(net)
    drawn = map_networks(_kernels(net, width), count, key, jnp.asarray(inputs, jnp.float32), processes=processes)
    return check_draws(Draws(*drawn), width, np.dtype(np.float32))


@lru_cache(maxsize=64)
def _kernels(net: Network, width: int) -> Statistic:
    def kernels(key: Array, x: Float[Array, "k features"]) -> tuple[Array, ...]:
        params = net.init(key, x.shape, width=width)
        layers = layer_contributions(net, params, x)
        with full_precision():
            return layers[-1], layers.sum(0), layers, net.apply(params, x)[:, 0]

    return kernels


@lru_cache(maxsize=64)
def _batched(statistic: Statistic, batch: int) -> Numbered:
    def batched(numbers: Array, root: Array, *arguments: Any) -> Any:
        one = jax.vmap(lambda number: statistic(jax.random.fold_in(root, number), *arguments))
        done = jax.lax.map(one, numbers.reshape(-1, batch))
        return jax.tree.map(lambda part: part.reshape(-1, *part.shape[2:]), done)

    return batched


def _fitting(statistic: Statistic, root: Array, arguments: tuple[Any, ...]) -> int:
    """The power of two of networks whose working set fits the cache."""
    analysis = jax.jit(statistic).lower(root, *arguments).compile().memory_analysis()
    needed = 1 if analysis is None else max(1, analysis.temp_size_in_bytes)
    fitting = max(1, min(_MOST_SIDE_BY_SIDE, _HOT * cache_bytes() // needed))
    return 2 ** (fitting.bit_length() - 1)


@lru_cache(maxsize=1)
def cache_bytes() -> int:
    """What should stay near the processor: its L2 cache, 1 MiB where nobody tells; on accelerators 1 GiB."""
    if jax.default_backend() != "cpu":
        return 2**30
    try:
        text = Path("/sys/devices/system/cpu/cpu0/cache/index2/size").read_text().strip()
        return int(text[:-1]) * {"K": 2**10, "M": 2**20}[text[-1]]
    except (OSError, ValueError, KeyError, IndexError):
        return 2**20
