"""What a language says of itself before equations are printed in it, and what all printers share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from sympy import Expr, Symbol
from sympy.printing.codeprinter import CodePrinter, PrintMethodNotImplementedError

from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.special import Orthant
from ntk_theory.printing import BivariateNormal, Hypergeometric

STEP, STEPS = 0.1, 90
"""The trapezoidal rule of expectations without a closed form: z from -9 to 9. For φ analytic within d of the real
line it is off by exp(-2πd/(step √q)): tanh at q = 10 by e⁻³¹."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
NODES = ", ".join(repr(float(v)) for v in (1 + _NODES) / 2)
WEIGHTS = ", ".join(repr(float(v)) for v in _WEIGHTS / (4 * np.pi))
"""Gauss's rule on [0, 1], with the factor 1/(2π) of Owen's T."""


class Mean(sympy.Function):
    """Mean(f, q) is E[f(√q z)], for the printer; f stands for a printed function."""

    nargs = 2


class Covariance(sympy.Function):
    """Covariance(f, g, q1, q2, c, √(1 - c²)) is E[f(u)g(v)], for the printer."""

    nargs = 6


class Softplus(sympy.Function):
    """Softplus(w) is log(1 + eʷ), for the printer: the formula overflows."""

    nargs = 1


OWN: dict[type, str] = {
    BivariateNormal: "bivariate_normal",
    Mean: "gaussian_mean",
    Covariance: "gaussian_covariance",
    Softplus: "softplus",
    Hypergeometric: "hypergeometric",
}
"""Functions that a printed module brings itself, or imports where a formula needs them."""


@dataclass(frozen=True)
class Language:
    """How one language writes.

    - `printer`: one of SymPy's, with the module's own functions added;
    - `opening`: what a module starts with; `comment`: what a line of comment starts with;
    - `library`: the text of each function of its own, by name, and `calls`: which of them each calls;
    - `together`: lines that bring q1, q2 and c to one shape; `sides`: the forms of c, each by its name;
    - `define(name, documentation, arguments, lines, result)`: the text of a function.
    """

    printer: CodePrinter
    opening: str
    comment: str
    library: dict[str, str]
    calls: dict[str, tuple[str, ...]]
    together: str
    sides: dict[str, str]
    define: Callable[[str, str, Sequence[str], Sequence[str], str], str]

    def write(self, expression: Expr) -> str:
        """The expression as text. Raises `NotInClassError` where the language lacks a function."""
        for missing in expression.atoms(sympy.Function):
            if isinstance(missing, Orthant) or (
                isinstance(missing, Hypergeometric) and not hasattr(self.printer, "_print_Hypergeometric")
            ):
                raise self._lacks(missing)
        try:
            return self.printer.doprint(expression)
        except PrintMethodNotImplementedError as error:
            raise self._lacks(expression) from error

    def _lacks(self, what: Expr) -> NotInClassError:
        return NotInClassError(
            f"{self.printer.language} has no function for {type(what).__name__}, in {what}. The compiled kernel, "
            "mlp(...).kernel_fn, has it, and `dual.value(q1, q2, c)` gives it to any number of digits."
        )

    def function(self, name: str, documentation: str, arguments: Sequence[Symbol], result: Expr) -> str:
        """A function of `arguments` and the forms of c, its common parts computed once."""
        names = {str(a) for a in (*arguments, *result.free_symbols)}
        fresh = (Symbol(f"t{i}") for i in range(10_000) if f"t{i}" not in names)
        decimal = plain_numbers(result).replace(_is_whole, sympy.Integer)
        shared, (reduced,) = sympy.cse([decimal], symbols=fresh, order="none")
        pair = len(arguments) > 2 and str(arguments[2]) == "c"
        lines = [self.together] if pair else []
        used = {str(s) for s in result.free_symbols}
        if used & {"angle", "supplement"}:
            used.add("sine")
        if "sine" in used:
            used |= {"delta", "gamma"}
        lines += [text for form, text in self.sides.items() if form in used]
        lines += [f"{symbol} = {self.write(value)}" for symbol, value in shared]
        text = self.write(reduced)
        if not reduced.free_symbols:  # an array is what comes in and goes out
            text += f" + 0*{arguments[0]}"
        return self.define(name, documentation, [self.write(a) for a in arguments], lines, text)


class Own:
    """Mixed into a printer: the module's own functions by their names."""

    def _print_own(self: Any, expr: Expr) -> str:
        return f"{OWN[type(expr)]}({', '.join(map(self._print, expr.args))})"

    _print_BivariateNormal = _print_Mean = _print_Covariance = _print_Softplus = _print_own


def python_function(
    name: str, documentation: str, arguments: Sequence[str], lines: Sequence[str], result: str
) -> str:
    """A function in Python."""
    body = "".join(f"    {line}\n" for line in [f'"""{documentation}"""', *lines, f"return {result}"] if line)
    return f"def {name}({', '.join(arguments)}):\n{body}"


def _is_whole(expression: Expr) -> bool:
    return bool(expression.is_Float) and float(expression).is_integer() and abs(expression) < 2**31


def plain_numbers(expression: Expr) -> Expr:
    """Every constant such as √2/π as one decimal number; whole numbers, short fractions and exponents stay."""
    if expression.is_Symbol or expression.is_Integer:
        return expression
    if expression.is_Rational and max(abs(expression.p), expression.q) < 2**31:
        return expression
    if expression.is_number:
        return expression.evalf(17)
    if expression.is_Pow and expression.exp.is_Rational:
        return sympy.Pow(plain_numbers(expression.base), expression.exp)
    return expression.func(*map(plain_numbers, expression.args))
