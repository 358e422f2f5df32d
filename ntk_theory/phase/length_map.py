"""The length map of an activation as ball functions: V(q) = E[φ²], the gain D(q) = E[φ′²], their slopes, and
what is known of φ for certain: a bound on |φ|, its values at 0, whether it is scale-invariant.

q at the next layer is σ_w² V(q) + σ_b² (Poole et al. 2016, eq. 3), and χ₁ = σ_w² D(q).
"""

from dataclasses import dataclass
from functools import cached_property

import sympy
from flint import arb
from sympy import Expr

from ntk_theory.dual import Dual
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import BallFunction, ball_function, slope
from ntk_theory.enclosure.growth import GrowthError, right_growth
from ntk_theory.errors import DataError
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
        return ball_function(self.dual.variance, (q,))

    @cached_property
    def variance_slope(self) -> BallFunction:
        """V′(q), so that χ_∥ = σ_w² V′(q*)."""
        return ball_function(slope(self.dual.variance, q), (q,))

    def variance_slope_near_zero(self, order: int, end: arb) -> arb:
        """V′ (order 1) or V″ (order 2) over all of [0, end], for φ without kinks: E[(φ²)″]/2 and so on."""
        return ball_function(self.dual.variance.diff(q, order), (q,))(arb(0).union(end))

    @cached_property
    def gain(self) -> BallFunction:
        """D(q) = E[φ′(√q z)²]."""
        return ball_function(self.dual.derivative_variance, (q,))

    @cached_property
    def gain_slope(self) -> BallFunction:
        """D′(q)."""
        return ball_function(slope(self.dual.derivative_variance, q), (q,))

    @cached_property
    def scale(self) -> Expr | None:
        """s where V(q) = s·q for every q: φ is scale-invariant (ReLU: s = 1/2). None otherwise."""
        ratio = sympy.cancel(self.dual.variance / q)
        return None if ratio.has(q) or self.dual.derivative_variance.has(q) else ratio

    @cached_property
    def bound(self) -> arb | None:
        """A number that |φ| never exceeds, or None where none was proven."""
        largest = arb(0)
        for piece in self.dual.activation.pieces:
            for side in (piece.expression, piece.expression.subs(x, -x)):
                try:
                    growth = right_growth(side)
                except GrowthError:
                    return None
                if not growth.bounded:
                    return None
                largest = largest if largest >= growth.constant else arb(growth.constant.upper())
        return largest

    @cached_property
    def fixes_zero(self) -> bool:
        """Whether φ(0) = 0, so that without biases q = 0 stays 0."""
        return all(value == 0 for value in self._beside_zero(0))

    @cached_property
    def gain_at_zero(self) -> Expr:
        """D(0) = (φ′(0-)² + φ′(0+)²)/2, exactly. If φ(0) = 0, V′(0) is the same number."""
        left, right = self._beside_zero(1)
        return sympy.simplify((left**2 + right**2) / 2)

    @cached_property
    def bends_down_at_zero(self) -> bool:
        """Whether V″(0) < 0 where φ(0) = 0 and φ is smooth: then q = 0 attracts even at σ_w² V′(0) = 1.

        V″(0) = (φ²)″″(0)/4 = (4φ′φ‴ + 3φ″²)(0)/2.
        """
        if any(piece.upper == 0 for piece in self.dual.activation.pieces):
            return False
        first, second, third = (self._beside_zero(order)[0] for order in (1, 2, 3))
        return bool(as_ball(4 * first * third + 3 * second**2) < 0)

    def _beside_zero(self, order: int) -> tuple[Expr, Expr]:
        """The limits of the derivative of this order from the left and from the right of 0."""
        pieces = self.dual.activation.pieces
        left = next(p for p in pieces if p.lower < 0 <= p.upper)
        right = next(p for p in pieces if p.lower <= 0 < p.upper)
        values = (sympy.simplify(p.expression.diff(x, order).subs(x, 0)) for p in (left, right))
        return next(values), next(values)
