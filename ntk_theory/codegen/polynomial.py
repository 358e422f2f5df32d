"""Short polynomials for a function on [0, b]: Chebyshev interpolation, then powers of x, both at 50 digits.

In powers of x the error near x = 0 stays relative; the change of basis in floating point would lose that.
"""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import jax.numpy as jnp
import mpmath
from jaxtyping import Array, Float

DIGITS = 50
_NODES = 48


def interpolant(f: Callable[[Any], Any], end: Any) -> list[Any] | None:
    """Chebyshev coefficients of f on [0, end], or None where 48 of them do not reach 18 digits."""
    with mpmath.workdps(DIGITS):
        angles = [mpmath.pi * (2 * j + 1) / (2 * _NODES) for j in range(_NODES)]
        values = [f((1 + mpmath.cos(a)) * end / 2) for a in angles]
        coefficients = [
            2 * mpmath.fsum(v * mpmath.cos(n * a) for v, a in zip(values, angles, strict=True)) / _NODES
            for n in range(_NODES)
        ]
        coefficients[0] /= 2
        largest = max(map(abs, coefficients))
        if largest == 0 or max(map(abs, coefficients[-8:])) > largest * mpmath.mpf(10) ** -18:
            return None
    return coefficients


def powers(coefficients: list[Any], end: Any, tolerance: float) -> tuple[float, ...]:
    """The coefficients of x⁰, x¹, … after dropping Chebyshev coefficients below `tolerance` of the largest."""
    least = tolerance * max(map(abs, coefficients))
    kept = max(n for n, value in enumerate(coefficients) if abs(value) > least) + 1
    with mpmath.workdps(DIGITS):
        scale = 2 / mpmath.mpf(end)
        before, current = [mpmath.mpf(1)], [mpmath.mpf(-1), scale]
        total = [mpmath.mpf(0)] * kept
        for n in range(kept):
            for power, value in enumerate(before):
                total[power] += coefficients[n] * value
            shifted = [mpmath.mpf(0), *(2 * scale * v for v in current)]
            following = [
                s - 2 * v - b for s, v, b in zip_longest(shifted, current, before, fillvalue=mpmath.mpf(0))
            ]
            before, current = current, following
    return tuple(float(v) for v in total)


def horner(coefficients: Sequence[float], argument: Float[Array, "..."]) -> Float[Array, "..."]:
    """Σ a_n xⁿ."""
    total = jnp.full_like(argument, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * argument + jnp.asarray(coefficient, argument.dtype)
    return total
