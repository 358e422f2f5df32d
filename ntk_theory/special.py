"""Special functions of kernels in JAX: Φ₂ by Owen's T, ₂F₁ up to its singular point, four-fold normal orthants.

Elementwise, in the precision of their arguments; constants are computed beforehand, to 30 digits.
"""

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
