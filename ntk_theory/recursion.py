"""A network's recursion as printable equations: Σ and Θ layer by layer, with K and K̇ written out."""

from dataclasses import dataclass
from itertools import groupby

import sympy
from sympy import Eq, Expr, Symbol

from ntk_theory.dual import latex
from ntk_theory.layers import Dense, Layer, LayerEquations
from ntk_theory.symbols import c, kappa, q, q1, q2, theta


@dataclass(frozen=True)
class Step:
    """The equations of one step, and the layers l that it leads to: `first` up to and including `last`."""

    first: int
    last: int
    variance: Eq
    covariance: Eq
    ntk: Eq | None

    @property
    def equations(self) -> tuple[Eq, ...]:
        """Those of Σ, and of Θ where there is one: an activation that jumps has none."""
        return (self.variance, self.covariance) + (() if self.ntk is None else (self.ntk,))

    @property
    def where(self) -> str:
        """For which l the equations hold."""
        if self.first == self.last:
            return f"l = {self.first}"
        return f"l = {self.first}, …, {self.last}"


@dataclass(frozen=True)
class Recursion:
    """Σˡ and Θˡ of the pre-activations l = 1, …, L + 1, for a pair of inputs x, x′ (Jacot et al. 2018).

    q₁, q₂ and c are the variances and the correlation that Σˡ holds, c = Σˡ(x, x′)/√(q₁ q₂).
    """

    steps: tuple[Step, ...]

    @property
    def equations(self) -> tuple[Eq, ...]:
        """All equations, in order."""
        return tuple(e for step in self.steps for e in step.equations)

    def __str__(self) -> str:
        lines = []
        for step in self.steps:
            lines.append(f"{step.where}:")
            lines += [f"  {e.lhs} = {e.rhs}" for e in step.equations]
        return "\n".join(lines)

    def latex(self) -> str:
        """The equations as lines of an `align*`."""
        lines = []
        for step in self.steps:
            where = step.where.replace("…", r"\ldots")
            for number, equation in enumerate(step.equations):
                label = rf" && {where}" if number == 0 else ""
                left, right = (latex(side, _latex_names(side)) for side in equation.args)
                lines.append(f"{left} &= {right}{label}")
        return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def recursion(layers: tuple[Layer, ...]) -> Recursion:
    """The recursion of a sequence of layers, one step for each dense layer, equal steps in a row merged."""
    composed = []
    between: list[LayerEquations] = []
    has_ntk = not any(layer.equations.no_ntk for layer in layers)
    for layer in layers:
        between.append(layer.equations)
        if isinstance(layer, Dense):
            composed.append(_compose(between))
            between = []
    steps = [_step(composed[0], 1, 1, has_ntk=has_ntk)]
    for equations, group in groupby(composed[1:]):
        first = steps[-1].last + 1
        steps.append(_step(equations, first, first + len(list(group)) - 1, has_ntk=has_ntk))
    return Recursion(tuple(steps))


def _compose(layers: list[LayerEquations]) -> tuple[Expr, Expr, Expr]:
    """Layers one after the other: the new q in q, and the new κ and Θ - κ in q1, q2, c, κ, Θ.

    Θ - κ because Θ repeats all of κ, and as in the papers names it instead.
    """
    own = sympy.S.Zero
    variance, covariance, ntk = q, kappa, theta
    for number, layer in enumerate(layers):
        after = {q1: variance.subs(q, q1), q2: variance.subs(q, q2), kappa: covariance, theta: ntk}
        if number and layer.covariance.has(c):
            after[c] = covariance / sympy.sqrt(after[q1] * after[q2])
        own = (layer.ntk - layer.covariance).subs(after, simultaneous=True)
        covariance = layer.covariance.subs(after, simultaneous=True)
        ntk = layer.ntk.subs(after, simultaneous=True)
        variance = layer.variance.subs(q, variance)
    return variance, covariance, own


def _step(equations: tuple[Expr, Expr, Expr], first: int, last: int, *, has_ntk: bool) -> Step:
    index, previous = (str(first), str(first - 1)) if first == last else ("l", "l-1")
    if first == 1:
        before = {q: _INPUT_SQUARE, kappa: _INPUT_PRODUCT, theta: sympy.S.Zero}
    else:
        names = {q: "q", q1: "q1", q2: "q2", c: "c", kappa: "Sigma", theta: "Theta"}
        before = {old: _indexed(name, previous) for old, name in names.items()}
    left = [_indexed(name, index) for name in ("q", "Sigma", "Theta")]
    variance, covariance, below = (formula.xreplace(before) for formula in equations)
    right = (variance, covariance, left[1] + below)
    sigma, cross, theta_equation = (Eq(a, b, evaluate=False) for a, b in zip(left, right, strict=True))
    return Step(first, last, sigma, cross, theta_equation if has_ntk else None)


_INPUT_SQUARE = Symbol("|x|^2/n0", positive=True)
_INPUT_PRODUCT = Symbol("x.x'/n0", real=True)
_LATEX = {
    _INPUT_SQUARE.name: r"\frac{|x|^2}{n_0}",
    _INPUT_PRODUCT.name: r"\frac{x \cdot x'}{n_0}",
    "q1": "q_1",
    "q2": "q_2",
    "Sigma": r"\Sigma",
    "Theta": r"\Theta",
}


def _indexed(name: str, index: str) -> Symbol:
    return (
        Symbol(f"{name}[{index}]", positive=True)
        if name.startswith("q")
        else Symbol(f"{name}[{index}]", real=True)
    )


def _latex_names(formula: Expr) -> dict[Symbol, str]:
    names = {}
    for symbol in formula.free_symbols:
        name, _, index = symbol.name.partition("[")
        letters = _LATEX.get(name, name)
        names[symbol] = rf"{letters}^{{({index.rstrip(']')})}}" if index else letters
    return {s: n for s, n in names.items() if n != s.name}
