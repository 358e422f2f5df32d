"""Unevaluated Gaussian expectations, as SymPy functions: the exact representation of what has no closed form.

They differentiate by Price's theorem, print as a paper writes them, and evaluate to any number of digits
(`ntk_theory.enclosure` does it with an error bound). Nothing here integrates symbolically.
"""

from itertools import pairwise
from typing import Any

import mpmath
import sympy
from sympy import Expr, Function, Lambda
from sympy.printing.precedence import PRECEDENCE

from ntk_theory.activation.pieces import Piece, joined, pieces
from ntk_theory.gaussian import quadrature
from ntk_theory.symbols import x


class GaussianMean(Function):
    """GaussianMean(Lambda(x, f), q) is E[f(√q z)], z standard normal."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> Expr:
        """∂/∂q E[f(√q z)] = ½ E[f″], with the densities e^{-t²/2q}/√(2πq) that f″ has at jumps j of f′ (j times)
        and h of f (ht/q times). Where f′ or f″ is infinite beside one: E[x f′]/(2q), or (E[x² f] - q E[f])/(2q²).
        """
        if argindex != 2:
            raise sympy.core.function.ArgumentIndexError(self, argindex)
        f, q = self.args
        parts = pieces(f(x))
        steps = [_steps(left, right) for left, right in pairwise(parts)]
        if all(value.is_finite for step in steps for value in step):
            curved = joined([Piece(p.lower, p.upper, p.expression.diff(x, 2)) for p in parts])
            total = GaussianMean(Lambda(x, curved), q) if curved != 0 else sympy.S.Zero
            for (height, rise, _), left in zip(steps, parts, strict=False):
                t = left.upper
                total += (rise + height * t / q) * sympy.exp(-(t**2) / (2 * q)) / sympy.sqrt(2 * sympy.pi * q)
            return total / 2
        if _is_continuous(parts):
            return GaussianMean(Lambda(x, x * _slope(parts)), q) / (2 * q)
        return (GaussianMean(Lambda(x, x**2 * f(x)), q) - q * self) / (2 * q**2)

    def _eval_evalf(self, prec: int) -> Expr:
        f, q = self.args
        if self.free_symbols:
            return self
        with mpmath.workprec(prec + 10):
            value = quadrature.mean(f(x), _number(q))
        return sympy.Float(value, precision=prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        f, q = self.args
        z = sympy.Symbol("z", real=True)
        body = (
            rf"\mathbb{{E}}_{{z \sim \mathcal{{N}}(0,\,{printer._print(q)})}}\left[{printer._print(f(z))}\right]"
        )
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"


class GaussianCovariance(Function):
    """GaussianCovariance(Lambda(x, f), Lambda(x, g), q1, q2, c) is E[f(u) g(v)].

    (u, v) is a centred Gaussian pair with variances q1, q2 and correlation c.
    """

    nargs = 5

    def fdiff(self, argindex: int = 1) -> Expr:
        """Price: ∂/∂c = √(q1 q2) E[f′g′], ∂/∂q1 at fixed c = ½ E[f″g] + c √(q2/q1)/2 E[f′g′].

        With kinks ∂/∂q1 = E[u f′g]/(2q1); with jumps the normal density is differentiated instead.
        """
        f, g, q1, q2, c = self.args
        left, right = pieces(f(x)), pieces(g(x))
        if argindex == 5:
            if _is_continuous(left) and _is_continuous(right):
                return sympy.sqrt(q1 * q2) * _covariance(_slope(left), _slope(right), q1, q2, c)
            return self._by_density()
        if argindex == 3:
            return _diff_variance(f(x), g(x), q1, q2, c)
        if argindex == 4:
            return _diff_variance(g(x), f(x), q2, q1, c)
        raise sympy.core.function.ArgumentIndexError(self, argindex)

    def _by_density(self) -> Expr:
        """∂/∂c by that of the density: with z = u/√q1, w = v/√q2 it is
        [c(1-c²) + (1+c²) zw - c(z²+w²)]/(1-c²)² times the density."""
        f, g, q1, q2, c = self.args
        across = _covariance(x * f(x), x * g(x), q1, q2, c) / sympy.sqrt(q1 * q2)
        squares = _covariance(x**2 * f(x), g(x), q1, q2, c) / q1 + _covariance(f(x), x**2 * g(x), q1, q2, c) / q2
        return (c * (1 - c**2) * self + (1 + c**2) * across - c * squares) / (1 - c**2) ** 2

    def _eval_evalf(self, prec: int) -> Expr:
        f, g, *numbers = self.args
        if self.free_symbols:
            return self
        with mpmath.workprec(prec + 10):
            value = quadrature.covariance(f(x), g(x), *map(_number, numbers))
        return sympy.Float(value, precision=prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        f, g, q1, q2, c = self.args
        u, v = sympy.symbols("u v", real=True)
        p = printer._print
        factors = (printer.parenthesize(h, PRECEDENCE["Mul"]) for h in (f(u), g(v)))
        product = r" \, ".join(factors)
        body = rf"\mathbb{{E}}_{{{p(q1)},\,{p(q2)},\,{p(c)}}}\left[{product}\right]"
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"


def _covariance(f: Expr, g: Expr, q1: Expr, q2: Expr, c: Expr) -> Expr:
    return GaussianCovariance(Lambda(x, f), Lambda(x, g), q1, q2, c)


def _diff_variance(f: Expr, g: Expr, q1: Expr, q2: Expr, c: Expr) -> Expr:
    """∂/∂q1 of E[f(u)g(v)] at fixed c."""
    parts = pieces(f)
    if len(parts) == len(pieces(g)) == 1:
        curved = _covariance(f.diff(x, 2), g, q1, q2, c)
        return curved / 2 + c * sympy.sqrt(q2 / q1) / 2 * _covariance(f.diff(x), g.diff(x), q1, q2, c)
    if _is_continuous(parts):
        return _covariance(x * _slope(parts), g, q1, q2, c) / (2 * q1)
    square = _covariance(x**2 * f, g, q1, q2, c) / q1
    across = c * _covariance(x * f, x * g, q1, q2, c) / sympy.sqrt(q1 * q2)
    return ((square - across) / (1 - c**2) - _covariance(f, g, q1, q2, c)) / (2 * q1)


def _steps(left: Piece, right: Piece) -> tuple[Expr, Expr, Expr]:
    """By how much f, f′ and f″ jump between two pieces."""
    sides = [[p.expression.diff(x, n).subs(x, left.upper) for n in range(3)] for p in (left, right)]
    return tuple(sympy.simplify(after - before) for before, after in zip(*sides, strict=True))


def _is_continuous(parts: tuple[Piece, ...]) -> bool:
    gaps = ((right.expression - left.expression).subs(x, left.upper) for left, right in pairwise(parts))
    return all(sympy.simplify(gap) == 0 for gap in gaps)


def _slope(parts: tuple[Piece, ...]) -> Expr:
    return joined([Piece(p.lower, p.upper, p.expression.diff(x)) for p in parts])


def _number(value: Expr) -> Any:
    return mpmath.mpf(value.evalf(mpmath.mp.dps + 5))
