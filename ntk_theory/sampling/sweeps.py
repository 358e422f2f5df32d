"""Sweeps: finite networks drawn exactly over all combinations of settings, resumed from their store after a kill.

A cell is one combination. Its networks depend on the cell alone, so that a sweep interrupted anywhere, as often as
one likes, ends with the same numbers to the last bit as one that ran through.
"""

import hashlib
import inspect
import itertools
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.activation import activation as parse
from ntk_theory.errors import DataError
from ntk_theory.network import mlp
from ntk_theory.sampling.chain import chain_of, check_count, check_inputs
from ntk_theory.sampling.conditional import Draws, draw_kernels
from ntk_theory.sampling.store import open_store

Measure = Callable[[Draws], Mapping[str, Any]]
"""From a cell's networks to named numbers, or nested lists of numbers."""


@dataclass(frozen=True)
class Cell:
    """One combination of settings; `activation` as text."""

    activation: str
    depth: int
    width: int
    W_std: float
    b_std: float
    seed: int

    @property
    def name(self) -> str:
        """The cell as text, which tells it from every other."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @property
    def key(self) -> Array:
        """A key that depends on the cell alone."""
        digest = hashlib.sha256(self.name.encode()).digest()
        return jax.random.wrap_key_data(jnp.asarray(np.frombuffer(digest[:8], "<u4")), impl="threefry2x32")


def moments(draws: Draws) -> dict[str, Any]:
    """Means and variances over networks of NNGP, NTK and outputs, and the outputs' mean fourth powers."""
    doubled = {name: np.asarray(getattr(draws, name), np.float64) for name in ("nngp", "ntk", "outputs")}
    found = {f"{name}_mean": values.mean(0).tolist() for name, values in doubled.items()}
    found |= {f"{name}_variance": values.var(0).tolist() for name, values in doubled.items()}
    return found | {"outputs_fourth": (doubled["outputs"] ** 4).mean(0).tolist()}


def sweep(
    store: Path | str,
    x: Float[Array | np.ndarray, "k features"],
    *,
    activations: Sequence[str],
    depths: Sequence[int],
    widths: Sequence[int],
    W_stds: Sequence[float],
    b_stds: Sequence[float] = (0.0,),
    seeds: Sequence[int] = (0,),
    count: int,
    measure: Measure = moments,
    progress: bool | None = None,
) -> dict[Cell, Any]:
    """`measure` of `count` networks on the inputs x for every combination of settings, kept in the file `store`.

    A cell that the store holds is read, not drawn; a new one is on the disk before the next begins, and so after a
    kill the same call goes on where it was. Other settings may be asked of one store later, but x, `count` and
    `measure` (its name and source text) are the store's for good. `progress` shows a line on standard error; None
    shows it on a terminal.

    Raises `DataError` for settings that can't be used (before anything is drawn), for a store that is damaged, in
    use, or was begun with other inputs, count or measure, and for a measure that is not finite or not numbers;
    `ActivationSyntaxError` and `DivergentExpectationError` for activations that are none, or have a jump.
    """
    inputs = check_inputs(x)
    check_count("count", count)
    grid = {"activation": activations, "depth": depths, "width": widths}
    grid |= {"W_std": W_stds, "b_std": b_stds, "seed": seeds}
    cells = _cells(grid)
    if not callable(measure):
        raise DataError(f"measure = {measure!r} is no function; give one from Draws to named numbers.")
    shared = {
        "x": inputs.tolist(),
        "count": int(count),
        "measure": f"{getattr(measure, '__qualname__', type(measure).__name__)} {_source(measure)}",
        "format": 1,
    }
    done: dict[Cell, Any] = {}
    with open_store(store, shared) as kept:
        line = _ProgressLine(len(cells), sys.stderr.isatty() if progress is None else progress)
        for number, cell in enumerate(cells):
            line.show(number, cell)
            if cell.name not in kept.results:
                net = mlp(cell.activation, depth=cell.depth, W_std=cell.W_std, b_std=cell.b_std)
                try:
                    drawn = draw_kernels(net, inputs, cell.width, count, cell.key)
                    kept.add(cell.name, _numbers(measure(drawn)))
                except DataError as error:
                    raise DataError(f"{error} The cell was {cell.name}; those before it are kept.") from error
            done[cell] = kept.results[cell.name]
        line.end()
    return done


def _cells(grid: Mapping[str, Sequence[Any]]) -> list[Cell]:
    """All combinations, each checked by making its network."""
    for name, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray) or len(values) == 0:
            raise DataError(f"The settings of {name} are {values!r}; give one or more, as in [{_EXAMPLES[name]}].")
        if len(set(values)) < len(values):
            raise DataError(f"The settings of {name} hold one twice: {list(values)!r}.")
        kinds = _KINDS[name]
        for value in values:
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise DataError(f"{name} = {value!r} is not what it should be, as in {_EXAMPLES[name]}.")
    for width in grid["width"]:
        check_count("width", width)
    for text in grid["activation"]:
        parse(text)
    cells = []
    for values in itertools.product(*(grid[name] for name in ("activation", "depth", "W_std", "b_std"))):
        name, depth, W_std, b_std = values
        chain_of(mlp(name, depth=int(depth), W_std=float(W_std), b_std=float(b_std)))
        cells += [
            Cell(str(name), int(depth), int(width), float(W_std), float(b_std), int(seed))
            for width in grid["width"]
            for seed in grid["seed"]
        ]
    return cells


_EXAMPLES = {"activation": '"relu"', "depth": "3", "width": "256", "W_std": "1.4", "b_std": "0.1", "seed": "0"}
_WHOLE, _REAL = (int, np.integer), (int, float, np.integer, np.floating)
_KINDS: dict[str, tuple[type, ...]] = {
    "activation": (str,),
    "depth": _WHOLE,
    "width": _WHOLE,
    "W_std": _REAL,
    "b_std": _REAL,
    "seed": _WHOLE,
}


def _source(measure: Measure) -> str:
    """A digest of the text that defines the measure, so that another under its name is not taken for it."""
    try:
        text = inspect.getsource(measure)
    except (OSError, TypeError):
        return "of unknown text"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _numbers(found: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured, as JSON keeps it to the last bit."""
    if not isinstance(found, Mapping):
        raise DataError(f"measure gave {found!r}; expected a dictionary of numbers by name.")
    kept: dict[str, Any] = {}
    for name, value in found.items():
        try:
            array = np.asarray(value, np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"measure gave {name} = {value!r}, which is not numbers: {error}.") from error
        if not np.isfinite(array).all():
            raise DataError(f"measure gave {name} = {value!r}, which is not finite.")
        kept[str(name)] = array.tolist()
    return dict(sorted(kept.items()))  # the order in which the store gives them back


class _ProgressLine:
    """One line on standard error, written over itself."""

    def __init__(self, total: int, on: bool) -> None:
        self.total, self.on, self.started = total, on, time.monotonic()

    def show(self, number: int, cell: Cell) -> None:
        if self.on:
            seconds = time.monotonic() - self.started
            what = f"{cell.activation}, depth {cell.depth}, width {cell.width}, W_std {cell.W_std:g}"
            self._write(f"{number}/{self.total} cells, {seconds:.0f} s: {what}, b_std {cell.b_std:g}")

    def end(self) -> None:
        if self.on:
            self._write(f"{self.total}/{self.total} cells, {time.monotonic() - self.started:.0f} s")
            sys.stderr.write("\n")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\033[K{text[:110]}")
        sys.stderr.flush()
