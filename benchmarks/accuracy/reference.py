"""Σ, Θ and 1 - c of one pair to 30 digits: the derived K, K̇ and V, iterated in mpmath at 90 digits.

No code is shared with the compiled kernels beyond the formulas, and at 90 digits nothing that cancels matters.
"""

from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
import sympy

import ntk_theory as ntk
from ntk_theory.gaussian.special import Phi2
from ntk_theory.symbols import c, q, q1, q2

DIGITS = 90


def _phi2(h: Any, k: Any, rho: Any) -> Any:
    """P(X < h, Y < k): Φ(h)Φ(k) and Plackett's integral in the angle asin ρ."""
    end = mpmath.asin(rho)

    def slope(t: Any) -> Any:
        s = mpmath.sin(t)
        return mpmath.exp(-(h * h - 2 * s * h * k + k * k) / (2 * (1 - s * s))) if abs(s) < 1 else mpmath.mpf(0)

    return mpmath.ncdf(h) * mpmath.ncdf(k) + mpmath.quad(slope, [0, end / 2, end]) / (2 * mpmath.pi)


@lru_cache
def _functions(name: str) -> tuple[Any, ...]:
    dual = ntk.dual(name)
    modules = [{"Phi2": _phi2}, "mpmath"]
    pair = [sympy.lambdify((q1, q2, c), e, modules) for e in (dual.kernel, dual.derivative)]
    single = [sympy.lambdify(q, e, modules) for e in (dual.variance, dual.derivative_variance)]
    assert not dual.kernel.atoms(sympy.Function) - dual.kernel.atoms(sympy.core.function.Application) or Phi2
    return *pair, *single


def recursion(
    name: str, x: np.ndarray, y: np.ndarray, depths: tuple[int, ...], W_var: float, b_var: float
) -> dict:
    """{depth: (Σ, Θ, 1 - c, Σ(x,x), Σ(y,y), Θ(x,x), Θ(y,y))} as mpmath numbers. W_var and b_var are squares of
    floats as `mlp` is given them."""
    K, Kdot, V, W = _functions(name)
    found = {}
    with mpmath.workdps(DIGITS):
        u, v = ([mpmath.mpf(float(t)) for t in side] for side in (x, y))
        n = len(u)
        w2, b2 = mpmath.mpf(W_var), mpmath.mpf(b_var)
        dot = lambda a, b: mpmath.fsum(s * t for s, t in zip(a, b, strict=True)) / n  # noqa: E731
        first, second, cross = (w2 * dot(a, b) + b2 for a, b in ((u, u), (v, v), (u, v)))
        theta, theta1, theta2 = cross, first, second
        for depth in range(max(depths) + 1):
            if depth in depths:
                gap = 1 - cross / mpmath.sqrt(first * second)
                found[depth] = (cross, theta, gap, first, second, theta1, theta2)
            rho = cross / mpmath.sqrt(first * second)
            rho = max(min(rho, mpmath.mpf(1)), mpmath.mpf(-1))
            k, kdot = K(first, second, rho), Kdot(first, second, rho)
            cross = w2 * mpmath.re(k) + b2
            theta = cross + w2 * mpmath.re(kdot) * theta
            theta1, theta2 = (w2 * V(a) + b2 + w2 * W(a) * t for a, t in ((first, theta1), (second, theta2)))
            first, second = w2 * V(first) + b2, w2 * V(second) + b2
    return found
