"""A whole network as two polynomials, c and Θ/√(ΘΘ), in two log variances and the angle, whatever its depth.

A pair enters a network as three numbers: log q₁, log q₂ and the angle θ. On the range that these have in the data
at hand the network is fitted in double precision, by interpolation at Chebyshev's nodes. The coordinate y along
the angle is an affine function of 1 - cos θ, or t = (θ - θ₀)(θ₁ + s)/((θ₁ - θ₀)(θ + s)): deep networks vary fast
near θ = 0, on a scale s that is chosen for the shortest polynomials. `error` is measured in the precision asked
for, on points between the nodes. Homogeneous φ without bias, and inputs of one norm, do not depend on q.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen.separable import Separable, nodes, shortest, transformed
from ntk_theory.codegen.state import arc

Profile = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, float]]
"""From variances (n,) and folded correlations (m,) to c and Θ/√(ΘΘ), shape (m, n, n), and the largest error of a
series among them. Θ is nan where there is none."""

TOLERANCE = {"float64": 2e-14, "float32": 5e-8}
ACCURATE = {"float64": 1e-13, "float32": 8e-7}
"""Relative to √(ΣΣ) and √(ΘΘ), or to five times the value, or the median, whatever is least."""
MOST = 240
"""Products in one function, beyond which the network goes layer by layer."""
TRUNCATION = 1e-13
_SCALES = (1e3, 4.0, 1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-6)
_CHUNK = 64
"""Nodes along the angle, as many at a time: one shape, one compilation."""
_MOST_NODES = 256
_NORMS: dict[str, tuple[tuple[int, float], ...]] = {
    "float64": ((13, 0.4), (21, np.inf)),
    "float32": ((7, 0.3), (13, 1.0), (21, np.inf)),
}
"""How many norms are interpolated at, and up to which half width in log q this is tried."""


@dataclass(frozen=True)
class Domain:
    """Log variances from `low` to `high`, angles from `near` to `far`."""

    low: float
    high: float
    near: float = 0.0
    far: float = float(np.pi)

    @property
    def one_norm(self) -> bool:
        return self.low == self.high

    def rounded(self) -> "Domain":
        """One of few domains that contains this one: log variances to eighths, angles to 32nds of π, and to halves
        of halves of that near 0 and π."""
        low, high = self.low, self.high
        if not self.one_norm:
            low, high = np.floor(low * 8) / 8, np.ceil(high * 8) / 8
        near, far = _below(self.near), float(np.pi) - _below(np.pi - self.far)
        return Domain(float(low), float(high), near if near < far else far - _STEP, far)


_STEP = float(np.pi) / 32
NEAR = tuple(n * _STEP for n in (1, 2, 3, 4, 6))
"""Where a domain may begin when few pairs have smaller angles: kinks, and chaos, are sharp at θ = 0."""


def _below(angle: float) -> float:
    if angle >= _STEP:
        return float(min(np.floor(angle / _STEP), 31) * _STEP)
    return float(_STEP * 2.0 ** np.floor(np.log2(angle / _STEP))) if angle > _STEP * 2**-20 else 0.0


@partial(jax.tree_util.register_dataclass, data_fields=("near", "far", "scale"), meta_fields=("by_angle",))
@dataclass(frozen=True)
class Coordinate:
    """y in [-1, 1], from the angle with its scale, or from 1 - cos θ: `near` and `far` are of the same."""

    by_angle: bool
    near: Any
    far: Any
    scale: Any

    def __call__(self, fold: Float[Array, "..."]) -> Float[Array, "..."]:
        # one rounding fewer than through the angle, or 1 - cos θ, itself
        if not self.by_angle:
            beyond = fold + jnp.where(fold >= 0, -self.near, 2 - self.near).astype(fold.dtype)
            return beyond * (2 / (self.far - self.near)) - 1
        small = arc(jnp.abs(fold))
        angle = jnp.where(fold >= 0, small, np.pi - small)
        beyond = jnp.where(fold >= 0, small - self.near, (np.pi - self.near) - small)
        return beyond * (2 * (self.far + self.scale) / (self.far - self.near)) / (angle + self.scale) - 1

    def folds(self, y: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """The folded correlations at these y."""
        t = (1 + y) / 2
        if not self.by_angle:
            delta = self.near + t * (self.far - self.near)
            return np.where(delta <= 1, np.maximum(delta, 1e-300), delta - 2)
        w = t * (self.far - self.near) / (self.far + self.scale)
        return folded((self.near + w * self.scale) / (1 - w))


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("centre", "half", "coordinate", "nngp", "ntk", "error"),
    meta_fields=(),
)
@dataclass(frozen=True)
class Collapse:
    """c and Θ/√(ΘΘ) as functions of y, u and v, with u and v (log q - `centre`)/`half`; `ntk` is None where there
    is no NTK. Its numbers may be a program's arguments."""

    centre: Any
    half: Any
    coordinate: Coordinate
    nngp: Separable
    ntk: Separable | None
    error: float = 0.0

    def __call__(
        self, fold: Float[Array, "... n1 n2"], log_q1: Float[Array, "n1"], log_q2: Float[Array, "n2"]
    ) -> tuple[Float[Array, "... n1 n2"], Float[Array, "... n1 n2"]]:
        """c and Θ/√(ΘΘ), or nan."""
        y = self.coordinate(fold)
        u, v = (((s - self.centre) / self.half).astype(fold.dtype) for s in (log_q1, log_q2))
        ntk = jnp.full_like(fold, jnp.nan) if self.ntk is None else self.ntk(y, u, v)
        return self.nngp(y, u, v), ntk

    def in_precision(self, dtype: str) -> "Collapse":
        """Its coordinate in numbers of this precision: others would promote."""
        place = self.coordinate
        numbers = [np.asarray(v, dtype) for v in (place.near, place.far, place.scale)]
        return replace(self, coordinate=Coordinate(place.by_angle, *numbers))


