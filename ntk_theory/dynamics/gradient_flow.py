"""Training on ½ Σ|f - y|² in closed form, of networks whose NTK does not move: gradient flow at unit rate.

df/dt (x) = -Θ(x, X)(f(X) - y) gives (Jacot, Gabriel & Hongler 2018; Lee et al. 2019, eqs. 8 to 11)
    f_t(x) = f_0(x) - Θ(x, X) Θ⁻¹ [I - e^{-Θt}] (f_0(X) - y),  Θ = Θ(X, X),
and over an ensemble with f_0 ~ GP(0, K) (Lee et al. 2019, eqs. 14, 15), with W_t = Θ(x, X) Θ⁻¹ [I - e^{-Θt}],
    mean = W_t y,  covariance = K(x, x′) + W_t K W_tᵀ - W_t K(X, x′) - K(x, X) W_tᵀ.
Descent in steps, with momentum or without, puts another function of Θ in the place of Θ⁻¹[I - e^{-Θt}]: see
`ntk_theory.dynamics.optimizer`. All times share one eigendecomposition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import ArrayLike, Float

from ntk_theory.dynamics.optimizer import GradientFlow, Optimizer
from ntk_theory.dynamics.spectrum import Spectrum, spectrum
from ntk_theory.errors import DataError, ShapeError

if TYPE_CHECKING:
    from ntk_theory.network import Network

FLOW = GradientFlow()
Times = float | Sequence[float] | Float[np.ndarray, "times"]


@dataclass(frozen=True)
class Prediction:
    """An ensemble's law at test points and a time: outputs are independent and share one covariance.

    For several times, `mean` and `covariance` begin with an axis of times. `condition` is the training
    Gram matrix's, `jitter` what was added to its diagonal (0 where nothing had to be).
    """

    mean: Float[np.ndarray, "..."]
    covariance: Float[np.ndarray, "*times test test"]
    t: float | Float[np.ndarray, "times"]
    condition: float
    jitter: float

    @property
    def std(self) -> Float[np.ndarray, "*times test"]:
        """The standard deviation at each test point."""
        return np.sqrt(np.maximum(np.diagonal(self.covariance, axis1=-2, axis2=-1), 0))


def predict(
    net: "Network",
    x_train: Float[ArrayLike, "train features"],
    y_train: Float[ArrayLike, "train *outputs"],
    x_test: Float[ArrayLike, "test features"] | None = None,
    *,
    t: Times = np.inf,
    get: Literal["ntk", "nngp"] = "ntk",
    optimizer: Optimizer = FLOW,
    jitter: float | None = None,
) -> Prediction:
    """The infinitely wide ensemble of `net` after gradient flow on ½Σ|f - y|² at unit rate for a time t.

    `get="ntk"`: all parameters train. `get="nngp"`: the readout alone does, so that Θ = K; at t = ∞ that is
    the Gaussian process posterior without noise. `x_test` None means the training inputs. t ≥ 0, inf too, or
    a sequence of such times. `optimizer=GradientDescent(step_size, momentum)` takes t steps in place of the
    flow. `jitter`: see `ntk_theory.dynamics.spectrum`.
    Source: Lee et al. 2019, eqs. 14 and 15. Raises `ShapeError` and `DataError`.
    """
    if get not in ("ntk", "nngp"):
        raise DataError(f'get = {get!r} is not known: "ntk" trains all parameters, "nngp" the readout.')
    train = np.asarray(x_train, np.float64)
    test = train if x_test is None else np.asarray(x_test, np.float64)
    if test.ndim != 2 or train.ndim != 2 or test.shape[1] != train.shape[1]:
        raise ShapeError(f"x_train has shape {train.shape}, x_test {test.shape}; expected (n, d) and (m, d).")
    names: tuple[str, ...] = ("nngp", "ntk") if get == "ntk" else ("nngp",)
    within = net.kernel_fn(train, get=names)
    across = within if x_test is None else net.kernel_fn(test, train, get=names)
    nngp_test = within.nngp if x_test is None else net.kernel_fn(test, get="nngp")
    return ensemble(
        ntk_train=getattr(within, get),
        ntk_test=getattr(across, get),
        nngp_train=within.nngp,
        nngp_test=across.nngp,
        nngp_prior=nngp_test,
        y=y_train,
        t=t,
        optimizer=optimizer,
        jitter=jitter,
    )


def ensemble(
    *,
    ntk_train: Float[ArrayLike, "train train"] | Spectrum,
    ntk_test: Float[ArrayLike, "test train"],
    nngp_train: Float[ArrayLike, "train train"],
    nngp_test: Float[ArrayLike, "test train"],
    nngp_prior: Float[ArrayLike, "test test"],
    y: Float[ArrayLike, "train *outputs"],
    t: Times = np.inf,
    optimizer: Optimizer = FLOW,
    jitter: float | None = None,
) -> Prediction:
    """`predict` from Gram matrices: Θ(X, X), Θ(x, X), K(X, X), K(x, X), K(x, x). Raises as it does."""
    flow = ntk_train if isinstance(ntk_train, Spectrum) else spectrum(ntk_train, jitter=jitter)
    times = _times(t)
    K, K_test, prior = (np.asarray(a, np.float64) for a in (nngp_train, nngp_test, nngp_prior))
    target = _targets(y, len(flow.eigenvalues), "y")
    n, m = K.shape[0], prior.shape[0]
    across = _across(ntk_test, flow)
    if K.shape != (len(target), n) or K_test.shape != (m, n) or across.shape != (m, n):
        raise ShapeError(
            f"The shapes do not fit: Θ(X,X) {flow.eigenvectors.shape}, Θ(x,X) {across.shape}, "
            f"K(X,X) {K.shape}, K(x,X) {K_test.shape}, K(x,x) {prior.shape}, y {target.shape}."
        )
    # rotating K once costs 4n³ operations, rotating the weights back 2mn² for each time
    many = len(times) * m > 2 * n
    if many:
        K, K_test = flow.rotate(flow.rotate(K).T), K_test @ flow.eigenvectors
    y_rotated = flow.rotate(target)
    means, covariances = [], []
    for time in times:
        weights = across * optimizer.learned(flow.eigenvalues, time)
        means.append(weights @ y_rotated)
        if not many:
            weights = weights @ flow.eigenvectors.T
        mixed = weights @ K_test.T
        covariances.append(prior + weights @ K @ weights.T - mixed - mixed.T)
    single = np.ndim(t) == 0
    return Prediction(
        mean=means[0] if single else np.stack(means),
        covariance=covariances[0] if single else np.stack(covariances),
        t=float(times[0]) if single else times,
        condition=flow.condition,
        jitter=flow.jitter,
    )


def trajectory(
    ntk_train: Float[ArrayLike, "train train"] | Spectrum,
    ntk_test: Float[ArrayLike, "test train"],
    f_0_train: Float[ArrayLike, "train *outputs"],
    f_0_test: Float[ArrayLike, "test *outputs"],
    y: Float[ArrayLike, "train *outputs"],
    t: Times,
    *,
    optimizer: Optimizer = FLOW,
) -> Float[np.ndarray, "..."]:
    """f_t(x) = f_0(x) - Θ(x, X) Θ⁻¹ [I - e^{-Θt}] (f_0(X) - y), from one network's own start f_0.

    Pass a `Spectrum` in place of Θ(X, X) to use one decomposition several times. For the path of the training
    outputs themselves, x = X. Source: Lee et al. 2019, eqs. 8 to 11. Raises `ShapeError` and `DataError`.
    """
    flow = ntk_train if isinstance(ntk_train, Spectrum) else spectrum(ntk_train)
    n = len(flow.eigenvalues)
    start, target = _targets(f_0_train, n, "f_0_train"), _targets(y, n, "y")
    across = _across(ntk_test, flow)
    start_test = _targets(f_0_test, len(across), "f_0_test")
    if start.shape != target.shape or start_test.shape[1:] != target.shape[1:]:
        raise ShapeError(
            f"f_0_train {start.shape}, f_0_test {start_test.shape}, y {target.shape}: outputs must agree."
        )
    residual = flow.rotate(start - target)
    learned = (optimizer.learned(flow.eigenvalues, time) for time in _times(t))
    path = np.stack([start_test - (across * weights) @ residual for weights in learned])
    return path[0] if np.ndim(t) == 0 else path


def _across(gram: Float[ArrayLike, "test train"], flow: Spectrum) -> Float[np.ndarray, "test train"]:
    """Θ(x, X) U."""
    matrix = np.asarray(gram, np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != len(flow.eigenvalues):
        raise ShapeError(f"Θ(x, X) has shape {matrix.shape}; expected (test points, {len(flow.eigenvalues)}).")
    if not np.isfinite(matrix).all():
        raise DataError("Θ(x, X) holds a number that is not finite. Check the inputs for NaN and overflow.")
    return matrix @ flow.eigenvectors


def _times(t: Times) -> Float[np.ndarray, "times"]:
    times = np.atleast_1d(np.asarray(t, np.float64))
    if times.ndim != 1 or np.isnan(times).any() or (times < 0).any():
        raise DataError(f"t = {t} is not a time: it must be ≥ 0 (inf included), or a sequence of such numbers.")
    return times


def _targets(values: Float[ArrayLike, "n *outputs"], n: int, name: str) -> Float[np.ndarray, "n *outputs"]:
    array = np.asarray(values, np.float64)
    if array.ndim not in (1, 2) or len(array) != n:
        raise ShapeError(f"{name} has shape {array.shape}; expected ({n},) or ({n}, outputs).")
    if not np.isfinite(array).all():
        raise DataError(
            f"{name} holds {array[~np.isfinite(array)][0]} in row {np.argwhere(~np.isfinite(array))[0][0]}."
        )
    return array
