"""Special functions of kernels in JAX: Φ₂ by Owen's T, ₂F₁ up to its singular point, four-fold normal orthants.

Elementwise, in the precision of their arguments; constants are computed beforehand, to 30 digits.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations

import jax
import jax.numpy as jnp
import jax.scipy.special
import mpmath
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.errors import NotInClassError

_TERMS = 64
"""Power series at arguments up to 1/2: what is left is below 2⁻⁶⁴."""


@jax.custom_jvp
def root(value: Float[Array, "..."]) -> Float[Array, "..."]:
    """√value, with slope 0 at 0: at c = ±1 an angle has a cusp, and 0 is its symmetric derivative."""
    return jnp.sqrt(value)


@root.defjvp
def _root_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (value,), (step,) = primals, tangents
    result = root(value)
    positive = value > 16 * np.finfo(value.dtype).tiny
    return result, jnp.where(positive, 0.5 / jnp.where(positive, result, 1), 0) * step


def size(variance: Float[Array, "..."]) -> Float[Array, "..."]:
    """A power of two near max(1, √variance), constant when differentiated."""
    _, exponent = jnp.frexp(jnp.maximum(jax.lax.stop_gradient(jnp.sqrt(variance)), 1))
    return jnp.ldexp(jnp.ones_like(variance), exponent - 1)


def drop(first: Float[Array, "..."], second: Float[Array, "..."], gap: Float[Array, "..."]) -> Float[Array, "..."]:
    """eᵉ - eᶠ, given e, f and e - f: it neither cancels where they are close, nor overflows where one is large."""
    falling = gap > 0  # one of the two may be printed as the number 0
    size = jnp.exp(jnp.where(falling, first, second))
    return jnp.where(falling, -1, 1) * size * jnp.expm1(-jnp.abs(gap))


def unit(variance: Float[Array, "..."]) -> Float[Array, "..."]:
    """1/size(variance), exactly."""
    return 1 / size(variance)


def share(variance: Float[Array, "..."]) -> Float[Array, "..."]:
    """√variance/size(variance), below 2."""
    return root(variance) * unit(variance)


_SMOOTH, _SMOOTH_WEIGHTS = np.polynomial.legendre.leggauss(40)
_EXPONENT = 45.0
"""Densities below e⁻⁴⁵ of the largest on a piece are left out."""


def piece_mean(
    variance: Float[Array, "..."], lower: float, upper: float, f: Callable[[Array], Array]
) -> Float[Array, "..."]:
    """E[f(√q z); lower < √q z < upper] for smooth f, by Gauss's rule from the end nearer to 0 to where the density
    is gone."""
    right = _one_sided(variance, max(lower, 0.0), upper, f)
    return right + _one_sided(variance, max(-upper, 0.0), -lower, lambda t: f(-t))


def _one_sided(variance: Array, near: float, far: float, f: Callable[[Array], Array]) -> Array:
    if far <= near:
        return jnp.zeros_like(variance)
    dtype = variance.dtype
    scale = jnp.sqrt(jnp.maximum(variance, np.finfo(dtype).tiny))
    start = jnp.minimum(near / scale, 1e4)  # e^{-start²/2} is 0 long before
    reach = 2 * _EXPONENT / (jnp.sqrt(start**2 + 2 * _EXPONENT) + start)
    # the slope of ∞/√q is no number
    length = (reach if np.isinf(far) else jnp.minimum((far - near) / scale, reach))[..., None]
    nodes, weights = ((1 + _SMOOTH) / 2).astype(dtype), (_SMOOTH_WEIGHTS / np.sqrt(8 * np.pi)).astype(dtype)
    step = length * nodes
    values = jnp.broadcast_to(f(near + scale[..., None] * step), step.shape)
    density = jnp.exp(-((start[..., None] + step) ** 2) / 2)
    return jnp.sum(values * density * (length * weights), axis=-1)


def normal_tail(
    z: Float[Array, "..."], exponent: Float[Array, "..."], rest: Float[Array, "..."]
) -> Float[Array, "..."]:
    """½eᵉ erfc(z), given e and e - z²: by the scaled erfcx for z > 0."""
    like = z + exponent + rest
    return _normal_tail(*(jnp.broadcast_to(v, like.shape).astype(like.dtype) for v in (z, exponent, rest)))


@jax.custom_jvp
def _normal_tail(z: Array, exponent: Array, rest: Array) -> Array:
    right = z > 0
    scaled = jax.scipy.special.erfcx(jnp.where(right, z, 0)) * jnp.exp(jnp.where(right, rest, 0))
    plain = jax.scipy.special.erfc(jnp.where(right, 0, z)) * jnp.exp(jnp.where(right, 0, exponent))
    return jnp.where(right, scaled, plain) / 2


@_normal_tail.defjvp
def _normal_tail_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    value = _normal_tail(*primals)
    return value, value * tangents[1] - jnp.exp(primals[2]) / np.sqrt(np.pi) * tangents[0]


def bivariate_normal(
    h: Float[Array, "..."],
    k: Float[Array, "..."],
    rho: Float[Array, "..."],
    below: Float[Array, "..."],
    above: Float[Array, "..."],
) -> Float[Array, "..."]:
    """P(X < h, Y < k) by two values of T (Owen 1956, eq. 3.1), with 1 - ρ and 1 + ρ given as exactly as known.

    The slope (k/h - ρ)/√(1 - ρ²) is formed from k - h and 1 - ρ for ρ > 0, from k + h and 1 + ρ for ρ < 0:
    near ρ = ±1 and for equal thresholds all that cancels is in those differences.
    """
    # thresholds may be printed as whole numbers; the correlation never is
    return _bivariate(*jnp.broadcast_arrays(*(jnp.asarray(v, rho.dtype) for v in (h, k, rho, below, above))))


@jax.custom_jvp
def _bivariate(h: Array, k: Array, rho: Array, below: Array, above: Array) -> Array:
    across = jnp.sqrt(jnp.maximum(below * above, np.finfo(rho.dtype).tiny))

    def half(a: Float[Array, "..."], b: Float[Array, "..."]) -> Float[Array, "..."]:
        at_zero = a == 0
        safe = jnp.where(at_zero, 1, a)
        slope = jnp.where(rho > 0, (b - a) / safe + below, (b + a) / safe - above) / across
        inside = jax.scipy.special.owens_t(safe, slope)
        return jax.scipy.special.ndtr(a) / 2 - jnp.where(at_zero, jnp.sign(b) / 4, inside)

    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    both_zero = (h == 0) & (k == 0)
    value = half(h, k) + half(k, h) - jnp.where(opposite, 0.5, 0.0).astype(rho.dtype)
    return jnp.where(both_zero, 0.25 + jnp.arcsin(jnp.clip(rho, -1, 1)) / (2 * jnp.pi), value)


@_bivariate.defjvp
def _bivariate_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    """∂Φ₂/∂h = φ(h)Φ((k - ρh)/√(1 - ρ²)) and ∂Φ₂/∂ρ = φ₂(h, k; ρ), each from the differences that keep digits."""
    h, k, rho, below, above = primals
    apart = below * above > 4 * np.finfo(rho.dtype).tiny
    across = jnp.sqrt(jnp.where(apart, below * above, 1))
    gap = jnp.where(rho > 0, h - k, h + k) / across

    def density(t: Array) -> Array:
        return jnp.exp(-t * t / 2) / np.sqrt(2 * np.pi)

    def edge(a: Array, b: Array) -> Array:
        slope = jnp.where(rho > 0, b - a + below * a, b + a - above * a) / across
        return density(a) * jax.scipy.special.ndtr(jnp.where(apart, slope, jnp.sign(b - a) * 1e3))

    product = jnp.where(rho > 0, h * k / above, -h * k / jnp.where(rho > 0, 1, below))
    inside = jnp.exp(-gap * gap / 2 - product) / (2 * np.pi * across)
    steps = edge(h, k) * tangents[0] + edge(k, h) * tangents[1] + jnp.where(apart, inside, 0) * tangents[2]
    return _bivariate(*primals), steps


def quadrant(
    a: Float[Array, "..."],
    b: Float[Array, "..."],
    rho: Float[Array, "..."],
    below: Float[Array, "..."],
    above: Float[Array, "..."],
) -> Float[Array, "..."]:
    """E[e^{-aX - bY}; X > 0, Y > 0] for a, b ≥ 0, with 1 - ρ and 1 + ρ given as exactly as known.

    It is e^{Q/2} Φ₂(h, k; ρ) for h = -(a + ρb), k = -(b + ρa) and Q = a² + b² + 2ρab, which overflows and has no
    digits where it is large, and Φ₂ what erfc is to erfcx. In polar coordinates, with ρ = -cos Ψ, it is
    (2π)⁻¹ ∫ R(√Q sin t) dt over an interval of length Ψ, R(m) = ∫ r exp(-r²/2 - rm) dr: nothing cancels.
    """
    # a rate may be printed as the number 0
    return _quadrant(*jnp.broadcast_arrays(*(jnp.asarray(v, rho.dtype) for v in (a, b, rho, below, above))))


@jax.custom_jvp
def _quadrant(a: Array, b: Array, rho: Array, below: Array, above: Array) -> Array:
    across = root(below * above)
    size = jnp.sqrt((a - b) ** 2 + 2 * a * b * above)
    first, second = (
        jnp.arctan2(v * across, jnp.where(rho > 0, u + v * rho, u - v + v * above)) for u, v in ((a, b), (b, a))
    )
    quarter = np.pi / 2
    whole = 2 * jnp.arctan2(root(above), root(below))
    at_once = (second >= quarter) | (size == 0)
    left = jnp.where(first >= quarter, 0, jnp.where(at_once, whole, quarter - first))
    right = jnp.where(at_once, 0, jnp.where(first >= quarter, whole, quarter - second))
    return (_arc_integral(size, first, left) + _arc_integral(size, second, right)) / (2 * np.pi)


_GRADING = 8


def _arc_integral(size: Array, start: Array, length: Array) -> Array:
    """∫R(m sin t) dt from `start` on, by Gauss's rule in p with mt = sinh(-8 log p): at all scales from 1/m."""
    double = size.dtype == np.float64
    x, weights = np.polynomial.legendre.leggauss(32 if double else 14)
    scale = jnp.maximum(size, 1)

    def grade(t: Array) -> Array:
        return jnp.exp(-jnp.arcsinh(scale * t) / _GRADING)

    upper, lower = grade(start), grade(start + length)

    def step(total: Array, node: tuple[Array, Array]) -> tuple[Array, None]:
        p = lower + (upper - lower) * node[0]
        power = p**_GRADING
        t = (1 / power - power) / (2 * scale)
        speed = (1 / power + power) / (2 * scale) * (_GRADING / p)
        return total + node[1] * speed * _radial(size * jnp.sin(t)), None

    nodes = (jnp.asarray((1 + x) / 2, size.dtype), jnp.asarray(weights / 2, size.dtype))
    return (upper - lower) * jax.lax.scan(step, jnp.zeros_like(size), nodes)[0]


