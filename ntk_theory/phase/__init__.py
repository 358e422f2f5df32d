"""Mean field phases of an activation: fixed points, the order-to-chaos line, depth scales, as enclosures."""

from functools import lru_cache

from sympy import Expr

from ntk_theory.activation import Activation, activation
from ntk_theory.dual import Dual, dual
from ntk_theory.phase.asymptotics import DepthAsymptotics
from ntk_theory.phase.correlation import DepthScales
from ntk_theory.phase.critical import CriticalPoint
from ntk_theory.phase.diagram import Phase
from ntk_theory.phase.fixed_points import FixedPoint, SearchRange
from ntk_theory.phase.grid import DepthScaleGrid, depth_scale_grid
from ntk_theory.phase.summary import PhaseRow, PhaseSummary
from ntk_theory.phase.universality import Criticality, Universality

__all__ = [
    "CriticalPoint",
    "Criticality",
    "DepthAsymptotics",
    "DepthScaleGrid",
    "DepthScales",
    "FixedPoint",
    "Phase",
    "PhaseRow",
    "PhaseSummary",
    "SearchRange",
    "Universality",
    "depth_scale_grid",
    "phase",
]


def phase(what: str | Expr | Activation | Dual) -> Phase:
    """The phases of an activation: a name, a text, a SymPy expression in x, an `Activation`, or a `Dual`.

    >>> print(phase("tanh").critical_W_var(b_var=0.05, digits=10))
    1.7609546396 ± 2e-11
    """
    return Phase(what) if isinstance(what, Dual) else _of(activation(what))


@lru_cache(maxsize=64)
def _of(phi: Activation) -> Phase:
    return Phase(dual(phi))
