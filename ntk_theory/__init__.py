"""ntk_theory: derive, prove, compile, simulate and test the kernels of infinitely wide neural networks.

Names are imported when first used, so that `import ntk_theory` is quick and derivations never load JAX.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ntk_theory.errors import NtkTheoryError

if TYPE_CHECKING:
    from ntk_theory import codegen, dynamics, errors, finite_width, symbols
    from ntk_theory.activation import Activation, activation
    from ntk_theory.dual import Dual, dual
    from ntk_theory.enclosure import Enclosure
    from ntk_theory.layers import Dense, Nonlinearity
    from ntk_theory.network import Network, mlp, serial
    from ntk_theory.phase import phase
    from ntk_theory.regime import regime
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
    "regime": "ntk_theory.regime",
    "report": "ntk_theory.report",
    "verify": "ntk_theory.verify",
}
_MODULES = ("codegen", "dynamics", "errors", "finite_width", "symbols")

__all__ = [
    "Activation",
    "Dense",
    "Dual",
    "Enclosure",
    "Network",
    "Nonlinearity",
    "NtkTheoryError",
    "activation",
    "codegen",
    "dual",
    "dynamics",
    "errors",
    "finite_width",
    "mlp",
    "phase",
    "regime",
    "report",
    "serial",
    "symbols",
    "verify",
]


class _Package(ModuleType):
    """Rooms are packages and some have their verb's name: here `ntk_theory.phase` is the verb, always.

    Importing a submodule binds it in its parent; for a verb's room that binding is dropped.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        if name in _MODULES:
            return import_module(f"ntk_theory.{name}")
        raise AttributeError(f"module 'ntk_theory' has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted(__all__)


sys.modules[__name__].__class__ = _Package
