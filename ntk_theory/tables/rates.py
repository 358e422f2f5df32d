"""What depth does at criticality: the leading laws, derived, and their constants, enclosed."""

from itertools import accumulate

import sympy
from sympy import Expr

from ntk_theory.dual import latex
from ntk_theory.enclosure import Enclosure, enclose
from ntk_theory.phase import DepthAsymptotics, phase
from ntk_theory.phase.power_law import l
from ntk_theory.tables.numbers import certified
from ntk_theory.tables.table import Cell, Row, Table, prose

SCALE_INVARIANT = ("relu", "leaky_relu", "abs")
WITHOUT_BIASES = ("erf", "tanh", "sin", "arctan")
ON_THE_LINE = ("relu", "erf", "tanh", "sin", "arctan", "elu", "softsign", "hard_tanh", "erf_sigmoid", "logistic")
HALF_STABLE = ("gelu",)
B_VAR = "0.05"
DIGITS = 9
_BEFORE = DIGITS + 5


def rates() -> Table:
    """A row a critical initialization: correlation, NTK and condition number as the depth l grows."""
    caption = prose(
        r"""Depth at criticality, derived: leading order in the layer \(l\), for two inputs of one norm
        with the variance at its fixed point \(q\). \(A\) is the coefficient of the law of \(1 - c_l\), in
        digits that are proven; \(\kappa\) is the condition number of the NTK of \(m\) inputs. Letters:
        \(q_1\), the first layer's variance, and \(c_\infty\) and \(G\), limits that the first layers
        decide; \(a = \sigma_w^2 q E[\phi''^2]/2\), or where \(\phi'\) jumps by \(j\) at \(t\) \(a = \sqrt2
        \sigma_w^2 \sum j^2 e^{-t^2/2q}/(3\pi)\); \(\rho = 2D'/V''\) at \(q\), with \(V = E[\phi^2]\) and
        \(D = E[\phi'^2]\)."""
    )
    groups = ((SCALE_INVARIANT, "0"), (WITHOUT_BIASES, "0"), (ON_THE_LINE, B_VAR), (HALF_STABLE, None))
    here = [(name, _deep(name, b_var), _source(name, b_var)) for names, b_var in groups for name in names]
    for name, deep, _ in here:
        found = [c.value.latex(DIGITS) for c in deep.constants if c.symbol.name == "rho"]
        caption += "".join(rf" For {name} \(\rho = {value}\)." for value in found)
    ends = accumulate(len(names) for names, _ in groups)
    header = (
        "activation",
        Cell(r"\(\sigma_b^2\)", plain="b_var"),
        Cell(r"\(1 - c_l\)", plain="1 - c_l"),
        Cell(r"\(A\)", plain="A"),
        Cell(r"\(q\)", plain="q"),
        Cell(r"\(\Theta_l(x,x)\)", plain="Theta_l(x, x)"),
        Cell(r"\(\frac{\Theta_l(x,x')}{\Theta_l(x,x)}\)", plain="Theta_l(x, x') / Theta_l(x, x)"),
        Cell(r"\(\kappa\)", plain="kappa"),
    )
    rows = tuple(_row(name, deep) for name, deep, _ in here)
    rules = frozenset(end - 1 for end in ends)
    return Table("rates", caption, header, rows, "lllSSlll", rules, tuple(source for _, _, source in here))


def _deep(name: str, b_var: str | None) -> DepthAsymptotics:
    """On the line at σ_b² = b_var, or None for the critical point of the universality class."""
    here = phase(name)
    return here.asymptotics(b_var=b_var, digits=_BEFORE) if b_var else here.critical_asymptotics(digits=_BEFORE)


def _source(name: str, b_var: str | None) -> str:
    return f"ntk-theory phase {name} --b-var {b_var}" if b_var else f'ntk.phase("{name}").critical_asymptotics()'


def _row(name: str, deep: DepthAsymptotics) -> Row:
    law, coefficient = leading(1 - deep.correlation, deep)
    q = next((c.value for c in deep.constants if c.symbol.name == "q"), None)
    rest = (leading(f, deep)[0] for f in (deep.ntk_diagonal, deep.ntk_ratio, deep.condition))
    return (
        name,
        deep.b_var[:8],
        _formula(law),
        certified(coefficient),
        certified(q and q.rounded(DIGITS)),
        *map(_formula, rest),
    )


def leading(formula: Expr, deep: DepthAsymptotics) -> tuple[Expr, Enclosure | None]:
    """The leading power of l with its coefficient, and that coefficient enclosed where no input decides it."""
    values = {constant.symbol: constant.value for constant in deep.constants}
    # a constant in an exponent decides which term leads: the limit is taken at its value
    powers = {s for power in formula.atoms(sympy.Pow) for s in power.exp.free_symbols} - {l}
    at = formula.subs({s: sympy.nsimplify(float(values[s]), rational=True) for s in powers if s in values})
    for power in (2, 1, 0, -1, -2):
        coefficient = sympy.limit(at / l**power, l, sympy.oo)
        if coefficient.is_infinite:
            return formula, None
        if coefficient != 0:
            free = coefficient.free_symbols - set(values)
            known = None if free or power >= 0 else enclose(coefficient, values, digits=DIGITS)
            return _positive_below(coefficient) * l**power, known
    return formula, None


def _positive_below(formula: Expr) -> Expr:
    """(1 - a)/(1 - b) and not (a - 1)/(b - 1)."""
    above, below = sympy.fraction(sympy.together(formula))
    negative = bool(below.subs(dict.fromkeys(below.free_symbols, 0)) < 0)
    return sympy.Mul(-above, 1 / -below, evaluate=False) if negative else formula


def _formula(formula: Expr) -> Cell:
    names = {s: r"c_\infty" for s in formula.free_symbols if s.name == "c_oo"}
    return Cell(f"\\({latex(formula, names)}\\)", plain=str(formula))
