"""Layers whose map of correlations depends on c alone (homogeneous φ): c′ = k(c)/k(1), polynomials in the angle.

k is analytic in the angle θ = acos c up to c = 1 where φ has kinks, so 1 - c′ = θ²P(θ) for c ≥ 0, and c′ is a
polynomial in π - θ for c ≤ 0. Their coefficients come from the layer's own equation, to 50 digits.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax.numpy as jnp
import mpmath
import sympy
from jaxtyping import Array, Float
from sympy import Expr

from ntk_theory.codegen.polynomial import DIGITS, horner, interpolant, powers
from ntk_theory.codegen.state import folded_correlation, folded_delta, sides, signed
from ntk_theory.symbols import c, kappa, q, q1, q2

TOLERANCE = {"float64": 3e-17, "float32": 1e-8}


@dataclass(frozen=True)
class AngleMap:
    """Coefficients in θ, for either precision, of (1 - c′)/θʳ for c ≥ 0, and in π - θ of c′ for c ≤ 0.

    `bound` is the largest relative error of 1 - c′ that was measured in float64.
    """

    near: dict[str, tuple[float, ...]]
    far: dict[str, tuple[float, ...]]
    power: int
    parity: int
    bound: float = float("nan")

    def __call__(self, fold: Float[Array, "n1 n2"]) -> Float[Array, "n1 n2"]:
        """The folded correlation after the layer."""
        key = str(fold.dtype)
        pair = sides(fold)
        small = jnp.minimum(pair.angle, pair.supplement)
        delta = small**self.power * horner(self.near[key], small)
        if self.parity == -1:
            delta = folded_delta(delta)
            return jnp.where(fold >= 0, delta, signed(jnp.abs(delta), delta >= 0))
        if self.parity == 1:
            return folded_delta(delta)
        return jnp.where(fold >= 0, folded_delta(delta), folded_correlation(horner(self.far[key], small)))


@lru_cache(maxsize=64)
def angle_map(variance: Expr, covariance: Expr) -> AngleMap | None:
    """The map of a layer with these equations; None where it is not one of c alone, or is no short polynomial."""
    k = _profile(variance, covariance)
    if k is None:
        return None
    with mpmath.workdps(DIGITS):
        parity = next((p for p in (1, -1) if all(abs(k(-x) - p * k(x)) < 1e-30 for x in _points())), 0)
        power = 2 if k(mpmath.cos(mpmath.mpf(1) / 10**12)) > 1 - mpmath.mpf(1) / 10**20 else 1
        near = interpolant(lambda t: (1 - k(mpmath.cos(t))) / t**power, mpmath.pi / 2)
        far = interpolant(lambda t: k(-mpmath.cos(t)), mpmath.pi / 2)
    if near is None or far is None:
        return None
    with mpmath.workdps(DIGITS):
        end = mpmath.pi / 2
        kept = [{key: powers(fit, end, TOLERANCE[key]) for key in TOLERANCE} for fit in (near, far)]
    return AngleMap(kept[0], kept[1], power, parity)


def _profile(variance: Expr, covariance: Expr) -> Any:
    """k(c)/k(1) as a function of mpmath numbers, where it is the same at all variances."""
    if covariance.free_symbols - {c, kappa, q1, q2} or not covariance.has(c):
        return None
    covariance = covariance.subs(kappa, c * sympy.sqrt(q1 * q2))
    try:
        value = sympy.lambdify((q1, q2, c), covariance, "mpmath")
        scale = sympy.lambdify(q, variance, "mpmath")

        def at(first: float, second: float, x: Any) -> Any:
            first, second = mpmath.mpf(first), mpmath.mpf(second)
            return mpmath.re(value(first, second, x)) / mpmath.sqrt(scale(first) * scale(second))

        with mpmath.workdps(DIGITS):
            for x in _points():
                values = [at(a, b, x) for a, b in ((1, 1), (0.3, 2), (7, 0.01))]
                if max(values) - min(values) > 1e-30:
                    return None
            if abs(at(1, 1, mpmath.mpf(1)) - 1) > 1e-30:
                return None
    except (ValueError, TypeError, NameError, ZeroDivisionError, AttributeError, NotImplementedError):
        return None
    return lambda x: at(1, 1, x)


def _points() -> tuple[Any, ...]:
    return tuple(mpmath.mpf(n) / 16 for n in (-13, -6, 1, 7, 14))
