"""Claims about finite networks, decided with stated error rates.

Names are imported when first used: the pytest plugin lives here, and must load neither JAX nor SymPy when pytest
starts.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ntk_theory.verify.approach import Convergence, convergence
    from ntk_theory.verify.claims import Claim
    from ntk_theory.verify.procedure import verify
    from ntk_theory.verify.verdict import Row, Verdict

_HOMES = {
    "Claim": "claims",
    "Convergence": "approach",
    "Row": "verdict",
    "Verdict": "verdict",
    "convergence": "approach",
    "verify": "procedure",
}

__all__ = ["Claim", "Convergence", "Row", "Verdict", "convergence", "verify"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
