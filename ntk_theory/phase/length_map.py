"""The length map of an activation as ball functions: V(q) = E[φ²], the gain D(q) = E[φ′²], their slopes, and
what is known of φ for certain: a bound on |φ|, its values at 0, whether it is scale-invariant.

q at the next layer is σ_w² V(q) + σ_b² (Poole et al. 2016, eq. 3), and χ₁ = σ_w² D(q).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import sympy
from flint import arb, ctx
from sympy import Expr, Lambda

from ntk_theory.activation import Activation, Piece
from ntk_theory.activation.pieces import joined
from ntk_theory.dual import Dual, dual
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import BallFunction, ball_function, narrower
from ntk_theory.enclosure.growth import GrowthError, right_growth
from ntk_theory.enclosure.program import real_program
from ntk_theory.errors import DataError
from ntk_theory.gaussian import GaussianMean, limits
from ntk_theory.phase.signs import folded, sign
from ntk_theory.phase.tails import LinearGrowth, TailError, linear_growth
from ntk_theory.symbols import q, x


@dataclass(frozen=True)
class LengthMap:
    """V, D and their slopes for the activation of `dual`, evaluated in balls."""

    dual: Dual

    def __post_init__(self) -> None:
        if self.dual.activation.parameters:
            names = ", ".join(map(str, self.dual.activation.parameters))
            raise DataError(f"{self.dual.activation} has free parameters ({names}): write numbers in their place.")

    @property
    def name(self) -> str:
        """The activation's name."""
        return self.dual.activation.name

    @cached_property
    def variance(self) -> BallFunction:
        """V(q) = E[φ(√q z)²]."""
        return self._function(self.dual.variance, lambda phi: phi.squared, 0)

    @cached_property
    def variance_slope(self) -> BallFunction:
        """V′(q), so that χ_∥ = σ_w² V′(q*)."""
        return self._function(self.dual.variance, lambda phi: phi.squared, 1)

    @cached_property
    def gain(self) -> BallFunction:
        """D(q) = E[φ′(√q z)²]."""
        return self._function(self.dual.derivative_variance, lambda phi: phi.derivative.squared, 0)

    @cached_property
    def gain_slope(self) -> BallFunction:
        """D′(q)."""
        return self._function(self.dual.derivative_variance, lambda phi: phi.derivative.squared, 1)

    @cached_property
    def gain_bend(self) -> BallFunction:
        """D″(q), for wide balls: where its closed form loses much, no integral takes over."""
        return _slope(self.dual.derivative_variance, 2)

    @cached_property
    def variance_bend(self) -> BallFunction:
        """V″(q)."""
        return self._function(self.dual.variance, lambda phi: phi.squared, 2)

    @cached_property
    def curvature(self) -> BallFunction:
        """V′ - D = E[φφ″], kinks included: without the difference of what is nearly equal for small q."""
        return ball_function(self._curvature, (q,))

    @cached_property
    def curvature_slope(self) -> BallFunction:
        """V″ - D′."""
        return ball_function(self._curvature.diff(q), (q,))

    @cached_property
    def _curvature(self) -> Expr:
        if not self.derived:
            return self.dual.variance.diff(q) - self.dual.derivative_variance
        phi = self.dual.activation
        bends = [Piece(p.lower, p.upper, p.expression * p.expression.diff(x, 2)) for p in phi.pieces]
        total = limits.mean(Activation(joined(bends), f"{phi.name}·{phi.name}''"), q)
        for kink in phi.kinks:
            left = next(piece for piece in phi.pieces if piece.upper == kink.position)
            mass = left.expression.subs(x, kink.position) * kink.height
            total += mass * sympy.exp(-(kink.position**2) / (2 * q)) / sympy.sqrt(2 * sympy.pi * q)
        return total

    def near_zero(self, order: int, end: arb) -> tuple[arb, arb]:
        """The derivatives of V and D of an order over all of [0, end], of φ without kinks."""
        whole = arb(0).union(end)
        first, second = (
            _slope(form, order)(whole) for form in (self.dual.variance, self.dual.derivative_variance)
        )
        return first, second

    @cached_property
    def last_finite(self) -> float:
        """Nearly the variance from which on E[φ²] is infinite, for φ that grow like e^{ax²}: 1/(4a). Else ∞."""
        ends = [
            float(end)
            for condition in self.dual.conditions
            if condition.of == "V"
            for factor in condition.positive
            for end in sympy.solve(factor, q)
        ]
        return min(ends, default=math.inf) * (1 - 2.0**-10)

    @property
    def derived(self) -> bool:
        """Whether V and D are the activation's own, and not a theory of someone's in their place."""
        return self.dual is dual(self.dual.activation)

    @cached_property
    def scale(self) -> Expr | None:
        """s where V(q) = s·q for every q: φ is scale-invariant (ReLU: s = 1/2). None otherwise."""
        ratio, gain = sympy.cancel(self.dual.variance / q), self.dual.derivative_variance
        return None if ratio.has(q) or gain.has(q) or gain == 0 else ratio

    @cached_property
    def bound(self) -> arb | None:
        """A number that |φ| never exceeds, or None where none was proven."""
        bounds = [_bound(piece) for piece in self.dual.activation.pieces]
        if any(bound is None for bound in bounds):
            return None
        return max((arb(bound.upper()) for bound in bounds if bound is not None), key=float)

    @cached_property
    def growth(self) -> LinearGrowth | None:
        """The lines that φ tends to on both sides, with an error bound; None where none were proven."""
        try:
            return linear_growth(self.dual.activation)
        except TailError:
            return None

    @cached_property
    def fixes_zero(self) -> bool:
        """Whether φ(0) = 0, so that without biases q = 0 stays 0."""
        return all(value == 0 for value in self.beside_zero(0))

    @cached_property
    def gain_at_zero(self) -> Expr:
        """D(0) = (φ′(0-)² + φ′(0+)²)/2, exactly. If φ(0) = 0, V′(0) is the same number."""
        left, right = self.beside_zero(1)
        return sympy.simplify((left**2 + right**2) / 2)

    def beside_zero(self, order: int) -> tuple[Expr, Expr]:
        """φ, or its derivative of this order, at 0: its limits from the left and from the right."""
        return _beside_zero(self.dual.activation, order)

    @cached_property
    def attracts_at_zero(self) -> bool:
        """Whether, φ(0) = 0, the fixed point q = 0 is proven to attract at σ_w² V′(0) = 1, σ_b = 0.

        V is the mean of S = φ(x)² + φ(-x)² over x > 0. So it does where the first term of S beyond 2V′(0)x² is
        negative, or, all terms up to x⁶ being 0, where S ≤ 2V′(0)x² for all x, which `signs` may prove.
        """
        for order in range(3, 7):
            term = self.square_near_zero(order)
            if term != 0:
                return bool(as_ball(term) < 0)
        slope_at_zero = self.gain_at_zero
        signs = [sign(e) for e in folded(self.dual.activation.pieces, lambda f: f**2 - slope_at_zero * x**2)]
        return all(each in (0, -1) for each in signs) and -1 in signs

    def square_near_zero(self, order: int) -> Expr:
        """The coefficient of x^order, x > 0, in φ(x)² + φ(-x)²."""
        total = sympy.S.Zero
        for n in range(1, order):
            first, second = self.beside_zero(n), self.beside_zero(order - n)
            both = sympy.factorial(n) * sympy.factorial(order - n)
            total += (first[1] * second[1] + (-1) ** order * first[0] * second[0]) / both
        return sympy.simplify(total)

    def _function(self, form: Expr, integrand: Callable[[Activation], Activation], order: int) -> BallFunction:
        """The closed form, or its slope, as a ball function. On a ball where it loses too much, as e^{2q} erfc √2q
        does for large q and 1/√q at 0, the integral that it is the value of takes over.
        """
        closed = _slope(form, order)
        if form.has(GaussianMean) or not self.derived:
            return closed

        @lru_cache(maxsize=1)
        def integral() -> BallFunction:
            mean = GaussianMean(Lambda(x, integrand(self.dual.activation).expression), q)
            return _slope(mean, order)

        values = ball_function(form, (q,))

        def function(variance: arb) -> arb:
            value, middle = closed(variance), arb(variance.mid())
            if value.is_finite() and _is_tight(value, values(middle), variance, order):
                return value
            try:
                other = integral()(variance)
            except GrowthError:
                return value
            return narrower(value, other)

        return function


