"""Section 2 of the report: fixed points, the order-to-chaos line, depth scales, each with a proven radius.

The line in parametric form is σ_w² = 1/E[φ′²], σ_b² = q - E[φ²]/E[φ′²], q the variance at the fixed point. The
grid that colours the diagram is in plain floats: it is drawn, not quoted.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float
from sympy import Dummy, Symbol, log

from ntk_theory.dual import dual, latex
from ntk_theory.enclosure import Enclosure, enclose
from ntk_theory.errors import NoFixedPointError
from ntk_theory.gaussian import GaussianMean
from ntk_theory.phase import Phase, depth_scale_grid, phase
from ntk_theory.report.numbers import Proven
from ntk_theory.symbols import q

DIGITS = 15


@dataclass(frozen=True)
class PhasePoint:
    """One (σ_w², σ_b²): the phase it lies in, and its numbers; None where there is no such number, `note` why."""

    phase: str
    W_var: str
    b_var: str
    q: Proven | None
    chi_1: Proven | None
    c_star: Proven | None
    xi_q: Proven | None
    xi_c: Proven | None
    note: str


@dataclass(frozen=True)
class Phases:
    """Section 2 for one activation. `critical` is σ_w² on the line at the report's σ_b², `start` at σ_b = 0."""

    activation: str
    scale_invariant: bool
    start: Proven
    start_q: Proven | None
    critical: Proven
    b_var: str
    line_W_var: str
    line_b_var: str
    points: tuple[PhasePoint, ...]


@dataclass(frozen=True)
class Diagram:
    """What the figure draws, plain floats: ξ_c over the grid (0 where the variance diverges), and the line."""

    W_vars: Float[np.ndarray, "W"]
    b_vars: Float[np.ndarray, "b"]
    xi_c: Float[np.ndarray, "b W"]
    chi_1: Float[np.ndarray, "b W"]
    exists: np.ndarray
    line: Float[np.ndarray, "points 2"]


def phases(name: str, b_var: Fraction, ordered: Fraction, chaotic: Fraction) -> Phases:
    """The line, and a point in each phase: on the line, and at `ordered` and `chaotic` times its σ_w²."""
    here, derived = phase(name), dual(name)
    start, critical = _line_W_var(here, Fraction(0)), _line_W_var(here, b_var)
    chosen = (
        ("ordered", Fraction(f"{float(critical) * float(ordered):.3g}")),
        ("critical", None),
        ("chaotic", Fraction(f"{float(critical) * float(chaotic):.3g}")),
    )
    gain, variance = derived.derivative_variance, derived.variance
    # Expectations are set as letters are: SymPy then writes one fraction around them.
    names = {node: Dummy(positive=True) for node in (gain + variance).atoms(GaussianMean)}
    letters = {letter: latex(node) for node, letter in names.items()}
    gain, variance = gain.xreplace(names), variance.xreplace(names)
    line = latex((1 / gain).together(), letters), latex(q - (variance / gain).together(), letters)
    return Phases(
        activation=name,
        scale_invariant=here.boundary_W_var is not None,
        start=_proven(start),
        start_q=None if here.boundary_W_var is not None else _proven(here.critical_points(0, digits=DIGITS)[0].q),
        critical=_proven(critical),
        b_var=str(b_var),
        line_W_var=line[0],
        line_b_var=line[1],
        points=tuple(
            _critical_point(here, b_var, critical) if W_var is None else _point(here, label, W_var, b_var)
            for label, W_var in chosen
        ),
    )


def diagram(name: str, size: int) -> Diagram:
    """The grid and the line, over a range of σ_b² in which the line bends visibly."""
    here = phase(name)
    start = float(_line_W_var(here, Fraction(0)))
    centred = here.dual.mean == 0 or here.boundary_W_var is not None
    b_max = Fraction(1) if centred else Fraction(f"{start / 4:.1g}")
    line = np.array(here.critical_line(b_max, points=40))
    W_vars = np.geomspace(start / 8, max(8 * start, 4 * line[-1, 0]), size)
    grid = depth_scale_grid(name, W_vars, np.linspace(0, float(b_max), size))
    return Diagram(grid.W_vars, grid.b_vars, grid.xi_c, grid.chi_1, grid.exists, line)


def _line_W_var(here: Phase, b_var: Fraction) -> Enclosure:
    return here.boundary_W_var or here.critical_W_var(b_var, digits=DIGITS)


def _point(here: Phase, label: str, W_var: Fraction, b_var: Fraction) -> PhasePoint:
    try:
        scales = here.depth_scales(W_var, b_var, digits=DIGITS)
    except NoFixedPointError:
        return _diverging(here, label, f"{float(W_var):g}", W_var, b_var)
    return PhasePoint(
        phase=label,
        W_var=f"{float(W_var):g}",
        b_var=str(b_var),
        q=_proven(scales.point.q),
        chi_1=_proven(scales.point.chi_1),
        c_star=_maybe(scales.c_star),
        xi_q=_maybe(scales.xi_q),
        xi_c=_maybe(scales.xi_c),
        note=scales.note,
    )


def _critical_point(here: Phase, b_var: Fraction, critical: Enclosure) -> PhasePoint:
    text = f"{float(critical):.6g}"
    if here.boundary_W_var is not None:
        return _diverging(here, "critical", text, critical, b_var)
    on_line = min(
        (p for p in here.critical_points(b_var, digits=DIGITS) if p.stable), key=lambda p: float(p.W_var)
    )
    rate = Symbol("rate")
    xi_q = None
    if 0 < float(on_line.chi_parallel) < 1:
        xi_q = _proven(enclose(-1 / log(rate), {rate: on_line.chi_parallel}, digits=DIGITS - 3))
    return PhasePoint(
        phase="critical",
        W_var=text,
        b_var=str(b_var),
        q=_proven(on_line.q),
        chi_1=Proven("1", 0.0, 1.0),
        c_star=Proven("1", 0.0, 1.0),
        xi_q=xi_q,
        xi_c=None,
        note="on the line: correlations converge like a power of depth, so the depth scale is infinite",
    )


def _diverging(here: Phase, label: str, text: str, W_var: Fraction | Enclosure, b_var: Fraction) -> PhasePoint:
    # Scale-invariant: χ₁ does not depend on the variance, which has no fixed point here.
    chi_1 = here.chi_1(1, W_var, digits=DIGITS)
    note = "the variance grows in every layer and has no fixed point"
    return PhasePoint(label, text, str(b_var), None, _proven(chi_1), None, None, None, note)


def _proven(number: Enclosure) -> Proven:
    return Proven(str(number.mid), number.radius, float(number))


def _maybe(number: Enclosure | None) -> Proven | None:
    return None if number is None else _proven(number)
