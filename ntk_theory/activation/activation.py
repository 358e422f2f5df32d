"""An activation φ: its expression, its smooth pieces, its jumps and kinks, its parity, its derivative."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import sympy
from sympy import Expr

from ntk_theory.activation.named import ALIASES, NAMED
from ntk_theory.activation.parse import parse, substituted
from ntk_theory.activation.pieces import Piece, joined, pieces
from ntk_theory.errors import ActivationSyntaxError, DivergentExpectationError
from ntk_theory.symbols import x


@dataclass(frozen=True)
class Jump:
    """A discontinuity: the function rises by `height` at `position`."""

    position: Expr
    height: Expr


@dataclass(frozen=True)
class Activation:
    """An activation φ as a SymPy `expression` in the real symbol `ntk_theory.symbols.x`.

    Make one with `activation`; `name` is what tables and figures call it.
    """

    expression: Expr
    name: str

    def __str__(self) -> str:
        return self.name

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """φ as smooth pieces from -∞ to ∞. Raises `NotInClassError` where it can't be cut."""
        return pieces(self.expression)

    @cached_property
    def jumps(self) -> tuple[Jump, ...]:
        """The discontinuities of φ itself. Where there is one, E[φ′²] and so the NTK is infinite."""
        return _jumps(self.pieces)

    @cached_property
    def kinks(self) -> tuple[Jump, ...]:
        """The discontinuities of φ′: what decides how correlations converge with depth."""
        return _jumps(tuple(Piece(p.lower, p.upper, p.expression.diff(x)) for p in self.pieces))

    @cached_property
    def parity(self) -> Literal["even", "odd"] | None:
        """Whether φ(-x) is φ(x), or -φ(x), or neither that SymPy can show."""
        mirrored = self.expression.subs(x, -x)
        if sympy.simplify(mirrored + self.expression) == 0:
            return "odd"
        if sympy.simplify(mirrored - self.expression) == 0:
            return "even"
        return None

    @cached_property
    def parameters(self) -> tuple[sympy.Symbol, ...]:
        """The free symbols other than x, sorted by name."""
        return tuple(sorted(self.expression.free_symbols - {x}, key=str))

    @cached_property
    def derivative(self) -> "Activation":
        """φ′, almost everywhere. Raises `DivergentExpectationError` where φ jumps."""
        if self.jumps:
            raise jump_error(self)
        slopes = [Piece(p.lower, p.upper, tanh_form(p.expression).diff(x)) for p in self.pieces]
        return Activation(joined(slopes), f"{self.name}'")

    @cached_property
    def squared(self) -> "Activation":
        """φ², piece by piece."""
        squares = [Piece(p.lower, p.upper, p.expression**2) for p in self.pieces]
        return Activation(joined(squares), f"({self.name})^2")

    def latex(self) -> str:
        """φ(x) for a paper."""
        return sympy.latex(self.expression)


def activation(what: "str | Expr | Activation", name: str | None = None) -> Activation:
    """The activation that `what` names: a name ("relu"), a text ("x*Phi(x)") or a SymPy expression in x.

    Text is parsed by a grammar, never evaluated. A SymPy expression in one free symbol named x is read with
    that symbol real. Raises `ActivationSyntaxError`.
    """
    if isinstance(what, Activation):
        return what
    if isinstance(what, str):
        text = ALIASES.get(what.strip(), what.strip())
        if not text:
            raise ActivationSyntaxError("The activation is empty. Name one: " + ", ".join(sorted(NAMED)) + ".")
        if text in NAMED:
            return Activation(substituted(NAMED[text]), name or text)
        expression = parse(text)
        if expression.free_symbols - {x} and text.isidentifier():
            raise ActivationSyntaxError(
                f"No activation is named {text!r}. Known names: {', '.join(sorted(NAMED))}; "
                "or write a formula in x, as in max(x, 0)."
            )
        return Activation(expression, name or text)
    if isinstance(what, Expr):
        if what.has(sympy.I, sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            raise ActivationSyntaxError(f"{what} is not a real function with finite constants.")
        expression = what.xreplace({s: x for s in what.free_symbols if s.name == "x"})
        return Activation(expression, name or str(expression))
    raise ActivationSyntaxError(
        f"An activation is a name, a text or a SymPy expression; this is a {type(what).__name__}: {what!r}."
    )


def jump_error(phi: Activation) -> DivergentExpectationError:
    """Why φ has no derivative in the mean square: its first jump, named."""
    jump = phi.jumps[0]
    return DivergentExpectationError(
        f"{phi.name} jumps by {jump.height} at x = {jump.position}, so E[φ′²] and the NTK are infinite. "
        "The NNGP kernel exists: use .kernel and .variance."
    )


def tanh_form(expression: Expr) -> Expr:
    """1/(1 + eʷ) as (1 - tanh(w/2))/2, and eʷ/(1 + eʷ) as (1 + tanh(w/2))/2, throughout.

    Equal, but neither form overflows, loses digits, or hides an odd part.
    """
    expression = expression.replace(lambda part: part.is_Mul, _pair_exponentials)
    return expression.replace(_is_logistic, lambda p: ((1 - sympy.tanh((p.base - 1).args[0] / 2)) / 2) ** -p.exp)


def _is_logistic(part: Expr) -> bool:
    """Whether `part` is (1 + eʷ)⁻ⁿ with n = 1, 2, …"""
    return bool(part.is_Pow and part.exp.is_Integer and part.exp < 0 and isinstance(part.base - 1, sympy.exp))


def _pair_exponentials(product: Expr) -> Expr:
    factors = list(product.args)
    for logistic in filter(_is_logistic, product.args):
        w, n = (logistic.base - 1).args[0], -logistic.exp
        for exponential in [f for f in factors if isinstance(f, sympy.exp)]:
            times = sympy.cancel(exponential.args[0] / w)
            if times.is_Integer and 1 <= times <= n:
                factors.remove(exponential)
                factors.remove(logistic)
                factors.append(((1 + sympy.tanh(w / 2)) / 2) ** times * logistic.base ** (times - n))
                break
    return sympy.Mul(*factors)


def _jumps(parts: tuple[Piece, ...]) -> tuple[Jump, ...]:
    found = []
    for left, right in pairwise(parts):
        height = sympy.simplify((right.expression - left.expression).subs(x, left.upper))
        if height.has(sympy.nan, sympy.zoo):  # 0·∞ or ∞ - ∞ at the seam, as of x·log(x)
            above, below = right.expression.limit(x, left.upper, "+"), left.expression.limit(x, left.upper, "-")
            height = above - below
        if height != 0:
            found.append(Jump(left.upper, height))
    return tuple(found)
