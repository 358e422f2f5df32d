r"""Residual networks h_{l+1} = h_l + α(σ_w Wφ(h_l)/√n + σ_b b): their maps, and why no order-to-chaos line.

With g = α², q′ = q + g(σ_w²V(q) + σ_b²), κ′ = κ + g(σ_w²K + σ_b²), Θ′ = Θ + g(σ_w²K + σ_b² + σ_w²K̇Θ): gradients
grow by χ₁ = 1 + gσ_w²D(q) > 1 in every layer, at all σ_w² > 0 (Yang & Schoenholz 2017). What differs is how fast:

- φ asymptotically linear, slopes α_±, s = (α₊² + α₋²)/2: q grows like (1 + gσ_w²s)^l, φ becomes homogeneous, and
  1 - c_l falls like l⁻² by δ′ = δ - (gσ_w²A/(1 + gσ_w²s))δ^{3/2}, A = (2/3)(α₊ - α₋)²/(√2π);
- φ bounded with limits m_±, h = (m₊ - m₋)/2: q ≈ Bl, B = g(σ_w²V(∞) + σ_b²), φ becomes a step, and
  l dc/dl = 1 - w + (2w/π) asin c - c, w = gσ_w²h²/B: c* < 1 is reached like a power of l, while gradients grow
  like e^{2e√l}, since D(q) ≈ d/√q, d = ∫φ′²/√(2π), e = gσ_w²d/√B. With V ≈ V(∞) - v/√q and, for φ that is not
  odd, K ≈ K(∞) - 2m̄i/√q, i = ∫(φ(±∞) - φ)/√(2π), both q and κ have a term √l, and c one l^{-1/2}.

With g = 1/L (Hayou et al. 2021) depth becomes a time t = l/L: everything stays finite; see `stable`.
"""

from dataclasses import dataclass

import sympy
from flint import arb, ctx
from sympy import Expr, Rational, Symbol

from ntk_theory.activation import Activation
from ntk_theory.dual import Dual
from ntk_theory.enclosure import Enclosure, Number
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import ball_function, certify
from ntk_theory.errors import DataError, NoFixedPointError, NotInClassError
from ntk_theory.phase.asymptotics import DepthAsymptotics, Free, condition_of, m
from ntk_theory.phase.far import integral
from ntk_theory.phase.fixed_points import FixedPoint, exactly, variances
from ntk_theory.phase.homogeneous import FIRST_VARIANCE, q_1
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.phase.near_one import NearOne, Term
from ntk_theory.phase.power_law import l, power_law
from ntk_theory.phase.regimes import Letters, Place
from ntk_theory.phase.tails import Tail, TailError, linear_growth, tail
from ntk_theory.symbols import c as correlation_symbol
from ntk_theory.symbols import q1, q2, x

_ONE = Enclosure(arb(1))
D = Symbol("D", real=True)


@dataclass(frozen=True)
class KernelState:
    """Variance, correlation and NTK of a pair of inputs of one norm after some layers, enclosed."""

    q: Enclosure
    c: Enclosure
    ntk_diagonal: Enclosure
    ntk: Enclosure


