r"""Depth asymptotics at a double root q* of the length map, χ₁ = χ_∥ = 1: the half-stable class.

From the side that it attracts, q_l - q* = -1/(α l), α = σ_w² V″/2, so χ₁ at layer l is 1 - ρ/l, ρ = 2D′/V″, and
δ′ = δ(1 - ρ/l) - aδ^{1+κ}. For κρ < 1 that gives δ^κ = (1 - κρ)/(κ a l) and the off-diagonal NTK a rate
1 - (1 + 1/κ - κρ)/l; for κρ > 1 the variance's own drift decides, δ = D l^{-ρ}; between
the two a logarithm slows it, δ^κ = 1/(κ a l log l). Θ(x, x)′ = q* + (1 - ρ/l)Θ(x, x).
"""

import sympy
from sympy import Expr

from ntk_theory.enclosure.evaluate import certify
from ntk_theory.errors import NoFixedPointError
from ntk_theory.phase.asymptotics import DepthAsymptotics, Free, condition_of
from ntk_theory.phase.near_one import near_one
from ntk_theory.phase.power_law import l
from ntk_theory.phase.regimes import Letters, Place, with_letters

D, G = sympy.Symbol("D", positive=True), sympy.Symbol("G", positive=True)


def half_stable(place: Place) -> DepthAsymptotics:
    """The asymptotics at a half-stable fixed point, to leading order."""
    length, letters = place.length, place.letters()
    variance = letters.known("q", "the double root of the length map", place.point.q)
    a, p = _leading(place, letters)
    at = place.point.q.ball
    drift, turn = certify(
        lambda: [
            2 * length.gain_slope(at) / length.variance_bend(at),
            length.variance_bend(at) / length.gain(at) / 2,
        ],
        place.digits,
        "The drift of a half-stable fixed point",
    )
    rho = letters.signed("rho", "2D′/V″ at q", drift)
    alpha = letters.signed("alpha", "σ_w² V″/2 at q", turn)
    kappa = p - 1
    free: list[Free] = []
    diagonal = variance * l / (1 + rho)
    if drift.ball < -1:
        free.append(Free(G, "lim Θ(x, x) l^ρ, from the first layers"))
        diagonal = G * l**-rho
    if (drift.ball * int(2 * kappa) / 2).contains(1):
        distance = (kappa * a * l * sympy.log(l)) ** (-1 / kappa)
        gap = (1 + 1 / kappa) * variance * l / (sympy.log(l) * (1 + rho) ** 2)
        ntk, ratio = diagonal - gap, 1 - gap / diagonal
        condition = condition_of(sympy.S.One, -gap / diagonal)
    elif drift.ball * int(2 * kappa) / 2 < 1:
        distance = ((1 - kappa * rho) / (kappa * a * l)) ** (1 / kappa)
        ntk = variance * l / (2 + 1 / kappa - kappa * rho)
        ratio = sympy.simplify(ntk / diagonal)
        condition = condition_of(ratio, sympy.S.Zero)
    else:
        free.append(Free(D, "lim (1 - c_l) l^ρ, from the first layers"))
        distance = D * l**-rho
        gap = p * a * D**kappa * variance * l ** (2 - kappa * rho) / ((1 + rho) * (2 + (1 - kappa) * rho))
        ntk, ratio = diagonal - gap, 1 - gap / diagonal
        condition = condition_of(sympy.S.One, -gap / diagonal)
    side = "above" if turn.ball < 0 else "below"
    return place.result(
        "critical",
        f"half-stable: the variance comes to q* from {side} like l⁻¹, and χ₁ with it to 1",
        variance=variance - 1 / (alpha * l),
        correlation=1 - distance,
        ntk_diagonal=diagonal,
        ntk=ntk,
        ntk_ratio=ratio,
        condition=condition,
        remainder="leading order; it is reached at depths l ≫ |ρ|",
        letters=letters,
        free=tuple(free),
    )


def _leading(place: Place, letters: Letters) -> tuple[Expr, sympy.Rational]:
    series = with_letters(letters, near_one(place.length.dual.activation))
    if series.leading is None:
        raise NoFixedPointError("The length map of an affine activation has no double root.")
    return series.leading.coefficient, series.leading.power
