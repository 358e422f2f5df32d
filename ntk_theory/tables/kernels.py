"""Kernels of forty activations, each derived when the table is made, with the certificates of its derivation."""

from shlex import quote

from sympy import Expr

from ntk_theory.activation.named import NAMED
from ntk_theory.dual import Dual, dual
from ntk_theory.gaussian.paper import latex, latex_lines, text
from ntk_theory.tables.table import Cell, Row, Table, prose

POLYNOMIAL = ("identity", "x**2", "x**3", "(x**2 - 1)/sqrt(2)", "(x**3 - 3*x)/sqrt(6)")
HOMOGENEOUS = (
    *("relu", "leaky_relu(x, alpha)", "abrelu(x, a, b)", "abs", "relu2", "relu3", "max(x, 0)**4"),
    *("x*abs(x)", "abs(x)**3", "sign", "step", "sqrt(abs(x))"),
)
ERROR_FUNCTIONS = ("erf", "erf_sigmoid", "probit", "gelu", "x + erf(x)")
TRIGONOMETRIC = ("sin", "cos", "rbf", "sin(x)**2", "snake", "x + sin(x)")
EXPONENTIAL = ("exp", "exp(x) - 1", "sinh", "cosh(x)", "x*exp(x)", "exp(x)*cos(x)")
GAUSSIAN = ("gaussian", "x*exp(-x**2)", "mexican_hat", "1 - 2*exp(-x**2)")
THRESHOLDS = ("ternary", "where(abs(x) < 1, 1, 0)")

ACTIVATIONS = (
    *POLYNOMIAL,
    *HOMOGENEOUS,
    *ERROR_FUNCTIONS,
    *TRIGONOMETRIC,
    *EXPONENTIAL,
    *GAUSSIAN,
    *THRESHOLDS,
)
"""Names and formulas, from which everything in the table is derived."""

_LONGEST = 230
"""Characters of LaTeX that one line of the table holds."""


def kernels() -> Table:
    """K and K̇ of forty activations, a line each. Raises what `ntk_theory.dual` raises."""
    derived = [dual(name) for name in ACTIVATIONS]
    caption = prose(
        rf"""The duals of {len(derived)} activations, \(K = E[\phi(u)\phi(v)]\) and \(\dot K =
        E[\phi'(u)\phi'(v)]\), with \((u, v)\) centred normal of variances \(q_1, q_2\) and correlation
        \(c\), as derived. The checks are those of the derivation, and how many of them hold: Price's
        theorem, independence at \(c = 0\), the diagonals, quadrature by other code. \(\dot K = \infty\)
        where \(\phi\) jumps or its slope is not square-integrable. \(\Phi\) and \(\Phi_2\) are normal
        distribution functions, in two dimensions of correlation given last."""
    )
    header = ("activation", "dual", "formula", "checks")
    rows = tuple(row for one in derived for row in _rows(one))
    sources = tuple(f"ntk-theory derive {quote(one.activation.name)}" for one in derived for _ in range(2))
    return Table("kernels", caption, header, rows, "llll", frozenset(range(1, len(rows), 2)), sources, long=True)


def _rows(one: Dual) -> tuple[Row, Row]:
    name, phi = one.activation.name, one.activation.expression
    function = f"\\({latex(phi)}\\)"
    first, second = (name, function) if name in NAMED else (function, "")
    both = f"{name} = {text(phi)}" if name in NAMED else name
    held = f"{sum(check.holds for check in one.certificates)}/{len(one.certificates)}"
    checks = Cell(held, "good" if all(check.holds for check in one.certificates) else "bad")
    kernel, derivative = Cell(r"\(K\)", plain="K"), Cell(r"\(\dot K\)", plain="K_dot")
    slope = Cell(r"\(\infty\)", plain="oo") if one.derivative_kernel is None else _formula(one.derivative_kernel)
    return (
        (Cell(first, plain=both), kernel, _formula(one.kernel), checks),
        (Cell(second, plain=both), derivative, slope, Cell("", plain=held)),
    )


def _formula(formula: Expr) -> Cell:
    first, *further = latex_lines(formula, longest=_LONGEST)
    if not further:
        return Cell(f"\\({first}\\)", plain=text(formula))
    lines = r" \\ ".join(f"& {line}" for line in (first, *further))
    return Cell(rf"\(\begin{{aligned}} {lines} \end{{aligned}}\)", plain=text(formula))