_RADIAL_SCALE = 4


@lru_cache(maxsize=1)
def _radial_coefficients() -> tuple[float, ...]:
    """Chebyshev coefficients of R(m)(1 + m/4)² in (m - 4)/(m + 4)."""
    terms = 48
    with mpmath.workdps(60):
        angles = [mpmath.pi * (2 * j + 1) / (2 * terms) for j in range(terms)]
        values = []
        for angle in angles:
            m = _RADIAL_SCALE * (1 + mpmath.cos(angle)) / (1 - mpmath.cos(angle))
            mills = mpmath.sqrt(mpmath.pi / 2) * mpmath.exp(m * m / 2) * mpmath.erfc(m / mpmath.sqrt(2))
            values.append((1 - m * mills) * (1 + m / _RADIAL_SCALE) ** 2)
        found = [
            2 * mpmath.fsum(v * mpmath.cos(n * t) for v, t in zip(values, angles, strict=True)) / terms
            for n in range(28)
        ]
        return (float(found[0] / 2), *map(float, found[1:]))


def _radial(m: Array) -> Array:
    """R(m) = 1 - m √(π/2) erfcx(m/√2), for m ≥ 0."""
    y = (m - _RADIAL_SCALE) / (m + _RADIAL_SCALE)
    value, before = jnp.zeros_like(y), jnp.zeros_like(y)
    first, *rest = _radial_coefficients()
    for coefficient in reversed(rest if m.dtype == np.float64 else rest[:14]):
        value, before = coefficient + 2 * y * value - before, value
    return (first + y * value - before) * (_RADIAL_SCALE / (m + _RADIAL_SCALE)) ** 2


