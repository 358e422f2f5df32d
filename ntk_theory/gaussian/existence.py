"""Whether E[φ(√q z)²] exists at all, piece by piece: no pole that can't be squared and integrated, and no growth
that every Gaussian loses against.
"""

from functools import lru_cache
from typing import Any

import mpmath
import sympy
from sympy import Expr, Interval
from sympy.calculus.util import continuous_domain

from ntk_theory.activation import Activation, Piece
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.symbols import x

FAR = 1000
NEAR = (10**6, 10**9)
"""A piece's end is looked at from these parts of 1, and its exponent read off between them."""


def check_regular(phi: Activation, piece: Piece) -> None:
    """φ must be real and continuous inside the piece, and square-integrable at its ends.

    Raises `DivergentExpectationError`: a series or a quadrature across a pole means nothing.
    """
    domain = domain_inside(piece)
    if domain is not None:
        where = "the whole line" if piece.lower == -piece.upper == -sympy.oo else f"({piece.lower}, {piece.upper})"
        raise DivergentExpectationError(
            f"{phi.name} is not real and continuous on {where} (only on {domain}), so its Gaussian "
            "expectations need not exist. Write it with where(...) on the part where it is meant."
        )
    for end, inward in ((piece.lower, 1), (piece.upper, -1)):
        if end.is_finite is not False and _exponent(phi, piece.expression, end, inward) <= -0.49:
            raise DivergentExpectationError(
                f"{phi.name} is not square-integrable at x = {end}: E[φ²] is infinite. "
                "Write it with where(...) on the part where it is meant."
            )


def domain_inside(piece: Piece) -> sympy.Set | None:
    """Where inside the piece its expression is real and continuous; None where it is so everywhere."""
    inside = Interval.open(piece.lower, piece.upper)
    try:
        domain = continuous_domain(piece.expression, x, inside)
        missing = domain != inside and sympy.Complement(inside, domain)
    except (NotImplementedError, ValueError, TypeError):
        # SymPy knows no domain of these functions; they are entire or bounded, but may stand over a zero
        domain, missing = _where_not_zero(piece.expression, inside)
    return domain if missing and missing != sympy.S.EmptySet else None


def _where_not_zero(f: Expr, inside: sympy.Set) -> tuple[sympy.Set, sympy.Set]:
    denominator = sympy.denom(sympy.together(f))
    zeros = sympy.S.EmptySet
    if denominator.is_polynomial(x) and denominator.has(x) and not denominator.free_symbols - {x}:
        zeros = sympy.FiniteSet(*sympy.real_roots(denominator)) & inside
    return sympy.Complement(inside, zeros), zeros


def check_growth(phi: Activation, piece: Piece) -> None:
    """φ must grow more slowly than every Gaussian: log|φ| = o(x²), looked at far out.

    Raises `DivergentExpectationError`.
    """
    for far, end in ((-FAR, piece.lower), (FAR, piece.upper)):
        if end.is_finite is False:
            size = _size(phi, piece.expression, sympy.Integer(far))
            if not mpmath.isfinite(size) or (size > 0 and mpmath.log(size) > mpmath.mpf(far) ** 2 / 1000):
                shown = "infinite" if not mpmath.isfinite(size) else f"e^{mpmath.nstr(mpmath.log(size), 3)}"
                raise DivergentExpectationError(
                    f"{phi.name} grows like exp(a·x²) or faster (|φ({far})| = {shown}), so E[φ²] "
                    "is infinite once the variance is large enough. Choose a φ that grows more slowly."
                )


def _exponent(phi: Activation, f: Expr, end: Expr, inward: int) -> float:
    """p where |f| ~ |x - end|ᵖ."""
    close, closer = (_size(phi, f, end + sympy.Rational(inward, part)) for part in NEAR)
    if not (mpmath.isfinite(close) and mpmath.isfinite(closer)):
        return float("-inf")
    if not close or not closer:
        return 0.0
    return float(mpmath.log(closer / close) / mpmath.log(mpmath.mpf(NEAR[0]) / NEAR[1]))


def _size(phi: Activation, f: Expr, point: Expr) -> Any:
    """|f| at a point, free parameters at sample values."""
    numbers = {p: sympy.Rational(3, 4 + i) for i, p in enumerate(phi.parameters)}
    with mpmath.workprec(100):
        try:
            value = _numeric(f.subs(numbers))(mpmath.mpf(point.subs(numbers).evalf(30)))
            if abs(mpmath.im(value)) > 1e-20 * abs(value):
                raise DivergentExpectationError(
                    f"{phi.name} is not real at x = {point}. Write it with abs(x), sign(x) or where(...), as in "
                    "sign(x)*abs(x)**(1/3) for the odd root."
                )
            return abs(value)
        except (OverflowError, ZeroDivisionError):
            return mpmath.inf


@lru_cache(maxsize=64)
def _numeric(f: Expr) -> Any:
    return sympy.lambdify(x, f, "mpmath")
