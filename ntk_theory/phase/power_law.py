r"""What a map δ ↦ δ - aδ^p + bδ^r does after many steps: power laws with two orders, by one series.

With u = δ^{-κ}, κ = p - 1, the map is u ↦ u + A + B u^{-s} + …, A = κa, and s = 1 where r = 2p - 1, else
s = (r - 1)/κ - 1. Summed up, u_l = A l (1 + E(l)) with E = (B/A²)·log l/l for s = 1 and
E = B A^{-1-s} l^{-s}/(1 - s) for s < 1. What the start decides comes after both: it is O(1/l) in 1 + E.

The NTK off the diagonal obeys Θ′ = q(1 - δ) + F′(δ) Θ, and F′(δ_l) = 1 - (m/l)(1 - E) + … with m = p/κ: so
Θ_l = q l (1/(1 + m) + w E), found here by comparing coefficients.
"""

from dataclasses import dataclass

import sympy
from sympy import Expr, Rational, Symbol

from ntk_theory.errors import NoFixedPointError
from ntk_theory.phase.near_one import NearOne

l = Symbol("l", integer=True, positive=True)
"""The layer."""


@dataclass(frozen=True)
class PowerLaw:
    """δ_l = (`speed`·l)^(-1/`kappa`)·(1 - `correction`/`kappa`), and Θ_l/(q l) = `ratio` + `ratio_correction`.

    `correction` is E(l), of order log l/l or l^(-1/2); what is left out is smaller by log l/l or more than E.
    """

    kappa: Rational
    speed: Expr
    correction: Expr
    ratio: Rational
    ratio_correction: Expr

    @property
    def leading(self) -> Expr:
        """δ_l to leading order."""
        return (self.speed * l) ** (-1 / self.kappa)

    @property
    def distance(self) -> Expr:
        """δ_l to two orders."""
        return self.leading * (1 - self.correction / self.kappa)


def power_law(series: NearOne, W: Expr) -> PowerLaw:
    """The law of F(δ) = δ - σ_w²(leading - second), χ₁ = 1; `W` is σ_w². Raises `NoFixedPointError` for F = δ."""
    if series.leading is None or series.second is None:
        raise NoFixedPointError("An affine activation keeps every correlation: there is no law to sum up.")
    p, r = series.leading.power, series.second.power
    speed, following, s = _summed(p, r, W * series.leading.coefficient, W * series.second.coefficient)
    beta = sympy.simplify(following)
    kappa = p - 1
    m = p / kappa
    shape = sympy.log(l) / l if s == 1 else l ** (-s)
    # F′ = 1 - p·a·δ^κ + r·b·δ^{r-1}: with aκ u⁻¹ = (1 - E)/l the last is of E's order only if s < 1
    extra = sympy.S.Zero if s == 1 else r * _coefficient(s, kappa)
    rise = sympy.S.Zero if s == 1 else 1 - s  # l·E grows like (1 - s)·E per layer, log l like nothing
    w = (m + extra) / ((1 + m) * (m + rise))
    return PowerLaw(kappa, speed, beta * shape, 1 / (1 + m), sympy.nsimplify(w) * beta * shape)


def _coefficient(s: Rational, kappa: Rational) -> Expr:
    """b δ^{r-1} = this·E/l where s < 1: B = -κb and E = B A^{-1-s} l^{-s}/(1 - s)."""
    return -(1 - s) / kappa


def _summed(p: Rational, r: Rational, a: Expr, b: Expr) -> tuple[Expr, Expr, Rational]:
    """A, the factor of E's shape, and s, from the series of u′ = F(δ)^{-κ} in ε = 1/u."""
    kappa = p - 1
    a_, b_ = Symbol("a", positive=True), Symbol("b", positive=True)
    s = min(Rational(1), (r - 1) / kappa - 1)
    root = Symbol("t", positive=True)  # ε = t²: the powers of t are whole
    step = (1 - a_ * root**2 + b_ * root ** (2 * (r - 1) / kappa)) ** (-kappa)
    series = sympy.series(step, root, 0, 5).removeO()
    A = series.coeff(root, 2)
    B = series.coeff(root, 2 + 2 * s)
    factor = B / A**2 if s == 1 else B * A ** (-1 - s) / (1 - s)
    values = {a_: a, b_: b}
    return A.subs(values), factor.subs(values, simultaneous=True), s
