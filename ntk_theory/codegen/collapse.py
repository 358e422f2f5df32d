"""A whole network as two functions of the angle between inputs, c(θ) and Θ(θ)/√(ΘΘ), whatever its depth.

Where the map of a pair depends on c alone (homogeneous φ without bias, or inputs of one norm), both are fitted by
Chebyshev series in t = θ(π + s)/(π(θ + s)): deep networks vary fast near θ = 0, on a scale s that is chosen for
the shortest series. `error` is the largest difference from the layer-by-layer map on other points.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen.state import arc

Profile = Callable[[np.ndarray, float, float], tuple[np.ndarray, np.ndarray]]
SCALES = (1e3, 4.0, 1.0, 0.3, 0.1, 0.03, 0.01)
TOLERANCE = {"float64": 2e-15, "float32": 2e-8}
MOST = {"float64": 96, "float32": 48}
ACCURATE = {"float64": 1e-13, "float32": 2e-7}
_NODES = 256
_OTHER_NORMS = ((0.5, 0.5), (0.25, 3.0))


@dataclass(frozen=True)
class Series:
    """Σ a_n T_n(2t - 1) for c and for Θ/√(ΘΘ)."""

    scale: float
    nngp: tuple[float, ...]
    ntk: tuple[float, ...]
    error: float


@dataclass(frozen=True)
class Collapse:
    """A series for either precision."""

    series: dict[str, Series]

    def __call__(self, fold: Float[Array, "n1 n2"]) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"]]:
        """c and Θ/√(ΘΘ)."""
        chosen = self.series[str(fold.dtype)]
        small = arc(jnp.abs(fold))
        angle = jnp.where(fold >= 0, small, np.pi - small)
        y = 2 * (1 + chosen.scale / np.pi) * angle / (angle + chosen.scale) - 1
        return clenshaw(chosen.nngp, y), clenshaw(chosen.ntk, y)


def collapse(profile: Profile, norms: tuple[tuple[float, float], ...] = _OTHER_NORMS) -> Collapse | None:
    """The series of `profile`(folds, q1, q2) at variances 1, or None where it is no short series, or another at
    other `norms`."""
    points = np.linspace(0, np.pi, 97)
    values = np.stack(profile(_folded(points), 1.0, 1.0))
    if not np.all(np.isfinite(values)):
        return None
    for q1, q2 in norms:
        if np.max(np.abs(np.stack(profile(_folded(points), q1, q2)) - values)) > 1e-12:
            return None
    found: dict[str, Series] = {}
    fits = [_fit(profile, scale) for scale in SCALES]
    for key, tolerance in TOLERANCE.items():
        cuts = [(_cut(nngp, tolerance), _cut(ntk, tolerance)) for nngp, ntk in fits]
        best = min(range(len(SCALES)), key=lambda k: len(cuts[k][0]) + len(cuts[k][1]))
        nngp, ntk = cuts[best]
        t = 2 * points * (1 + SCALES[best] / np.pi) / (points + SCALES[best]) - 1
        evaluated = np.stack([np.polynomial.chebyshev.chebval(t, side) for side in (nngp, ntk)])
        error = float(np.max(np.abs(evaluated - values)))
        if max(len(nngp), len(ntk)) > MOST[key] or error > ACCURATE[key]:
            return None
        found[key] = Series(SCALES[best], tuple(nngp), tuple(ntk), error)
    return Collapse(found)


def clenshaw(coefficients: tuple[float, ...], y: Float[Array, "..."]) -> Float[Array, "..."]:
    """Σ a_n T_n(y)."""
    twice = 2 * y
    last, before = jnp.zeros_like(y), jnp.zeros_like(y)
    for coefficient in coefficients[:0:-1]:
        last, before = twice * last + (jnp.asarray(coefficient, y.dtype) - before), last
    return y * last + (jnp.asarray(coefficients[0], y.dtype) - before)


def _fit(profile: Profile, scale: float) -> tuple[np.ndarray, np.ndarray]:
    odd = 2 * np.arange(_NODES) + 1
    angles = np.pi * odd / (2 * _NODES)
    t = np.cos(angles / 2) ** 2
    theta = t * scale * np.pi / (np.pi + scale - t * np.pi)
    values = profile(_folded(theta), 1.0, 1.0)
    turns = np.outer(np.arange(_NODES), odd) % (4 * _NODES)  # whole turns taken off before they cost digits
    basis = np.cos(np.pi * turns / (2 * _NODES)) * 2 / _NODES
    basis[0] /= 2
    return basis @ values[0], basis @ values[1]


def _folded(angle: np.ndarray) -> np.ndarray:
    small = np.minimum(angle, np.pi - angle)
    return np.where(angle <= np.pi / 2, 1.0, -1.0) * np.maximum(2 * np.sin(small / 2) ** 2, 1e-300)


def _cut(coefficients: np.ndarray, tolerance: float) -> np.ndarray:
    kept = np.nonzero(np.abs(coefficients) > tolerance * np.max(np.abs(coefficients)))[0]
    return coefficients[: kept[-1] + 1]
