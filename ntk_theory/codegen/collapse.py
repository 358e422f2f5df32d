"""A whole network as two functions of the angle between inputs, c(θ) and Θ(θ)/√(ΘΘ), whatever its depth.

Where the map of a pair depends on c alone (homogeneous φ without bias, or inputs of one norm), both are fitted by
Chebyshev series in t = θ(π + s)/(π(θ + s)): deep networks vary fast near θ = 0, on a scale s that is chosen for
the shortest series. `error` is the largest difference from the layer-by-layer map on other points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen.state import arc

Profile = Callable[[np.ndarray, float, float], tuple[np.ndarray, np.ndarray, float]]
"""From folded correlations and two variances to c, Θ/√(ΘΘ), and the largest error of a series among them."""
SCALES = (1e3, 4.0, 1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-6)
TOLERANCE = {"float64": 2e-15, "float32": 2e-8}
MOST = {"float64": 96, "float32": 48}
ACCURATE = {"float64": 1e-13, "float32": 2e-7}
TRUNCATION = 1e-13
_NODES = 256
_CHECKED = 97
OTHER_NORMS = ((0.5, 0.5), (0.25, 3.0))


@dataclass(frozen=True)
class Series:
    """Σ a_n T_n(2t - 1) for c and for Θ/√(ΘΘ): numbers, or entries of arrays that a program is given."""

    scale: Any
    nngp: tuple[Any, ...]
    ntk: tuple[Any, ...]
    error: float


@dataclass(frozen=True)
class Collapse:
    """A series for either precision, or for the one that has a short one."""

    series: dict[str, Series]

    def __call__(self, fold: Float[Array, "n1 n2"]) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"]]:
        """c and Θ/√(ΘΘ)."""
        chosen = self.series[str(fold.dtype)]
        small = arc(jnp.abs(fold))
        angle = jnp.where(fold >= 0, small, np.pi - small)
        y = 2 * (1 + chosen.scale / np.pi) * angle / (angle + chosen.scale) - 1
        return clenshaw(chosen.nngp, y), clenshaw(chosen.ntk, y)


def collapse(profile: Profile, q: float = 1.0, norms: tuple[tuple[float, float], ...] = ()) -> Collapse | None:
    """The series of `profile`(folds, q1, q2) at variances q, for the precisions where it is short; None where the
    profile itself is truncated, or is another at other `norms`."""
    angles = np.concatenate([np.linspace(0, np.pi, _CHECKED), *(_nodes(scale) for scale in SCALES)])
    asked = _folded(angles)  # one shape, one compilation
    *found, truncation = profile(asked, q, q)
    values = np.stack(found)
    if truncation > TRUNCATION or not np.all(np.isfinite(values)):
        return None
    for q1, q2 in norms:
        *others, _ = profile(asked, q1, q2)
        if np.max(np.abs(np.stack(others) - values)[:, :_CHECKED]) > 1e-12:
            return None
    series: dict[str, Series] = {}
    fits = [_fit(side) for side in np.split(values[:, _CHECKED:], len(SCALES), axis=1)]
    for key, tolerance in TOLERANCE.items():
        cuts = [(_cut(nngp, tolerance), _cut(ntk, tolerance)) for nngp, ntk in fits]
        best = min(range(len(SCALES)), key=lambda k: len(cuts[k][0]) + len(cuts[k][1]))
        nngp, ntk = cuts[best]
        t = 2 * angles * (1 + SCALES[best] / np.pi) / (angles + SCALES[best]) - 1
        evaluated = np.stack([np.polynomial.chebyshev.chebval(t, side) for side in (nngp, ntk)])
        error = float(np.max(np.abs(evaluated - values)))  # at the nodes of all other scales too
        if max(len(nngp), len(ntk)) <= MOST[key] and error <= ACCURATE[key]:
            series[key] = Series(SCALES[best], tuple(nngp), tuple(ntk), error)
    return Collapse(series)


def clenshaw(coefficients: tuple[Any, ...], y: Float[Array, "..."]) -> Float[Array, "..."]:
    """Σ a_n T_n(y)."""
    twice = 2 * y
    last, before = jnp.zeros_like(y), jnp.zeros_like(y)
    for coefficient in coefficients[:0:-1]:
        last, before = twice * last + (jnp.asarray(coefficient, y.dtype) - before), last
    return y * last + (jnp.asarray(coefficients[0], y.dtype) - before)


def _nodes(scale: float) -> np.ndarray:
    """The angles at which t is a Chebyshev node."""
    t = np.cos(np.pi * (2 * np.arange(_NODES) + 1) / (4 * _NODES)) ** 2
    return t * scale * np.pi / (np.pi + scale - t * np.pi)


def _fit(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chebyshev coefficients of both functions from their values at the nodes."""
    turns = np.outer(np.arange(_NODES), 2 * np.arange(_NODES) + 1) % (4 * _NODES)  # whole turns would cost digits
    basis = np.cos(np.pi * turns / (2 * _NODES)) * 2 / _NODES
    basis[0] /= 2
    return basis @ values[0], basis @ values[1]


def _folded(angle: np.ndarray) -> np.ndarray:
    small = np.minimum(angle, np.pi - angle)
    return np.where(angle <= np.pi / 2, 1.0, -1.0) * np.maximum(2 * np.sin(small / 2) ** 2, 1e-300)


def _cut(coefficients: np.ndarray, tolerance: float) -> np.ndarray:
    kept = np.nonzero(np.abs(coefficients) > tolerance * np.max(np.abs(coefficients)))[0]
    return coefficients[: kept[-1] + 1]
