"""E[Θ̂²]/E[Θ̂]² without biases in closed form, and where depth and width are large together.

Without biases the transfer matrix of `exact` is triangular in blocks: k², then (kt, u), then (t², r). In units of
(σ_w²μ₂)² the blocks have the eigenvalues 1 + (3κ - 1)/n and 1 - 1/n, κ = μ₄/μ₂² (2 for ReLU), the first in all
three and the second in two. So E[Θ̂²] is (c₀ + c₁L + c₂L²)(1 + (3κ - 1)/n)^L + (c₃ + c₄L)(1 - 1/n)^L; five depths
determine the c's.
"""

from functools import lru_cache

import sympy
from sympy import Expr

from ntk_theory.activation import Activation, activation
from ntk_theory.finite_width.exact import next_means, squared_slopes
from ntk_theory.symbols import L, n, ratio

_kappa = sympy.Symbol("kappa_4", positive=True)


def dispersion_formula(what: str | Expr | Activation = "relu") -> Expr:
    """E[Θ̂²]/E[Θ̂]² of a network without biases, in n and L (`ntk_theory.symbols`), exact for all of them.

    For ReLU it is [(9L² + 6(n + 5)L - n² + 2n + 26)(1 + 5/n)^L + (n - 1)²(1 - 1/n)^L] / (27(L + 1)²). It depends
    neither on σ_w nor on the input. Raises `NotInClassError` unless φ is a·max(x, 0) + b·min(x, 0).
    """
    kappa = slope_kurtosis(activation(what))
    terms = (
        sympy.factor(polynomial.subs(_kappa, kappa)) * base.subs(_kappa, kappa) ** L
        for polynomial, base in _parts()
    )
    return sum(terms) / (L + 1) ** 2


def dispersion_limit(what: str | Expr | Activation = "relu") -> Expr:
    """The same as L, n → ∞ with L/n → λ (`ntk_theory.symbols.ratio`).

    For ReLU it is [(9λ² + 6λ - 1)e^(5λ) + e^(-λ)]/(27λ²) = 1 + (11/3)λ + O(λ²).
    """
    kappa = slope_kurtosis(activation(what))
    total = sympy.S.Zero
    for polynomial, base in _parts():
        leading = sympy.limit(polynomial.subs(L, ratio * n) / (ratio * n) ** 2, n, sympy.oo)
        rate = sympy.limit(n * (base - 1), n, sympy.oo)
        total += sympy.factor(leading.subs(_kappa, kappa)) * sympy.exp(rate.subs(_kappa, kappa) * ratio)
    return total


def slope_kurtosis(phi: Activation) -> Expr:
    """κ = E[φ′⁴]/E[φ′²]²."""
    a, b = squared_slopes(phi)
    return sympy.simplify(2 * (a**2 + b**2) / (a + b) ** 2)


@lru_cache
def _parts() -> tuple[tuple[Expr, Expr], tuple[Expr, Expr]]:
    """((polynomial in L, base), …) of E[Θ̂²] in units of E[K̂]²."""
    bases = (1 + (3 * _kappa - 1) / n, 1 - 1 / n)
    state = [sympy.S.One, sympy.S.Zero, sympy.S.One, *[sympy.S.Zero] * 4]
    squares = []
    for _ in range(5):
        _, _, kk, kt, tt, _, r = state
        squares.append(sympy.expand(tt + 2 * kt + kk + 2 * r))
        state = [sympy.expand(v) for v in next_means(state, 1, 0, 1, _kappa / n, 1 - 1 / n)]
    c = sympy.symbols("c:5")
    rows = [(c[0] + c[1] * l + c[2] * l**2) * bases[0] ** l + (c[3] + c[4] * l) * bases[1] ** l for l in range(5)]
    (found,) = sympy.linsolve([row - square for row, square in zip(rows, squares, strict=True)], c)
    found = [sympy.factor(value) for value in found]
    return (found[0] + found[1] * L + found[2] * L**2, bases[0]), (found[3] + found[4] * L, bases[1])