@_quadrant.defjvp
def _quadrant_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    """∂/∂a by parts is (a + ρb)G - (T(bs) + ρT(as))/√(2π), with s² = 1 - ρ² and T(z) = E[e^{-zX}; X > 0]."""
    a, b, rho, below, above = primals
    value = _quadrant(*primals)
    apart = below * above > 4 * np.finfo(rho.dtype).tiny
    across = jnp.sqrt(jnp.where(apart, below * above, 1))

    def edge(rate: Array) -> Array:
        z = jnp.where(apart, rate * across, 0) / np.sqrt(2)
        return normal_tail(z, z * z, jnp.zeros_like(z)) / np.sqrt(2 * np.pi)

    first, second = edge(b), edge(a)
    in_a = (a + rho * b) * value - first - rho * second
    in_b = (b + rho * a) * value - second - rho * first
    in_rho = jnp.where(apart, a * b * value - b * first - a * second + 1 / (2 * np.pi * across), 0)
    return value, in_a * tangents[0] + in_b * tangents[1] + in_rho * tangents[2]


def hypergeometric(
    a: float, b: float, c: float, z: Float[Array, "..."], w: Float[Array, "..."]
) -> Float[Array, "..."]:
    """₂F₁(a, b; c; z) for 0 ≤ z ≤ 1 and c > a + b, with w = 1 - z given as exactly as the caller knows it.

    Below z = 1/2 by its series, above by the connection formulas in w (Abramowitz & Stegun 15.3.6, 15.3.10,
    15.3.11): A(w) + w^m (B(w) + log(w) C(w)), m = c - a - b.
    """
    near_zero, regular, singular, logarithmic = hypergeometric_series(a, b, c)
    z, w = jnp.broadcast_arrays(z, w)
    below = z < 0.5
    low = _polynomial(near_zero, jnp.where(below, z, 0.25))
    inner = jnp.where(below, 0.25, jnp.maximum(w, np.finfo(w.dtype).tiny))
    high = _polynomial(regular, inner)
    branch = _polynomial(singular, inner) + jnp.log(inner) * _polynomial(logarithmic, inner)
    return jnp.where(below, low, high + inner ** (c - a - b) * branch)


