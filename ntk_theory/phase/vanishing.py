r"""Depth asymptotics at q* = 0: no biases, φ(0) = 0, and the variance goes to 0 with depth.

With φ = s₁x + s₂x²/2 + … near 0, σ_w² = 1/s₁², e₂ = s₂²/(4s₁²), e₃ = s₃/s₁ (Roberts, Yaida & Hanin 2022, 5.3):

    q′ = q + a₁q² + a₂q³ + …,  σ_w² E[φ′²] = 1 + b₁q + b₂q² + …,  a₁ = 3e₂ + e₃,  b₁ = 4e₂ + e₃,
    c′ = c + q e₂ (1 - c)(1 - 2c) + …,  σ_w² E[φ′(u)φ′(v)] = 1 + q(e₃ + 4e₂c) + …

For a₁ < 0 the variance is 1/(|a₁| l), to two orders by the same series as a correlation's. Without s₂ the
correlation keeps a limit that the first layers decide; with it 1/2 attracts all of them, like l^{-e₂/|a₁|}.
"""

import sympy
from sympy import Expr, Rational, Symbol, log

from ntk_theory.errors import NoFixedPointError
from ntk_theory.phase.asymptotics import DepthAsymptotics, Free, condition_of, m
from ntk_theory.phase.fixed_points import exactly
from ntk_theory.phase.homogeneous import without_biases
from ntk_theory.phase.near_one import NearOne, Term
from ntk_theory.phase.power_law import l, power_law
from ntk_theory.phase.regimes import Place
from ntk_theory.phase.sided import LIMIT, c_oo, sided

D = Symbol("D", positive=True)


def vanishing(place: Place) -> DepthAsymptotics:
    """The asymptotics at q* = 0."""
    if place.point.phase == "ordered":
        return _exponential(place)
    if place.point.phase == "critical":
        return _critical(place)
    raise NoFixedPointError(
        f"{place.length.name} at σ_w² = {place.texts[0]}, σ_b = 0: q* = 0 repels, and no network stays near it."
    )


def _exponential(place: Place) -> DepthAsymptotics:
    """σ_w²V′(0) < 1: φ is its tangent, or its two one-sided ones, up to what the decay sums up."""
    gain = place.length.gain_at_zero
    rate = exactly(place.W_var) * gain
    left, right = place.length.beside_zero(1)
    if left != right:
        kink = Rational(2, 3) * (right - left) ** 2 / (sympy.sqrt(2) * sympy.pi)
        series = NearOne(Term(Rational(3, 2), kink), Term(Rational(2), sympy.S.Zero))
        decaying = Free(D, "lim q_l χ₁^(1-l), from the first layers")
        return without_biases(place, series, gain, rate, "ordered", decaying)
    if rate == 0:
        raise NoFixedPointError(
            "σ_w² φ′(0)² = 0: the variance vanishes faster than exponentially. Take W_var > 0."
        )
    decay = D * rate ** (l - 1)
    return place.result(
        "ordered",
        "ordered without biases: the variance vanishes exponentially, correlations keep a limit",
        variance=decay,
        correlation=c_oo,
        ntk_diagonal=l * decay,
        ntk=l * c_oo * decay,
        ntk_ratio=c_oo,
        condition=condition_of(c_oo, sympy.S.Zero),
        remainder="the variance and c_l: the next term is O(χ₁ˡ); the NTK: a factor 1 + O(1/l)",
        free=(Free(D, "lim q_l χ₁^(1-l), from the first layers"), LIMIT),
    )