@lru_cache(maxsize=512)
def _slope(form: Expr, order: int) -> BallFunction:
    return ball_function(form.diff(q, order), (q,))


@lru_cache(maxsize=1024)
def _beside_zero(phi: Activation, order: int) -> tuple[Expr, Expr]:
    left = next(p for p in phi.pieces if p.lower < 0 <= p.upper)
    right = next(p for p in phi.pieces if p.lower <= 0 < p.upper)
    values = (sympy.simplify(p.expression.diff(x, order).subs(x, 0)) for p in (left, right))
    return next(values), next(values)


def _is_tight(value: arb, at_middle: arb, variance: arb, order: int) -> bool:
    """Whether `value` has hardly more radius than its variable's makes likely, at the size of the function."""
    size = abs(at_middle) / arb(variance.mid()) ** order
    likely = size * (64 * variance.rad() / arb(variance.mid()) + arb(2) ** (30 - ctx.prec))
    return bool(value.is_exact() or (at_middle.rel_accuracy_bits() > 10 and value.rad() <= likely))


def _bound(piece: Piece) -> arb | None:
    """A proven bound on |φ| over one of its pieces: by its growth on rays, by its range on the rest."""
    rays, ends = [], []
    for end, mirrored in ((piece.lower, piece.expression.subs(x, -x)), (piece.upper, piece.expression)):
        infinite = end in (sympy.oo, -sympy.oo)
        rays += [mirrored] if infinite else []
        ends.append(arb(0) if infinite else as_ball(end))
    image = real_program(piece.expression, (x,)).at(ends[0].union(ends[1]))
    try:
        growths = [right_growth(ray) for ray in rays]
    except GrowthError:
        return None
    if not image.is_finite() or not all(growth.bounded for growth in growths):
        return None
    return max((image.abs_upper(), *(growth.constant for growth in growths)), key=float)
