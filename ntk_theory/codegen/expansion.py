"""Layers without a closed form: covariance A + B·E[f(u)f(v)], by Hermite series of f at the two variances."""

from dataclasses import dataclass

import jax.numpy as jnp
import sympy
from jaxtyping import Array, Float
from sympy import Expr, oo

from ntk_theory.activation.pieces import pieces
from ntk_theory.codegen import dilation, series
from ntk_theory.codegen.affine import affine_fold
from ntk_theory.codegen.norms import carried, difference, line_rates, sloped
from ntk_theory.codegen.series import Parity, Resolution
from ntk_theory.codegen.tails import Kink
from ntk_theory.gaussian import GaussianCovariance, GaussianMean
from ntk_theory.printing import Frozen, freeze
from ntk_theory.symbols import c, q, q1, q2, x


@dataclass(frozen=True)
class Expansion:
    """f, the variance a(q) it is taken at, and the numbers A and B of A + B·E[f(u)f(v)]."""

    integrand: Frozen
    variance: Frozen
    parity: Parity
    constant: float
    factor: float
    kink: Kink | None = None

    def __call__(
        self,
        fold: Float[Array, "n1 n2"],
        apart: Float[Array, "n1 n2"],
        q1: Float[Array, "n1"],
        q2: Float[Array, "n2"],
        resolution: Resolution,
    ) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, ""]]:
        """The folded correlation and η after the layer, and the largest error of the series."""
        f, variance = self.integrand.function, self.variance.function
        left, right = (
            series.coefficients(f, variance(side), self.parity, resolution, self.kink) for side in (q1, q2)
        )
        near = dilation.near(left, right, apart)
        core, error = series.core_fold(
            left, right, fold, lambda plain: jnp.where(near.where, sloped(near.gap, plain), plain)
        )
        apart = jnp.where(near.where, near.apart, difference(left.size, right.size))
        after = carried(apart, *(line_rates(self.factor, self.constant, side.size) for side in (left, right)))
        return affine_fold(core, apart, left.size, right.size, self.factor, self.constant), after, error


def expansion(variance: Expr, covariance: Expr) -> Expansion | None:
    """The expansion of a layer with these equations; None where they are not of this one form, both."""
    nodes = covariance.atoms(GaussianCovariance)
    if len(nodes) != 1:
        return None
    (node,) = nodes
    f, g, first, second, correlation = node.args
    if f != g or correlation != c or first.subs(q1, q2) != second or first.has(q2):
        return None
    name = sympy.Dummy()
    line = sympy.expand(covariance.xreplace({node: name}))
    factor, constant = line.coeff(name, 1), line.coeff(name, 0)
    square = GaussianMean(sympy.Lambda(x, f(x) ** 2), first.subs(q1, q))
    if not (factor.is_number and constant.is_number and factor > 0 and constant >= 0):
        return None
    means = variance.atoms(GaussianMean)
    same = len(means) == 1 and sympy.expand(next(iter(means)).args[0](x) - f(x) ** 2) == 0
    if not same or sympy.expand(variance.xreplace({next(iter(means)): name}) - constant - factor * name) != 0:
        return None
    if next(iter(means)).args[1] != square.args[1]:
        return None
    return Expansion(
        freeze([x], f(x)), freeze([q1], first), parity(f(x)), float(constant), float(factor), kink(f(x))
    )


ORDERS = 8
"""Derivatives that are looked at for jumps."""


def kink(f: Expr) -> Kink | None:
    """The kinks of f; None where it is smooth."""
    parts = pieces(f)
    if len(parts) == 1:
        return None
    if [part.upper for part in parts] != [0, oo]:
        return Kink((), tuple(float(part.upper) for part in parts[:-1]))
    jumps: dict[int, float] = {}
    left, right = (part.expression for part in parts)
    for order in range(ORDERS):
        jump = _at_zero(right, "+") - _at_zero(left, "-")
        if not jump.is_number or not jump.is_finite:
            return Kink(())
        if order % 2 not in {known % 2 for known in jumps} and abs(jump.n(30)) > 1e-25:
            jumps[order] = float(jump)
        left, right = left.diff(x), right.diff(x)
    return Kink(tuple(jumps.items()))


def _at_zero(f: Expr, side: str) -> Expr:
    value = f.subs(x, 0)
    return value if value.is_number and value.is_finite else sympy.limit(f, x, 0, side)


def parity(f: Expr) -> Parity:
    """Whether f is odd or even, or neither that expansion shows."""
    parts = pieces(f)
    mirrored = [part.expression.subs(x, -x) for part in reversed(parts)]
    if [part.upper for part in parts[:-1]] != [-part.lower for part in reversed(parts[1:])]:
        return None
    signs: tuple[tuple[int, Parity], ...] = ((-1, "odd"), (1, "even"))
    for sign, name in signs:
        if all(sympy.expand(m - sign * part.expression) == 0 for m, part in zip(mirrored, parts, strict=True)):
            return name
    return None
