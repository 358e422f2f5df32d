"""Averages over Gaussian vectors of functions with kinks: Gauss-Legendre panels, nested, cut at every kink.

z = L w with w standard normal, L lower triangular in the order of the variables. The last coordinate of w is cut
where a kink lies given the others. Seen from an outer coordinate that kink is smoothed over the width of what is
still to be integrated; around it the panels shrink down to that width.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.interpolate import make_interp_spline

Array = Float[np.ndarray, "..."]

_DEPENDENT = 1e-13  # a variance that is smaller, relative to all of the variable's, is rounding


@dataclass(frozen=True)
class Factor:
    """K = L Lᵀ for a covariance K of any rank, and the pseudo-inverse of L: w = L⁺ z."""

    L: Float[np.ndarray, "k rank"]
    inverse: Float[np.ndarray, "rank k"]


@dataclass(frozen=True)
class Grid:
    """Panels of at most `step` over |w| ≤ `reach` with `order` nodes each; `kinks` are cut for every variable."""

    kinks: tuple[float, ...]
    step: float
    reach: float
    order: int


@dataclass(frozen=True)
class Rule:
    """Nodes w, z = L w, and their weights: E f(z) ≈ Σ weights·f(z)."""

    w: Float[np.ndarray, "nodes rank"]
    z: Float[np.ndarray, "nodes k"]
    weights: Float[np.ndarray, "nodes"]


def factor(K: Float[np.ndarray, "k k"]) -> Factor:
    """The triangular factor of a positive semi-definite K. What depends on variables before it adds no column."""
    k = len(K)
    columns: list[Array] = []
    rest = np.array(K, float)
    for i in range(k):
        if rest[i, i] > _DEPENDENT * K[i, i]:
            column = rest[:, i] / np.sqrt(rest[i, i])
            column[:i] = 0.0
            rest = rest - np.outer(column, column)
            columns.append(column)
    L = np.stack(columns, axis=1) if columns else np.zeros((k, 0))
    return Factor(L, np.linalg.pinv(L, rcond=1e-15) if columns else np.zeros((0, k)))


def gaussian_rule(L: Float[np.ndarray, "k rank"], grid: Grid) -> Rule:
    """Nodes and weights for functions of z = L w that are smooth between the kinks of each variable."""
    w, weights = np.zeros((1, 0)), np.ones(1)
    for level in range(L.shape[1]):
        nodes, inner = _panels(_cuts(L, w, level, grid), grid)
        w = np.concatenate([np.repeat(w, nodes.shape[1], axis=0), nodes.reshape(-1, 1)], axis=1)
        weights = (weights[:, None] * inner).reshape(-1)
        kept = (w**2).sum(axis=1) <= grid.reach**2
        w, weights = w[kept], weights[kept]
    return Rule(w, w @ L.T, weights)


def smoothed(
    f: Callable[[Array], Array], means: Float[np.ndarray, "n"], std: float, grid: Grid
) -> Float[np.ndarray, "n"]:
    """E f(mean + std·w) for each of many means: computed on a mesh that is fine near the kinks, interpolated."""
    lowest, highest = float(means.min()), float(means.max())
    mesh = [np.linspace(lowest, highest, 400)]
    mesh += [t + std * np.linspace(-8.0, 8.0, 257) for t in grid.kinks]
    points = np.unique(np.clip(np.concatenate(mesh), lowest, highest))
    if len(points) < 6:
        points = lowest + np.linspace(0.0, 1e-6, 6)
    cuts = np.stack([(t - points) / std for t in grid.kinks], axis=1) if grid.kinks else np.zeros((len(points), 0))
    nodes, weights = _panels(cuts, grid)
    values = np.sum(f(points[:, None] + std * nodes) * weights, axis=1)
    return make_interp_spline(points, values, k=5)(means)


def _cuts(
    L: Float[np.ndarray, "k rank"], w: Float[np.ndarray, "n level"], level: int, grid: Grid
) -> Float[np.ndarray, "n cuts"]:
    """Where the coordinate `level` is cut, for each choice of those before it."""
    found = []
    for row in L:
        slope, later = abs(row[level]), float(np.linalg.norm(row[level + 1 :]))
        if later >= grid.step * slope:
            continue
        width = later / slope
        sizes = width * 2.0 ** np.arange(0, np.log2(grid.step / width)) if width else np.zeros(0)
        offsets = np.concatenate([[0.0], sizes, -sizes])
        found += [((t - w @ row[:level]) / row[level])[:, None] + offsets for t in grid.kinks]
    return np.concatenate(found, axis=1) if found else np.zeros((len(w), 0))


def _panels(
    cuts: Float[np.ndarray, "n cuts"], grid: Grid
) -> tuple[Float[np.ndarray, "n nodes"], Float[np.ndarray, "n nodes"]]:
    reach = grid.reach
    even = np.linspace(-reach, reach, int(np.ceil(2 * reach / grid.step)) + 1)
    ends = np.concatenate([np.broadcast_to(even, (len(cuts), len(even))), np.clip(cuts, -reach, reach)], axis=1)
    ends.sort(axis=1)
    half, middle = np.diff(ends, axis=1) / 2, (ends[:, 1:] + ends[:, :-1]) / 2
    points, point_weights = _legendre(grid.order)
    nodes = middle[:, :, None] + half[:, :, None] * points
    nodes = np.where(half[:, :, None] > 0, nodes, reach)  # empty panels lie on kinks, where φ′ may be infinite
    weights = half[:, :, None] * point_weights * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    return nodes.reshape(len(cuts), -1), weights.reshape(len(cuts), -1)


@lru_cache
def _legendre(order: int) -> tuple[Float[np.ndarray, "order"], Float[np.ndarray, "order"]]:
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return nodes, weights