@dataclass(frozen=True)
class ResidualPhase:
    """Mean field theory of residual networks with `dual.activation` in branches of variance `branch` = α².

    Made by `ntk_theory.phase(..., residual=...)`.
    """

    dual: Dual
    branch: Number

    @property
    def length_map(self) -> LengthMap:
        """V, D and their slopes as ball functions."""
        return LengthMap(self.dual)

    @property
    def transition(self) -> str:
        """Whether there is an order-to-chaos transition, and why not."""
        if self.dual.derivative_variance == 0:
            return "φ is constant: χ₁ = 1 everywhere."
        return (
            f"none: χ₁ = 1 + {self.branch}·σ_w²·E[φ′²] > 1 at every variance and every σ_w² > 0, "
            "so gradients never vanish, and the variance has no fixed point but with σ_w² V = 0."
        )

    def chi_1(self, q: Number, W_var: Number, *, digits: int = 30) -> Enclosure:
        """χ₁ = 1 + α²σ_w²E[φ′²] at variance q: what a layer multiplies squared gradients by."""
        variances(W_var, q)
        gain = self.length_map.gain
        g = self.branch
        return certify(lambda: [1 + as_ball(g) * as_ball(W_var) * gain(as_ball(q))], digits, f"χ₁ at q = {q}")[0]

    def iterate(
        self, W_var: Number, b_var: Number, q: Number, c: Number, depth: int, *, digits: int = 15
    ) -> KernelState:
        """The kernels after `depth` residual layers, from Σ = (q, cq) and Θ = Σ, in ball arithmetic."""
        variances(W_var, b_var)
        if depth < 0 or not as_ball(q, "q") > 0 or not abs(as_ball(c, "c")) <= 1:
            raise DataError(f"depth = {depth}, q = {q}, c = {c}: depth ≥ 0, q > 0 and -1 ≤ c ≤ 1 are needed.")
        length, names = self.length_map, (q1, q2, correlation_symbol)
        kernel, slope = (ball_function(form, names) for form in (self.dual.kernel, self.dual.derivative))

        def compute() -> list[arb]:
            W, b, g = as_ball(W_var), as_ball(b_var), as_ball(self.branch)
            variance = diagonal = as_ball(q)
            covariance = ntk = variance * as_ball(c)
            for _ in range(depth):
                correlation = covariance / variance
                together = correlation == 1
                V, gain = length.variance(variance), length.gain(variance)
                K = V if together else kernel(variance, variance, correlation)
                rate = gain if together else slope(variance, variance, correlation)
                diagonal += g * (W * V + b + W * gain * diagonal)
                ntk += g * (W * K + b + W * rate * ntk)
                variance, covariance = variance + g * (W * V + b), covariance + g * (W * K + b)
            return [variance, covariance / variance, diagonal, ntk]

        return KernelState(*certify(compute, digits, f"The kernels after {depth} layers"))

    def asymptotics(self, W_var: Number, b_var: Number = 0, *, digits: int = 15) -> DepthAsymptotics:
        """What variance, correlation and NTK do as l → ∞. Raises `NotInClassError` where φ is neither
        asymptotically linear nor bounded with limits, and where no proof of it was found.
        """
        variances(W_var, b_var)
        length = self.length_map
        W, b, g = exactly(W_var), exactly(b_var), exactly(self.branch)
        if W == 0 or self.dual.variance == 0:
            raise NoFixedPointError("σ_w² V = 0: the branches carry nothing but biases. Take W_var > 0.")
        point = FixedPoint(_ONE, _ONE, _ONE, stable=False)
        place = Place(length, W_var, b_var, (str(W_var), str(b_var)), point, digits)
        try:
            growth = linear_growth(self.dual.activation)
        except TailError as error:
            raise NotInClassError(
                f"{length.name}: {error} Its residual networks' depth limit is not derived."
            ) from error
        if growth.square != 0:
            return _exponential(place, growth.left, growth.right, W, b, g)
        return _linear(place, W, b, g)


def _exponential(place: Place, left: Expr, right: Expr, W: Expr, b: Expr, g: Expr) -> DepthAsymptotics:
    square = (left**2 + right**2) / 2
    rate = 1 + g * W * square
    if place.length.scale is not None:
        variance = (q_1 + b / (W * square)) * rate ** (l - 1) - b / (W * square)
        leading, first = (q_1 + b / (W * square)) * rate ** (l - 1), FIRST_VARIANCE
    else:
        Q = Symbol("Q", positive=True)
        variance = leading = Q * rate**l
        first = Free(Q, f"lim q_l·({rate})^-l, from the first layers")
    diagonal = g * W * square / rate * l * leading
    kink = Rational(2, 3) * (right - left) ** 2 / (sympy.sqrt(2) * sympy.pi)
    if kink == 0:
        c_oo = Symbol("c_oo", real=True)
        return place.result(
            "chaotic",
            "residual, the branch tends to a linear map: correlations keep a limit, gradients grow exponentially",
            variance=variance,
            correlation=c_oo,
            ntk_diagonal=diagonal,
            ntk=c_oo * diagonal,
            ntk_ratio=c_oo,
            condition=condition_of(c_oo, sympy.S.Zero),
            remainder="the next factors are 1 + O(1/l)",
            free=(first, Free(c_oo, "the correlation's limit, from the first layers")),
        )
    law = power_law(NearOne(Term(Rational(3, 2), kink), Term(Rational(2), sympy.S.Zero)), g * W / rate)
    ratio = law.ratio + law.ratio_correction
    return place.result(
        "chaotic",
        f"residual: 1 - c_l falls like l⁻² at every σ_w², gradients grow by {rate} a layer",
        variance=variance,
        correlation=1 - law.distance,
        ntk_diagonal=diagonal,
        ntk=ratio * diagonal,
        ntk_ratio=ratio,
        condition=condition_of(law.ratio, law.ratio_correction),
        remainder="1 - c_l and the ratio: the next factor is 1 + O(1/l), from the first layers",
        free=(first,),
    )


