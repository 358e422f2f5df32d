"""ntk_theory: derive, prove, compile, simulate and test the kernels of infinitely wide neural networks.

Names are imported when first used, so that `import ntk_theory` is quick and derivations never load JAX.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ntk_theory.errors import NtkTheoryError

if TYPE_CHECKING:
    from ntk_theory import dynamics, errors, symbols
    from ntk_theory.activation import Activation, activation
    from ntk_theory.dual import Dual, dual
    from ntk_theory.enclosure import Enclosure
    from ntk_theory.layers import Dense, Nonlinearity
    from ntk_theory.network import Network, mlp, serial
    from ntk_theory.phase import phase
    from ntk_theory.report import report
    from ntk_theory.verify import verify

__version__ = "0.1.0"

_HOMES = {
    "Activation": "ntk_theory.activation",
    "activation": "ntk_theory.activation",
    "Dual": "ntk_theory.dual",
    "dual": "ntk_theory.dual",
    "Enclosure": "ntk_theory.enclosure",
    "Dense": "ntk_theory.layers",
    "Nonlinearity": "ntk_theory.layers",
    "Network": "ntk_theory.network",
    "mlp": "ntk_theory.network",
    "serial": "ntk_theory.network",
    "phase": "ntk_theory.phase",
    "report": "ntk_theory.report",
    "verify": "ntk_theory.verify",
}
_MODULES = ("dynamics", "errors", "symbols")

__all__ = [
    "Activation",
    "Dense",
    "Dual",
    "Enclosure",
    "Network",
    "Nonlinearity",
    "NtkTheoryError",
    "activation",
    "dual",
    "dynamics",
    "errors",
    "mlp",
    "phase",
    "report",
    "serial",
    "symbols",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _MODULES:
        value = import_module(f"ntk_theory.{name}")
    else:
        raise AttributeError(f"module 'ntk_theory' has no attribute {name!r}")
    # importing a room binds the room's own name here (phase, verify, report): the function takes its place
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