def _polynomial(coefficients: tuple[float, ...], t: Float[Array, "..."]) -> Float[Array, "..."]:
    total = jnp.zeros_like(t)
    for value in reversed(coefficients):
        total = total * t + value
    return total


@lru_cache(maxsize=64)
def hypergeometric_series(a: float, b: float, c: float) -> tuple[tuple[float, ...], ...]:
    """Coefficients of the series at z = 0, and of A, B and C at z = 1.

    Raises `NotInClassError` where they lose the digits that are needed.
    """
    with mpmath.workdps(40):
        near_zero = _terms(a, b, c)
        order = round(c - a - b)
        distance = abs(c - a - b - order)
        if any(v <= 0 and abs(v - round(v)) < 1e-14 for v in (a, b)):
            # a polynomial in z: its Taylor coefficients at z = 1, by the binomial theorem
            at_one = [
                mpmath.fsum(t * mpmath.binomial(k, j) for k, t in enumerate(near_zero)) * (-1) ** j
                for j in range(_TERMS)
            ]
            parts = [near_zero, at_one, [], []]
        elif distance < 1e-12:
            parts = [near_zero, *_logarithmic(a, b, order)]
        elif distance < 1e-3 or c - a - b < 0:
            raise NotInClassError(
                f"₂F₁({a}, {b}; {c}; z) is not compiled: c - a - b = {c - a - b} is negative, or so near a whole "
                "number that its two parts cancel."
            )
        else:
            parts = [near_zero, *_algebraic(a, b, c)]
        return tuple(tuple(map(float, part)) for part in parts)


def _terms(a: float, b: float, c: float) -> list[mpmath.mpf]:
    terms = [mpmath.mpf(1)]
    for n in range(_TERMS - 1):
        terms.append(terms[-1] * (a + n) * (b + n) / ((c + n) * (n + 1)))
    return terms


def _algebraic(a: float, b: float, c: float) -> list[list[mpmath.mpf]]:
    m = mpmath.mpf(c) - a - b
    first = mpmath.gammaprod([c, m], [c - a, c - b])
    second = mpmath.gammaprod([c, -m], [a, b])
    return [
        [first * t for t in _terms(a, b, 1 - m)],
        [second * t for t in _terms(c - a, c - b, 1 + m)],
        [],
    ]


