"""Duals where their formulas have poles or lose a dimension: c = ±1, and variances that are 0."""

import sympy
from sympy import Expr, Lambda

from ntk_theory.activation import Activation
from ntk_theory.activation.pieces import joined
from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.gaussian import moments
from ntk_theory.gaussian.expectations import GaussianMean
from ntk_theory.gaussian.readable import expression
from ntk_theory.gaussian.terms import algebra_of, canonical_terms, growth
from ntk_theory.symbols import q1, x


def mean(phi: Activation, variance: Expr) -> Expr:
    """E[φ(√variance z)] at an exact number; at 0 it is the mean of the two sides of φ there."""
    if variance == 0:
        return _at_zero(phi)
    try:
        terms = canonical_terms(phi)
        room = 1 - 2 * growth(terms) * variance
        if room.is_nonpositive:
            raise DivergentExpectationError(
                f"E[φ] of φ = {phi.name} is infinite at variance {variance}: 1 - 2·({growth(terms)})·{variance} = "
                f"{room} must be positive."
            )
        algebra = algebra_of(phi.parameters, terms)
        return expression(moments.mean(algebra, terms)).subs(q1, variance)
    except NotInClassError:
        return GaussianMean(Lambda(x, joined(phi.pieces)), variance)


def product_mean(phi: Activation, first: Expr, second: Expr) -> Expr:
    """E[φ(a z) φ(b z)] for numbers a and b: the kernel at c = ±1, where u and v are one variable."""
    product = phi.expression.subs(x, first * x) * phi.expression.subs(x, second * x)
    return mean(Activation(product, f"{phi.name} twice"), sympy.S.One)


def _at_zero(phi: Activation) -> Expr:
    sides = [p.expression.subs(x, 0) for p in phi.pieces if p.lower <= 0 <= p.upper]
    return sympy.Add(*sides) / len(sides)
