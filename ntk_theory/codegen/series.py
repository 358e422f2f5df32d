"""Gaussian expectations without a closed form, in JAX: trapezoidal sums and Hermite (Mehler) series.

E[f(u)f(v)] = Σ_n a_n b_n cⁿ with a_n, b_n = E[f(√q z) h_n(z)] at the two variances, h_n the normalised Hermite
polynomials: coefficients per input, a polynomial per pair. The truncation error at N terms is at most
|c|ᴺ·√((E f² - Σ a_n²)(E f² - Σ b_n²)), by Cauchy-Schwarz and Parseval. The error of the trapezoidal sums shows in
E f² between the step and its double; both are reported. Where f has a kink at 0 the sums are Gauss-Legendre panels
on either side, and the coefficients, which fall like a power of n, are carried to infinity by `tails`: what is
reported then is what this leaves of E f². So are those of smooth f at the finer resolutions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen import panels
from ntk_theory.codegen.state import correlation, folded_delta, sides, signed
from ntk_theory.codegen.tails import Kink, Rule, rule
from ntk_theory.special import root

REACH = 16.0
"""h_n(z) exp(-z²/4) is bounded by about 1, so for bounded f the sums could stop at |z| = 12.5 (e⁻³⁹); 16 leaves
room for f that grow like e^{2z}."""


@dataclass(frozen=True)
class Resolution:
    """The step of the trapezoidal sums and the number of Hermite coefficients.

    The frequencies of h_n stay below √n, so a step h leaves those of f up to 2π/h - √terms without aliasing.
    """

    step: float
    terms: int


FINEST = Resolution(0.015, 1024)
"""tanh at variance 100 has e^{-0.157·387} left beyond the frequencies that step 0.015 resolves at 1024 terms, and
e^{-0.157·275} at the last degree of their tail."""

LADDER = (Resolution(0.16, 64), Resolution(0.04, 256), FINEST)
"""What is tried, the cheapest first, each a compilation; smooth f at variances of about 1 need the first alone."""

TERMS = FINEST.terms

Parity = Literal["odd", "even"] | None


@dataclass(frozen=True)
class Cut:
    """f with kinks at its knots, which has no short series, and the variances it is taken at."""

    f: Callable[..., Array]
    variance: Float[Array, "inputs"]
    knots: tuple[float, ...]


@dataclass(frozen=True)
class Sampled:
    """f at z and at -z, under the normal law: `variance` is that of f's argument."""

    f: Callable[..., Array]
    variance: Float[Array, "inputs"]
    z: Float[np.ndarray, "nodes"]
    weights: Float[np.ndarray, "nodes"]

    def dilated(self, s: float) -> tuple[Float[Array, "inputs nodes"], Float[Array, "inputs nodes"]]:
        """f(eˢ√variance z) and f(-eˢ√variance z)."""
        return _values(self.f, self.variance, np.exp(s) * self.z)


@dataclass(frozen=True)
class Coefficients:
    """Hermite coefficients of f(√q z), one row an input; of odd or even f only those that are not zero.

    `size` is E[f²]; `rest` what the coefficients leave of it, `aliasing` how far it moves between the step and its
    double, both relative to it. `tails` hold for each rule what it needs of the degrees from `terms` on,
    and where there are any `sampled` has f at the nodes of its sums.
    """

    values: Float[Array, "inputs terms"]
    parity: Parity
    size: Float[Array, "inputs"]
    rest: Float[Array, "inputs"]
    aliasing: Float[Array, "inputs"]
    terms: int
    tails: tuple[tuple[Rule, Float[Array, "inputs nodes"]], ...] = ()
    cut: Cut | None = None
    sampled: Sampled | None = None