def collapse(profile: Profile, domain: Domain, dtype: str, has_ntk: bool = True) -> Collapse | None:
    """The network of `profile` on `domain`, to this precision; None where it has no short polynomials there, or
    where the profile itself is truncated."""
    half = (domain.high - domain.low) / 2
    for norms, widest in ((1, 0.0),) if domain.one_norm else _NORMS[dtype]:
        if half <= widest:
            whole = _interpolated(profile, domain, dtype, has_ntk, norms)
            if whole is None or whole.error <= ACCURATE[dtype]:
                return whole
    return None


def _interpolated(profile: Profile, domain: Domain, dtype: str, has_ntk: bool, norms: int) -> Collapse | None:
    """The shortest polynomials that agree at Chebyshev's nodes, so many of them in either log variance."""
    centre, half = (domain.low + domain.high) / 2, (domain.high - domain.low) / 2
    q = np.exp(centre + half * nodes(norms))

    def at(coordinate: Coordinate, count: int) -> np.ndarray | None:
        parts = [profile(q, part) for part in np.split(coordinate.folds(nodes(count)), count // _CHUNK)]
        values = np.stack([np.concatenate([part[k] for part in parts]) for k in range(1 + has_ntk)])
        exact = max(part[2] for part in parts) <= TRUNCATION and bool(np.all(np.isfinite(values)))
        return values if exact else None

    best: tuple[int, Coordinate, np.ndarray] | None = None
    for coordinate in _coordinates(domain):
        values = at(coordinate, _CHUNK)
        if values is None:
            return None
        length = max(_length(side[:, norms // 2, norms // 2], TOLERANCE[dtype]) for side in values)
        if best is None or length < best[0]:
            best = length, coordinate, values
    if best is None:
        return None
    length, coordinate, values = best
    count = _CHUNK
    while length > 0.8 * count and count < _MOST_NODES:
        count *= 2
        found = at(coordinate, count)
        if found is None:
            return None
        values, length = found, max(_length(side[:, norms // 2, norms // 2], TOLERANCE[dtype]) for side in found)
    sides = [shortest(v, _weights(v), TOLERANCE[dtype], MOST) for v in values]
    if sides[0] is None or (has_ntk and sides[1] is None):
        return None
    whole = Collapse(centre, half or 1.0, coordinate, sides[0], sides[1] if has_ntk else None)
    return replace(whole, error=_measured(whole, profile, domain, dtype, norms))


def folded(angle: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """The folded correlations at these angles."""
    small = np.minimum(angle, np.pi - angle)
    return np.where(angle <= np.pi / 2, 1.0, -1.0) * np.maximum(2 * np.sin(small / 2) ** 2, 1e-300)


def _coordinates(domain: Domain) -> list[Coordinate]:
    first, last = (float(2 * np.sin(angle / 2) ** 2) for angle in (domain.near, domain.far))
    scales = [scale for scale in _SCALES if scale > domain.near]
    return [
        Coordinate(False, first, last, 0.0),
        *(Coordinate(True, domain.near, domain.far, scale) for scale in scales),
    ]


def _length(values: Float[np.ndarray, "nodes"], tolerance: float) -> int:
    """How many Chebyshev polynomials these values need."""
    series = np.abs(transformed(values, 0))
    return int(np.flatnonzero(series >= tolerance * np.max(series))[-1]) + 1


def _weights(values: np.ndarray) -> np.ndarray:
    sizes = np.abs(values)
    return np.minimum(1, 5 * np.maximum(sizes, np.median(sizes)))


def _measured(whole: Collapse, profile: Profile, domain: Domain, dtype: str, norms: int) -> float:
    """The largest error between the nodes, in arithmetic of this precision."""
    rng = np.random.default_rng(0)
    log_q, y = rng.uniform(domain.low, domain.high, norms), rng.uniform(-1, 1, _CHUNK)
    if not domain.one_norm:
        log_q[:2] = domain.low, domain.high
    y[:2] = -1, 1
    folds = whole.coordinate.folds(y).astype(dtype)
    *exact, _ = profile(np.exp(log_q), folds.astype(np.float64))
    s = jnp.asarray(log_q)
    found = whole.in_precision(dtype)(jnp.asarray(folds)[:, None, None] + jnp.zeros((1, 1), dtype), s, s)
    sides = zip(found, exact, (whole.nngp, whole.ntk), strict=True)
    return max(
        float(np.max(np.abs(np.asarray(a, np.float64) - b) / _weights(b)))
        for a, b, side in sides
        if side is not None
    )
