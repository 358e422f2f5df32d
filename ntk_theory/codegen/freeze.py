"""A layer's equations frozen into source text; behind this module no SymPy object exists.

Expectations without a closed form are pulled out first: each becomes an argument of the printed function,
computed beforehand by `series` from the frozen integrand and the frozen variance it is taken at.
"""

from dataclasses import dataclass

import sympy
from sympy import Expr, Symbol

from ntk_theory.codegen.series import Parity
from ntk_theory.codegen.stable import delta, in_delta
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian import GaussianCovariance, GaussianMean
from ntk_theory.layers import LayerEquations
from ntk_theory.printing import Frozen, freeze
from ntk_theory.symbols import c, q, q1, q2, sigma_b, sigma_w, theta, x


@dataclass(frozen=True)
class FrozenExpectation:
    """An expectation of f under variance a: the argument's `name`, the `integrand` f, `variance` a in q or q1.

    Among `FrozenLayer.means` it is E[f(√a z)], among `covariances` E[f(u)f(v)].
    """

    name: str
    integrand: Frozen
    variance: Frozen
    parity: Parity


@dataclass(frozen=True)
class FrozenLayer:
    """One layer's map of (q, Θ) and of (q1, q2, δ, Θ), as source text, with the numbers of its own symbols."""

    diagonal: Frozen
    means: tuple[FrozenExpectation, ...]
    pair: Frozen
    covariances: tuple[FrozenExpectation, ...]
    sigma_w: float
    sigma_b: float
    no_ntk: str

    @property
    def source(self) -> str:
        parts = [f"# {node.name} = E[f], f:\n{node.integrand.source}" for node in (*self.means, *self.covariances)]
        return "\n".join([*parts, "# (q, Θ)", self.diagonal.source, "# (covariance, Θ)", self.pair.source])


def freeze_layer(equations: LayerEquations) -> FrozenLayer:
    """Source text for one layer. Raises `NotInClassError` for what neither JAX nor `series` can evaluate."""
    diagonal = [equations.variance, equations.ntk_diagonal]
    pair = [equations.covariance, equations.ntk]
    means = {node: Symbol(f"mean_{i}") for i, node in enumerate(_nodes(diagonal, GaussianMean))}
    products = {node: Symbol(f"covariance_{i}") for i, node in enumerate(_nodes(pair, GaussianCovariance))}
    own = [sigma_w, sigma_b]
    return FrozenLayer(
        diagonal=freeze([q, theta, *own, *means.values()], *(e.xreplace(means) for e in diagonal)),
        means=tuple(_frozen_mean(node, name) for node, name in means.items()),
        pair=freeze(
            [q1, q2, delta, theta, *own, *products.values()], *(in_delta(e.xreplace(products)) for e in pair)
        ),
        covariances=tuple(_frozen_covariance(node, name) for node, name in products.items()),
        sigma_w=equations.values.get(sigma_w, 1.0),
        sigma_b=equations.values.get(sigma_b, 0.0),
        no_ntk=equations.no_ntk,
    )


def _nodes(expressions: list[Expr], kind: type) -> list[Expr]:
    found = set().union(*(e.atoms(kind) for e in expressions))
    return sorted(found, key=sympy.default_sort_key)


def _frozen_mean(node: Expr, name: Symbol) -> FrozenExpectation:
    f, variance = node.args
    return FrozenExpectation(str(name), freeze([x], f(x)), freeze([q], variance), None)


def _frozen_covariance(node: Expr, name: Symbol) -> FrozenExpectation:
    f, g, first, second, correlation = node.args
    if f != g or correlation != c or first.subs(q1, q2) != second:
        raise NotInClassError(f"{node} is not symmetric in its two inputs; its series is not built.")
    return FrozenExpectation(str(name), freeze([x], f(x)), freeze([q1], first), _parity(f(x)))


def _parity(f: Expr) -> Parity:
    mirrored = f.subs(x, -x)
    if sympy.expand(mirrored + f) == 0:
        return "odd"
    return "even" if sympy.expand(mirrored - f) == 0 else None
