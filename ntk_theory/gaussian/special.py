"""Normal probabilities in two and more dimensions, as SymPy functions with values to any number of digits.

Each is the value at independence plus one integral over the correlations (Plackett 1954, A reduction formula for
normal multivariate integrals).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import mpmath
import sympy
from sympy import Expr, Function


class Phi2(Function):
    """Phi2(h, k, ρ) = P(X < h, Y < k) for standard normal X, Y with correlation ρ."""

    nargs = 3

    def fdiff(self, argindex: int = 1) -> Expr:
        """∂/∂h = φ(h) Φ((k - ρh)/√(1-ρ²)), ∂/∂ρ = φ₂(h, k; ρ)."""
        h, k, rho = self.args
        spread = 1 - rho**2
        if argindex == 3:
            square = (h**2 - 2 * rho * h * k + k**2) / (2 * spread)
            return sympy.exp(-square) / (2 * sympy.pi * sympy.sqrt(spread))
        at, other = (h, k) if argindex == 1 else (k, h)
        inner = (1 + sympy.erf((other - rho * at) / sympy.sqrt(2 * spread))) / 2
        return sympy.exp(-(at**2) / 2) / sympy.sqrt(2 * sympy.pi) * inner

    def _eval_evalf(self, prec: int) -> Expr:
        return _evaluate(self, prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        body = rf"\Phi_2\left({', '.join(map(printer._print, self.args))}\right)"
        return body if exp is None else rf"{body}^{{{exp}}}"


class Orthant(Function):
    """Orthant(h_1, …, h_n, ρ_12, ρ_13, …, ρ_23, …) = P(Z_i < h_i for all i), n = 3, or n = 4 with h = 0."""

    def _eval_evalf(self, prec: int) -> Expr:
        return _evaluate(self, prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        n = dimensions(self.args)
        thresholds, correlations = (
            ", ".join(map(printer._print, part)) for part in (self.args[:n], self.args[n:])
        )
        body = rf"\Phi_{n}\left({thresholds};\, {correlations}\right)"
        return body if exp is None else rf"{body}^{{{exp}}}"


def dimensions(arguments: Sequence[Any]) -> int:
    """n, where the arguments are n thresholds and n(n - 1)/2 correlations."""
    return next(n for n in range(len(arguments) + 1) if n * (n + 1) // 2 == len(arguments))


def _evaluate(function: Expr, prec: int) -> Expr:
    if not all(a.is_number for a in function.args):
        return function
    with mpmath.workprec(prec + 15):
        numbers = [mpmath.mpf(a.evalf(mpmath.mp.dps)) for a in function.args]
        n = dimensions(numbers)
        value = _probability(numbers[:n], dict(zip(combinations(range(n), 2), numbers[n:], strict=True)))
    return sympy.Float(value, precision=prec)


def _probability(h: list[Any], rho: dict[tuple[int, int], Any]) -> Any:
    n = len(h)
    if n == 1:
        return mpmath.ncdf(h[0])
    if n == 2 and not any(h):
        return mpmath.mpf(1) / 4 + mpmath.asin(rho[0, 1]) / (2 * mpmath.pi)

    def slope(t: Any) -> Any:
        """d/dt of the probability with all correlations times t."""
        return mpmath.fsum(
            r * _slope(h, {pair: t * s for pair, s in rho.items()}, *pair) for pair, r in rho.items()
        )

    # t = sin θ takes the square root out of the end where a correlation nears ±1
    quarter = mpmath.quad(lambda a: slope(mpmath.sin(a)) * mpmath.cos(a), mpmath.linspace(0, mpmath.pi / 2, 5))
    return mpmath.fprod(mpmath.ncdf(t) for t in h) + quarter


def _slope(h: list[Any], rho: dict[tuple[int, int], Any], i: int, j: int) -> Any:
    """∂P/∂ρ_ij = φ₂(h_i, h_j; ρ_ij) P(rest | Z_i = h_i, Z_j = h_j)."""
    r = rho[i, j]
    spread = 1 - r * r
    density = mpmath.exp(-(h[i] ** 2 - 2 * r * h[i] * h[j] + h[j] ** 2) / (2 * spread))
    density /= 2 * mpmath.pi * mpmath.sqrt(spread)
    rest = [k for k in range(len(h)) if k not in (i, j)]
    if not rest:
        return density
    # regression of the rest on Z_i, Z_j
    weights = {}
    for k in rest:
        a, b = rho[min(i, k), max(i, k)], rho[min(j, k), max(j, k)]
        weights[k] = ((a - r * b) / spread, (b - r * a) / spread, a, b)

    def covariance(k: int, l: int) -> Any:
        plain = 1 if k == l else rho[min(k, l), max(k, l)]
        return plain - weights[k][0] * weights[l][2] - weights[k][1] * weights[l][3]

    scales = {k: mpmath.sqrt(covariance(k, k)) for k in rest}
    left = [(h[k] - weights[k][0] * h[i] - weights[k][1] * h[j]) / scales[k] for k in rest]
    # at most two are left, and so at most one pair
    among = [covariance(k, l) / (scales[k] * scales[l]) for k, l in combinations(rest, 2)]
    return density * _probability(left, dict(zip([(0, 1)], among, strict=False)))
