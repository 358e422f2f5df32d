"""Full-batch gradient descent of finite networks on ½ Σ|f - y|², what the kernel theory is held against.

The step size comes from the bound 2/λ_max on the network's own NTK at its start, found by power iteration on
J Jᵀ without forming it. Step k of size η stands at the time t = kη of gradient flow. Members of an ensemble
run one after the other in one compiled loop (`lax.map`): on a processor that is faster than side by side.
Parameters are split in two, the fixed ones and those that train: all of them, or the readout's alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from ntk_theory.dynamics.optimizer import GradientDescent
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
    momentum: float = 0.0,
    readout: bool = False,
    centred: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Training:
    """Train `members` networks of hidden `width` and record their outputs, in float32.

    `steps` is the number of steps, or an ascending sequence of those to record. The step size is
    `step_fraction` · 2(1 + momentum)/λ_max, with λ_max the largest of the members' own NTKs at the start;
    `step_size`, below 2(1 + momentum)/λ_max, overrides it, for networks that are to be compared at one time.
    `momentum` is the heavy ball's (Polyak 1964). `readout` trains the last layer alone, whose kernel is the NNGP.
    `centred` trains f - f_0 in place of f (Chizat, Oyallon & Bach 2019): the flow then starts at 0 and its mean
    is the kernel's. `progress(step)` is called as each record of each member is reached.
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
    fixed = len(net.layers) - 1 if readout else 0
    steepest = jax.jit(
        lambda every: jax.lax.map(lambda one: largest_eigenvalue(net, one, inputs, fixed=fixed), every)
    )
    largest = float(steepest(params).max())
    bound = GradientDescent(1.0, momentum).largest_step(largest)
    if step_size is None:
        step_size = step_fraction * bound
    elif not 0 < step_size < bound:
        raise DataError(f"step_size = {step_size} must lie between 0 and 2(1 + momentum)/λ_max = {bound:.4g}.")
    path = _path(net, inputs, targets, tests, GradientDescent(step_size, momentum), centred, fixed, progress)
    lengths = jnp.asarray(np.diff(records))
    outputs, test_outputs = jax.jit(lambda every: jax.lax.map(lambda one: path(one, lengths), every))(params)
    result = Training(records, step_size, largest, np.asarray(outputs), np.asarray(test_outputs))
    if not np.isfinite(result.train_outputs).all():
        raise DataError(
            f"Gradient descent left the finite numbers: step {step_size:.3g} was {step_size / bound:.3g} of "
            "2(1 + momentum)/λ_max at the start. Take a smaller step_fraction or a larger width."
        )
    return result


def starts(net: Network, shape: Sequence[int], *, seed: int, width: int, members: int) -> list[Any]:
    """The parameters that `train` starts from, a member each."""
    # Drawn outside the compiled loop: the draws compile once per shape, not once per network.
    return [net.init(key, shape, width=width) for key in jax.random.split(jax.random.key(seed), members)]


def largest_eigenvalue(
    net: Network, params: Any, x: Float[Array, "batch features"], *, fixed: int = 0, iterations: int = 30
) -> Float[Array, ""]:
    """λ_max of the empirical NTK J Jᵀ over all points and outputs, from below, by power iteration.

    The parameters of the first `fixed` layers are held fixed.
    """
    forward, moving = _trainable(net, params, fixed)
    outputs, pullback = jax.vjp(lambda p: forward(p, x), moving)

    def iterate(_iteration: int, state: tuple[Array, Array]) -> tuple[Array, Array]:
        v = state[0]
        _, image = jax.jvp(lambda p: forward(p, x), (moving,), pullback(v))
        norm = jnp.linalg.norm(image)
        return image / norm, norm

    v = jnp.ones_like(outputs) / jnp.sqrt(float(outputs.size))
    # A start of equal entries alone could be orthogonal to the top eigenvector: tilt it.
    v = v * (1 + 0.5 * jnp.cos(jnp.arange(outputs.size)).reshape(outputs.shape))
    return jax.lax.fori_loop(0, iterations, iterate, (v / jnp.linalg.norm(v), jnp.zeros(())))[1]


def _trainable(net: Network, params: Any, fixed: int) -> tuple[Callable[[Any, Array], Array], Any]:
    """The network as a function of the parameters after the first `fixed` layers', and those parameters."""
    return lambda moving, x: net.apply((*params[:fixed], *moving), x), params[fixed:]


def _path(
    net: Network,
    x: Float[Array, "train features"],
    y: Float[Array, "train out"],
    x_test: Float[Array, "test features"],
    optimizer: GradientDescent,
    centred: bool,
    fixed: int,
    progress: Callable[[int], None] | None,
) -> Callable[[Any, Int[Array, "segments"]], tuple[Array, Array]]:
    """Descend segment after segment, and return the outputs before the first and after each."""

    def run(params: Any, lengths: Int[Array, "segments"]) -> tuple[Array, Array]:
        forward, moving = _trainable(net, params, fixed)

        def outputs(p: Any) -> tuple[Array, Array]:
            return forward(p, x), forward(p, x_test)

        first = outputs(moving)
        start, start_test = first if centred else (0.0, 0.0)

        def loss(p: Any) -> Float[Array, ""]:
            return 0.5 * jnp.sum((forward(p, x) - start - y) ** 2)

        def step(_: int, state: tuple[Any, Any]) -> tuple[Any, Any]:
            p, velocity = state
            slope = jax.grad(loss)(p)
            velocity = jax.tree.map(lambda v, g: optimizer.momentum * v - optimizer.step_size * g, velocity, slope)
            return jax.tree.map(jnp.add, p, velocity), velocity

        def segment(state: tuple[Any, Any, Array], length: Array) -> tuple[Any, tuple[Array, Array]]:
            p, velocity = jax.lax.fori_loop(0, length, step, state[:2])
            done = state[2] + length
            if progress is not None:
                jax.debug.callback(lambda k: progress(int(k)), done)
            return (p, velocity, done), outputs(p)

        begin = (moving, jax.tree.map(jnp.zeros_like, moving), jnp.zeros((), lengths.dtype))
        _, rest = jax.lax.scan(segment, begin, lengths)
        path, path_test = (jnp.concatenate([a[None], b]) for a, b in zip(first, rest, strict=True))
        return path - start, path_test - start_test

    return run
