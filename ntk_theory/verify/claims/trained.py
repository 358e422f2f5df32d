"""Claim (g): a trained ensemble has the kernel's mean and variance on inputs that it was not trained on.

After k steps of full-batch descent on ½Σ(f - y)² from random starts, f_t at new inputs tends to a Gaussian with
    mean = W_k y,  variance = K(x, x) + W_k K W_kᵀ - 2 W_k K(X, x),  W_k = Θ(x, X) g_k(Θ)
(Lee et al. 2019, eqs. 14 and 15, for steps), with a bias of O(1/n). Unlike (f) it takes in what the start
scatters: a wrong NNGP refutes it too.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import ArrayLike, Float

from ntk_theory.dynamics import GradientDescent, ensemble
from ntk_theory.errors import ShapeError
from ntk_theory.sampling import Paths
from ntk_theory.verify.claims.claim import Claim
from ntk_theory.verify.claims.training import draw_descent
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.network import Network

STEPS = 4


def trained(
    net: "Network",  # noqa: ARG001
    x: Float[np.ndarray, "k features"],
    theory: KernelTheory,
    *,
    y: Float[ArrayLike, "train"] | None = None,
    steps: int = STEPS,
) -> Claim:
    """Mean and variance of f_t at the inputs after the first len(y), which are trained on (None: all but one, ±1).

    The step is half of 1/λ_max of the theory's Θ. Raises `ShapeError` where no input is left to test.
    """
    target = np.where(np.arange(len(x) - 1) % 2, -1.0, 1.0) if y is None else np.asarray(y, np.float64).ravel()
    n = len(target)
    if not 0 < n < len(x):
        raise ShapeError(f"x has {len(x)} inputs and y {n} targets: at least one of each, and one input to test.")
    step_size = 0.5 / float(np.linalg.eigvalsh(theory.ntk[:n, :n])[-1])
    law = ensemble(
        ntk_train=theory.ntk[:n, :n],
        ntk_test=theory.ntk[n:, :n],
        nngp_train=theory.nngp[:n, :n],
        nngp_test=theory.nngp[n:, :n],
        nngp_prior=theory.nngp[n:, n:],
        y=target,
        t=steps,
        optimizer=GradientDescent(step_size),
    )
    mean, std = law.mean, np.maximum(law.std, 1e-15)
    names = [f"E f_t[{n + i}]" for i in range(len(mean))], [f"Var f_t[{n + i}]" for i in range(len(mean))]

    def estimator(paths: Paths, width: int) -> dict[str, np.ndarray]:  # noqa: ARG001
        away = (paths.outputs[:, -1, n:].astype(np.float64) - mean) / std
        return dict(zip(names[0], away.T, strict=True)) | dict(zip(names[1], (away**2).T, strict=True))

    predicted = dict.fromkeys(names[0], 0.0) | dict.fromkeys(names[1], 1.0)
    return Claim(
        name="trained",
        statement=f"after {steps} steps of descent, the ensemble has the kernel's mean and variance at new inputs",
        estimator=estimator,
        theory=predicted,
        scale=dict.fromkeys(predicted, 1.0),
        of="the theory's deviation (variance)",
        draw=draw_descent(target, steps, step_size, trained=n),
        networks=32,
        widths=(64, 128, 256),
        min_detectable=0.1,
        rounding=1e-5,
    )
