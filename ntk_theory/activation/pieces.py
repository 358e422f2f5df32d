"""An activation as smooth pieces: any nesting of Abs, sign, Heaviside, Max, Min and Piecewise is cut at the
points where it switches.

The innermost switching function is resolved first: its switching expressions g are solved, g(x) = 0, and on
each interval between roots a test point decides which branch stands there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import sympy
from sympy import Expr, Heaviside, Max, Min, Piecewise, oo
from sympy.functions.elementary.piecewise import ExprCondPair

from ntk_theory.errors import NotInClassError
from ntk_theory.symbols import x

_SWITCHES = (sympy.Abs, sympy.sign, Heaviside, Max, Min, Piecewise)


@dataclass(frozen=True)
class Piece:
    """φ on the open interval (lower, upper), where it is the smooth `expression` in x."""

    lower: Expr
    upper: Expr
    expression: Expr


def pieces(expression: Expr) -> tuple[Piece, ...]:
    """The smooth pieces of `expression`, from -∞ to ∞, neighbours with one expression merged.

    Raises `NotInClassError` where a switching point or a sign can't be decided.
    """
    return tuple(_merge(_cut(expression, -oo, oo)))


def joined(parts: Sequence[Piece]) -> Expr:
    """Pieces put together again: a Piecewise over x < upper, or the expression of the only one."""
    if len(parts) == 1:
        return parts[0].expression
    return Piecewise(*((p.expression, x < p.upper if p.upper != oo else True) for p in parts))


def _cut(expression: Expr, lower: Expr, upper: Expr) -> list[Piece]:
    node = _innermost_switch(expression)
    if node is None:
        return [Piece(lower, upper, expression)]
    found = []
    for left, right in pairwise(_cuts(_switching_expressions(node), lower, upper)):
        branch = _branch(node, _test_point(left, right))
        found += _cut(expression.xreplace({node: branch}), left, right)
    return found


def _innermost_switch(expression: Expr) -> Expr | None:
    for node in sympy.postorder_traversal(expression):
        if isinstance(node, _SWITCHES) and node.has(x):
            return node
    return None


def _switching_expressions(node: Expr) -> list[Expr]:
    if isinstance(node, Max | Min):
        return [a - b for a, b in combinations(node.args, 2)]
    if isinstance(node, Piecewise):
        relations = set().union(*(condition.atoms(sympy.core.relational.Relational) for _, condition in node.args))
        return [relation.lhs - relation.rhs for relation in relations]
    return [node.args[0]]


def _cuts(switching: Iterable[Expr], lower: Expr, upper: Expr) -> list[Expr]:
    inside: list[Expr] = []
    for g in switching:
        for root in _real_roots(g):
            if root not in inside and _is_less(lower, root) and _is_less(root, upper):
                inside.append(root)
    return [lower, *_sorted(inside), upper]


def _real_roots(g: Expr) -> list[Expr]:
    g = sympy.together(g).as_numer_denom()[0] if not g.has(sympy.exp) else g
    if not g.has(x):
        return []
    if g.is_polynomial(x):
        polynomial = sympy.Poly(g, x)
        if polynomial.degree() == 1:
            slope, intercept = polynomial.all_coeffs()
            return [-intercept / slope]
        if polynomial.domain.is_ZZ or polynomial.domain.is_QQ:
            return list(dict.fromkeys(sympy.real_roots(polynomial)))
        if not polynomial.free_symbols_in_domain:
            return _roots_by_radicals(polynomial)
    try:
        solutions = sympy.solveset(g, x, sympy.S.Reals)
    except (NotImplementedError, ValueError) as error:
        if isinstance(error, ValueError) and _has_one_sign(g):
            return []  # SymPy's complaint that the inverse function has no value there
        raise NotInClassError(f"Where {g} = 0 can't be found in closed form.") from error
    if not isinstance(solutions, sympy.FiniteSet | sympy.sets.sets.EmptySet):
        raise NotInClassError(
            f"{g} = 0 has no finite list of real roots that SymPy can find ({solutions}); "
            "write the activation with where(...) and explicit thresholds."
        )
    return list(solutions)


def _roots_by_radicals(polynomial: sympy.Poly) -> list[Expr]:
    """Real roots of a polynomial with irrational coefficients. Raises where radicals miss some."""
    found = sympy.roots(polynomial)
    if sum(found.values()) != polynomial.degree():
        raise NotInClassError(f"The roots of {polynomial.as_expr()} can't be found in closed form.")
    return [root for root in found if root.is_real or (root.is_real is None and abs(sympy.im(root.n(30))) < 1e-25)]


def _has_one_sign(g: Expr) -> bool:
    """Whether g has one sign on a fine grid and far out: what a missing root would change."""
    points = [sympy.Rational(k, 8) for k in range(-160, 161)] + [sympy.Integer(-1000), sympy.Integer(1000)]
    values = [g.subs(x, point).evalf(15) for point in points]
    return all(v.is_positive for v in values) or all(v.is_negative for v in values)


def _is_less(left: Expr, right: Expr) -> bool:
    difference = sympy.sympify(right - left)
    if difference.is_extended_positive is not None:
        return bool(difference.is_extended_positive)
    if difference.is_number:
        return bool(sympy.N(difference, 30) > 0)
    raise NotInClassError(
        f"Whether {left} < {right} can't be decided; give the parameters as numbers, "
        "or a SymPy expression whose symbols carry assumptions."
    )


def _sorted(points: list[Expr]) -> list[Expr]:
    ordered: list[Expr] = []
    for point in points:
        position = sum(_is_less(other, point) for other in ordered)
        ordered.insert(position, point)
    return ordered


def _test_point(lower: Expr, upper: Expr) -> Expr:
    if lower == -oo and upper == oo:
        return sympy.Rational(1, 3)
    if lower == -oo:
        return upper - 1
    if upper == oo:
        return lower + 1
    return (lower + upper) / 2


def _branch(node: Expr, point: Expr) -> Expr:
    """What `node` is on the interval around `point`, as a smooth expression in x."""
    if isinstance(node, sympy.Abs):
        return _sign_at(node.args[0], point) * node.args[0]
    if isinstance(node, sympy.sign):
        return _sign_at(node.args[0], point)
    if isinstance(node, Heaviside):
        return (1 + _sign_at(node.args[0], point)) / 2
    if isinstance(node, Max | Min):
        flip = 1 if isinstance(node, Max) else -1
        best = node.args[0]
        for other in node.args[1:]:
            if _sign_at(flip * (other - best), point) > 0:
                best = other
        return best
    for branch in node.args:
        if _holds(branch, point):
            return branch.expr
    raise NotInClassError(f"{node} has no branch at x = {point}; end it with the condition True.")


def _holds(branch: ExprCondPair, point: Expr) -> bool:
    condition = branch.cond
    if condition in (sympy.true, sympy.false):
        return bool(condition)
    at_point = condition.replace(
        lambda part: isinstance(part, sympy.core.relational.Relational),
        lambda part: (
            sympy.true
            if (_sign_at(part.lhs - part.rhs, point) > 0) == isinstance(part, sympy.Gt | sympy.Ge)
            else sympy.false
        ),
    )
    if at_point not in (sympy.true, sympy.false):
        raise NotInClassError(f"Whether {condition} holds at x = {point} can't be decided.")
    return bool(at_point)


def _sign_at(g: Expr, point: Expr) -> Expr:
    value = g.subs(x, point)
    if value.is_positive:
        return sympy.Integer(1)
    if value.is_negative:
        return sympy.Integer(-1)
    if value.is_zero:
        return sympy.Integer(0)
    if value.is_number and value.is_real:
        return sympy.Integer(1 if sympy.N(value, 30) > 0 else -1)
    if not value.free_symbols:
        raise NotInClassError(
            f"{g} is not a real number at x = {point}, so what switches on its sign is not defined there; "
            "write the activation with where(...) on the part where it is meant."
        )
    factored = sympy.factor(value)
    if factored.is_positive or factored.is_negative:
        return sympy.Integer(1 if factored.is_positive else -1)
    names = ", ".join(sorted(map(str, value.free_symbols)))
    raise NotInClassError(
        f"Whether {factored} is positive depends on {names}, and with it which branch stands at x = {point}. "
        f"Give {names} as numbers; or write the parameter so that its range shows, as alpha/(1 + alpha) for one "
        "between 0 and 1 or 1 + alpha for one above 1 (parameters in text are positive); or pass a SymPy "
        "expression whose symbols carry assumptions."
    )


def _merge(found: list[Piece]) -> list[Piece]:
    merged = found[:1]
    for piece in found[1:]:
        if sympy.expand(piece.expression - merged[-1].expression) == 0:
            merged[-1] = Piece(merged[-1].lower, piece.upper, merged[-1].expression)
        else:
            merged.append(piece)
    return merged
