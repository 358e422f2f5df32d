"""Critical initializations: σ_w² on the order-to-chaos line, to proven digits, and the universality class."""

from ntk_theory.enclosure import Enclosure
from ntk_theory.errors import NoFixedPointError
from ntk_theory.phase import Criticality, Phase, Universality, phase
from ntk_theory.tables.numbers import certified
from ntk_theory.tables.table import Cell, Row, Table, prose

ACTIVATIONS = (
    *("relu", "leaky_relu", "abs", "identity"),
    *("erf", "tanh", "hard_tanh", "sin", "arctan", "softsign", "elu", "selu"),
    *("gelu", "silu"),
    *("logistic", "erf_sigmoid", "softplus"),
)
B_VARS = ("0", "0.05")
DIGITS = 9


def critical() -> Table:
    """A row an activation: the line at two values of σ_b², and the point where χ₁ = χ_∥ = 1."""
    caption = prose(
        rf"""Critical initializations. The order-to-chaos line \(\chi_1 = 1\) at \(\sigma_b^2 =
        {B_VARS[0]}\) and \(\sigma_b^2 = {B_VARS[1]}\), on fixed points of the variance that attract; and
        the universality class, with the point \((\sigma_w^2, \sigma_b^2)\) where \(\chi_1 = \chi_\parallel
        = 1\) and the variance \(q^*\) there. Every digit is proven in ball arithmetic, the last to one
        unit. A dash: no such point with an attracting fixed point. For scale-invariant activations the line
        is vertical and every \(q\) is a fixed point; the numbers at \(\sigma_b^2 = {B_VARS[1]}\) are the
        boundary, where the variance grows without bound."""
    )
    header: tuple[Cell | str, ...] = (
        "activation",
        *(Cell(rf"\(\sigma_w^2\) at \(\sigma_b^2 = {b}\)", plain=f"W_var at b_var {b}") for b in B_VARS),
        "class",
        Cell(r"\(\sigma_w^2\)", plain="W_var"),
        Cell(r"\(\sigma_b^2\)", plain="b_var"),
        Cell(r"\(q^*\)", plain="q"),
    )
    rows = tuple(_row(name) for name in ACTIVATIONS)
    sources = tuple(f"ntk-theory phase {name} --b-var {B_VARS[1]} --digits {DIGITS}" for name in ACTIVATIONS)
    return Table("critical", caption, header, rows, "lSSlSSS", frozenset(), sources)


def _row(name: str) -> Row:
    here = phase(name)
    found = here.universality(digits=DIGITS)
    point: Criticality | None = found.critical
    place: tuple[Enclosure | None, ...] = (None, None, None)
    if point is not None:
        place = point.W_var, point.b_var, None if found.name == "scale-invariant" else point.q
    return (name, *(certified(_line(here, b)) for b in B_VARS), _class(found), *map(certified, place))


def _line(here: Phase, b_var: str) -> Enclosure | None:
    boundary = here.boundary_W_var
    if boundary is not None:
        return boundary.rounded(DIGITS)
    try:
        return here.critical_W_var(b_var, digits=DIGITS)
    except NoFixedPointError:
        return None


def _class(found: Universality) -> Cell:
    shown = {"K* = 0": r"\(K^* = 0\)"}.get(found.name, found.name)
    return Cell(shown, plain=found.name)
