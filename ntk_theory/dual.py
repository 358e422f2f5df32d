"""The dual of an activation: K = E[φ(u)φ(v)], K̇ = E[φ′(u)φ′(v)], V = E[φ²], derived from φ.

One type for both kinds: a closed form from the Gaussian calculus, or, outside its class, the best exact
representation known, in unevaluated expectations. Recursion, code generation and reports read both alike.
"""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache

import sympy
from sympy import Expr
from sympy.printing.latex import LatexPrinter

from ntk_theory.activation import Activation, activation
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian import represent
from ntk_theory.gaussian.algebra import ROOT_1, ROOT_2, Algebra
from ntk_theory.gaussian.moments import covariance, mean
from ntk_theory.gaussian.normal_form import NormalForm, Surd
from ntk_theory.gaussian.readable import expression
from ntk_theory.gaussian.relations import reduced
from ntk_theory.gaussian.terms import Term, canonical_terms, irrational_constants
from ntk_theory.symbols import c, q, q1, q2


@dataclass(frozen=True)
class Certificate:
    """One check of a derivation, done anew each time: what was checked, in LaTeX, and whether it holds."""

    name: str
    statement: str
    holds: bool


@dataclass(frozen=True)
class Dual:
    """The dual of `activation`, in the symbols q1, q2, c (and q) of `ntk_theory.symbols`.

    - `kernel`: K(q1, q2, c) = E[φ(u)φ(v)];
    - `derivative`: K̇(q1, q2, c) = E[φ′(u)φ′(v)], with ∂K/∂c = √(q1 q2) K̇ (Price 1958);
    - `variance`: V(q) = K(q, q, 1) = E[φ(√q z)²]; `derivative_variance`: E[φ′(√q z)²];
    - `mean`: E[φ(√q z)];
    - `closed_form`: whether these are elementary; if not, `reason` says why;
    - `certificates`: the checks that were made, `trace`: the steps of the derivation.
    """

    activation: Activation
    kernel: Expr
    variance: Expr
    mean: Expr
    derivative_kernel: Expr | None
    derivative_square: Expr | None
    closed_form: bool
    reason: str
    certificates: tuple[Certificate, ...]
    trace: tuple[str, ...]

    @property
    def derivative(self) -> Expr:
        """K̇. Raises `DivergentExpectationError` where φ jumps."""
        if self.derivative_kernel is None:
            raise _refusal(self.activation)
        return self.derivative_kernel

    @property
    def derivative_variance(self) -> Expr:
        """E[φ′(√q z)²], in q. Raises `DivergentExpectationError` where φ jumps."""
        if self.derivative_square is None:
            raise _refusal(self.activation)
        return self.derivative_square

    def replace(
        self,
        *,
        kernel: Expr | None = None,
        variance: Expr | None = None,
        derivative: Expr | None = None,
        derivative_variance: Expr | None = None,
    ) -> "Dual":
        """A theory of your own in place of parts of this one; it carries no certificates."""
        return dataclasses.replace(
            self,
            kernel=self.kernel if kernel is None else kernel,
            variance=self.variance if variance is None else variance,
            derivative_kernel=self.derivative_kernel if derivative is None else derivative,
            derivative_square=self.derivative_square if derivative_variance is None else derivative_variance,
            certificates=(),
            trace=("replaced by hand",),
        )

    def latex(self) -> str:
        """K, K̇ and V as lines of an `align*`, to paste into a paper."""
        lines = [
            rf"\phi(x) &= {self.activation.latex()} \\",
            rf"K(q_1, q_2, c) &= {latex(self.kernel)} \\",
        ]
        if self.derivative_kernel is not None:
            lines.append(rf"\dot K(q_1, q_2, c) &= {latex(self.derivative_kernel)} \\")
        lines.append(rf"V(q) &= {latex(self.variance)}")
        return "\\begin{align*}\n" + "\n".join(lines) + "\n\\end{align*}"


def dual(what: str | Expr | Activation) -> Dual:
    """Derive the dual of an activation (a name, a text, a SymPy expression, an `Activation`).

    Raises `ActivationSyntaxError` for text that is none, `DivergentExpectationError` where E[φ²] is infinite,
    `NotInClassError` where neither a closed form nor an exact representation is known.
    """
    return _derive(activation(what))


def latex(formula: Expr, names: dict[sympy.Symbol, str] | None = None) -> str:
    """A formula in LaTeX as a paper sets it: √q1 √q2 under one root; `names` says how symbols are written."""
    settings = {"inv_trig_style": "full", "ln_notation": False, "symbol_names": names or {}}
    return _PaperPrinter(settings).doprint(formula)


@lru_cache(maxsize=512)
def _derive(phi: Activation) -> Dual:
    try:
        return _closed_form(phi)
    except NotInClassError as error:
        return _representation(phi, str(error))


