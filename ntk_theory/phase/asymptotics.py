"""`DepthAsymptotics`: what variance, correlation and NTK do as the depth l grows, as formulas in l.

Derived in `regimes`, never fitted. Constants that have no closed form are letters, each with its enclosure;
what the inputs decide is a letter without a value, and is said to be so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Symbol

from ntk_theory.enclosure import Enclosure, Number, enclose
from ntk_theory.errors import DataError
from ntk_theory.phase.power_law import l

m = Symbol("m", integer=True, positive=True)
"""The number of inputs in a condition number."""


@dataclass(frozen=True)
class Constant:
    """A letter in the formulas: what it is, as a formula, and its value."""

    symbol: Symbol
    meaning: str
    value: Enclosure


@dataclass(frozen=True)
class Free:
    """A letter in the formulas that the first layers decide."""

    symbol: Symbol
    meaning: str


@dataclass(frozen=True)
class DepthAsymptotics:
    """Deep networks at one (σ_w², σ_b²), for two inputs of one norm at layer `l`, the variance at its fixed point.

    `variance` is Σˡ(x, x), `correlation` c_l = Σˡ(x, x′)/Σˡ(x, x), `ntk_diagonal` Θˡ(x, x), `ntk` Θˡ(x, x′),
    `ntk_ratio` their quotient: leading order and the next one, `remainder` what comes after. `constants` and
    `free` explain the letters. `law` is a sentence: which of the cases this is.
    Sources: Schoenholz et al. 2017; Hayou et al. 2019; Xiao, Pennington & Schoenholz 2020, table 1; Roberts,
    Yaida & Hanin 2022, chapter 5; each rederived, with constants.
    """

    activation: str
    W_var: str
    b_var: str
    phase: str
    law: str
    variance: Expr
    correlation: Expr
    ntk_diagonal: Expr
    ntk: Expr
    ntk_ratio: Expr
    condition: Expr
    remainder: str
    constants: tuple[Constant, ...]
    free: tuple[Free, ...]

    def condition_number(self, inputs: int | Expr = m) -> Expr:
        """λ_max/λ_min of the m × m NTK matrix of m inputs, every pair of them at the correlation above.

        Its eigenvalues are Θ(x, x) + (m - 1) Θ(x, x′), once, and Θ(x, x) - Θ(x, x′). Raises `DataError` for
        fewer than two inputs.
        """
        if not isinstance(inputs, Expr) and not (isinstance(inputs, int) and inputs >= 2):
            raise DataError(f"inputs = {inputs!r}: a condition number needs a whole number of at least 2 inputs.")
        return self.condition.subs(m, inputs)

    def value(
        self, of: str, layer: int, *, free: Mapping[Symbol | str, Number] | None = None, digits: int = 15
    ) -> Enclosure:
        """One of the formulas ("correlation", "ntk_ratio", …) at a layer, enclosed without its remainder.

        `free` gives the letters that the inputs decide. Raises `DataError` where one is missing.
        """
        names = ("variance", "correlation", "ntk_diagonal", "ntk", "ntk_ratio")
        if of not in names:
            raise DataError(f"{of!r} is none of {', '.join(names)}.")
        if not isinstance(layer, int) or layer < 1:
            raise DataError(f"layer = {layer!r} must be a whole number, at least 1.")
        given = {str(name): number for name, number in (free or {}).items()}
        formula: Expr = getattr(self, of)
        missing = [entry for entry in self.free if entry.symbol in formula.free_symbols]
        for entry in missing:
            if str(entry.symbol) not in given:
                raise DataError(f"{entry.symbol} is {entry.meaning}; give it: free={{'{entry.symbol}': …}}.")
        values: dict[Symbol | str, Number] = {entry.symbol: entry.value for entry in self.constants}
        return enclose(formula.subs(l, layer), values | given, digits=digits)

    def formulas(self) -> dict[str, Expr]:
        """All formulas by what they are called on paper."""
        return {
            "q_l": self.variance,
            "c_l": self.correlation,
            "Θ_l(x, x)": self.ntk_diagonal,
            "Θ_l(x, x′)": self.ntk,
            "Θ_l(x, x′)/Θ_l(x, x)": self.ntk_ratio,
            "condition number of m inputs": self.condition,
        }

    def __str__(self) -> str:
        lines = [f"deep networks of {self.activation} at σ_w² = {self.W_var}, σ_b² = {self.b_var}: {self.law}"]
        lines += [f"  {name} ≈ {formula}" for name, formula in self.formulas().items()]
        lines.append(f"  {self.remainder}")
        lines += [f"  {c.symbol} = {c.meaning} = {c.value}" for c in self.constants]
        lines += [f"  {f.symbol}: {f.meaning}" for f in self.free]
        return "\n".join(lines)

    def latex(self) -> str:
        """The formulas as lines of an `align*`, and below them the constants."""
        left = (
            r"q_l",
            r"c_l",
            r"\Theta_l(x, x)",
            r"\Theta_l(x, x')",
            r"\Theta_l(x, x') / \Theta_l(x, x)",
            r"\kappa",
        )
        lines = [
            rf"{name} &\simeq {sympy.latex(f)}" for name, f in zip(left, self.formulas().values(), strict=True)
        ]
        lines += [rf"{sympy.latex(c.symbol)} &= {c.value.latex(12)}" for c in self.constants]
        return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON: formulas as text that SymPy reads."""
        return {
            "activation": self.activation,
            "W_var": self.W_var,
            "b_var": self.b_var,
            "phase": self.phase,
            "law": self.law,
            "variance": str(self.variance),
            "correlation": str(self.correlation),
            "ntk_diagonal": str(self.ntk_diagonal),
            "ntk": str(self.ntk),
            "ntk_ratio": str(self.ntk_ratio),
            "condition_number": str(self.condition),
            "remainder": self.remainder,
            "constants": {
                str(c.symbol): {"meaning": c.meaning, "value": c.value.as_dict()} for c in self.constants
            },
            "free": {str(f.symbol): f.meaning for f in self.free},
        }


def condition_of(ratio: Expr, correction: Expr) -> Expr:
    """The condition number where the NTK ratio is ratio + correction: to first order in the correction."""
    if ratio == 1:
        return m / -correction
    return (1 + (m - 1) * ratio) / (1 - ratio) + m * correction / (1 - ratio) ** 2
