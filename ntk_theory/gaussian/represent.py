"""The best exact representation of a dual outside the closed class: expectations of a simpler function.

φ = κ₀ + κ₁·f(b·x) with f odd gives K_φ(q1, q2, c) = κ₀² + κ₁² K_f(b²q1, b²q2, c), because E[f] = 0. The
logistic sigmoid, 1/2 + tanh(x/2)/2, is of this form.
"""

from dataclasses import dataclass
from functools import cached_property

import sympy
from sympy import Expr, Lambda

from ntk_theory.activation import Activation, Piece
from ntk_theory.activation.activation import tanh_form
from ntk_theory.activation.pieces import joined
from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.gaussian import existence, limits
from ntk_theory.gaussian.certificate import Certificate
from ntk_theory.gaussian.expectations import GaussianCovariance, GaussianMean
from ntk_theory.symbols import c, q, q1, q2, x

DEEPEST = 8
"""More functions than this inside one another SymPy does not analyse in any time."""


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
    conditions = ()

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
    def slope(self) -> "Representation | None":
        """φ′, represented on its own: that of softplus is the logistic, constant and all.

        None where φ jumps, or where φ′ is not square-integrable. Raises `NotInClassError` for kinks that are not
        recognised.
        """
        if self.phi.jumps:
            return None
        for part in self.phi.derivative.pieces:
            domain = existence.domain_inside(part)
            if domain is not None:
                raise NotInClassError(
                    f"{self.phi.name} has kinks that are not recognised: φ′ is continuous only on {domain}. "
                    "Write the activation with abs(x), max(x, 0) or where(...)."
                )
        try:
            return represent(self.phi.derivative, self.outside)
        except DivergentExpectationError:
            return None

    @property
    def derivative_expression(self) -> Expr | None:
        """E[φ′(u)φ′(v)] in q1, q2, c."""
        return None if self.slope is None else self.slope.kernel_expression

    @property
    def variance_expression(self) -> Expr:
        """E[φ(√q z)²] in q."""
        return self.constant**2 + self.factor**2 * self._mean(self.core**2)

    @property
    def derivative_variance_expression(self) -> Expr | None:
        """E[φ′(√q z)²] in q."""
        return None if self.slope is None else self.slope.variance_expression

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
        pairs = [(self.expression, self.phi.expression)]
        if self.slope is not None:
            pairs.append((self.slope.expression, self.phi.derivative.expression))
        numbers = {p: sympy.Rational(3, 4 + i) for i, p in enumerate(self.phi.parameters)}
        points = [sympy.Rational(k, 7) for k in (-40, -9, -2, 1, 5, 33)]
        differences = (
            abs((ours - theirs).subs(numbers).subs(x, point).evalf(60))
            for ours, theirs in pairs
            for point in points
        )
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
    """φ as a constant and a scaled core, or whole where it has pieces.

    Raises `DivergentExpectationError` where E[φ²] is infinite, `NotInClassError` where it can't be decided.
    """
    if _nesting(phi.expression) > DEEPEST:
        raise NotInClassError(
            f"{phi.name} has functions nested more than {DEEPEST} deep; nothing is known of its growth. {outside}"
        )
    parts = [Piece(p.lower, p.upper, sympy.expand(tanh_form(p.expression))) for p in phi.pieces]
    for part in parts:
        existence.check_regular(phi, part)
        existence.check_growth(phi, part)
    expression = joined(parts)
    if len(parts) > 1:
        return Representation(phi, outside, sympy.S.Zero, sympy.S.One, sympy.S.One, expression)
    constant, rest = expression.as_independent(x, as_Add=True)
    if constant != 0 and not _is_odd(rest):
        constant, rest = sympy.S.Zero, expression
    factor, rest = sympy.factor_terms(rest).as_independent(x, as_Add=False)
    scale = _common_scale(rest)
    return Representation(phi, outside, constant, factor, scale, rest.subs(x, x / scale))


def _nesting(expression: Expr) -> int:
    inner = max(map(_nesting, expression.args), default=0)
    return inner + isinstance(expression, sympy.Function)


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
        if not scale.has(x) and scale.is_positive:
            return scale
    return sympy.S.One
