"""The settings in each phase, at σ_b² = 1 as in Seleznova & Kutyniok 2020; the critical line as an enclosure.

For ReLU theirs: (1, 1), (2, 0), (3, 1). For the others half the critical σ_w², the critical one, and twice it.
"""

from dataclasses import dataclass
from functools import lru_cache

import ntk_theory as ntk

ACTIVATIONS = ("relu", "erf", "logistic", "tanh")
PHASES = ("ordered", "critical", "chaotic")
TITLES = {"relu": "ReLU", "erf": "erf", "logistic": "logistic", "tanh": "tanh"}
_HALF_AND_TWICE = {"ordered": 0.5, "critical": 1.0, "chaotic": 2.0}
_RELU = {"ordered": (1.0, 1.0), "critical": (2.0, 0.0), "chaotic": (3.0, 1.0)}


@dataclass(frozen=True)
class Setting:
    """An activation in a phase; `proven` is its σ_w² with the digits that are certified."""

    activation: str
    phase: str
    W_var: float
    b_var: float
    proven: str


@lru_cache
def setting(activation: str, phase: str) -> Setting:
    """The setting of that phase."""
    if activation == "relu":
        W_var, b_var = _RELU[phase]
        return Setting(activation, phase, W_var, b_var, f"{W_var:g}")
    line = ntk.phase(activation).critical_W_var(1, digits=15)
    factor = _HALF_AND_TWICE[phase]
    proven = str(line) if factor == 1 else f"{factor:g} times {line}"
    return Setting(activation, phase, factor * float(line), 1.0, proven)
