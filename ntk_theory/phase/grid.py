"""Depth scales over a grid of (σ_w², σ_b²) in plain floats, fast: for drawing phase diagrams only.

Nothing here is certified; `Phase.depth_scales` is, and the tests hold this against it. V and D are splines over
log q, the variance is iterated to its fixed point, and the correlation map is Σ a_n² cⁿ with the Hermite
coefficients a_n(q*) of φ, the remainder V - Σ a_n² put at the last power.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.interpolate import CubicSpline
from sympy import Expr

from ntk_theory.activation import Activation, activation
from ntk_theory.activation.arrays import on_arrays
from ntk_theory.dual import dual
from ntk_theory.errors import DataError
from ntk_theory.gaussian import GaussianMean
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.symbols import q

_NODES = np.linspace(-9.0, 9.0, 769)
_WEIGHTS = np.exp(-(_NODES**2) / 2) * (_NODES[1] - _NODES[0]) / np.sqrt(2 * np.pi)
_TERMS = 160
_SMALLEST, _LARGEST = 1e-8, 100.0
_LAYERS = 4000

RealArray = Float[ndarray, "..."]


@dataclass(frozen=True)
class DepthScaleGrid:
    """Arrays of shape (len(b_vars), len(W_vars)), as `matplotlib.contour` takes them.

    `q`: the variance that deep layers tend to from q = 1; `chi_1`; `c_star` and `chi_c`: the correlation's
    limit and the slope there; `xi_q`, `xi_c`: depth scales, inf at criticality. Where `exists` is False the
    variance grows beyond bounds: there q is inf and all others are 0.
    """

    W_vars: Float[ndarray, "W"]
    b_vars: Float[ndarray, "b"]
    exists: Bool[ndarray, "b W"]
    q: Float[ndarray, "b W"]
    chi_1: Float[ndarray, "b W"]
    c_star: Float[ndarray, "b W"]
    chi_c: Float[ndarray, "b W"]
    xi_q: Float[ndarray, "b W"]
    xi_c: Float[ndarray, "b W"]


def depth_scale_grid(
    what: str | Expr | Activation, W_vars: Sequence[float] | RealArray, b_vars: Sequence[float] | RealArray
) -> DepthScaleGrid:
    """Depth scales at all pairs of `W_vars` (σ_w²) and `b_vars` (σ_b²), in floats, for drawing.

    Raises `DataError` for negative or non-finite variances.
    """
    derived = dual(activation(what))
    W, b = np.meshgrid(_checked("W_vars", W_vars), _checked("b_vars", b_vars))
    bound = LengthMap(derived).bound
    largest = _LARGEST if bound is None else max(_LARGEST, float(W.max() * float(bound) ** 2 + b.max()))
    grid = np.geomspace(_SMALLEST, 2 * largest, 500)
    log_V = CubicSpline(np.log(grid), np.log(_values(derived.variance, derived.activation.squared, grid)))
    slopes = derived.activation.derivative.squared
    log_D = CubicSpline(np.log(grid), np.log(_values(derived.derivative_variance, slopes, grid) + 1e-300))
    fixed = np.ones_like(W)
    for _ in range(_LAYERS):
        before = fixed
        fixed = np.clip(W * np.exp(log_V(np.log(fixed))) + b, _SMALLEST, 2 * largest)
        if np.allclose(before, fixed, rtol=1e-13, atol=0):
            break
    exists = fixed < 1.99 * largest
    log_q = np.log(fixed)
    chi_parallel = W * np.exp(log_V(log_q)) / fixed * log_V(log_q, 1)
    chi_1 = W * np.exp(log_D(log_q))
    chaotic = exists & (chi_1 > 1)
    c_star, chi_c = np.ones_like(W), chi_1.copy()
    if chaotic.any():
        variance = np.exp(log_V(log_q[chaotic]))
        squares = _hermite_squares(derived.activation, fixed[chaotic], variance)
        c_star[chaotic], chi_c[chaotic] = _correlation(squares, W[chaotic], b[chaotic], fixed[chaotic])
    return DepthScaleGrid(
        W_vars=W[0],
        b_vars=b[:, 0],
        exists=exists,
        q=np.where(exists, fixed, np.inf),
        chi_1=np.where(exists, chi_1, 0.0),
        c_star=np.where(exists, c_star, 0.0),
        chi_c=np.where(exists, chi_c, 0.0),
        xi_q=np.where(exists, _scale(chi_parallel), 0.0),
        xi_c=np.where(exists, _scale(chi_c), 0.0),
    )


def _checked(name: str, values: Sequence[float] | RealArray) -> RealArray:
    array = np.asarray(values, float)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all() or (array < 0).any():
        raise DataError(f"{name} must be a list of finite variances ≥ 0, at least one; got {values!r}.")
    return array


def _values(form: Expr, squared: Activation, variances: RealArray) -> RealArray:
    """E[f(√q z)] over `variances`: by its closed form, or by quadrature."""
    if not form.has(GaussianMean):
        function = sympy.lambdify(q, form, ["numpy", "scipy"])
        return np.broadcast_to(np.asarray(function(variances), float), variances.shape)
    return on_arrays(squared)(np.sqrt(variances)[:, None] * _NODES) @ _WEIGHTS


def _hermite_squares(phi: Activation, variances: RealArray, totals: RealArray) -> RealArray:
    """a_n(q)² for n < _TERMS, and as the last entry what is missing to V(q)."""
    values = on_arrays(phi)(np.sqrt(variances)[:, None] * _NODES) * _WEIGHTS
    before, current = np.zeros_like(_NODES), np.ones_like(_NODES)
    squares = []
    for n in range(_TERMS):
        squares.append((values @ current) ** 2)
        before, current = current, (_NODES * current - np.sqrt(n) * before) / np.sqrt(n + 1)
    rest = np.maximum(totals - np.sum(squares, axis=0), 0.0)
    return np.stack([*squares, rest], axis=1)


def _correlation(
    squares: RealArray, W: RealArray, b: RealArray, variances: RealArray
) -> tuple[RealArray, RealArray]:
    """c* in [0, 1) and the slope there, by Newton's steps from 0 on a convex function."""
    powers = np.arange(squares.shape[1])

    def slope(c: RealArray) -> RealArray:
        return W / variances * np.sum(powers[1:] * squares[:, 1:] * c[:, None] ** (powers[1:] - 1), axis=1)

    c = np.zeros_like(W)
    for _ in range(60):
        excess = (W * np.sum(squares * c[:, None] ** powers, axis=1) + b) / variances - c
        c = np.clip(c + excess / np.maximum(1 - slope(c), 1e-9), 0.0, 1.0)
    return c, slope(c)


def _scale(rate: RealArray) -> RealArray:
    """-1/log|rate|; inf within 1e-12 of 1."""
    logs = np.abs(np.log(np.maximum(np.abs(rate), 1e-300)))
    return np.where(logs < 1e-12, np.inf, 1 / np.maximum(logs, 1e-12))
