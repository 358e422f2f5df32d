"""A layer's equations frozen into source text; behind this module no SymPy object exists.

The covariance becomes a map of folded correlations, of the kind that keeps most digits: `affine`, `angle`,
`closed`, `expansion`, or `plain`. Expectations without a closed form become arguments of the printed functions,
computed beforehand by `series` from the frozen integrand and the frozen variance it is taken at.
"""

from dataclasses import dataclass, field, replace

import sympy
from sympy import Expr, Symbol

from ntk_theory.codegen.affine import affine_parts
from ntk_theory.codegen.angle import AngleMap, angle_map
from ntk_theory.codegen.choice import angle_bound, closed_map
from ntk_theory.codegen.closed import ClosedMap
from ntk_theory.codegen.expansion import Expansion, expansion, kink, parity
from ntk_theory.codegen.moments import moment
from ntk_theory.codegen.ranges import in_scale
from ntk_theory.codegen.series import Parity
from ntk_theory.codegen.stable import SIDES, in_range, in_sides
from ntk_theory.codegen.tails import Kink
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian import GaussianCovariance, GaussianMean
from ntk_theory.layers import LayerEquations
from ntk_theory.printing import Frozen, freeze
from ntk_theory.symbols import c, kappa, q, q1, q2, sigma_b, sigma_w, theta, x

W_var = Symbol("W_var", positive=True)
b_var = Symbol("b_var", nonnegative=True)


@dataclass(frozen=True)
class FrozenExpectation:
    """An expectation of f under variance a: the argument's `name`, the `integrand` f, `variance` a in q or q1.

    Among `FrozenLayer.means` it is E[f(√a z)], among `covariances` E[f(u)f(v)].
    """

    name: str
    integrand: Frozen
    variance: Frozen
    parity: Parity
    kink: Kink | None


@dataclass(frozen=True)
class AffineMap:
    """A and B of A κ + B, printed in σ_w² and σ_b²."""

    parts: Frozen


@dataclass(frozen=True)
class PlainMap:
    """The covariance itself, printed."""

    covariance: Frozen


@dataclass(frozen=True)
class FrozenLayer:
    """One layer's map of (q, Θ), of correlations and of Θ, as source text in σ_w² and σ_b².

    `W_std` and `b_std` are its own numbers, None where it has none: layers that differ in nothing else are equal.
    """

    diagonal: Frozen
    means: tuple[FrozenExpectation, ...]
    folds: AffineMap | AngleMap | ClosedMap | Expansion | PlainMap
    ntk: Frozen
    covariances: tuple[FrozenExpectation, ...]
    no_ntk: str
    W_std: float | None = field(default=None, compare=False)
    b_std: float | None = field(default=None, compare=False)

    @property
    def error_bound(self) -> float:
        """The largest relative error of 1 - c′, measured against ball arithmetic; nan for other kinds of maps."""
        return self.folds.bound if isinstance(self.folds, AngleMap | ClosedMap) else float("nan")

    @property
    def source(self) -> str:
        nodes = (*self.means, *self.covariances)
        parts = [f"# W_std = {self.W_std!r}, b_std = {self.b_std!r}"]
        parts += [f"# {node.name} = E[f], f:\n{node.integrand.source}" for node in nodes]
        return "\n".join(
            [*parts, "# (q, Θ)", self.diagonal.source, "# c", _source(self.folds), "# Θ", self.ntk.source]
        )


def freeze_layer(equations: LayerEquations) -> FrozenLayer:
    """Source text for one layer. Raises `NotInClassError` for what neither JAX nor `series` can evaluate."""
    numbers = equations.values
    equations = _in_variances(equations)
    diagonal = [equations.variance, equations.ntk_diagonal]
    own = [W_var, b_var]
    folds = (
        _affine(equations)
        or _angle(equations)
        or expansion(equations.variance, equations.covariance)
        or _closed(equations)
    )
    pair = [equations.ntk] if folds else [equations.ntk, equations.covariance]
    means = {node: Symbol(f"mean_{i}") for i, node in enumerate(_nodes(diagonal, GaussianMean))}
    products = {node: Symbol(f"covariance_{i}") for i, node in enumerate(_nodes(pair, GaussianCovariance))}
    arguments = [q1, q2, *SIDES, theta, *own, *products.values()]
    printed = [freeze(arguments, in_sides(in_range(e.xreplace(products)))) for e in pair]
    return FrozenLayer(
        diagonal=freeze([q, theta, *own, *means.values()], *(e.xreplace(means) for e in _diagonal(equations))),
        means=tuple(_frozen_mean(node, name) for node, name in means.items()),
        folds=folds or PlainMap(printed[1]),
        ntk=printed[0],
        covariances=tuple(_frozen_covariance(node, name) for node, name in products.items()),
        no_ntk=equations.no_ntk,
        W_std=numbers.get(sigma_w),
        b_std=numbers.get(sigma_b),
    )


