"""Kernels learned from data: σ_w, σ_b, the noise and the depth of the largest evidence (type II likelihood).

y = f(X) + ε with f ~ GP(0, K) and ε ~ N(0, σ²): log p(y | σ_w, σ_b, σ²) and its slopes (Rasmussen & Williams 2006,
eqs. 2.30 and 5.9), those of K by the derived K̇ and V′ through `Network.scaled_kernel_fn`. SciPy's L-BFGS-B climbs
in the logarithms of the three, for each depth from each start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float
from scipy.optimize import minimize
from sympy import Expr

from ntk_theory.activation import Activation
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import Network, mlp

NAMES = ("W_std", "b_std", "noise")
BOUNDS = {"W_std": (0.02, 50.0), "b_std": (1e-4, 50.0), "noise": (1e-8, 1e2)}
"""Where they are searched; the noise in units of the targets' mean square."""


@dataclass(frozen=True)
class LearnedKernel:
    """The network of the largest evidence, its noise σ², and how the search went.

    `slope` is the largest |∂ log p/∂ log θ| at the end among the numbers off their bounds, `at_bound` names those
    on them, `by_depth` has the best log evidence of each depth, `evaluations` counts evidences with slopes.
    """

    network: Network
    depth: int
    W_std: float
    b_std: float
    noise: float
    log_evidence: float
    slope: float
    at_bound: tuple[str, ...]
    by_depth: dict[int, float]
    evaluations: int


def learn_kernel(
    what: str | Expr | Activation,
    x: Float[ArrayLike, "n features"],
    y: Float[ArrayLike, "n *outputs"],
    *,
    depth: int | Sequence[int] = 2,
    W_std: float = 2**0.5,
    b_std: float = 0.1,
    noise: float | None = None,
    kernel: Literal["nngp", "ntk"] = "nngp",
    restarts: int = 0,
    seed: int = 0,
) -> LearnedKernel:
    """Learn σ_w, σ_b and σ² of a network with the activation `what`, and its depth among those given.

    `W_std`, `b_std` and `noise` (None: a tenth of the targets' mean square) are where the search starts;
    `restarts` adds starts a random factor of about 2 away, for an evidence may have several maxima.
    `kernel="ntk"` takes Θ as the covariance. Outputs are independent and share the kernel. Raises `ShapeError`,
    `DataError`, and what `kernel_fn` raises at the numbers found.
    """
    inputs, targets = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if inputs.ndim != 2 or targets.ndim not in (1, 2) or len(targets) != len(inputs) or inputs.size == 0:
        raise ShapeError(
            f"x has shape {inputs.shape}, y {targets.shape}; expected (n, features) and (n, outputs)."
        )
    if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
        raise DataError("x or y holds a number that is not finite.")
    if kernel not in ("nngp", "ntk"):
        raise DataError(f'kernel = {kernel!r} is not known: "nngp" or "ntk".')
    depths = [depth] if isinstance(depth, int) else list(depth)
    if not depths or restarts < 0:
        raise DataError(f"depth = {depth} must name at least one depth, restarts = {restarts} be at least 0.")
    size = float((targets**2).mean())
    if size == 0:
        raise DataError("All targets are zero: any small kernel fits them.")
    bounds = np.log([BOUNDS["W_std"], BOUNDS["b_std"], tuple(size * v for v in BOUNDS["noise"])])
    first = np.array([W_std, b_std, 0.1 * size if noise is None else noise])
    if not (np.isfinite(first).all() and (first > 0).all()):
        raise DataError(
            f"The search starts at W_std, b_std, noise = {first.tolist()}: all must be > 0 and finite."
        )
    rng = np.random.default_rng(seed)
    begin = [np.log(first), *(np.log(first) + rng.normal(scale=0.7, size=(restarts, 3)))]
    best: tuple[float, int, Any] | None = None
    by_depth: dict[int, float] = {}
    evaluations = 0
    for layers in depths:
        evidence = _evidence(mlp(what, depth=layers, W_std=W_std, b_std=b_std), inputs, targets, kernel)
        for start in begin:
            clipped = np.clip(start, *bounds.T)
            found = minimize(evidence, clipped, jac=True, method="L-BFGS-B", bounds=bounds)
            evaluations += found.nfev
            by_depth[layers] = max(by_depth.get(layers, -np.inf), -float(found.fun))
            if best is None or found.fun < best[0]:
                best = float(found.fun), layers, found
    if best is None or not best[0] < _HOPELESS:
        raise DataError(
            f"The evidence is not finite where the search starts, at W_std = {W_std} and b_std = {b_std}: the "
            "kernel overflows or is indefinite there. Scale the inputs to a mean square of 1, or start elsewhere."
        )
    W, b, variance = (float(v) for v in np.exp(best[2].x))
    at_bound = tuple(
        name for name, v, ends in zip(NAMES, best[2].x, bounds, strict=True) if np.abs(v - ends).min() < 1e-6
    )
    inside = [abs(float(s)) for name, s in zip(NAMES, best[2].jac, strict=True) if name not in at_bound]
    network = mlp(what, depth=best[1], W_std=W, b_std=b)
    network.kernel_fn(inputs, get=kernel)  # a series may not reach where the search has gone: then this says so
    return LearnedKernel(
        network, best[1], W, b, variance, -best[0], max(inside, default=0.0), at_bound, by_depth, evaluations
    )


_HOPELESS = 1e30


def _evidence(
    net: Network, x: Float[np.ndarray, "n features"], y: Float[np.ndarray, "n *outputs"], kernel: str
) -> Callable[[Float[np.ndarray, "3"]], tuple[float, Float[np.ndarray, "3"]]]:
    """-log p(y) and its slopes, as a function of the logarithms; a huge number where K + σ²I is not definite."""
    columns = y.reshape(len(y), -1)
    gram = net.scaled_kernel_fn.resolved(x)

    def cost(logs: Float[Array, "3"], inputs: Array, targets: Array) -> Float[Array, ""]:
        W_std, b_std, noise = jnp.exp(logs)
        covariance = gram(inputs, get=kernel, W_std=W_std, b_std=b_std) + noise * jnp.eye(len(targets))
        lower = jnp.linalg.cholesky(covariance)
        white = jax.scipy.linalg.solve_triangular(lower, targets, lower=True)
        log_determinant = 2 * jnp.log(jnp.diagonal(lower)).sum()
        entries = targets.shape[1] * (log_determinant + len(targets) * np.log(2 * np.pi))
        return 0.5 * ((white**2).sum() + entries)

    with jax.enable_x64(True):
        sloped = jax.jit(jax.value_and_grad(cost))

    def evaluate(logs: Float[np.ndarray, "3"]) -> tuple[float, Float[np.ndarray, "3"]]:
        with jax.enable_x64(True):
            value, slope = sloped(jnp.asarray(logs), x, columns)
        if not (np.isfinite(value) and np.isfinite(slope).all()):
            return _HOPELESS, np.zeros(3)
        return float(value), np.asarray(slope, np.float64)

    return evaluate
