"""Signs of functions on x > 0, proven: by SymPy's assumptions, or as polynomials in e^{-kx} or tanh kx."""

from collections.abc import Callable

import sympy
from sympy import Expr

from ntk_theory.activation import Piece
from ntk_theory.activation.activation import tanh_form
from ntk_theory.symbols import x

_LARGEST = 150
"""Expressions with more operations than this are not factored: it takes SymPy minutes."""


PLACE = sympy.Symbol("x", positive=True)
"""Runs through all positive numbers."""


def folded(pieces: tuple[Piece, ...], of: Callable[[Expr], Expr]) -> list[Expr]:
    """g(x) + g(-x), g = of(φ), on each interval of x > 0 on which both are smooth, as functions of `PLACE`."""
    ends = sorted({abs(p.upper) for p in pieces[:-1]} | {sympy.S.Zero}, key=float)
    sums = []
    for end, following in zip(ends, [*ends[1:], sympy.oo], strict=True):
        inside = end + 1 if following == sympy.oo else (end + following) / 2
        total = sympy.S.Zero
        for side in (1, -1):
            f = tanh_form(next(p for p in pieces if p.lower < side * inside < p.upper).expression)
            total += of(f).subs(x, side * x)
        sums.append(_placed(total, end, following))
    return sums


def _placed(f: Expr, lower: Expr, upper: Expr) -> Expr:
    """`f` at a point between `lower` and `upper`, in a symbol that runs through all positive numbers."""
    if upper == sympy.oo:
        return f.subs(x, lower + PLACE)
    return f.subs(x, lower + (upper - lower) * PLACE / (1 + PLACE))


def sign(f: Expr) -> int | None:
    """1 or -1 where f ≥ 0 or f ≤ 0, and not f = 0, for all positive values of its symbol; 0 where it is 0."""
    expanded = sympy.expand(f)
    if expanded == 0:
        return 0
    candidates = [f, expanded]
    if sympy.count_ops(expanded) < _LARGEST:
        candidates += [sympy.factor(expanded), sympy.factor(tanh_form(expanded))]
    for candidate in candidates:
        if candidate == 0:
            return 0
        if candidate.is_nonnegative or candidate.is_nonpositive:
            return 1 if candidate.is_nonnegative else -1
    return _of_polynomial(expanded, sympy.exp) or _of_polynomial(sympy.expand(tanh_form(f)), sympy.tanh)


def _of_polynomial(f: Expr, function: type) -> int | None:
    """The sign of f as a polynomial in t = e^{-kx} or tanh kx, which run through (0, 1)."""
    parts = [part for part in f.atoms(function) if part.has(PLACE)]
    rates = [part.args[0].as_independent(PLACE, as_Add=False) for part in parts]
    if not parts or any(rest != PLACE or not rate.is_Rational for rate, rest in rates):
        return None
    down = [-rate if function is sympy.exp else rate for rate, _ in rates]
    unit = sympy.gcd_list(down) if function is sympy.exp else down[0]
    if any(rate <= 0 for rate in down) or (function is sympy.tanh and len(parts) > 1):
        return None
    t = sympy.Dummy("t", positive=True)
    polynomial = f.xreplace({part: t ** (rate / unit) for part, rate in zip(parts, down, strict=True)})
    if polynomial.free_symbols != {t} or not polynomial.is_polynomial(t):
        return None
    if any(0 < root < 1 for root in sympy.real_roots(sympy.Poly(polynomial, t))):
        return None
    return int(sympy.sign(polynomial.subs(t, sympy.Rational(1, 2))))
