"""Closed forms of one activation, with the certificates of their derivation, recomputed each time."""

from dataclasses import dataclass
from functools import cached_property
from math import factorial

import sympy
from sympy import Expr

from ntk_theory.activation import Activation
from ntk_theory.gaussian import check, limits, moments
from ntk_theory.gaussian.algebra import ROOT_1, ROOT_2, Algebra
from ntk_theory.gaussian.certificate import Certificate
from ntk_theory.gaussian.condition import Condition, growth_conditions
from ntk_theory.gaussian.diagonal import on_diagonal
from ntk_theory.gaussian.normal_form import NormalForm, Surd
from ntk_theory.gaussian.readable import expression
from ntk_theory.gaussian.relations import reduced
from ntk_theory.gaussian.terms import Term, algebra_of, canonical_terms, growth
from ntk_theory.symbols import c, q, q1, q2


@dataclass(frozen=True)
class ClosedForm:
    """The Gaussian calculus at work on φ: canonical terms in, normal forms out.

    Raises `NotInClassError` when made, naming the part of φ outside the class.
    """

    phi: Activation

    closed = True
    reason = ""

    def __post_init__(self) -> None:
        # whether φ is in the class shows only when all of its expectations are there
        _ = self.kernel, self.derivative, self.variance, self.derivative_variance, self.mean

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        return canonical_terms(self.phi)

    @cached_property
    def squares(self) -> tuple[Term, ...]:
        return canonical_terms(self.phi.squared)

    @cached_property
    def slopes(self) -> tuple[Term, ...] | None:
        """φ′ by its own pieces; None where φ jumps."""
        return None if self.phi.jumps else canonical_terms(self.phi.derivative)

    @cached_property
    def slope_squares(self) -> tuple[Term, ...] | None:
        return None if self.phi.jumps else canonical_terms(self.phi.derivative.squared)

    @cached_property
    def algebra(self) -> Algebra:
        return algebra_of(
            self.phi.parameters,
            [*self.terms, *self.squares, *(self.slopes or ()), *(self.slope_squares or ())],
        )

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Where K, V and the mean exist, for φ that grow like exp(a·x²)."""
        return growth_conditions(growth(self.terms))

    @cached_property
    def kernel(self) -> NormalForm:
        """E[φ(u)φ(v)]."""
        return moments.covariance(self.algebra, self.terms, self.terms)

    @cached_property
    def derivative(self) -> NormalForm | None:
        """E[φ′(u)φ′(v)], from φ′ and not from the kernel."""
        return None if self.slopes is None else moments.covariance(self.algebra, self.slopes, self.slopes)

    @cached_property
    def variance(self) -> NormalForm:
        return moments.mean(self.algebra, self.squares)

    @cached_property
    def derivative_variance(self) -> NormalForm | None:
        return None if self.slope_squares is None else moments.mean(self.algebra, self.slope_squares)

    @cached_property
    def mean(self) -> NormalForm:
        return moments.mean(self.algebra, self.terms)

    def hermite(self, n: int) -> NormalForm:
        """a_n(q1) = E[φ(√q1 z) h_n(z)], h_n = He_n/√n! orthonormal: the multiplication by z is Stein's too."""
        algebra = self.algebra
        total = NormalForm(algebra)
        for k in range(n // 2 + 1):
            # He_n(z) = Σ (-1)ᵏ n!/(k! (n - 2k)! 2ᵏ) zⁿ⁻²ᵏ
            weight = (-1) ** k * factorial(n) // (factorial(k) * factorial(n - 2 * k) * 2**k)
            raised = tuple(t.raised(n - 2 * k) for t in self.terms)
            scale = Surd(algebra.one * weight / algebra.generator(ROOT_1) ** (n - 2 * k))
            total += moments.mean(algebra, raised).scaled(scale)
        return total.scaled(algebra.sqrt(algebra.one / factorial(n)))

    @cached_property
    def kernel_expression(self) -> Expr:
        """K as a person would write it."""
        return expression(self.kernel)

    @cached_property
    def derivative_expression(self) -> Expr | None:
        """K̇ as a person would write it."""
        return None if self.derivative is None else expression(self.derivative)

    @property
    def variance_expression(self) -> Expr:
        return in_q(self.variance)

    @property
    def derivative_variance_expression(self) -> Expr | None:
        return None if self.derivative_variance is None else in_q(self.derivative_variance)

    @property
    def mean_expression(self) -> Expr:
        return in_q(self.mean)

    def hermite_expression(self, n: int) -> Expr:
        """a_n(q), written in q."""
        return in_q(self.hermite(n))

    def full_correlation(self, first: Expr, second: Expr, sign: int) -> Expr:
        """E[φ(√first z) φ(±√second z)], the kernel at c = ±1 for numbers."""
        return limits.product_mean(self.phi, sympy.sqrt(first), sign * sympy.sqrt(second))

    def mean_at(self, variance: Expr) -> Expr:
        """E[φ(√variance z)] at a number, 0 included."""
        return limits.mean(self.phi, variance)

    @property
    def trace(self) -> tuple[str, ...]:
        """The steps of the derivation."""
        slopes = "none, φ jumps" if self.slopes is None else str(len(self.slopes))
        return (
            f"pieces: {len(self.phi.pieces)}",
            f"canonical terms of φ: {len(self.terms)}; of φ′: {slopes}",
            "expectations by Stein's recursion over the terms' walls, in normal form",
        )

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """The `identities`, and quadrature where it is sure of itself."""
        return (*self.identities, *self._quadrature())

    @property
    def identities(self) -> tuple[Certificate, ...]:
        """Price's identity, independence at c = 0, K and K̇ at c = 1, all exact.

        Price and independence fix K, given K̇ and the mean, and the diagonals tie V and E[φ′²] to them: no term is
        left out. Where φ jumps there is no K̇, and terms that vanish at c = 0 and 1 are left to quadrature.
        """
        algebra = self.algebra
        found = []
        if self.derivative is not None:
            scale = Surd(algebra.generator(ROOT_1) * algebra.generator(ROOT_2))
            price = self.kernel.diff(c) - self.derivative.scaled(scale)
            found.append(_certificate("Price", r"\partial K/\partial c = \sqrt{q_1 q_2}\,\dot K", price))
        product = self.mean * self.mean.substitute({ROOT_1: algebra.generator(ROOT_2)})
        independence = self.kernel.substitute({c: algebra.zero}) - product
        found.append(_certificate("independence", r"K(q_1, q_2, 0) = E[\phi(u)]\,E[\phi(v)]", independence))
        for name, statement, pair, single in (
            ("diagonal", "K(q, q, 1) = V(q)", self.kernel, self.variance),
            ("diagonal of K̇", r"\dot K(q, q, 1) = E[\phi'^2]", self.derivative, self.derivative_variance),
        ):
            limit = None if pair is None else on_diagonal(pair)
            if limit is not None and single is not None:
                found.append(_certificate(name, statement, limit - single))
        return tuple(found)

    def _quadrature(self) -> list[Certificate]:
        """K and K̇ as numbers, where quadrature is sure of itself."""
        pairs = [(self.kernel_expression, self.phi)]
        if self.derivative_expression is not None:
            pairs.append((self.derivative_expression, self.phi.derivative))
        found = [check.agrees(formula, phi) for formula, phi in pairs]
        if None in found:
            return []
        return [Certificate("quadrature", r"K, \dot K\text{ agree with quadrature to 8 digits}", all(found))]


def mixed(phi: Activation, psi: Activation) -> NormalForm:
    """E[φ(u)ψ(v)]. Raises `NotInClassError`."""
    left, right = canonical_terms(phi), canonical_terms(psi)
    parameters = sorted({*phi.parameters, *psi.parameters}, key=str)
    algebra = algebra_of(parameters, [*left, *right], times=2)
    return moments.covariance(algebra, left, right)


def in_q(form: NormalForm) -> Expr:
    """A form in √q1 alone, written in q."""
    return expression(form).subs({q1: q, q2: q})


def _certificate(name: str, statement: str, difference: NormalForm) -> Certificate:
    rest = reduced(difference)
    if rest.is_zero or not rest.algebra.constants:
        return Certificate(name, statement, rest.is_zero)
    # constants with relations of their own, as exp(log 2) = 2: what is left must vanish as a number
    parameters = rest.algebra.field.symbols
    numbers = {s: sympy.Rational(3, 4 + i) for i, s in enumerate(parameters)} | check.POINT
    value = expression(rest).subs(numbers).evalf(60)
    holds = bool(abs(value) < sympy.Float("1e-45"))
    return Certificate(name, statement + r"\text{ (constants to 45 digits)}", holds)
