"""Where a network's (σ_w², σ_b²) lies: ordered, critical or chaotic, with χ₁ proven and the depth scales."""

from dataclasses import dataclass
from math import log

from ntk_theory.enclosure import Enclosure
from ntk_theory.errors import EnclosureError, NoFixedPointError
from ntk_theory.phase import phase
from ntk_theory.phase.fixed_points import PhaseName
from ntk_theory.regime.uniform import Uniform

_DIGITS = 10


@dataclass(frozen=True)
class Place:
    """`phase` and `chi_1` where a stable variance gives them a meaning, `xi_c` where correlations have a scale.

    `critical_W_var` is σ_w² on the order-to-chaos line at the same σ_b², None where there is none; `note` says
    what is special.
    """

    phase: PhaseName | None
    chi_1: Enclosure | None
    xi_c: float | None
    critical_W_var: float | None
    note: str

    def nearly_critical(self, depth: int) -> bool:
        """Whether χ₁^depth is between 1/e and e: so few layers can't tell the phase from the line."""
        return self.chi_1 is not None and float(self.chi_1) > 0 and abs(log(float(self.chi_1))) * depth < 1


def place(settings: Uniform) -> Place:
    """From `ntk_theory.phase`, in ball arithmetic. Raises as it does for an activation that jumps."""
    here = phase(settings.activation)
    W, b = settings.W_var, settings.b_var
    line = here.boundary_W_var
    try:
        critical = float(here.critical_W_var(b, digits=_DIGITS) if line is None else line)
    except (NoFixedPointError, EnclosureError):
        critical = None
    if line is not None and here.dual.derivative_variance * W >= 1:  # no fixed point, or every variance is one
        chi = here.chi_1(1, W, digits=_DIGITS)
        name: PhaseName = "chaotic" if chi.ball > 1 else "critical"
        note = "" if name == "critical" and b == 0 else "the variance grows with every layer"
        return Place(name, chi, None, critical, note)
    try:
        scales = here.depth_scales(W, b, digits=_DIGITS)
    except (NoFixedPointError, EnclosureError) as error:
        return Place(None, None, None, critical, str(error))
    xi_c = None if scales.xi_c is None else float(scales.xi_c)
    return Place(scales.point.phase, scales.point.chi_1, xi_c, critical, scales.note)
