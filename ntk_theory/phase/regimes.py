"""Depth asymptotics at a fixed point q* > 0 of the variance, ordered, critical and chaotic.

At such a point Θˡ⁺¹(x, x) = q* + χ₁ Θˡ(x, x), from Θ¹ = q*. With F of `near_one` and Δ = Θ(x, x) - Θ(x, x′),
1 - c_{l+1} = F(1 - c_l) and Δ_{l+1} = q*(1 - c_{l+1}) + χ₁Δ_l + (χ₁ - F′)Θ_l(x, x′). Each case below sums these.
"""

from dataclasses import dataclass, field

import sympy
from sympy import Expr, Symbol

from ntk_theory.enclosure import Enclosure, Number
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import ball_function, certify
from ntk_theory.phase.asymptotics import Constant, DepthAsymptotics, Free, condition_of, m
from ntk_theory.phase.correlation import chaotic_correlation, kernel_bend
from ntk_theory.phase.fixed_points import FixedPoint, PhaseName
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.phase.near_one import NearOne, Term, near_one
from ntk_theory.phase.power_law import l, power_law
from ntk_theory.symbols import q

W = Symbol("sigma_w^2", positive=True)
"""σ_w² in the formulas of constants."""

D = Symbol("D", positive=True)


@dataclass
class Letters:
    """Constants of one fixed point: exact where they are, letters with enclosures otherwise."""

    W_var: Number
    q: Enclosure
    digits: int
    found: list[Constant] = field(default_factory=list)

    def constant(self, name: str, meaning: str, formula: Expr) -> Expr:
        """`formula`, in q and `W`, at this fixed point."""
        function = ball_function(formula, (q, W))
        (value,) = certify(lambda: [function(self.q.ball, as_ball(self.W_var))], self.digits, meaning)
        return self.known(name, meaning, value)

    def known(self, name: str, meaning: str, value: Enclosure) -> Expr:
        """A letter for a value that has been enclosed; exact values stand for themselves."""
        if value.exact:
            return sympy.Rational(value.mid)
        return self._letter(Symbol(name, positive=True), meaning, value)

    def signed(self, name: str, meaning: str, value: Enclosure) -> Expr:
        """The same for a value that may be negative."""
        return self._letter(Symbol(name, real=True), meaning, value)

    def _letter(self, symbol: Symbol, meaning: str, value: Enclosure) -> Expr:
        self.found.append(Constant(symbol, meaning, value.rounded(self.digits)))
        return symbol


@dataclass(frozen=True)
class Place:
    """Where: the activation's length map, its (σ_w², σ_b²) as values and as text, the fixed point."""

    length: LengthMap
    W_var: Number
    b_var: Number
    texts: tuple[str, str]
    point: FixedPoint
    digits: int

    def letters(self) -> Letters:
        """A list of constants at this place, empty as yet."""
        return Letters(self.W_var, self.point.q, self.digits)

    def result(
        self,
        phase: PhaseName,
        law: str,
        *,
        variance: Expr,
        correlation: Expr,
        ntk_diagonal: Expr,
        ntk: Expr,
        ntk_ratio: Expr,
        condition: Expr,
        remainder: str,
        letters: Letters | None = None,
        free: tuple[Free, ...] = (),
    ) -> DepthAsymptotics:
        """The formulas with the constants that stand in them."""
        formulas = (variance, correlation, ntk_diagonal, ntk, ntk_ratio, condition)
        used = set().union(*(formula.free_symbols for formula in formulas))
        constants = () if letters is None else tuple(c for c in letters.found if c.symbol in used)
        return DepthAsymptotics(
            self.length.name,
            *self.texts,
            phase,
            law,
            variance,
            correlation,
            ntk_diagonal,
            ntk,
            ntk_ratio,
            condition,
            remainder,
            constants,
            free,
        )


def at_fixed_point(place: Place) -> DepthAsymptotics:
    """The asymptotics at q* > 0, by phase."""
    return {"ordered": _ordered, "critical": _critical, "chaotic": _chaotic}[place.point.phase](place)


def with_letters(letters: Letters, series: NearOne) -> NearOne:
    """The map's two terms, σ_w² included, with letters a and b in place of long formulas."""
    if series.leading is None or series.second is None:
        return series
    p, r = series.leading.power, series.second.power
    kinked = p == sympy.Rational(3, 2)
    a = "(2/3) σ_w² Σ j² e^{-t²/2q}/(√2 π), φ′ jumping by j at t" if kinked else "σ_w² q E[φ″²]/2"
    leading = letters.constant("a", a, W * series.leading.coefficient)
    name = f"the coefficient of δ^({r}) in δ ↦ δ - aδ^({p}) + bδ^({r})"
    second = letters.constant("b", name, W * series.second.coefficient) if series.second.coefficient != 0 else 0
    return NearOne(Term(p, leading), Term(r, sympy.sympify(second)))


