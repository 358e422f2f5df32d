"""How far parameters travel, and which interpolant training finds: that of the least norm.

With a kernel that does not move, θ_t - θ_0 = -Jᵀ g_t(Θ)(f_0(X) - y), J the Jacobian on the training inputs and g_t
the optimizer's (see `ntk_theory.dynamics.optimizer`). So
    |θ_t - θ_0|² = rᵀ g_t Θ g_t r = |f_t - f_0|²_H,  r = y - f_0(X),
the norm in Θ's reproducing kernel Hilbert space. At t = ∞ it is rᵀΘ⁻¹r, the least of all functions f_0 + h that
interpolate the targets (Lee et al. 2019, section 2.2): that is training's implicit bias.
"""

import numpy as np
from jaxtyping import ArrayLike, Float

from ntk_theory.dynamics.gradient_flow import FLOW, Times
from ntk_theory.dynamics.optimizer import Optimizer
from ntk_theory.dynamics.spectrum import Spectrum, spectrum
from ntk_theory.errors import DataError, ShapeError


def movement(
    ntk_train: Float[ArrayLike, "train train"] | Spectrum,
    residual: Float[ArrayLike, "train *outputs"],
    t: Times = np.inf,
    *,
    optimizer: Optimizer = FLOW,
) -> Float[np.ndarray, "..."]:
    """|θ_t - θ_0| = |f_t - f_0|_H from Θ(X, X) and r = y - f_0(X); several times give an array.

    At t = ∞ it is the norm of the interpolant of the least norm. Raises `ShapeError`, `DataError`.
    """
    flow = ntk_train if isinstance(ntk_train, Spectrum) else spectrum(ntk_train)
    r, times = np.asarray(residual, np.float64), np.atleast_1d(np.asarray(t, np.float64))
    if r.ndim not in (1, 2) or len(r) != len(flow.eigenvalues):
        raise ShapeError(f"residual has shape {r.shape}; expected ({len(flow.eigenvalues)}, outputs).")
    if not np.isfinite(r).all() or times.ndim != 1 or not (times >= 0).all():
        raise DataError(f"The residual must be finite, and t = {t} times ≥ 0.")
    energy = (flow.rotate(r) ** 2).reshape(len(r), -1).sum(axis=1)
    squares = [
        (optimizer.learned(flow.eigenvalues, float(s)) ** 2 * flow.eigenvalues * energy).sum() for s in times
    ]
    found = np.sqrt(np.array(squares))
    return found[0] if np.ndim(t) == 0 else found
