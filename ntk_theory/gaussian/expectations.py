"""Unevaluated Gaussian expectations, as SymPy functions: the exact representation of what has no closed form.

They differentiate by Price's theorem, print as a paper writes them, and evaluate to any number of digits
(`ntk_theory.enclosure` does it with an error bound). Nothing here integrates symbolically.
"""

from typing import Any

import mpmath
import sympy
from sympy import Expr, Function, Lambda
from sympy.printing.precedence import PRECEDENCE

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
            value = _mean(sympy.lambdify(x, f(x), "mpmath"), mpmath.mpf(q.evalf(mpmath.mp.dps)))
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
            across = mpmath.sqrt(q2 * (1 - c**2))
            value = _mean(
                lambda u: f_at(u) * _mean(lambda w: g_at(c * mpmath.sqrt(q2 / q1) * u + w), across**2), q1
            )
        return sympy.Float(value, precision=prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        f, g, q1, q2, c = self.args
        u, v = sympy.symbols("u v", real=True)
        p = printer._print
        factors = (printer.parenthesize(h, PRECEDENCE["Mul"]) for h in (f(u), g(v)))
        product = r" \, ".join(factors)
        body = rf"\mathbb{{E}}_{{{p(q1)},\,{p(q2)},\,{p(c)}}}\left[{product}\right]"
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"


def _mean(f: Any, variance: Any) -> Any:
    """E[f(√variance z)] by the trapezoidal rule, which is exponentially accurate for f analytic in a strip.

    The step is halved until two sums agree to the working precision.
    """
    if variance == 0:
        return f(mpmath.mpf(0))
    reach = mpmath.sqrt(2 * mpmath.log(2) * (mpmath.mp.prec + 20))
    scale = mpmath.sqrt(variance)

    def summand(z: Any) -> Any:
        return f(scale * z) * mpmath.exp(-z * z / 2)

    step = mpmath.mpf(1) / 2
    total = sum(summand(k * step) for k in range(-int(reach / step), int(reach / step) + 1))
    previous = total * step
    while True:
        half = step / 2
        count = int(reach / half)
        total += sum(summand(k * half) for k in range(-count | 1, count + 1, 2))
        step = half
        current = total * step
        if abs(current - previous) <= mpmath.ldexp(1, -mpmath.mp.prec + 8) * max(1, abs(current)):
            return current / mpmath.sqrt(2 * mpmath.pi)
        if step < mpmath.mpf(2) ** -14:
            raise ValueError("the trapezoidal rule does not converge: the integrand is not analytic")
        previous = current
