"""Depth asymptotics where φ is homogeneous (ReLU and its kin), and near q* = 0 where φ is as good as that.

φ(λx) = λφ(x) for λ > 0 makes V = s·q, D = s, and the correlation map without biases the same at every σ_w²:
δ ↦ δ - (A/s)δ^{3/2} + …, with the NTK obeying Θ′ = q_{l+1}c_{l+1} + σ_w²s F′Θ. So correlations and the NTK ratio
do not depend on σ_w² (Seleznova & Kutyniok 2022); only with biases there are three phases.
"""

import sympy
from flint import arb
from sympy import Expr, Symbol

from ntk_theory.enclosure import Enclosure, Number
from ntk_theory.errors import NoFixedPointError
from ntk_theory.phase.asymptotics import DepthAsymptotics, Free, condition_of
from ntk_theory.phase.fixed_points import FixedPoint, PhaseName, exactly, excess
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.phase.near_one import NearOne, Term, near_one
from ntk_theory.phase.power_law import l, power_law
from ntk_theory.phase.regimes import Place, ordered

_ONE = Enclosure(arb(1))
q_1 = Symbol("q_1", positive=True)
FIRST_VARIANCE = Free(q_1, "the variance at the first layer, Σ¹(x, x)")


def homogeneous(
    length: LengthMap,
    W: Number,
    b_var: Number,
    texts: tuple[str, str],
    points: tuple[FixedPoint, ...],
    digits: int,
) -> DepthAsymptotics:
    """The asymptotics for φ with V = s·q, at any σ_w² > 0 and σ_b²; `points` are the length map's."""
    gain = length.scale
    point = points[0] if points else FixedPoint(_ONE, _ONE, _ONE, stable=False)
    place = Place(length, W, b_var, texts, point, digits)
    rate, b = sympy.simplify(exactly(place.W_var) * gain), exactly(place.b_var)
    if rate == 0:
        raise NoFixedPointError("σ_w² = 0: no signal passes a layer. Take W_var > 0.")
    phase: PhaseName = ("ordered", "critical", "chaotic")[1 + excess(place.W_var, gain)]
    series = near_one(place.length.dual.activation)
    if b == 0:
        return without_biases(place, series, gain, rate, phase)
    if phase == "ordered":
        if series.leading is not None and series.second is not None:
            weight = exactly(W)
            a, second = (Term(t.power, weight * t.coefficient) for t in (series.leading, series.second))
            series = NearOne(a, second)
        return ordered(place, place.letters(), b / (1 - rate), rate, series)
    if phase == "critical":
        return _growing_linearly(place, series, gain, b)
    return without_biases(place, series, gain, rate, phase, FIRST_VARIANCE, -b / (rate - 1))


def without_biases(
    place: Place,
    series: NearOne,
    gain: Expr,
    rate: Expr,
    phase: PhaseName,
    first: Free = FIRST_VARIANCE,
    offset: Expr = sympy.S.Zero,
) -> DepthAsymptotics:
    """q_l = (q_1 - offset)·rate^{l-1} + offset; correlations by the power law of the map divided by χ₁."""
    start = first.symbol - offset
    variance = start * rate ** (l - 1) + offset
    if series.leading is None:
        kept = Free(Symbol("c_1", real=True), "the correlation at the first layer")
        if offset != 0:
            kept = Free(Symbol("c_oo", real=True), "the correlation's limit, from the first layers")
        c_1 = kept.symbol
        return place.result(
            phase,
            "a linear network: the kernel keeps what it was given",
            variance=variance,
            correlation=c_1,
            ntk_diagonal=start * l * rate ** (l - 1),
            ntk=c_1 * start * l * rate ** (l - 1),
            ntk_ratio=c_1,
            condition=condition_of(c_1, sympy.S.Zero),
            remainder="without biases exact; with them the next factors are 1 + O(1/l)",
            free=(first, kept),
        )
    law = power_law(series, 1 / gain)
    ratio = law.ratio + law.ratio_correction
    growth = start * l * rate ** (l - 1)
    biases = "" if offset == 0 else ", biases being outgrown"
    return place.result(
        phase,
        f"homogeneous: 1 - c_l falls like l⁻² at every σ_w²{biases}",
        variance=variance,
        correlation=1 - law.distance,
        ntk_diagonal=growth,
        ntk=growth * ratio,
        ntk_ratio=ratio,
        condition=condition_of(law.ratio, law.ratio_correction),
        remainder="1 - c_l and the ratio: the next factor is 1 + O(1/l), from the first layers",
        free=(first,),
    )


def _growing_linearly(place: Place, series: NearOne, gain: Expr, b: Expr) -> DepthAsymptotics:
    """χ₁ = 1 with biases: q_{l+1} = q_l + σ_b², δ′ = (q_l/q_{l+1}) F(δ).

    With q_l/q_{l+1} = 1 - 1/l and u = δ^{-1/2}: u′ = u + u/(2l) + a/2, so u = a l + O(√l). Then
    Θ′(x, x′) = σ_b² l + (1 - 3/(2l))Θ(x, x′), against Θ′(x, x) = σ_b² l + Θ(x, x): 2/7 and 1/2 of σ_b² l².
    """
    variance = q_1 + (l - 1) * b
    diagonal = b * l**2 / 2
    if series.leading is None:
        # δ′ = (q_l/q_{l+1})δ: q_l δ_l is constant; q δ l + … is the gap of the NTK
        D = Symbol("D", positive=True)
        gap = D * l
        return place.result(
            "critical",
            "a linear network: the covariance is kept, while the variance grows with the biases",
            variance=variance,
            correlation=1 - D / variance,
            ntk_diagonal=diagonal,
            ntk=diagonal - gap,
            ntk_ratio=1 - gap / diagonal,
            condition=condition_of(sympy.S.One, -gap / diagonal),
            remainder="the variance and c_l are exact; of the NTK the next factor is 1 + O(1/l)",
            free=(FIRST_VARIANCE, Free(D, "Σ¹(x, x) - Σ¹(x, x′)")),
        )
    a = sympy.simplify(series.leading.coefficient / gain)
    ratio = sympy.Rational(4, 7)
    return place.result(
        "critical",
        "homogeneous at χ₁ = 1 with biases: the variance grows without bound, 1 - c_l falls like l⁻²",
        variance=variance,
        correlation=1 - 1 / (a * l) ** 2,
        ntk_diagonal=diagonal,
        ntk=ratio * diagonal,
        ntk_ratio=ratio,
        condition=condition_of(ratio, sympy.S.Zero),
        remainder="1 - c_l and the ratio: the next factor is 1 + O(l^(-1/2)), from the first layers",
        free=(FIRST_VARIANCE,),
    )
