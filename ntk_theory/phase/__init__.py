"""Mean field phases of an activation: fixed points, the order-to-chaos line, depth scales, as enclosures."""

from functools import lru_cache
from typing import Any, overload

from sympy import Expr

from ntk_theory.activation import Activation, activation
from ntk_theory.dual import Dual, dual
from ntk_theory.enclosure import Number
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.errors import DataError
from ntk_theory.phase.asymptotics import DepthAsymptotics
from ntk_theory.phase.correlation import DepthScales
from ntk_theory.phase.critical import CriticalPoint
from ntk_theory.phase.diagram import Phase
from ntk_theory.phase.figure import draw_diagram
from ntk_theory.phase.fixed_points import FixedPoint, SearchRange
from ntk_theory.phase.grid import DepthScaleGrid, depth_scale_grid
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.phase.residual import KernelState, ResidualPhase
from ntk_theory.phase.stable import StablePhase
from ntk_theory.phase.summary import PhaseRow, PhaseSummary
from ntk_theory.phase.universality import Criticality, Universality

__all__ = [
    "CriticalPoint",
    "Criticality",
    "DepthAsymptotics",
    "DepthScaleGrid",
    "DepthScales",
    "FixedPoint",
    "KernelState",
    "Phase",
    "PhaseRow",
    "PhaseSummary",
    "ResidualPhase",
    "SearchRange",
    "StablePhase",
    "Universality",
    "depth_scale_grid",
    "draw_diagram",
    "phase",
    "residual_summary",
]


@overload
def phase(what: str | Expr | Activation | Dual) -> Phase: ...
@overload
def phase(what: str | Expr | Activation | Dual, *, residual: Number) -> ResidualPhase | StablePhase: ...
def phase(
    what: str | Expr | Activation | Dual, *, residual: Number | None = None
) -> Phase | ResidualPhase | StablePhase:
    """The phases of an activation: a name, a text, a SymPy expression in x, an `Activation`, or a `Dual`.

    With `residual`, those of residual networks h + α(σ_w Wφ(h)/√n + σ_b b): `residual` is α², a number, or "1/L"
    for branches scaled with the depth, in the limit of infinite depth.

    >>> print(phase("tanh").critical_W_var(b_var=0.05, digits=10))
    1.7609546396 ± 2e-11
    """
    if residual is None:
        return Phase(what) if isinstance(what, Dual) else _of(activation(what))
    theory = what if isinstance(what, Dual) else dual(activation(what))
    LengthMap(theory)  # refuses free parameters
    if residual == "1/L":
        return StablePhase(theory)
    if not as_ball(residual, "residual") > 0:
        raise DataError(f"residual = {residual}: it is α², the branch's variance, and must be positive.")
    return ResidualPhase(theory, residual)


@lru_cache(maxsize=64)
def _of(phi: Activation) -> Phase:
    return Phase(dual(phi))


def residual_summary(
    what: str | Expr | Activation | Dual, residual: Number, W_var: Number, b_var: Number
) -> dict[str, Any]:
    """What the command line prints of residual networks, as a record; its `text` is a list of lines."""
    here = phase(what, residual=residual)
    record: dict[str, Any] = {"activation": here.dual.activation.name, "residual": str(residual)}
    record["transition"] = here.transition
    record["text"] = [f"residual networks of {here.dual.activation.name}, branches of variance {residual}"]
    record["text"].append(f"order-to-chaos transition: {here.transition}")
    if isinstance(here, ResidualPhase):
        deep = here.asymptotics(W_var, b_var)
        record["asymptotics"] = deep.as_dict()
        record["text"].append(str(deep))
        return record
    record["flow"] = [str(equation) for equation in here.flow]
    record["text"] += ["as L → ∞, with t = l/L:", *(f"  {e.lhs} = {e.rhs}" for e in here.flow)]
    if here.length_map.scale is not None:
        closed = {"q": str(here.variance), "Theta": str(here.ntk_diagonal), "gradients": str(here.gradient_growth)}
        record["closed_forms"] = closed
        record["text"] += [f"  {name}(t) = {formula}" for name, formula in closed.items()]
    return record