def _linear(place: Place, W: Expr, b: Expr, g: Expr) -> DepthAsymptotics:
    phi = place.length.dual.activation
    upper, lower = tail(phi.pieces[-1].expression), tail(phi.pieces[0].expression.subs(x, -x))
    _need_limits(phi, upper, lower)
    half = (upper.intercept - lower.intercept) / 2
    limit = sympy.simplify((upper.intercept**2 + lower.intercept**2) / 2)
    if half == 0:
        raise NotInClassError(
            f"{phi.name} has one limit on both sides: its residual networks' depth limit is not derived."
        )
    speed = sympy.simplify(g * (W * limit + b))
    weight = sympy.simplify(g * W * half**2 / speed)
    letters = Letters(place.W_var, _ONE, place.digits)
    (d,) = certify(lambda: [integral(phi, lambda f, _line: (f.diff(x), f.diff(x)))], place.digits, "∫φ′²")
    (v,) = certify(lambda: [integral(phi, lambda f, line: (line - f, line + f))], place.digits, "∫(V(∞) - φ²)")
    d_, v_ = letters.known("d", "∫ φ′² dx/√(2π)", d), letters.signed("v", "∫ (φ(±∞)² - φ²) dx/√(2π)", v)
    e = g * W * d_ / sympy.sqrt(speed)
    power = -(e**2) / 2 + e * g * W * v_ / speed ** Rational(3, 2)
    G = Symbol("G", positive=True)
    diagonal = G * l**power * sympy.exp(2 * e * sympy.sqrt(l))
    free = [Free(G, "from the first layers"), Free(D, "from the first layers")]
    if weight == 1:
        c_star, slope = sympy.S.Zero, 2 / sympy.pi
        ntk = speed * D * l**slope * sympy.log(l)
    else:
        (value,) = certify(lambda: [_step_correlation(as_ball(weight))], place.digits, "The correlation c*")
        c_star = letters.known("c_star", "the root in [0, 1) of c = 1 - w + (2w/π) asin c", value)
        slope = 2 * weight / (sympy.pi * sympy.sqrt(1 - c_star**2))
        ntk = speed * c_star * l / (1 - slope)
    pull = _pull(place, letters, upper, lower, c_star, v_) * g * W / speed ** Rational(3, 2)
    ratio = ntk / diagonal
    return place.result(
        "chaotic",
        "residual: the variance grows like l, correlations reach c* like a power, gradients grow like e^(2e√l)",
        variance=speed * l - 2 * g * W * v_ * sympy.sqrt(l / speed),
        correlation=c_star + D * l ** (slope - 1) + pull / ((Rational(1, 2) - slope) * sympy.sqrt(l)),
        ntk_diagonal=diagonal,
        ntk=ntk,
        ntk_ratio=ratio,
        condition=1 + m * ratio,
        remainder="the variance: O(log l); c_l: the next terms are smaller by l^(-1/2); the NTK: 1 + O(l^(-1/2))",
        letters=letters,
        free=tuple(free),
    )


def _pull(place: Place, letters: Letters, upper: Tail, lower: Tail, c_star: Expr, v: Expr) -> Expr:
    """v c* - 2 m̄ i: what the terms √l of variance and covariance do to the correlation."""
    middle = sympy.simplify((upper.intercept + lower.intercept) / 2)
    if middle == 0:
        return v * c_star
    phi = place.length.dual.activation
    (i,) = certify(lambda: [integral(phi, lambda f, line: (line - f,))], place.digits, "∫(φ(±∞) - φ)")
    return v * c_star - 2 * middle * letters.signed("i", "∫ (φ(±∞) - φ) dx/√(2π)", i)


def _need_limits(phi: Activation, *sides: Tail) -> None:
    for side in sides:
        if side.size != 0 and side.rate == 0:
            raise NotInClassError(
                f"{phi.name} is bounded, but no exponential approach to limits at ±∞ was proven: its residual "
                "networks' depth limit is not derived."
            )


def _step_correlation(w: arb) -> arb:
    """The root in [0, 1) of the convex h(c) = 1 - w + (2w/π) asin c - c, h′(1) = ∞: Newton from 0, then signs."""

    def h(at: arb) -> arb:
        return 1 - w + 2 * w / arb.pi() * at.asin() - at

    at = arb(0)
    for _ in range(40 + ctx.prec.bit_length()):
        slope = 2 * w / (arb.pi() * (1 - at * at).sqrt()) - 1
        at = arb((at - h(at) / slope).mid())
    for exponent in range(ctx.prec - 8, 4, -4):
        radius = arb(2) ** -exponent
        if h(at - radius) > 0 and h(at + radius) < 0:
            return arb(at.mid(), radius)
    return arb.nan()
