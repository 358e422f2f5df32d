"""Full-batch gradient descent of finite networks on ½ Σ|f - y|², what the kernel theory is held against.

The step size comes from the bound 2/λ_max on the network's own NTK at its start, found by power iteration on
J Jᵀ without forming it. Step k of size η stands at the time t = kη of gradient flow. Members of an ensemble
run one after the other in one compiled loop (`lax.map`): on a processor that is faster than side by side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import Network


@dataclass(frozen=True)
class Training:
    """Paths of an ensemble: outputs at the recorded `steps` (0 is the start), and t = step · step_size."""

    steps: Int[np.ndarray, "records"]
    step_size: float
    largest_eigenvalue: float
    train_outputs: Float[np.ndarray, "members records train out"]
    test_outputs: Float[np.ndarray, "members records test out"]

    @property
    def times(self) -> Float[np.ndarray, "records"]:
        """The times of gradient flow at the recorded steps."""
        return self.steps * self.step_size


def train(
    net: Network,
    x_train: Float[ArrayLike, "train features"],
    y_train: Float[ArrayLike, "train out"],
    x_test: Float[ArrayLike, "test features"],
    *,
    seed: int,
    width: int,
    steps: int | Sequence[int],
    members: int = 1,
    step_fraction: float = 0.5,
    step_size: float | None = None,
    centred: bool = False,
) -> Training:
    """Train `members` networks of hidden `width` and record their outputs, in float32.

    `steps` is the number of steps, or an ascending sequence of those to record. The step size is
    `step_fraction` · 2/λ_max, with λ_max the largest of the members' own NTKs at the start; `step_size`, below
    2/λ_max, overrides it, for networks that are to be compared at one time. `centred` trains f - f_0 in place
    of f (Chizat, Oyallon & Bach 2019): the flow then starts at 0 and its mean is the kernel's.
    Raises `ShapeError`, and `DataError` for numbers out of range or a descent that leaves the finite numbers.
    """
    inputs, targets, tests = (jnp.asarray(a, jnp.float32) for a in (x_train, y_train, x_test))
    if targets.ndim != 2 or inputs.ndim != 2 or len(inputs) != len(targets) or tests.shape[1:] != inputs.shape[1:]:
        raise ShapeError(
            f"x_train {inputs.shape}, y_train {targets.shape}, x_test {tests.shape}; "
            "expected (n, d), (n, out), (m, d)."
        )
    if not 0 < step_fraction < 1 or members < 1:
        raise DataError(f"step_fraction = {step_fraction} must lie in (0, 1), members = {members} be at least 1.")
    records = np.unique(np.concatenate([[0], np.atleast_1d(np.asarray(steps, np.int64))]))
    if records[0] < 0:
        raise DataError(f"steps = {steps} must not be negative.")
    drawn = starts(net, inputs.shape, seed=seed, width=width, members=members)
    start = net.apply(drawn[0], inputs[:1])
    if start.shape[1] != targets.shape[1]:
        raise ShapeError(f"The network has {start.shape[1]} outputs, y_train {targets.shape[1]}: make them equal.")
    params = jax.tree.map(lambda *leaves: jnp.stack(leaves), *drawn)
    steepest = jax.jit(lambda every: jax.lax.map(lambda one: largest_eigenvalue(net, one, inputs), every))
    largest = float(steepest(params).max())
    if step_size is None:
        step_size = step_fraction * 2 / largest
    elif not 0 < step_size * largest < 2:
        raise DataError(f"step_size = {step_size} must lie between 0 and 2/λ_max = {2 / largest:.4g}.")
    path = _path(net, inputs, targets, tests, step_size, centred)
    lengths = jnp.asarray(np.diff(records))
    outputs, test_outputs = jax.jit(lambda every: jax.lax.map(lambda one: path(one, lengths), every))(params)
    result = Training(records, step_size, largest, np.asarray(outputs), np.asarray(test_outputs))
    if not np.isfinite(result.train_outputs).all():
        raise DataError(
            f"Gradient descent left the finite numbers: step {step_size:.3g} was {step_size * largest / 2:.3g} of "
            "2/λ_max at the start. Take a smaller step_fraction or a larger width."
        )
    return result


def starts(net: Network, shape: Sequence[int], *, seed: int, width: int, members: int) -> list[Any]:
    """The parameters that `train` starts from, a member each."""
    # Drawn outside the compiled loop: the draws compile once per shape, not once per network.
    return [net.init(key, shape, width=width) for key in jax.random.split(jax.random.key(seed), members)]


def largest_eigenvalue(
    net: Network, params: Any, x: Float[Array, "batch features"], *, iterations: int = 30
) -> Float[Array, ""]:
    """λ_max of the empirical NTK J Jᵀ over all points and outputs, from below, by power iteration."""
    outputs, pullback = jax.vjp(lambda p: net.apply(p, x), params)

    def iterate(_iteration: int, state: tuple[Array, Array]) -> tuple[Array, Array]:
        v = state[0]
        _, image = jax.jvp(lambda p: net.apply(p, x), (params,), pullback(v))
        norm = jnp.linalg.norm(image)
        return image / norm, norm

    v = jnp.ones_like(outputs) / jnp.sqrt(float(outputs.size))
    # A start of equal entries alone could be orthogonal to the top eigenvector: tilt it.
    v = v * (1 + 0.5 * jnp.cos(jnp.arange(outputs.size)).reshape(outputs.shape))
    return jax.lax.fori_loop(0, iterations, iterate, (v / jnp.linalg.norm(v), jnp.zeros(())))[1]


def _path(
    net: Network,
    x: Float[Array, "train features"],
    y: Float[Array, "train out"],
    x_test: Float[Array, "test features"],
    step_size: float,
    centred: bool,
) -> Callable[[Any, Int[Array, "segments"]], tuple[Array, Array]]:
    """Descend segment after segment, and return the outputs before the first and after each."""

    def outputs(params: Any) -> tuple[Array, Array]:
        return net.apply(params, x), net.apply(params, x_test)

    def run(params: Any, lengths: Int[Array, "segments"]) -> tuple[Array, Array]:
        first = outputs(params)
        start, start_test = first if centred else (0.0, 0.0)

        def loss(params: Any) -> Float[Array, ""]:
            return 0.5 * jnp.sum((net.apply(params, x) - start - y) ** 2)

        def step(_: int, params: Any) -> Any:
            return jax.tree.map(lambda p, g: p - step_size * g, params, jax.grad(loss)(params))

        def segment(params: Any, length: Array) -> tuple[Any, tuple[Array, Array]]:
            params = jax.lax.fori_loop(0, length, step, params)
            return params, outputs(params)

        _, rest = jax.lax.scan(segment, params, lengths)
        path, path_test = (jnp.concatenate([a[None], b]) for a, b in zip(first, rest, strict=True))
        return path - start, path_test - start_test

    return run
