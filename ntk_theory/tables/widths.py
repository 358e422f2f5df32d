"""Constants of finite widths: how random the NTK of one network is, exactly and to first order in 1/n."""

from fractions import Fraction

import sympy

from ntk_theory.errors import NoFixedPointError
from ntk_theory.finite_width import dispersion_limit, exact_moments, ntk_growth
from ntk_theory.phase import phase
from ntk_theory.symbols import ratio
from ntk_theory.tables.numbers import rounded
from ntk_theory.tables.table import Cell, Number, Row, Table, prose

RATIOS = tuple(Fraction(2) ** k for k in range(-4, 2))
WIDTHS = (64, 256, 1024)
EXACT = (("relu", "2", "0"), ("leaky_relu", "200/101", "0"), ("abs", "1", "0"), ("relu", "2", "1"))
GROWING = ("relu", "leaky_relu", "erf", "tanh", "hard_tanh", "logistic")
B_VAR = Fraction(1, 20)
FACTORS = (("ordered", Fraction(1, 2)), ("critical", Fraction(1)), ("chaotic", Fraction(2)))
DIGITS = 6


def dispersion() -> Table:
    """\\(E[Θ²]/E[Θ]²\\) over width and depth, and its limit at \\(L/n = λ\\)."""
    caption = prose(
        r"""\(E[\Theta^2]/E[\Theta]^2\) of one input at initialization, exact at every width \(n\) and
        depth \(L = \lambda n\): no sampling, no expansion; \(n = \infty\) is the limit of both growing
        together. Without biases it depends on neither \(\sigma_w\) nor the input; with biases the input has
        \(|x|^2 = n_0\). One is a kernel that is not random."""
    )
    header: tuple[Cell | str, ...] = (
        "activation",
        Cell(r"\(\sigma_w^2\)", plain="W_var"),
        Cell(r"\(\sigma_b^2\)", plain="b_var"),
        Cell(r"\(n\)", plain="n"),
        *(Cell(rf"\(\lambda = {r}\)", plain=f"lambda {r}") for r in RATIOS),
    )
    rows: list[Row] = []
    sources, rules = [], set()
    for name, W_var, b_var in EXACT:
        first = (name, W_var, b_var)
        for width in WIDTHS:
            values = [rounded(_exact(*first, width, int(r * width)), DIGITS) for r in RATIOS]
            rows.append((*_once(first, width == WIDTHS[0]), str(width), *values))
            what = f'"{name}", width={width}, depth={width}*lambda, W_std=({W_var})**0.5, b_std={b_var}'
            sources.append(f"exact_moments({what}).ntk_dispersion")
        if b_var == "0":
            limit = dispersion_limit(name)
            values = [rounded(float(limit.subs(ratio, sympy.Rational(r))), DIGITS) for r in RATIOS]
            rows.append((*_once(first, False), Cell(r"\(\infty\)", plain="oo"), *values))
            sources.append(f'dispersion_limit("{name}")')
        rules.add(len(rows) - 1)
    align = "lllr" + "S" * len(RATIOS)
    return Table("dispersion", caption, header, tuple(rows), align, frozenset(rules), tuple(sources))


def growth() -> Table:
    """How n·Var(Θ)/Θ² grows with the depth in each phase."""
    caption = prose(
        rf"""Fluctuations of the NTK of one input to first order in \(1/n\): \(n
        \operatorname{{Var}}\Theta/\Theta^2\) for many layers \(L \ll n\) is the slope times \(L\), or tends
        to the limit. At \(\sigma_b^2 = {float(B_VAR)}\); \(\sigma_w^2\) is on the order-to-chaos line, half of
        that and twice that. Averages are quadratures to ten digits, not enclosures; all digits shown stand."""
    )
    header = (
        "activation",
        "phase",
        Cell(r"\(\sigma_w^2\)", plain="W_var"),
        "slope",
        "limit",
    )
    rows: list[Row] = []
    sources, rules = [], set()
    for name in GROWING:
        here = phase(name)
        try:
            line = float(here.critical_W_var(B_VAR, digits=15))
        except NoFixedPointError:
            line = float(here.boundary_W_var or sympy.nan)
        for label, factor in FACTORS:
            W_var = line * float(factor)
            found = ntk_growth(name, W_var=W_var, b_var=float(B_VAR))
            slope: Number | Cell = Cell("–", plain="") if found.limit is not None else rounded(found.slope, DIGITS)
            limit: Number | Cell = Cell("–", plain="") if found.limit is None else rounded(found.limit, DIGITS)
            cells = Cell(name if label == "ordered" else "", plain=name), label, Number(f"{W_var:.9g}")
            rows.append((*cells, slope, limit))
            sources.append(f'ntk_growth("{name}", W_var={W_var!r}, b_var={float(B_VAR)})')
        rules.add(len(rows) - 1)
    return Table("growth", caption, header, tuple(rows), "llSSS", frozenset(rules), tuple(sources))


def _exact(name: str, W_var: str, b_var: str, width: int, depth: int) -> float:
    W_std, b_std = (float(Fraction(v)) ** 0.5 for v in (W_var, b_var))
    moments = exact_moments(name, width=width, depth=depth, W_std=W_std, b_std=b_std)
    return float(moments.ntk_dispersion)


def _once(cells: tuple[str, ...], first: bool) -> tuple[Cell, ...]:
    """What is printed in a group's first row, and held in all of them."""
    return tuple(Cell(cell if first else "", plain=cell) for cell in cells)
