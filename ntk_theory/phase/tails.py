r"""How φ behaves far out: φ(x) = αx + β + R(x) with |R(x)| ≤ C e^{-rx} for all x ≥ 0, proven on the expression.

With slopes α₊, α₋ on the two sides and M ≥ |φ(x) - α_±x|, Minkowski's inequality in L²(Gauss) gives
|√V(q) - √(s q)| ≤ M, s = (α₊² + α₋²)/2: so V grows like s·q, and fixed points have a proven upper bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, mul

import sympy
from flint import arb
from sympy import Expr

from ntk_theory.activation import Activation
from ntk_theory.activation.activation import tanh_form
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.program import real_program
from ntk_theory.errors import EnclosureError
from ntk_theory.symbols import x


class TailError(EnclosureError):
    """No line that a function tends to could be proven."""


@dataclass(frozen=True)
class Tail:
    """`slope`·x + `intercept` + R(x) on x ≥ 0, |R| ≤ `size`·e^{-`rate`·x}."""

    slope: Expr
    intercept: Expr
    size: arb
    rate: Expr

    def __add__(self, other: "Tail") -> "Tail":
        rate = _slower(self, other)
        return Tail(self.slope + other.slope, self.intercept + other.intercept, self.size + other.size, rate)

    def __mul__(self, other: "Tail") -> "Tail":
        if self.slope != 0 and other.slope != 0:
            raise TailError("A product of two functions that grow is not bounded by a line.")
        growing, flat = (self, other) if self.slope != 0 else (other, self)
        size = abs(as_ball(growing.intercept)) * flat.size + abs(as_ball(flat.intercept)) * growing.size
        size += growing.size * flat.size
        rate = _slower(self, other)
        if growing.slope != 0 and flat.size != 0:
            if flat.rate == 0:
                raise TailError("x times what does not decay is not bounded by a line.")
            # x e^{-rx} ≤ (2/(e r)) e^{-rx/2}
            size += abs(as_ball(growing.slope)) * flat.size * 2 / (arb.const_e() * as_ball(flat.rate))
            rate = min(rate, flat.rate / 2, key=float)
        return Tail(growing.slope * flat.intercept, growing.intercept * flat.intercept, size, rate)


@dataclass(frozen=True)
class LinearGrowth:
    """φ(x) = `right`·x for x > 0 and `left`·x for x < 0, up to an error of at most `error` everywhere."""

    left: Expr
    right: Expr
    error: arb

    @property
    def square(self) -> Expr:
        """s = (α₊² + α₋²)/2: V(q)/q tends to it."""
        return (self.left**2 + self.right**2) / 2


def linear_growth(phi: Activation) -> LinearGrowth:
    """The lines that φ tends to on both sides. Raises `TailError` where there are none, or none were proven."""
    pieces = phi.pieces
    right, left = tail(pieces[-1].expression), tail(pieces[0].expression.subs(x, -x))
    error = arb(max(float(_far(right)), float(_far(left)))) * (1 + arb(2) ** -40)
    ends = [sympy.S.Zero, *(p.upper for p in pieces[:-1])]
    lowest, highest = min(ends, key=float), max(ends, key=float)
    for piece in pieces:
        for side, slope in ((1, right.slope), (-1, -left.slope)):
            inside = (max(piece.lower, lowest, key=float), min(piece.upper, highest, key=float))
            start, end = (max(inside[0], 0), inside[1]) if side == 1 else (inside[0], min(inside[1], 0))
            if not float(start) < float(end):
                continue
            image = real_program(piece.expression - slope * x, (x,)).at(as_ball(start).union(as_ball(end)))
            if not image.is_finite():
                raise TailError(f"{phi.name} is not bounded on [{start}, {end}].")
            error = arb(max(float(error), float(image.abs_upper()))) * (1 + arb(2) ** -40)
    return LinearGrowth(-left.slope, right.slope, error)


def _far(part: Tail) -> arb:
    return (abs(as_ball(part.intercept)) + part.size).upper()


def tail(f: Expr) -> Tail:
    """The line that `f` tends to on x ≥ 0. Raises `TailError`."""
    return _tail(tanh_form(f.replace(sympy.sech, lambda w: 1 / sympy.cosh(w))))


def product(parts: Sequence[Tail]) -> Tail:
    """The product, what decays first: it tames what grows. Raises `TailError`."""
    return reduce(mul, sorted(parts, key=lambda part: (part.slope != 0, part.intercept != 0)))


def _tail(f: Expr) -> Tail:
    if not f.has(x):
        return Tail(sympy.S.Zero, f, arb(0), sympy.S.Zero)
    if f == x:
        return Tail(sympy.S.One, sympy.S.Zero, arb(0), sympy.S.Zero)
    if f.is_Mul:
        expanded = sympy.expand(f)  # a sum among the factors may grow like no line, its terms with the rest not
        if expanded.is_Add:
            return reduce(add, [_tail(part) for part in expanded.args])
        return product([_tail(part) for factor in f.args for part in _factors(factor)])
    if f.is_Add:
        return reduce(add, [_tail(part) for part in f.args])
    if len(_factors(f)) > 1:
        return product([_tail(part) for part in _factors(f)])
    rule = _RULES.get(type(f))
    if rule is None:
        raise TailError(f"No line is known that {f} tends to.")
    return rule(f.args[0])


def _factors(f: Expr) -> list[Expr]:
    """fⁿ as n times f."""
    whole = f.is_Pow and not isinstance(f, sympy.exp) and f.exp.is_Integer and f.exp > 0
    return [f.base] * int(f.exp) if whole else [f]


def _exp(w: Expr) -> Tail:
    slope, intercept = _line(w)
    if not slope.is_negative:
        if w.is_polynomial(x) and sympy.Poly(w, x).degree() == 2 and sympy.Poly(w, x).LC().is_negative:
            lead, linear, constant = sympy.Poly(w, x).all_coeffs()
            top = constant - (linear + 1) ** 2 / (4 * lead)  # w + x ≤ top
            return Tail(sympy.S.Zero, sympy.S.Zero, as_ball(top).exp(), sympy.S.One)
        raise TailError(f"exp({w}) does not decay.")
    return Tail(sympy.S.Zero, sympy.S.Zero, as_ball(intercept).exp(), -slope)


def _tanh(w: Expr) -> Tail:
    """1 - tanh w ≤ 2e^{-2w}; also of a w that tends to a line itself."""
    inner = _tail(w)
    if inner.slope == 0:
        return Tail(sympy.S.Zero, sympy.tanh(inner.intercept), inner.size, inner.rate)
    side = sympy.sign(inner.slope)
    size = 2 * (-2 * as_ball(side * inner.intercept) + 2 * inner.size).exp()
    return Tail(sympy.S.Zero, side, size, 2 * abs(inner.slope))


def _erf(w: Expr) -> Tail:
    """erfc w ≤ 2e^{1/4 - w} for every w."""
    slope, intercept = _line(w)
    if slope == 0:
        raise TailError(f"erf({w}) is not of a line.")
    side = sympy.sign(slope)
    return Tail(sympy.S.Zero, side, 2 * (arb(1) / 4 - as_ball(side * intercept)).exp(), abs(slope))


def _log(w: Expr) -> Tail:
    if not isinstance(w - 1, sympy.exp):
        raise TailError(f"No line is known that log({w}) tends to.")
    slope, intercept = _line((w - 1).args[0])
    if slope.is_negative:
        return Tail(sympy.S.Zero, sympy.S.Zero, as_ball(intercept).exp(), -slope)
    return Tail(slope, intercept, (-as_ball(intercept)).exp(), slope)


def _bounded(w: Expr) -> Tail:  # noqa: ARG001 (sin and cos of anything real)
    return Tail(sympy.S.Zero, sympy.S.Zero, arb(1), sympy.S.Zero)


def _atan(w: Expr) -> Tail:  # noqa: ARG001
    return Tail(sympy.S.Zero, sympy.S.Zero, arb.pi() / 2, sympy.S.Zero)


def _line(w: Expr) -> tuple[Expr, Expr]:
    slope = w.diff(x)
    return (sympy.S.Zero, w) if slope.has(x) else (slope, w.subs(x, 0))


def _slower(left: Tail, right: Tail) -> Expr:
    rates = [part.rate for part in (left, right) if part.size != 0]
    return min(rates, key=float) if rates else sympy.S.Zero


_RULES: dict[type, Callable[[Expr], Tail]] = {
    sympy.exp: _exp,
    sympy.tanh: _tanh,
    sympy.erf: _erf,
    sympy.log: _log,
    sympy.sin: _bounded,
    sympy.cos: _bounded,
    sympy.atan: _atan,
}
