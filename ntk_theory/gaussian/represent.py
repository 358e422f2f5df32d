"""The best exact representation of a dual outside the closed class: expectations of a simpler function.

φ = κ₀ + κ₁·f(b·x) with f odd gives K_φ(q1, q2, c) = κ₀² + κ₁² K_f(b²q1, b²q2, c), because E[f] = 0. The
logistic sigmoid, 1/2 + tanh(x/2)/2, is of this form.
"""

from dataclasses import dataclass
from functools import cached_property

import mpmath
import sympy
from sympy import Expr, Lambda
from sympy.calculus.util import continuous_domain

from ntk_theory.activation import Activation
from ntk_theory.activation.activation import tanh_form
from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.gaussian import limits
from ntk_theory.gaussian.certificate import Certificate
from ntk_theory.gaussian.expectations import GaussianCovariance, GaussianMean
from ntk_theory.symbols import c, q, q1, q2, x


@dataclass(frozen=True)
class Representation:
    """φ(x) = constant + factor·core(scale·x), with the interface of `ClosedForm`.

    `constant` is 0 unless core is odd; `outside` says why φ is not in the closed class.
    """

    phi: Activation
    outside: str
    constant: Expr
    factor: Expr
    scale: Expr
    core: Expr

    closed = False

    @property
    def reason(self) -> str:
        return f"No elementary form of the two-point dual is known to us. {self.outside}"

    @property
    def expression(self) -> Expr:
        """φ(x), put together again."""
        return self.constant + self.factor * self.core.subs(x, self.scale * x)

    @property
    def kernel_expression(self) -> Expr:
        """E[φ(u)φ(v)] in q1, q2, c."""
        return self.constant**2 + self.factor**2 * self._covariance(self.core)

    @cached_property
    def slope(self) -> "Representation":
        """φ′, represented on its own: that of softplus is the logistic, constant and all."""
        return represent(self.phi.derivative, self.outside)

    @property
    def derivative_expression(self) -> Expr:
        """E[φ′(u)φ′(v)] in q1, q2, c."""
        return self.slope.kernel_expression

    @property
    def variance_expression(self) -> Expr:
        """E[φ(√q z)²] in q."""
        return self.constant**2 + self.factor**2 * self._mean(self.core**2)

    @property
    def derivative_variance_expression(self) -> Expr:
        """E[φ′(√q z)²] in q."""
        return self.slope.variance_expression

    @property
    def mean_expression(self) -> Expr:
        """E[φ(√q z)] in q."""
        return self.constant if _is_odd(self.core) else self.constant + self.factor * self._mean(self.core)

    def hermite_expression(self, n: int) -> Expr:
        """a_n(q) = E[φ(√q z) h_n(z)], h_n the orthonormal Hermite polynomial."""
        polynomial = sympy.hermite_prob(n, x / sympy.sqrt(q)) / sympy.sqrt(sympy.factorial(n))
        return GaussianMean(Lambda(x, self.phi.expression * polynomial), q)

    def full_correlation(self, first: Expr, second: Expr, sign: int) -> Expr:
        """E[φ(√first z) φ(±√second z)], the kernel at c = ±1 for numbers."""
        return limits.product_mean(self.phi, sympy.sqrt(first), sign * sympy.sqrt(second))

    def mean_at(self, variance: Expr) -> Expr:
        """E[φ(√variance z)] at a number, 0 included."""
        return limits.mean(self.phi, variance)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The decompositions are φ and φ′, to 40 digits at points on both sides of 0."""
        slope = self.phi.expression.diff(x)
        pairs = [(self.expression, self.phi.expression), (self.slope.expression, slope)]
        points = [sympy.Rational(k, 7) for k in (-40, -9, -2, 1, 5, 33)]
        differences = (abs((ours - theirs).subs(x, point).evalf(60)) for ours, theirs in pairs for point in points)
        statement = rf"\phi(x) = {sympy.latex(self.expression)} \text{{ to 40 digits, and }} \phi'"
        return (Certificate("decomposition", statement, all(d < sympy.Float("1e-40") for d in differences)),)

    @property
    def trace(self) -> tuple[str, ...]:
        """The steps of the derivation."""
        return (
            f"outside the closed class: {self.outside}",
            f"φ(x) = {self.constant} + ({self.factor})·f({self.scale}·x), f(x) = {self.core}",
            "K as an exact expectation of f, evaluated by quadrature or series with error bounds",
        )

    def _covariance(self, f: Expr) -> Expr:
        return GaussianCovariance(Lambda(x, f), Lambda(x, f), self.scale**2 * q1, self.scale**2 * q2, c)

    def _mean(self, f: Expr) -> Expr:
        return GaussianMean(Lambda(x, f), self.scale**2 * q)


def represent(phi: Activation, outside: str) -> Representation:
    """φ as a constant and a scaled core. Raises for pieces, and where E[φ²] is infinite."""
    if len(phi.pieces) > 1:
        raise NotInClassError(
            f"{outside} {phi.name} has pieces; outside the class, representations are built for analytic φ only."
        )
    expression = sympy.expand(tanh_form(phi.pieces[0].expression))
    _check_regular(phi, expression)
    _check_growth(phi, expression)
    constant, rest = expression.as_independent(x, as_Add=True)
    if constant != 0 and not _is_odd(rest):
        constant, rest = sympy.S.Zero, expression
    factor, rest = sympy.factor_terms(rest).as_independent(x, as_Add=False)
    scale = _common_scale(rest)
    return Representation(phi, outside, constant, factor, scale, rest.subs(x, x / scale))


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


def _check_regular(phi: Activation, expression: Expr) -> None:
    """φ must be real and continuous on the whole line: a series or a quadrature across a pole means nothing."""
    try:
        domain = continuous_domain(expression, x, sympy.S.Reals)
    except NotImplementedError:
        return  # SymPy can't tell; the functions it knows no domain of are entire or bounded ones
    if domain != sympy.S.Reals:
        raise DivergentExpectationError(
            f"{phi.name} is not real and continuous on the whole line (only on {domain}), so its Gaussian "
            "expectations need not exist. Write it with where(...) on the part where it is meant."
        )


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
