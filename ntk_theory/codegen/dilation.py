"""What near norms add to a Hermite series: coefficients of f(eˢz) as power series in s.

da_n/ds = n a_n + √((n+1)(n+2)) a_{n+2}, since z d/dz takes h_n to that under the normal law: all derivatives come
from the coefficients themselves; where those have a tail, from f at the nodes of its sums, interpolated in s. With
a at s and b at s + h, ½|a - b|² = h² p(h) and ½ log(|b|²/|a|²) = h g(h) are power series for each first input, and
½|a/|a| - b/|b||² = h² p/(|a||b|) - 2 sinh²(hg/2).
"""

import functools
from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen.norms import sinh_square
from ntk_theory.codegen.series import Coefficients, Sampled
from ntk_theory.special import root

_ORDER = 6
NEAR = 1 / 64
"""The largest |h|."""
_SPREAD, _POINTS = 1 / 48, 11
"""Of the interpolation in s."""


class Near(NamedTuple):
    """Of all pairs: ½|a/|a| - b/|b||² and ½ log(|a|²/|b|²), and where they are good to a last bit."""

    gap: Float[Array, "n1 n2"]
    apart: Float[Array, "n1 n2"]
    where: Bool[Array, "n1 n2"]


def near(left: Coefficients, right: Coefficients, apart: Float[Array, "n1 n2"]) -> Near:
    """For pairs of inputs whose norms are `apart` = ½ log(q₁/q₂)."""
    h = -apart
    products = _products(_derivatives(left) if left.sampled is None else _interpolated(left.sampled))
    squares = [_sum(products[k, m - k] for k in range(1, m)) / 2 for m in range(2, _ORDER + 2)]
    size = jnp.where(products[0, 0] > 0, products[0, 0], 1)
    growth = [_sum(products[k, m - k] for k in range(m + 1)) / size for m in range(_ORDER + 1)]
    logs = _log(growth)
    tiny = np.finfo(h.dtype).tiny
    reach = jnp.full_like(size, NEAR)
    for series in (squares, logs):
        last, first = jnp.abs(series[-1]), jnp.abs(series[0])
        bound = (1e3 * np.finfo(h.dtype).eps * first / jnp.maximum(last, tiny)) ** (1 / (_ORDER - 1))
        reach = jnp.minimum(reach, bound)
    shorter = jnp.clip(h, -NEAR, NEAR)
    after = -shorter * _horner(logs, shorter) / 2
    scale = root(left.size)[:, None] * root(right.size)[None, :]
    gap = shorter**2 * _horner(squares, shorter) / jnp.where(scale > 0, scale, 1) - sinh_square(after) / 2
    return Near(jnp.maximum(gap, 0), after, jnp.abs(h) < reach[:, None])


def _products(derivatives: Float[Array, "orders n terms"]) -> dict[tuple[int, int], Float[Array, "n"]]:
    """<a⁽ᵏ⁾, a⁽ˡ⁾>/(k! l!) for k and l up to `_ORDER`."""
    products = jnp.einsum("kin,lin->kli", derivatives, derivatives, precision="highest")
    return {(k, l): products[k, l] for k in range(_ORDER + 1) for l in range(_ORDER + 1)}


def _derivatives(side: Coefficients) -> Float[Array, "orders n terms"]:
    """a⁽ᵏ⁾/k! without the last coefficients, whose derivatives need the next ones."""
    a = jax.lax.stop_gradient(side.values)
    start, step = {"odd": (1, 2), "even": (0, 2), None: (0, 1)}[side.parity]
    shift, n = 2 // step, start + step * np.arange(a.shape[1])
    found = [a]
    for order in range(1, _ORDER + 1):
        n = n[:-shift]
        raised = np.sqrt((n + 1.0) * (n + 2.0)).astype(a.dtype)
        a = (n.astype(a.dtype) * a[:, :-shift] + raised * a[:, shift:]) / order
        found.append(a)
    return jnp.stack([derivative[:, : a.shape[1]] for derivative in found])


def _interpolated(sampled: Sampled) -> Float[Array, "orders n terms"]:
    """f⁽ᵏ⁾/k! at the nodes, each times the root of its weight: sums over nodes are those over coefficients."""
    s = np.cos(np.pi * np.arange(_POINTS) / (_POINTS - 1))
    to_powers = np.linalg.inv(np.vander(s, increasing=True))[: _ORDER + 1]
    to_powers /= _SPREAD ** np.arange(_ORDER + 1)[:, None]
    values = jnp.stack([jnp.concatenate(sampled.dilated(_SPREAD * float(point)), axis=-1) for point in s])
    values = jax.lax.stop_gradient(values) * jnp.asarray(np.sqrt(np.tile(sampled.weights, 2)), values.dtype)
    return jnp.einsum("ks,sin->kin", jnp.asarray(to_powers, values.dtype), values, precision="highest")


def _log(growth: list[Float[Array, "n"]]) -> list[Float[Array, "n"]]:
    """log(Σ c_m hᵐ)/h for c_0 = 1: m l_m = m c_m - Σ k l_k c_{m-k}."""
    found: list[Array] = []
    for m in range(1, len(growth)):
        found.append(growth[m] - _sum(k / m * found[k - 1] * growth[m - k] for k in range(1, m)))
    return found


def _sum(terms: Iterable[Float[Array, "n"]]) -> Float[Array, "n"]:
    return functools.reduce(jnp.add, terms, jnp.zeros(()))


def _horner(series: list[Float[Array, "n"]], h: Float[Array, "n1 n2"]) -> Float[Array, "n1 n2"]:
    total = jnp.zeros_like(h)
    for coefficient in reversed(series):
        total = total * h + coefficient[:, None]
    return total
