"""Unevaluated Gaussian expectations, as SymPy functions: the exact representation of what has no closed form.

They differentiate by Price's theorem, print as a paper writes them, and evaluate to any number of digits
(`ntk_theory.enclosure` does it with an error bound). Nothing here integrates symbolically.
"""

from typing import Any

import mpmath
import sympy
from sympy import Expr, Function, Lambda
from sympy.printing.precedence import PRECEDENCE

from ntk_theory.errors import NotInClassError
from ntk_theory.symbols import x


class GaussianMean(Function):
    """GaussianMean(Lambda(x, f), q) is E[f(√q z)], z standard normal."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> Expr:
        """∂/∂q E[f(√q z)] = ½ E[f″(√q z)]."""
        if argindex != 2:
            raise sympy.core.function.ArgumentIndexError(self, argindex)
        f, q = self.args
        return GaussianMean(Lambda(x, f(x).diff(x, 2)), q) / 2

    def _eval_evalf(self, prec: int) -> Expr:
        f, q = self.args
        if not q.is_number:
            return self
        with mpmath.workprec(prec + 10):
            scale = mpmath.sqrt(mpmath.mpf(q.evalf(mpmath.mp.dps)))
            f_at = sympy.lambdify(x, f(x), "mpmath")
            value, _ = _trapezoid(lambda z: f_at(scale * z))
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
        """Price: ∂/∂c = √(q1 q2) E[f′g′], ∂/∂q1 at fixed c = ½ E[f″g] + c √(q2/q1)/2 E[f′g′]."""
        f, g, q1, q2, c = self.args
        slopes = GaussianCovariance(Lambda(x, f(x).diff(x)), Lambda(x, g(x).diff(x)), q1, q2, c)
        if argindex == 5:
            return sympy.sqrt(q1 * q2) * slopes
        if argindex == 3:
            curved = GaussianCovariance(Lambda(x, f(x).diff(x, 2)), g, q1, q2, c)
            return curved / 2 + c * sympy.sqrt(q2 / q1) / 2 * slopes
        if argindex == 4:
            curved = GaussianCovariance(f, Lambda(x, g(x).diff(x, 2)), q1, q2, c)
            return curved / 2 + c * sympy.sqrt(q1 / q2) / 2 * slopes
        raise sympy.core.function.ArgumentIndexError(self, argindex)

    def _eval_evalf(self, prec: int) -> Expr:
        f, g, *numbers = self.args
        if not all(n.is_number for n in numbers):
            return self
        with mpmath.workprec(prec + 10):
            q1, q2, c = (mpmath.mpf(n.evalf(mpmath.mp.dps)) for n in numbers)
            f_at, g_at = (sympy.lambdify(x, h(x), "mpmath") for h in (f, g))
            along, across = c * mpmath.sqrt(q2), mpmath.sqrt(q2 * (1 - c**2))
            # the inner integrands are g, shifted and narrowed: a step that serves g² serves them all
            _, step = _trapezoid(lambda z: g_at(mpmath.sqrt(q2) * z) ** 2)

            def slice_at(u: Any) -> Any:
                return f_at(mpmath.sqrt(q1) * u) * _sum(lambda w: g_at(along * u + across * w), step, 1, 0)

            value, _ = _trapezoid(slice_at)
        return sympy.Float(value, precision=prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        f, g, q1, q2, c = self.args
        u, v = sympy.symbols("u v", real=True)
        p = printer._print
        factors = (printer.parenthesize(h, PRECEDENCE["Mul"]) for h in (f(u), g(v)))
        product = r" \, ".join(factors)
        body = rf"\mathbb{{E}}_{{{p(q1)},\,{p(q2)},\,{p(c)}}}\left[{product}\right]"
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"


def _trapezoid(f: Any) -> tuple[Any, Any]:
    """E[f(z)] by the trapezoidal rule, exponentially accurate for f analytic in a strip, and the step it took.

    The step is halved until two sums agree to the working precision.
    """
    step = mpmath.mpf(1) / 2
    total = _sum(f, step, 1, 0)
    while step > mpmath.mpf(2) ** -11:
        step /= 2
        previous, total = total, total / 2 + _sum(f, step, 2, 1)
        if abs(total - previous) <= mpmath.ldexp(1, -mpmath.mp.prec + 8) * max(1, abs(total)):
            return total, step
    raise NotInClassError("The trapezoidal rule does not converge: the integrand is not analytic.")


def _sum(f: Any, step: Any, stride: int, first: int) -> Any:
    """step·Σ f(z) × (standard normal density at z) over z = (first + stride·k)·step within reach."""
    count = int(mpmath.sqrt(2 * mpmath.log(2) * (mpmath.mp.prec + 20)) / step)
    start = -count + (count + first) % stride
    nodes = (k * step for k in range(start, count + 1, stride))
    return step * mpmath.fsum(f(z) * mpmath.npdf(z) for z in nodes)
