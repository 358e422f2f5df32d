"""A finite network beside its own linearization, in training: how far apart they go, against width.

f_lin(θ, x) = f(θ_0, x) + ∂f(θ_0, x)(θ - θ_0) (Lee et al. 2019, eq. 5) has the network's own start f_0 and the
constant kernel Θ_0, its own empirical NTK, so that its descent is known in closed form, step by step. What is
left between the two paths is the movement of the kernel alone: O(1/n) in width (Chizat, Oyallon & Bach 2019;
Lee et al. 2019 prove O(1/√n)).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from ntk_theory.dynamics.gradient_flow import trajectory
from ntk_theory.dynamics.optimizer import GradientDescent
from ntk_theory.dynamics.spectrum import spectrum
from ntk_theory.dynamics.training import starts, train
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import Network


def linearized(net: Network, params: Any) -> Callable[[Any, Float[Array, "batch features"]], Array]:
    """f_lin(θ, x) = f(θ_0, x) + ∂f(θ_0, x)(θ - θ_0) with θ_0 = `params`, a function of θ and a batch x."""

    def apply(theta: Any, x: Float[Array, "batch features"]) -> Float[Array, "batch out"]:
        movement = jax.tree.map(lambda a, b: a - b, theta, params)
        value, change = jax.jvp(lambda p: net.apply(p, x), (params,), (movement,))
        return value + change

    return apply


@dataclass(frozen=True)
class Linearization:
    """Paths of networks and of their linearizations at the same steps of the same size.

    `gap` is the root mean square over test points and members of their distance, at each recorded step,
    relative to the same mean of the networks' own movement f - f_0 at the last step.
    """

    width: int
    steps: Int[np.ndarray, "records"]
    step_size: float
    network: Float[np.ndarray, "members records test"]
    linear: Float[np.ndarray, "members records test"]

    @property
    def gap(self) -> Float[np.ndarray, "records"]:
        distance = np.sqrt(((self.network - self.linear) ** 2).mean(axis=(0, 2)))
        moved = np.sqrt(((self.network[:, -1] - self.network[:, 0]) ** 2).mean())
        return distance / moved


def linearization(
    net: Network,
    x_train: Float[ArrayLike, "train features"],
    y_train: Float[ArrayLike, "train"],
    x_test: Float[ArrayLike, "test features"],
    *,
    width: int,
    steps: int | Sequence[int],
    seed: int = 0,
    members: int = 4,
    step_fraction: float = 0.5,
) -> Linearization:
    """Train `members` networks of one output and, in closed form, their linearizations, on ½Σ|f - y|².

    The step is `step_fraction` · 2/λ_max of the largest member's NTK at the start, as in
    `ntk_theory.dynamics.training.train`. Raises `ShapeError`, `DataError`.
    """
    x, y, tests = (np.asarray(a, np.float32) for a in (x_train, y_train, x_test))
    if y.ndim != 1 or x.ndim != 2 or tests.ndim != 2 or len(x) != len(y) or tests.shape[1] != x.shape[1]:
        raise ShapeError(
            f"x_train {x.shape}, y_train {y.shape}, x_test {tests.shape}; expected (n, d), (n,), (m, d): "
            "the network has one output."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(tests).all()):
        raise DataError("The data hold a number that is not finite.")
    real = train(
        net,
        x,
        y[:, None],
        tests,
        seed=seed,
        width=width,
        steps=steps,
        members=members,
        step_fraction=step_fraction,
    )
    optimizer, everything = GradientDescent(real.step_size), jnp.asarray(np.concatenate([tests, x]))
    paths = []
    for member, params in enumerate(starts(net, x.shape, seed=seed, width=width, members=members)):
        kernel = np.asarray(net.empirical_ntk(params, everything, jnp.asarray(x)), np.float64)
        across, within = kernel[: len(tests)], kernel[len(tests) :]
        paths.append(
            trajectory(
                spectrum(((within + within.T) / 2).astype(np.float32)),
                across,
                real.train_outputs[member, 0, :, 0],
                real.test_outputs[member, 0, :, 0],
                y,
                real.steps,
                optimizer=optimizer,
            )
        )
    return Linearization(width, real.steps, real.step_size, real.test_outputs[..., 0], np.stack(paths))
