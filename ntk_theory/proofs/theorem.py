"""A theorem as it stands in its file: what is stated, where it comes from, what it uses, and its derivation."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ntk_theory.errors import DataError

if TYPE_CHECKING:
    from ntk_theory.proofs.derivation import Derivation

FOLDER = Path(__file__).parents[2] / "proofs"
"""Where this checkout keeps its theorems, one a file."""


@dataclass(frozen=True)
class Theorem:
    """One theorem.

    - `name`: the name of its file;
    - `title`: in words; `statement`: in LaTeX; `source`: paper and equation;
    - `derive`: carries out the derivation, every equality of it checked by the `Derivation` it is given;
    - `depends_on`: names of theorems that it uses;
    - `given`: what is cited and not checked by any method here, such as a limit theorem.
    """

    title: str
    statement: str
    source: str
    derive: Callable[["Derivation"], None] = field(repr=False)
    depends_on: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    name: str = ""


def theorems(folder: Path = FOLDER) -> tuple[Theorem, ...]:
    """The theorems of a folder in an order in which none comes before one that it depends on.

    Each file sets `THEOREM`. Raises `DataError` for a missing folder, a file without a theorem, a dependency that
    is not there, and circular dependencies.
    """
    files = sorted(path for path in folder.glob("*.py") if not path.stem.startswith("_"))
    if not files:
        raise DataError(f"{folder} holds no theorems. Run this from a checkout, or name the folder of the proofs.")
    return _in_order({path.stem: _load(path) for path in files})


def _load(path: Path) -> Theorem:
    spec = importlib.util.spec_from_file_location(f"proofs.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise DataError(f"{path} can't be imported.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    theorem = getattr(module, "THEOREM", None)
    if not isinstance(theorem, Theorem):
        raise DataError(f"{path} sets no THEOREM. A file in this folder holds one theorem.")
    return Theorem(**{**vars(theorem), "name": path.stem})


def _in_order(found: dict[str, Theorem]) -> tuple[Theorem, ...]:
    ordered: dict[str, Theorem] = {}

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise DataError(f"Theorems depend on each other in a circle: {' → '.join((*above, name))}.")
        if name not in found:
            raise DataError(f"{above[-1]} depends on {name}, which is no theorem here.")
        if name not in ordered:
            for needed in found[name].depends_on:
                place(needed, (*above, name))
            ordered[name] = found[name]

    for name in found:
        place(name, ())
    return tuple(ordered.values())