def _critical(place: Place) -> DepthAsymptotics:
    sides = [place.length.beside_zero(n) for n in range(1, 6)]
    s1, s2, s3, s4, s5 = (right for _, right in sides)
    e2, e3 = s2**2 / (4 * s1**2), s3 / s1
    A = -sympy.simplify(3 * e2 + e3)
    if any(left != right for left, right in sides) or not A.is_positive:
        return sided(place)
    # E[x⁶] = 15 times the coefficient of x⁶ in φ²; of φ′² likewise E[x⁴] = 3
    a2 = sympy.simplify(15 * (s3**2 / 36 + s1 * s5 / 60 + s2 * s4 / 24) / s1**2)
    law = power_law(NearOne(Term(Rational(2), A), Term(Rational(3), a2)), sympy.S.One)
    if e2 == 0:
        return _odd(place, law.distance, A, s1, s3, s5)
    return _bent(place, law.distance, A, e2, e3)


def _odd(place: Place, variance: Expr, A: Expr, s1: Expr, s3: Expr, s5: Expr) -> DepthAsymptotics:
    """No s₂: a₁ = b₁ = -A, so Θ → 1/A resonates with its own decay l⁻¹, and log l/l comes of it.

    c_l - c_∞ = g/l by c′ = c - q² (s₃²/(6s₁²)) c(1 - c²); Θ = c/A + y, y′ = y - y/l + S/l².
    """
    g = s3**2 / (6 * s1**2 * A**2) * c_oo * (1 - c_oo**2)

    def next_order(c: Expr, drift: Expr) -> Expr:
        b2 = (s3**2 / 4 + s1 * s5 / 4 + s3**2 * c**2 / 2) / s1**2
        return sympy.factor(c * (b2 / A - A) / A**2 + drift / A)

    shape = log(l) / l
    diagonal = 1 / A + next_order(sympy.S.One, sympy.S.Zero) * shape
    ntk = c_oo / A + next_order(c_oo, g) * shape
    moved = sympy.factor(A * (next_order(c_oo, g) - c_oo * next_order(sympy.S.One, sympy.S.Zero)))
    return place.result(
        "critical",
        "critical without biases: the variance falls like l⁻¹, correlations keep a limit, the NTK freezes",
        variance=variance,
        correlation=c_oo + g / l,
        ntk_diagonal=diagonal,
        ntk=ntk,
        ntk_ratio=c_oo + moved * shape,
        condition=condition_of(c_oo, moved * shape),
        remainder="the variance: the next factor is 1 + O(1/l); c_l: O(log l/l²); the NTK: O(1/l)",
        free=(LIMIT,),
    )


def _bent(place: Place, variance: Expr, A: Expr, e2: Expr, e3: Expr) -> DepthAsymptotics:
    """With s₂: ε = c - 1/2 obeys ε′ = ε(1 - q e₂), and Θ, Θ(x, x′) the equations y′ = y + q - ry/l."""
    half = Rational(1, 2)
    diagonal, ntk = _balance(A, -(4 * e2 + e3), sympy.S.One), _balance(A, -(e3 + 2 * e2), half)
    ratio = sympy.simplify(ntk / diagonal)
    fixed = not ratio.has(l)
    free = [Free(D, "lim |c_l - 1/2| l^(e₂/|a₁|), from the first layers")]
    free += [Free(_GROWN, "from the first layers")] if diagonal.has(_GROWN) or ntk.has(_GROWN) else []
    return place.result(
        "critical",
        "critical without biases, φ″(0) ≠ 0: the variance falls like l⁻¹, all correlations tend to 1/2",
        variance=variance,
        correlation=half - D * l ** (-e2 / A),
        ntk_diagonal=diagonal,
        ntk=ntk,
        ntk_ratio=ratio,
        condition=condition_of(ratio, sympy.S.Zero) if fixed else (1 + (m - 1) * ratio) / (1 - ratio),
        remainder="the variance: the next factor is 1 + O(1/l); the others: leading order",
        free=tuple(free),
    )


_GROWN = Symbol("G", positive=True)


def _balance(A: Expr, rate: Expr, source: Expr) -> Expr:
    """What y′ = y + source·q - rate·q·y tends to with q = 1/(A l)."""
    if rate.is_positive:
        return source / rate
    if rate.is_zero:
        return source * log(l) / A
    return _GROWN * l ** (-rate / A)
