"""Formulas in LaTeX as a paper sets them."""

import sympy
from sympy import Expr
from sympy.printing.latex import LatexPrinter


def latex(formula: Expr, names: dict[sympy.Symbol, str] | None = None) -> str:
    """A formula in LaTeX: √q1 √q2 under one root, arccos spelt out; `names` says how symbols are written."""
    settings = {"inv_trig_style": "full", "ln_notation": False, "symbol_names": names or {}}
    return _PaperPrinter(settings).doprint(formula)


class _PaperPrinter(LatexPrinter):
    def _print_Mul(self, expr: Expr) -> str:
        for half in (sympy.S.Half, -sympy.S.Half):
            same = [f for f in expr.args if f.is_Pow and f.exp == half]
            if len(same) > 1:
                merged = sympy.Mul(*(f.base for f in same), evaluate=False)
                root = sympy.Pow(merged, half, evaluate=False)
                rest = [f for f in expr.args if f not in same]
                expr = sympy.Mul(*rest, root, evaluate=False)
        return super()._print_Mul(expr)
