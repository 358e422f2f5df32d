"""Tables that papers print, made anew each time: `table(name)`; `formats` prints one in any form.

Every row says which command makes it, and the same versions make the same text: a number that changes shows as
a line in a comparison.
"""

from dataclasses import dataclass
from importlib import import_module

from ntk_theory.errors import DataError
from ntk_theory.tables.table import Table


@dataclass(frozen=True)
class Recipe:
    """What a table holds, about how many seconds it takes, and the module whose function of its name makes it."""

    what: str
    seconds: int
    module: str


TABLES: dict[str, Recipe] = {
    "kernels": Recipe("K and K̇ of forty activations, as derived", 10, "kernels"),
    "critical": Recipe("critical initializations to proven digits, and universality classes", 60, "critical"),
    "rates": Recipe("what depth does at criticality: derived laws and their constants", 30, "rates"),
    "dispersion": Recipe("E[Θ²]/E[Θ]² of ReLU and its relatives, exact at every width and depth", 5, "widths"),
    "growth": Recipe("n·Var(Θ)/Θ² as depth grows, phase by phase, to first order in 1/n", 10, "widths"),
    "verdicts": Recipe("claims about finite networks, tested: verdicts and error rates", 120, "verdicts"),
}


def table(name: str) -> Table:
    """The table of that name. Raises `DataError` for a name that is none of `TABLES`."""
    if name not in TABLES:
        raise DataError(f"There is no table {name!r}. There are: {', '.join(TABLES)}.")
    made: Table = getattr(import_module(f"ntk_theory.tables.{TABLES[name].module}"), name)()
    return made


__all__ = ["TABLES", "Recipe", "Table", "table"]
