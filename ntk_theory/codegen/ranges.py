"""Equations in q, q₁ and q₂ that neither overflow nor cancel at large and small variances: factors out, expm1 in.

A sum such as 1 + q₁ + q₂ + q₁q₂(1 - c²) is M₁²M₂² times itself in √q/M and 1/M, for any M; with M = max(1, √q),
rounded to a power of two, nothing in it overflows, and in quotients the powers of M go against each other.
"""

from collections.abc import Iterable

import sympy
from sympy import Expr

from ntk_theory.gaussian.special import Phi2
from ntk_theory.printing import Drop, Expm1, Quadrant, Share, Size, Unit
from ntk_theory.symbols import q, q1, q2

_VARIANCES = (q, q1, q2)
_SQUARE = 2
_Powers = tuple[Expr, ...]
"""One exponent for the M of each of the variances."""
_NONE: _Powers = (sympy.S.Zero,) * len(_VARIANCES)


def in_scale(expression: Expr) -> Expr:
    """`expression` in forms that keep their digits at all variances."""
    expression = expression.replace(lambda part: part.is_Add and part.has(sympy.exp), _small_differences)
    return _whole(expression, *_scaled(expression))


def in_quadrants(expression: Expr) -> Expr:
    """Every eᴱ Φ₂(h, k; ρ) that is an expectation of e^{-aX - bY} over X, Y > 0 with a, b ≥ 0."""
    return expression.replace(lambda part: part.is_Mul and part.has(Phi2) and part.has(sympy.exp), _quadrant)


def _quadrant(product: Expr) -> Expr:
    roots = dict(zip((q1, q2), sympy.symbols("r1 r2", positive=True), strict=True))
    there = {variance: root**2 for variance, root in roots.items()}
    back = {root: sympy.sqrt(variance) for variance, root in roots.items()}
    powers = [factor for factor in product.args if isinstance(factor, sympy.exp)]
    normals = [factor for factor in product.args if isinstance(factor, Phi2)]
    if len(powers) != 1 or len(normals) != 1:
        return product
    h, k, rho = (argument.subs(there) for argument in normals[0].args)
    spread = 1 - rho**2
    square = 2 * powers[0].args[0].subs(there) * spread
    rates = [sympy.cancel((rho * v - u) / spread) for u, v in ((h, k), (k, h))]
    if sympy.expand(square - h**2 + 2 * rho * h * k - k**2) != 0 or not all(rate.is_nonnegative for rate in rates):
        return product
    rest = [factor for factor in product.args if factor not in (powers[0], normals[0])]
    return sympy.Mul(*rest, Quadrant(*(e.subs(back) for e in (*rates, rho))))


def _small_differences(total: Expr) -> Expr:
    """Σ a_k eᵉ with Σ a_k = 0, within a sum, by eᵉ - 1: near e = 0 the ones cancel. Two are one function."""
    groups: dict[Expr, list[tuple[Expr, Expr]]] = {}
    for term in total.args:
        number, rest = term.as_coeff_Mul()
        factors = sympy.Mul.make_args(rest)
        exponent = sympy.Add(*(f.args[0] for f in factors if isinstance(f, sympy.exp)))
        factor = sympy.Mul(*(f for f in factors if not isinstance(f, sympy.exp)))
        groups.setdefault(factor, []).append((number, exponent))
    terms = []
    for factor, members in groups.items():
        vanish = sympy.Add(*(number for number, _ in members)) == 0
        if vanish and len(members) == 2:
            (number, first), (_, second) = members
            terms.append(number * factor * Drop(first, second, sympy.expand(first - second)))
        else:
            make = Expm1 if vanish else sympy.exp
            terms += [number * factor * make(exponent) for number, exponent in members if exponent or not vanish]
    return sympy.Add(*terms)


def _whole(original: Expr, core: Expr, powers: _Powers) -> Expr:
    """The value itself; as it was written, where no sum in it was scaled."""
    return core * _power(powers) if core.has(Unit) else original


def _power(powers: Iterable[Expr]) -> Expr:
    """M to these powers, with M⁻¹ for one function, so that no product is formed that could overflow."""
    both = zip(_VARIANCES, powers, strict=True)
    return sympy.Mul(*(Size(v) ** p if p > 0 else Unit(v) ** -p for v, p in both))


def _scaled(e: Expr) -> tuple[Expr, _Powers]:
    """(f, p) with e = f·M₁^p₁·M₂^p₂."""
    if e.is_Pow and e.exp.is_Rational:
        core, powers = _scaled(e.base)
        return core**e.exp, tuple(p * e.exp for p in powers)
    if e in _VARIANCES:
        return Share(e) ** 2, tuple(sympy.Integer(2 * (v == e)) for v in _VARIANCES)
    if not e.args or not e.free_symbols.intersection(_VARIANCES):
        return e, _NONE
    if e.is_Mul:
        parts = [_scaled(a) for a in e.args]
        return sympy.Mul(*(f for f, _ in parts)), tuple(map(sympy.Add, *(p for _, p in parts)))
    if e.is_Add:
        return _sum(e)
    return e.func(*(_apart(a) for a in e.args)), _NONE


def _apart(argument: Expr) -> Expr:
    """A function's argument, a sum term by term: what multiplies a whole sum could overflow where no term does."""
    terms = (_whole(term, *_scaled(term)) for term in sympy.Add.make_args(argument))
    return sympy.Add(*terms)


def _sum(total: Expr) -> tuple[Expr, _Powers]:
    """A sum over the highest powers of each variance, where one of its terms could overflow."""
    parts = [(term, *_scaled(term)) for term in total.args]
    each = [powers for _, _, powers in parts]
    most = tuple(max(column) for column in zip(*each, strict=True))
    mixed = any(len([p for p in powers if p > 0]) > 1 for powers in each)
    if mixed or (most in each and any(most)) or max(most) > _SQUARE:
        rests = [tuple(p - m for p, m in zip(powers, most, strict=True)) for powers in each]
        return sympy.Add(*(f * _power(rest) for (_, f, _), rest in zip(parts, rests, strict=True))), most
    return sympy.Add(*(_whole(term, f, powers) for term, f, powers in parts)), _NONE
