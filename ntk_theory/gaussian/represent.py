"""The best exact representation of a dual outside the closed class: expectations of a simpler function.

φ = κ₀ + κ₁·f(b·x) with f odd gives K_φ(q1, q2, c) = κ₀² + κ₁² K_f(b²q1, b²q2, c), because E[f] = 0. The
logistic sigmoid, 1/2 + tanh(x/2)/2, is of this form.
"""

from dataclasses import dataclass

import mpmath
import sympy
from sympy import Expr, Lambda

from ntk_theory.activation import Activation
from ntk_theory.activation.activation import tanh_form
from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.gaussian.expectations import GaussianCovariance, GaussianMean
from ntk_theory.symbols import c, q, q1, q2, x


@dataclass(frozen=True)
class Decomposition:
    """φ(x) = constant + factor·core(scale·x); `constant` is 0 unless core is odd."""

    constant: Expr
    factor: Expr
    scale: Expr
    core: Expr

    @property
    def expression(self) -> Expr:
        """φ(x), put together again."""
        return self.constant + self.factor * self.core.subs(x, self.scale * x)

    @property
    def kernel(self) -> Expr:
        """E[φ(u)φ(v)] in q1, q2, c."""
        return self.constant**2 + self.factor**2 * self._covariance(self.core)

    @property
    def derivative(self) -> Expr:
        """E[φ′(u)φ′(v)] in q1, q2, c."""
        return (self.factor * self.scale) ** 2 * self._covariance(self._slope)

    @property
    def variance(self) -> Expr:
        """E[φ(√q z)²] in q."""
        return self.constant**2 + self.factor**2 * self._mean(self.core**2)

    @property
    def derivative_variance(self) -> Expr:
        """E[φ′(√q z)²] in q."""
        return (self.factor * self.scale) ** 2 * self._mean(self._slope**2)

    @property
    def mean(self) -> Expr:
        """E[φ(√q z)] in q."""
        return self.constant if _is_odd(self.core) else self.constant + self.factor * self._mean(self.core)

    @property
    def _slope(self) -> Expr:
        return tanh_form(self.core.diff(x))

    def _covariance(self, f: Expr) -> Expr:
        return GaussianCovariance(Lambda(x, f), Lambda(x, f), self.scale**2 * q1, self.scale**2 * q2, c)

    def _mean(self, f: Expr) -> Expr:
        return GaussianMean(Lambda(x, f), self.scale**2 * q)


def decompose(phi: Activation) -> Decomposition:
    """φ as a constant and a scaled core. Raises for pieces, and where E[φ²] is infinite."""
    if len(phi.pieces) > 1:
        raise NotInClassError(
            f"{phi.name} has pieces; outside the class, exact representations are built for analytic φ only."
        )
    expression = sympy.expand(tanh_form(phi.pieces[0].expression))
    _check_growth(phi, expression)
    constant, rest = expression.as_independent(x, as_Add=True)
    if constant != 0 and not _is_odd(rest):
        constant, rest = sympy.S.Zero, expression
    factor, rest = sympy.factor_terms(rest).as_independent(x, as_Add=False)
    scale = _common_scale(rest)
    return Decomposition(constant, factor, scale, rest.subs(x, x / scale))


def agrees(parts: Decomposition, phi: Activation) -> bool:
    """Whether the decomposition is φ, to 40 digits at points on both sides of 0."""
    difference = parts.expression - phi.expression
    points = (sympy.Rational(k, 7) for k in (-40, -9, -2, 1, 5, 33))
    return all(abs(difference.subs(x, point).evalf(60)) < sympy.Float("1e-40") for point in points)


def _is_odd(expression: Expr) -> bool:
    return sympy.expand(expression + expression.subs(x, -x)) == 0


def _common_scale(expression: Expr) -> Expr:
    """b where x stands in `expression` only as b·x inside functions, else 1."""
    scales = set()
    outside = expression
    for function in expression.atoms(sympy.Function):
        if function.has(x) and not any(isinstance(a, sympy.Function) for a in function.args):
            scales.add(function.args[0] / x)
            outside = outside.subs(function, sympy.S.One)
    if len(scales) == 1 and not outside.has(x):
        (scale,) = scales
        if scale.is_number and scale.is_positive:
            return scale
    return sympy.S.One


def _check_growth(phi: Activation, expression: Expr) -> None:
    """φ must grow more slowly than every Gaussian: log|φ| = o(x²), looked at far out."""
    if expression.free_symbols - {x}:
        names = ", ".join(map(str, sorted(expression.free_symbols - {x}, key=str)))
        raise NotInClassError(f"{phi.name} is outside the closed class; give numbers for {names} to represent it.")
    value = sympy.lambdify(x, expression, "mpmath")
    for far in (-1000, 1000):
        with mpmath.workprec(60):
            size = abs(value(mpmath.mpf(far)))
            if not mpmath.isfinite(size) or (size > 0 and mpmath.log(size) > mpmath.mpf(far) ** 2 / 1000):
                raise DivergentExpectationError(
                    f"{phi.name} grows like exp(a·x²) or faster (|φ({far})| = {mpmath.nstr(size, 3)}), so E[φ²] "
                    "is infinite once the variance is large enough. Choose a φ that grows more slowly."
                )