def _closed_form(phi: Activation) -> Dual:
    terms = canonical_terms(phi)
    squares = canonical_terms(phi.squared)
    slopes = None if phi.jumps else canonical_terms(phi.derivative)
    slope_squares = None if slopes is None else canonical_terms(phi.derivative.squared)
    every = [*terms, *squares, *(slopes or ()), *(slope_squares or ())]
    algebra = Algebra(phi.parameters, irrational_constants(every))
    kernel = covariance(algebra, terms, terms)
    derivative = None if slopes is None else covariance(algebra, slopes, slopes)
    certificates = [_price(algebra, kernel, derivative)] if derivative is not None else []
    certificates.append(_independence(algebra, kernel, terms))
    certificates += _diagonal(algebra, kernel, mean(algebra, squares))
    return Dual(
        activation=phi,
        kernel=expression(kernel),
        variance=_in_q(mean(algebra, squares)),
        mean=_in_q(mean(algebra, terms)),
        derivative_kernel=None if derivative is None else expression(derivative),
        derivative_square=None if slope_squares is None else _in_q(mean(algebra, slope_squares)),
        closed_form=True,
        reason="",
        certificates=tuple(certificates),
        trace=(
            f"pieces: {len(phi.pieces)}",
            f"canonical terms of φ: {len(terms)}; of φ′: {'none, φ jumps' if slopes is None else len(slopes)}",
            "expectations by Stein's recursion over the terms' walls, in normal form",
        ),
    )


def _representation(phi: Activation, reason: str) -> Dual:
    parts = represent.decompose(phi)
    return Dual(
        activation=phi,
        kernel=parts.kernel,
        variance=parts.variance,
        mean=parts.mean,
        derivative_kernel=parts.derivative,
        derivative_square=parts.derivative_variance,
        closed_form=False,
        reason=f"No elementary form of the two-point dual is known to us. {reason}",
        certificates=(
            Certificate(
                "decomposition",
                rf"\phi(x) = {sympy.latex(parts.expression)} \text{{ to 40 digits}}",
                represent.agrees(parts, phi),
            ),
        ),
        trace=(
            f"outside the closed class: {reason}",
            f"φ(x) = {parts.constant} + ({parts.factor})·f({parts.scale}·x), f(x) = {parts.core}",
            "K as an exact expectation of f, evaluated by quadrature or series with error bounds",
        ),
    )


_PRICE = r"\partial K/\partial c = \sqrt{q_1 q_2}\,\dot K"


def _price(algebra: Algebra, kernel: NormalForm, derivative: NormalForm) -> Certificate:
    scale = Surd(algebra.generator(ROOT_1) * algebra.generator(ROOT_2))
    difference = kernel.diff(c) - derivative.scaled(scale)
    return Certificate("Price", _PRICE, reduced(difference).is_zero)


def _independence(algebra: Algebra, kernel: NormalForm, terms: tuple[Term, ...]) -> Certificate:
    first = mean(algebra, terms)
    second = first.substitute({ROOT_1: algebra.generator(ROOT_2)})
    difference = kernel.substitute({c: algebra.zero}) - first * second
    return Certificate("independence", r"K(q_1, q_2, 0) = E[\phi(u)]\,E[\phi(v)]", reduced(difference).is_zero)


def _diagonal(algebra: Algebra, kernel: NormalForm, variance: NormalForm) -> list[Certificate]:
    """K(q, q, 1) = V(q), where the form of K has no pole at c = 1 that only a limit would cancel."""
    try:
        # equal variances first: that cancels factors 1 - c
        equal = kernel.substitute({ROOT_2: algebra.generator(ROOT_1)})
        diagonal = equal.substitute({c: algebra.one})
    except ZeroDivisionError:
        return []
    return [Certificate("diagonal", "K(q, q, 1) = V(q)", reduced(diagonal - variance).is_zero)]


def _in_q(form: NormalForm) -> Expr:
    return expression(form).subs({q1: q, q2: q})


def _refusal(phi: Activation) -> Exception:
    try:
        return TypeError(f"{phi.derivative} has no jump")
    except Exception as error:  # the activation's own refusal, with the jump named
        return error


class _PaperPrinter(LatexPrinter):
    def _print_Mul(self, expr: Expr) -> str:
        roots = [f for f in expr.args if f.is_Pow and f.exp in (sympy.S.Half, -sympy.S.Half)]
        for half in (sympy.S.Half, -sympy.S.Half):
            same = [f for f in roots if f.exp == half]
            if len(same) > 1:
                merged = sympy.Mul(*(f.base for f in same), evaluate=False)
                root = sympy.Pow(merged, half, evaluate=False)
                rest = [f for f in expr.args if f not in same]
                expr = sympy.Mul(*rest, root, evaluate=False)
        return super()._print_Mul(expr)