def _logarithmic(a: float, b: float, m: int) -> list[list[mpmath.mpf]]:
    regular = []
    for n in range(m):
        term = mpmath.rf(a, n) * mpmath.rf(b, n) / (mpmath.factorial(n) * mpmath.rf(1 - m, n))
        regular.append(term * mpmath.gammaprod([m, a + b + m], [a + m, b + m]))
    scale = -((-1) ** m) * mpmath.gammaprod([a + b + m], [a, b])
    singular, logarithmic = [], []
    for n in range(_TERMS):
        term = scale * mpmath.rf(a + m, n) * mpmath.rf(b + m, n) / (mpmath.factorial(n) * mpmath.factorial(n + m))
        sums = mpmath.psi(0, a + n + m) + mpmath.psi(0, b + n + m)
        logarithmic.append(term)
        singular.append(term * (sums - mpmath.psi(0, n + 1) - mpmath.psi(0, n + m + 1)))
    return [regular, singular, logarithmic]


_ANGLES, _ANGLE_WEIGHTS = np.polynomial.legendre.leggauss(48)


def orthant(*arguments: Float[Array, "..."]) -> Float[Array, "..."]:
    """P(Z_i < h_i for all i), three thresholds h or four at zero, and their correlations ρ_12, ρ_13, …

    Plackett's integral (1954) over t from 0 to 1 of all correlations times t, with t = sin α taking out the
    root at its end, by 48 Gauss-Legendre nodes.
    """
    n = next(n for n in (3, 4) if n * (n + 1) // 2 == len(arguments))
    shaped = jnp.broadcast_arrays(*(jnp.asarray(v, arguments[-1].dtype) for v in arguments))
    h, rho = shaped[:n], dict(zip(combinations(range(n), 2), shaped[n:], strict=True))
    angles = np.pi / 4 * (1 + _ANGLES)
    nodes = np.sin(angles), np.pi / 4 * _ANGLE_WEIGHTS * np.cos(angles)

    def step(total: Array, node: tuple[Array, ...]) -> tuple[Array, None]:
        scaled = {pair: node[0] * r for pair, r in rho.items()}
        return total + node[1] * sum(r * _slope(h, scaled, *pair) for pair, r in rho.items()), None

    # a loop and not 48 copies: a kernel holds several of these
    zero = jnp.zeros_like(shaped[0])
    total, _ = jax.lax.scan(step, zero, tuple(jnp.asarray(v, zero.dtype) for v in nodes))
    start = jnp.ones_like(total)
    for threshold in h:
        start = start * jax.scipy.special.ndtr(threshold)
    return start + total


def _slope(
    h: list[Float[Array, "..."]], rho: dict[tuple[int, int], Float[Array, "..."]], i: int, j: int
) -> Float[Array, "..."]:
    """∂P/∂ρ_ij = φ₂(h_i, h_j; ρ_ij) P(rest | Z_i = h_i, Z_j = h_j)."""
    r = rho[i, j]
    spread = jnp.maximum((1 - r) * (1 + r), np.finfo(r.dtype).tiny)
    square = h[i] ** 2 - 2 * r * h[i] * h[j] + h[j] ** 2
    density = jnp.exp(-square / (2 * spread)) / (2 * jnp.pi * jnp.sqrt(spread))
    rest = [k for k in range(len(h)) if k not in (i, j)]
    sides = {k: (rho[min(i, k), max(i, k)], rho[min(j, k), max(j, k)]) for k in rest}
    weights = {k: ((a - r * b) / spread, (b - r * a) / spread) for k, (a, b) in sides.items()}

    def covariance(k: int, l: int) -> Float[Array, "..."]:
        plain = 1 if k == l else rho[k, l]
        return plain - weights[k][0] * sides[l][0] - weights[k][1] * sides[l][1]

    scales = {k: jnp.sqrt(jnp.maximum(covariance(k, k), np.finfo(r.dtype).tiny)) for k in rest}
    left = [(h[k] - weights[k][0] * h[i] - weights[k][1] * h[j]) / scales[k] for k in rest]
    if len(rest) == 1:
        return density * jax.scipy.special.ndtr(left[0])
    among = covariance(rest[0], rest[1]) / (scales[rest[0]] * scales[rest[1]])
    # four thresholds are at zero, and what is left is Sheppard's quadrant
    return density * (0.25 + jnp.arcsin(jnp.clip(among, -1, 1)) / (2 * jnp.pi))
