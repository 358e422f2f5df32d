"""Claims (e) and (f): in training the NTK stays, and outputs follow the kernel's closed form.

(e) ‖Θ_t - Θ_0‖/‖Θ_0‖ falls like 1/n where φ′ is continuous (Huang & Yau 2020): its logarithm has the mean
c - log n + O(1/n), and the exponent is tested. Where φ′ jumps, a share O(1/√n) of the neurons crosses the kink,
and crossings don't cancel (neurons that are off are not pushed): then the bound O(1/√n) of Jacot, Gabriel &
Hongler 2018 and Lee et al. 2019 is what is tested.
(f) f_t = y + (I - ηΘ)^t (f_0 - y) for full-batch descent of step η on ½Σ(f - y)², each network from its own f_0:
the residual's mean, and its mean product with f_0, tend to 0 with a bias of O(1/n). A wrong Θ leaves them. Tested
is tanh(4 r)/4 of r relative to the size of y: the same limit and rate, without the tails of cubic products.
"""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from ntk_theory.layers import Nonlinearity
from ntk_theory.sampling import Paths, draw_training
from ntk_theory.verify.claims.claim import Claim, Draw
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.network import Network

STEPS = 3
_CALL = 2**17  # neurons of one call


def frozen(
    net: "Network",
    x: Float[np.ndarray, "k features"],
    theory: KernelTheory,
    *,
    y: Float[ArrayLike, "k"] | None = None,
    steps: int = STEPS,
    exponent: float | None = None,
    at_least: bool = False,
) -> Claim:
    """‖Θ_t - Θ_0‖ ~ n^-exponent over `steps` steps of descent towards y (±1 in turn where it is None).

    The exponent is 1 unless told otherwise; where φ′ jumps it is the bound ½: `at_least` says that the exponent is
    one, so that a faster fall is right too. The step is a quarter of 2/λ_max of the theory's Θ.
    """
    if exponent is None:
        kinked = any(isinstance(layer, Nonlinearity) and layer.activation.kinks for layer in net.layers)
        exponent, at_least = (0.5, True) if kinked else (1.0, at_least)
    target, step = _target(x, y), _step_size(theory)

    def estimator(paths: Paths, width: int) -> dict[str, np.ndarray]:  # noqa: ARG001
        start, end = (paths.ntk[:, record].astype(np.float64) for record in (0, -1))
        size = np.linalg.norm(start, axis=(1, 2))
        moved = np.linalg.norm(end - start, axis=(1, 2))
        return {"log ‖Θ_t - Θ_0‖/‖Θ_0‖": np.log(np.maximum(moved, 1e-30) / np.maximum(size, 1e-30))}

    return Claim(
        name="frozen",
        statement=f"in training the NTK moves by {'no more than ' if at_least else ''}O(n^-{exponent:g})",
        estimator=estimator,
        theory={"log ‖Θ_t - Θ_0‖/‖Θ_0‖": exponent},
        rate="power",
        scale={"log ‖Θ_t - Θ_0‖/‖Θ_0‖": 1.0},
        of="1",
        draw=draw_descent(target, steps, step),
        at_least=at_least,
        networks=4,
        widths=(256, 512, 1024),
        min_detectable=0.25,
    )


def training(
    net: "Network",  # noqa: ARG001
    x: Float[np.ndarray, "k features"],
    theory: KernelTheory,
    *,
    y: Float[ArrayLike, "k"] | None = None,
    steps: int = STEPS,
) -> Claim:
    """f_t - f_t^kernel(f_0) and its product with f_0 → 0 on the training inputs, relative to the size of y."""
    target, step = _target(x, y), _step_size(theory)
    decay = np.linalg.matrix_power(np.eye(len(x)) - step * theory.ntk, steps)
    size = float(np.sqrt(np.mean(target**2)))
    spread = np.sqrt(np.maximum(np.diag(theory.nngp), 1e-30))
    names = [f"f_t[{i}] - theory's" for i in range(len(x))], [f"(f_t[{i}] - theory's)·f_0" for i in range(len(x))]

    def estimator(paths: Paths, width: int) -> dict[str, np.ndarray]:  # noqa: ARG001
        start, end = (paths.outputs[:, record].astype(np.float64) for record in (0, -1))
        residual = end - (target + (start - target) @ decay.T)
        found = dict(zip(names[0], _bounded(residual / size).T, strict=True))
        return found | dict(zip(names[1], _bounded(residual / size * start / spread).T, strict=True))

    zeros = dict.fromkeys((*names[0], *names[1]), 0.0)
    return Claim(
        name="training",
        statement=f"after {steps} steps of descent, outputs are the kernel's closed form",
        estimator=estimator,
        theory=zeros,
        scale=dict.fromkeys(zeros, 1.0),
        of="the targets' size",
        draw=draw_descent(target, steps, step),
        networks=32,
        widths=(64, 128, 256),
        min_detectable=0.1,
        rounding=1e-5,
    )


def _target(x: Float[np.ndarray, "k features"], y: Float[ArrayLike, "k"] | None) -> Float[np.ndarray, "k"]:
    if y is None:
        return np.where(np.arange(len(x)) % 2, -1.0, 1.0)
    return np.asarray(y, dtype=np.float64).reshape(-1)


def _bounded(r: Float[np.ndarray, "count k"]) -> Float[np.ndarray, "count k"]:
    return np.tanh(4 * r) / 4


def _step_size(theory: KernelTheory) -> float:
    return 0.5 / float(np.linalg.eigvalsh(theory.ntk)[-1])


def draw_descent(
    target: Float[np.ndarray, "train"], steps: int, step_size: float, *, trained: int | None = None
) -> Draw:
    """Networks in training on the first `trained` inputs, all of them where None; the others are tested on."""

    def draw(net: "Network", x: Float[np.ndarray, "k features"], width: int, count: int, key: Array) -> Paths:
        each = max(1, _CALL // width)  # every number of networks is compiled anew: always the same
        keys = jax.random.split(key, -(-count // each))
        settings: dict[str, Any] = {"steps": steps, "step_size": step_size}
        if trained is not None:
            settings["x_test"] = x[trained:]
        parts = [draw_training(net, x[:trained], target, width, each, one, **settings) for one in keys]
        outputs, nngp, ntk, layers = (
            np.concatenate(pieces)[:count] for pieces in zip(*(part[:4] for part in parts), strict=True)
        )
        return Paths(outputs, nngp, ntk, layers, parts[0].steps)

    return draw
