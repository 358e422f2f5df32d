r"""The correlation map near c = 1, from φ's local data alone: no closed form of the kernel is needed.

At a fixed point q of the variance δ = 1 - c goes to F(δ) = (σ_w²/q)(V(q) - K(q, q, 1 - δ)), and by Price's
theorem F′ = σ_w² E[φ′(u)φ′(v)], F″ = -σ_w² q E[φ″(u)φ″(v)]. Hence F(δ) = χ₁δ - σ_w²(A δ^p - B δ^r + …) with

- φ′ jumping by j_i at t_i: E[φ″φ″] holds Σ j_i² p(t_i, t_i; c), p the density of the pair, which is
  e^{-t²/2q}/(2πq√(2δ)) + O(√δ) on the diagonal, and 2Σ j_i E[φ″; u = t_i], φ″ the part without the jumps. So
  p = 3/2, A = (2/3) Σ j_i² e^{-t_i²/2q}/(√2 π); r = 2, B = -(q/2)(E[φ″²] + 2 Σ j_i φ̄″(t_i) e^{-t_i²/2q}/√(2πq)),
  φ̄″ the mean of its two limits;
- φ′ continuous, φ″ jumping by k_i: p = 2, A = (q/2) E[φ″²]; r = 5/2, B = (4/15)(q/(√2 π)) Σ k_i² e^{-t_i²/2q};
- φ″ continuous: p = 2, A = (q/2) E[φ″²]; r = 3, B = (q²/6) E[φ‴²].
"""

from dataclasses import dataclass
from itertools import pairwise

import sympy
from sympy import Expr, Lambda, Piecewise, Rational, oo

from ntk_theory.activation import Activation, Jump, Piece
from ntk_theory.activation.activation import tanh_form
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.gaussian import GaussianMean
from ntk_theory.symbols import q, x


@dataclass(frozen=True)
class Term:
    """`coefficient`·δ^`power`, the coefficient an expression in q; times σ_w² it stands in the map."""

    power: Rational
    coefficient: Expr


@dataclass(frozen=True)
class NearOne:
    """F(δ) = χ₁δ - σ_w²(`leading` - `second` + …). Both are None where F is linear: φ is affine."""

    leading: Term | None
    second: Term | None


def near_one(phi: Activation) -> NearOne:
    """The first two terms beyond χ₁δ. Raises `DivergentExpectationError` where φ itself jumps."""
    slope = _differentiated(phi.derivative.pieces)
    kinks, bends = phi.kinks, _jumps(slope)
    curvature = _mean_square(slope)
    if kinks:
        leading = Rational(2, 3) * _weighted(kinks) / (sympy.sqrt(2) * sympy.pi)
        crossed = sum((2 * kink.height * _beside(slope, kink) * _density(kink) for kink in kinks), sympy.S.Zero)
        return NearOne(Term(Rational(3, 2), leading), Term(Rational(2), -q * (curvature + crossed) / 2))
    if curvature == 0:
        return NearOne(None, None)
    smooth = Term(Rational(2), q * curvature / 2)
    if bends:
        heights = Rational(4, 15) * q * _weighted(bends) / (sympy.sqrt(2) * sympy.pi)
        return NearOne(smooth, Term(Rational(5, 2), heights))
    third = _mean_square(_differentiated(slope))
    return NearOne(smooth, Term(Rational(3), q**2 * third / 6))


def _differentiated(parts: tuple[Piece, ...]) -> tuple[Piece, ...]:
    return tuple(Piece(p.lower, p.upper, tanh_form(p.expression).diff(x)) for p in parts)


def _expression(parts: tuple[Piece, ...]) -> Expr:
    if len(parts) == 1:
        return parts[0].expression
    return Piecewise(*((p.expression, x < p.upper if p.upper != oo else True) for p in parts))


def _mean_square(parts: tuple[Piece, ...]) -> Expr:
    squares = [Piece(p.lower, p.upper, p.expression**2) for p in parts]
    values = {sympy.expand(p.expression) for p in squares}
    if len(values) == 1 and not next(iter(values)).has(x):
        return next(iter(values))
    return GaussianMean(Lambda(x, _expression(tuple(squares))), q)


def _jumps(parts: tuple[Piece, ...]) -> tuple[Jump, ...]:
    found = []
    for left, right in pairwise(parts):
        height = sympy.simplify((right.expression - left.expression).subs(x, left.upper))
        if not height.is_finite:
            raise DivergentExpectationError(
                f"φ″ is infinite at x = {left.upper}, so the correlation map has no power series near c = 1 there."
            )
        if height != 0:
            found.append(Jump(left.upper, height))
    return tuple(found)


def _weighted(jumps: tuple[Jump, ...]) -> Expr:
    """Σ j² e^{-t²/2q}."""
    return sum((jump.height**2 * sympy.exp(-(jump.position**2) / (2 * q)) for jump in jumps), sympy.S.Zero)


def _density(jump: Jump) -> Expr:
    return sympy.exp(-(jump.position**2) / (2 * q)) / sympy.sqrt(2 * sympy.pi * q)


def _beside(parts: tuple[Piece, ...], jump: Jump) -> Expr:
    """The mean of the two limits at a jump."""
    left = next(p for p in parts if p.upper == jump.position)
    right = next(p for p in parts if p.lower == jump.position)
    return ((left.expression + right.expression) / 2).subs(x, jump.position)