def _diagonal(equations: LayerEquations) -> tuple[Expr, Expr]:
    """The new q and Θ(x, x), to be printed."""
    if equations.squares is None:
        return in_scale(in_range(equations.variance)), in_scale(in_range(equations.ntk_diagonal))
    first, second = equations.squares
    return moment(first, equations.variance), moment(second, equations.ntk_diagonal.subs(theta, 1)) * theta


def _in_variances(equations: LayerEquations) -> LayerEquations:
    """The equations in σ_w² and σ_b²: a square is rounded once, and once more than its root only in float32."""
    squares = {sigma_w: sympy.sqrt(W_var), sigma_b: sympy.sqrt(b_var)}
    names = ("variance", "covariance", "ntk", "ntk_diagonal")
    return replace(equations, **{name: getattr(equations, name).subs(squares) for name in names})


def _affine(equations: LayerEquations) -> AffineMap | None:
    parts = affine_parts(equations.variance, equations.covariance)
    return None if parts is None else AffineMap(freeze([W_var, b_var], *parts))


def _angle(equations: LayerEquations) -> AngleMap | None:
    folds = angle_map(equations.variance, equations.covariance)
    if folds is None:
        return None
    return replace(folds, bound=angle_bound(equations.variance, equations.covariance, folds))


def _closed(equations: LayerEquations) -> ClosedMap | None:
    covariance = equations.covariance
    if covariance.atoms(GaussianCovariance) or covariance.free_symbols - {q1, q2, c, kappa}:
        return None
    slope = equations.ntk.subs(theta, 1) if not equations.no_ntk else None
    folds = closed_map(equations.variance, covariance, slope)
    if folds is None or equations.mean is None or equations.mean[1].has(GaussianMean):
        return folds
    parts = [part.expression for part in equations.mean[0] if part.expression.is_polynomial(x)]
    degree = max((int(sympy.degree(part, x)) for part in parts if part.has(x)), default=1)
    return replace(folds, mean=freeze([q], moment(*equations.mean)), degree=max(degree, 1))


def _source(folds: AffineMap | AngleMap | ClosedMap | Expansion | PlainMap) -> str:
    if isinstance(folds, AffineMap):
        return folds.parts.source
    if isinstance(folds, ClosedMap):
        chosen = {"difference": folds.difference, "price": folds.slope, "plain": folds.covariance}[folds.form]
        return f"# by {folds.form}\n{chosen.source if chosen else ''}"
    if isinstance(folds, PlainMap):
        return folds.covariance.source
    if isinstance(folds, Expansion):
        return f"# {folds.constant} + {folds.factor} E[f(u)f(v)], f:\n{folds.integrand.source}"
    return f"# 1 - c' = angle**{folds.power} times a polynomial in the angle: {folds.near['float64']}"


def _nodes(expressions: list[Expr], kind: type) -> list[Expr]:
    found = set().union(*(e.atoms(kind) for e in expressions))
    return sorted(found, key=sympy.default_sort_key)


def _frozen_mean(node: Expr, name: Symbol) -> FrozenExpectation:
    f, variance = node.args
    return FrozenExpectation(str(name), freeze([x], f(x)), freeze([q], variance), None, kink(f(x)))


def _frozen_covariance(node: Expr, name: Symbol) -> FrozenExpectation:
    f, g, first, second, correlation = node.args
    if f != g or correlation != c or first.subs(q1, q2) != second:
        raise NotInClassError(f"{node} is not symmetric in its two inputs; its series is not built.")
    return FrozenExpectation(str(name), freeze([x], f(x)), freeze([q1], first), parity(f(x)), kink(f(x)))