def _critical(place: Place) -> DepthAsymptotics:
    letters = place.letters()
    variance = letters.known("q", "the fixed point of the variance", place.point.q)
    series = with_letters(letters, near_one(place.length.dual.activation))
    law = power_law(series, sympy.S.One)
    ratio = law.ratio + law.ratio_correction
    rate = "l⁻²" if law.kappa == sympy.S.Half else "l⁻¹"
    reason = "φ′ jumps" if law.kappa == sympy.S.Half else "φ′ is continuous"
    return place.result(
        "critical",
        f"critical, 1 - c_l falls like {rate} because {reason}",
        variance=variance,
        correlation=1 - law.distance,
        ntk_diagonal=variance * l,
        ntk=variance * l * ratio,
        ntk_ratio=ratio,
        condition=condition_of(law.ratio, law.ratio_correction),
        remainder="1 - c_l and the ratio: the next factor is 1 + O(1/l), from the first layers",
        letters=letters,
    )


def _ordered(place: Place) -> DepthAsymptotics:
    letters = place.letters()
    variance = letters.known("q", "the fixed point of the variance", place.point.q)
    chi = letters.known("chi_1", "σ_w² E[φ′²]", place.point.chi_1)
    return ordered(place, letters, variance, chi, with_letters(letters, near_one(place.length.dual.activation)))


def ordered(place: Place, letters: Letters, variance: Expr, chi: Expr, series: NearOne) -> DepthAsymptotics:
    """The ordered phase with χ₁ = `chi`, q* = `variance` and the map's terms, σ_w² included, as given."""
    limit = variance / (1 - chi)
    distance, gap, law = D * chi**l, D * variance * l * chi**l, "ordered: inputs merge exponentially"
    remainder = "Θ(x, x) - Θ(x, x′): the next term is O(χ₁ˡ)"
    if series.leading is not None:
        a, p = series.leading.coefficient, series.leading.power
        distance += a / (chi - chi**p) * (D * chi**l) ** p
        if p == 2:
            gap = D * (variance + 2 * a * limit / chi) * l * chi**l
        else:
            root = sympy.sqrt(chi)
            gap = sympy.Rational(3, 2) * a * limit * sympy.sqrt(D) * root**l / (root - chi)
            law += "; φ′ jumps, so the NTK does at half the rate"
            remainder = "Θ(x, x) - Θ(x, x′): the next term is O(l χ₁ˡ)"
    diagonal = limit * (1 - chi**l)
    return place.result(
        "ordered",
        law,
        variance=variance,
        correlation=1 - distance,
        ntk_diagonal=diagonal,
        ntk=limit - gap,
        ntk_ratio=1 - gap / limit,
        condition=condition_of(sympy.S.One, -gap / limit),
        remainder=remainder,
        letters=letters,
        free=(Free(D, "lim (1 - c_l) χ₁⁻ˡ, from the first layers"),),
    )


def _chaotic(place: Place) -> DepthAsymptotics:
    letters = place.letters()
    variance = letters.known("q", "the fixed point of the variance", place.point.q)
    chi = letters.known("chi_1", "σ_w² E[φ′²]", place.point.chi_1)
    start, slope, _ = chaotic_correlation(place.length, place.point, place.W_var, place.b_var, place.digits + 8)
    c_star = letters.known("c_star", "the fixed point of the correlation", start)
    free = Free(Symbol("D", real=True), "lim (c_l - c*) χ_c⁻ˡ, from the first layers")
    if slope.ball == 0:
        limit = variance * c_star
        return place.result(
            "chaotic",
            "chaotic, and the correlation map is flat at c*: correlations are there faster than exponentially",
            variance=variance,
            correlation=c_star,
            ntk_diagonal=variance * (chi**l - 1) / (chi - 1),
            ntk=limit,
            ntk_ratio=limit * (chi - 1) / variance * chi**-l,
            condition=1 + m * limit * (chi - 1) / variance * chi**-l,
            remainder="the ratio: the next factor is 1 + O(χ₁⁻ˡ)",
            letters=letters,
        )
    rate = letters.known("chi_c", "the correlation map's slope at c*", slope)
    curvature = sympy.S.Zero
    if not (start.ball == 0 and place.length.dual.activation.parity == "odd"):  # then it is σ_w² E[φ″]² = 0
        bend = kernel_bend(place.length, place.point, place.W_var)
        (bent,) = certify(lambda: [bend(start.ball)], place.digits, "The correlation map's second derivative")
        curvature = letters.known("kappa", "the correlation map's second derivative at c*", bent)
    moving = free.symbol * rate**l
    limit = variance * c_star / (1 - rate)
    ntk = limit + (variance * rate + curvature * limit) * free.symbol * l * rate ** (l - 1)
    ratio = ntk * (chi - 1) / variance * chi**-l
    return place.result(
        "chaotic",
        "chaotic: inputs part exponentially, down to the correlation c*",
        variance=variance,
        correlation=c_star + moving - curvature / (2 * (rate - rate**2)) * moving**2,
        ntk_diagonal=variance * (chi**l - 1) / (chi - 1),
        ntk=ntk,
        ntk_ratio=ratio,
        condition=1 + m * ratio,
        remainder="Θ(x, x′): the next term is O(χ_cˡ); the ratio: a factor 1 + O(χ₁⁻ˡ)",
        letters=letters,
        free=(free,),
    )