def _cut_rule(panels: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre panels above 0, finest there: exact for f that is smooth but for a kink at 0."""
    edges = REACH * (np.arange(panels + 1) / panels) ** 1.5
    nodes, weights = np.polynomial.legendre.leggauss(20)
    halves = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + halves * (1 + nodes)).ravel(), (halves * weights).ravel()


def _panels(resolution: Resolution) -> int:
    """Enough for the last degree of a tail: 20 nodes hold a phase of 20."""
    return ceil(1.12 * sqrt(rule(0, resolution.terms).degrees[0]))


@lru_cache(maxsize=2 * len(LADDER))
def _nodes(
    resolution: Resolution, kink: Kink | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Nodes z ≥ 0, each for -z too: weights of the normal law, weighted h_n(z), h_n/d_n at each tail's degrees."""
    terms = resolution.terms
    if kink is not None:
        z, step = _cut_rule(_panels(resolution))
    else:
        z = np.arange(round(REACH / resolution.step) // 2 * 2 + 1) * resolution.step
        step = np.full(z.size, resolution.step)
        step[0] /= 2
    weights = step * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    rules = [one for one, _ in _rules(resolution, kink)]
    wanted = {n for one in rules for n in one.degrees}
    # the recursion runs on h_n·exp(-z²/4), which stays bounded where h_n alone overflows
    before, current = np.zeros_like(z), np.exp(-(z**2) / 4)
    damped = {0: current}
    for n in range(max(terms - 1, *wanted, 0)):
        before, current = current, (z * current - np.sqrt(n) * before) / np.sqrt(n + 1)
        if n + 1 < terms or n + 1 in wanted:
            damped[n + 1] = current
    density = step * np.exp(-(z**2) / 4) / np.sqrt(2 * np.pi)
    tails = tuple(np.stack([damped[n] for n in one.degrees]) * density / one.unit[:, None] for one in rules)
    return z, weights, np.stack([damped[n] for n in range(terms)]) * density, tails


def _rules(resolution: Resolution, kink: Kink | None) -> tuple[tuple[Rule, float], ...]:
    """Rules for terms of odd and of even degree, and the jumps of their orders; none for the few terms of smooth f
    that the first resolution is for."""
    if kink is None and resolution == LADDER[0]:
        return ()
    jumps = dict(kink.jumps if kink is not None else ())
    for order in (2, 3):
        if order % 2 not in {known % 2 for known in jumps}:
            jumps[order] = 0.0
    return tuple((rule(order, resolution.terms), jump) for order, jump in jumps.items())


def mean(
    f: Callable[..., Array],
    variance: Float[Array, "..."],
    resolution: Resolution = FINEST,
    kink: Kink | None = None,
) -> Float[Array, "..."]:
    """E[f(√variance z)], by the trapezoidal rule; by panels where f has kinks."""
    if kink is not None and kink.knots:
        return panels.mean(f, variance, kink.knots)
    z, weights, *_ = _nodes(resolution, kink)
    ahead, behind = _values(f, variance, z)
    return (ahead + behind) @ weights.astype(variance.dtype)


def _values(
    f: Callable[..., Array], variance: Float[Array, "..."], z: Float[np.ndarray, "nodes"]
) -> tuple[Float[Array, "... nodes"], Float[Array, "... nodes"]]:
    """f(√variance z) and f(-√variance z)."""
    points = root(variance)[..., None] * z.astype(variance.dtype)
    return jnp.broadcast_to(f(points), points.shape), jnp.broadcast_to(f(-points), points.shape)


def coefficients(
    f: Callable[..., Array],
    variance: Float[Array, "inputs"],
    parity: Parity = None,
    resolution: Resolution = FINEST,
    kink: Kink | None = None,
) -> Coefficients:
    """a_n = E[f(√variance z) h_n(z)], for f of the stated parity, which may have a `kink` at 0; f itself where it
    has kinks elsewhere."""
    if kink is not None and kink.knots:
        return _between(f, variance, kink.knots)
    z, weights, hermite, beyond = _nodes(resolution, kink)
    dtype = variance.dtype
    ahead, behind = _values(f, variance, z)
    halves = {"even": ahead + behind, "odd": ahead - behind}

    def projected(rows: Float[np.ndarray, "terms nodes"], side: str) -> Float[Array, "inputs terms"]:
        return jnp.matmul(halves[side], rows.T.astype(dtype), precision=jax.lax.Precision.HIGHEST)

    sides = ("even", "odd") if parity is None else (parity,)
    a = jnp.stack([projected(hermite[int(side == "odd") :: 2], side) for side in sides], axis=-1)
    a = a.reshape(variance.size, a.shape[1] * len(sides))
    squares = (ahead**2 + behind**2) * weights.astype(dtype)
    size = jnp.sum(squares, axis=-1)
    rest = size - jnp.sum(a**2, axis=-1)
    tails = []
    for (one, jump), rows in zip(_rules(resolution, kink), beyond, strict=True):
        if (side := "odd" if one.odd else "even") in sides:
            at_infinity = (jump * root(variance) ** one.order)[:, None]
            tails.append((one, jnp.concatenate([at_infinity, projected(rows, side)], axis=1)))
            rest = rest - tails[-1][1] ** 2 @ one.full.astype(dtype)
    if kink is not None:
        coarse, steps = _cut_rule(_panels(resolution) // 2)
        density = steps * np.exp(-(coarse**2) / 2) / np.sqrt(2 * np.pi)
        doubled = sum(v**2 for v in _values(f, variance, coarse)) @ density.astype(dtype)
    else:
        doubled = 2 * jnp.sum(squares[:, ::2], axis=-1)  # every second node, 0 among them, is a grid as well
    aliasing = jnp.abs(doubled - size)
    if resolution != FINEST and kink is None:
        aliasing = jnp.zeros_like(aliasing)  # `resolve` held it against the finest; its double is far coarser
    # what rounding alone leaves is no error of the series
    floor = 100 * np.finfo(dtype).eps * size
    rest, aliasing = (jnp.where(abs(v) > floor, v / jnp.where(size > 0, size, 1), 0) for v in (rest, aliasing))
    sampled = Sampled(f, variance, z, weights) if tails else None
    return Coefficients(a, parity, size, rest, aliasing, resolution.terms, tuple(tails), sampled=sampled)


def _between(f: Callable[..., Array], variance: Float[Array, "inputs"], knots: tuple[float, ...]) -> Coefficients:
    """f between its knots: no coefficients, E[f²], and how far Gauss's rule of a lower order is off."""
    size = panels.square(f, variance, knots)
    off = jnp.abs(panels.square(f, variance, knots, 12) - size) / jnp.where(size > 0, size, 1)
    aliasing = jnp.where(off > 100 * np.finfo(size.dtype).eps, off, 0)
    none = jnp.zeros((variance.size, 0), variance.dtype)
    return Coefficients(none, None, size, jnp.zeros_like(size), aliasing, 0, cut=Cut(f, variance, knots))


def covariance(
    left: Coefficients, right: Coefficients, fold: Float[Array, "n1 n2"]
) -> tuple[Float[Array, "n1 n2"], Float[Array, ""]]:
    """Σ a_n b_n cⁿ for all pairs, and the largest error among them, relative to √(E f² E f²)."""
    c = correlation(fold)
    if left.cut and right.cut:
        whole = panels.product(left.cut.f, left.cut.variance, right.cut.variance, fold, left.cut.knots)
        return whole, error(left, right, c)
    argument = c if left.parity is None else c * c
    step = lambda state, a, b: (state[0] * argument + a * b,)  # noqa: E731
    (total,) = _horner(left.values, right.values, (jnp.zeros_like(c),), step)
    total = total * c if left.parity == "odd" else total
    for (one, a), (_, b) in zip(left.tails, right.tails, strict=True):
        tail = (a * one.full.astype(c.dtype)) @ b.T - one.drop(a, b, fold)
        total = total + (jnp.where(fold >= 0, tail, -tail) if one.odd else tail)
    return total, error(left, right, c)


def core_fold(
    left: Coefficients,
    right: Coefficients,
    fold: Float[Array, "n1 n2"],
    gap: Callable[[Float[Array, "n1 n2"]], Float[Array, "n1 n2"]],
) -> tuple[Float[Array, "n1 n2"], Float[Array, ""]]:
    """The folded correlation of f(u) and f(v), and the largest error of 1 - |c′|.

    With â and b̂ of length 1, 1 - c′ = ½Σ(â_n - b̂_n)² + Σ â_n b̂_n (1 - cⁿ), and by parts
    Σ p_n(1 - cⁿ) = (1 - c) Σ_m cᵐ Σ_{n>m} p_n: nothing cancels but in â_n - b̂_n where norms are near, and `gap`
    makes of the first sum what it is to more digits. Of odd f the correlation at c < 0 is that at -c,
    turned round; powers of c then go by twos, 1 - c² = δγ.
    """
    lengths = [root(jnp.where(side.size > 0, side.size, 1))[:, None] for side in (left, right)]
    some = (left.size > 0)[:, None] & (right.size > 0)[None, :]
    if left.cut and right.cut:
        delta = panels.apart(
            left.cut.f, (lengths[0], lengths[1]), left.cut.variance, right.cut.variance, fold, left.cut.knots
        )
        return jnp.where(some, folded_delta(delta), 1), error(left, right, correlation(fold))
    a, b = (side.values / length for side, length in zip((left, right), lengths, strict=True))
    pair = sides(fold if left.parity is None else jnp.abs(fold))
    argument = pair.c if left.parity is None else pair.c * pair.c
    zero = jnp.zeros_like(fold)

    def step(state: tuple[Array, ...], a: Array, b: Array) -> tuple[Array, ...]:
        polynomial, tail, apart = state
        tail = tail + a * b
        return polynomial * argument + tail, tail, apart + (a - b) ** 2

    polynomial, tail, apart = _horner(a[:, 1:], b[:, 1:], (zero, zero, zero), step)
    first, second = a[:, 0][:, None], b[:, 0][None, :]
    apart = (apart + (first - second) ** 2) / 2
    drops = zero
    for (one, a), (_, b) in zip(left.tails, right.tails, strict=True):
        a, b = a / lengths[0], b / lengths[1]
        full = one.full.astype(fold.dtype)
        drop = one.drop(a, b, fold)
        if one.odd and left.parity is None:
            drop = jnp.where(fold >= 0, drop, 2 * (a * full) @ b.T - drop)
        drops = drops + drop
        apart = apart + sum(w * (a[:, k][:, None] - b[:, k][None, :]) ** 2 for k, w in enumerate(full)) / 2
    apart = gap(apart) + drops
    if left.parity is None:
        delta = apart + pair.delta * polynomial
    else:
        delta = apart + pair.delta * pair.gamma * polynomial * (pair.c if left.parity == "odd" else 1)
        if left.parity == "odd":
            delta = delta + pair.delta * (tail + first * second)
    # what the terms left out hold of E f² is taken as one term of their lowest degree: right at c = 1, and as good
    # as nothing elsewhere
    rest = (left.rest[:, None] + right.rest[None, :]) / 2
    result = folded_delta(delta + rest * (1 - jnp.abs(pair.c) ** left.terms))
    if left.parity == "odd":
        result = jnp.where(fold >= 0, result, signed(jnp.abs(result), result >= 0))
    return jnp.where(some, result, 1), error(left, right, pair.c)


def error(left: Coefficients, right: Coefficients, c: Float[Array, "n1 n2"]) -> Float[Array, ""]:
    """The largest error among all pairs, relative to √(E f² E f²)."""
    rests = root(jnp.abs(left.rest))[:, None] * root(jnp.abs(right.rest))[None, :]
    rest = rests * jnp.abs(c) ** left.terms
    aliasing = jnp.maximum(jnp.max(left.aliasing, initial=0), jnp.max(right.aliasing, initial=0))
    return jnp.maximum(jnp.max(rest, initial=0), aliasing)


_UNROLLED = 64


def _horner(
    a: Float[Array, "n1 terms"],
    b: Float[Array, "n2 terms"],
    start: tuple[Array, ...],
    step: Callable[[tuple[Array, ...], Array, Array], tuple[Array, ...]],
) -> tuple[Array, ...]:
    """`step` from the last term to the first; few terms in one fused loop, many in a scan."""
    if a.shape[1] <= _UNROLLED:
        state = start
        for n in range(a.shape[1] - 1, -1, -1):
            state = step(state, a[:, n][:, None], b[:, n][None, :])
        return state
    once = lambda state, ab: (step(state, ab[0][:, None], ab[1][None, :]), None)  # noqa: E731
    return jax.lax.scan(once, start, (a.T[::-1], b.T[::-1]), unroll=8)[0]
