"""Gradient descent of very wide networks, exactly in law, without their n × n matrices.

Full-batch descent on ½ Σ_i (f(x_i) - y_i)² in the NTK parameterization: with c = σ_w/√n, features h, and
δ = ∂f/∂z of each input, a step of size η adds -η c Σ_i (f_i - y_i) δ_i h_iᵀ to a layer's W, and
-η σ_b Σ_i (f_i - y_i) δ_i to its b. A step asks of each hidden matrix W h_i and Wᵀ δ_i alone, and moves it within
what it was asked: `lazy` answers both as the trained Gaussian matrix would. The first layer is drawn in the
coordinates of the inputs' span (gradients stay in it), biases and readout in full.

k inputs and T steps cost O(n (kT)²), where explicit training costs O(n² k T).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from ntk_theory.errors import DataError, ShapeError
from ntk_theory.printing import elementwise
from ntk_theory.sampling import lazy
from ntk_theory.sampling.chain import Chain, chain_of, check_count, check_dtype, check_inputs
from ntk_theory.sampling.lazy import LazyMatrix
from ntk_theory.sampling.normals import standard_normal, threefry_key

if TYPE_CHECKING:
    from ntk_theory.network import Network

_CACHE = 2**20  # bytes of one processor's L2 cache: members of an ensemble go side by side as far as they fit
_dot = lazy._dot


class Paths(NamedTuple):
    """Trained networks, one a row, at the recorded steps; the inputs are those trained on, then the tests.

    `outputs` are the values f; `nngp`, `ntk` and `ntk_layers` are the kernels of the network as it is then, as
    `Draws` has them. Step k stands at the time k · step_size of gradient flow.
    """

    outputs: Float[np.ndarray, "members records inputs"]
    nngp: Float[np.ndarray, "members records inputs inputs"]
    ntk: Float[np.ndarray, "members records inputs inputs"]
    ntk_layers: Float[np.ndarray, "members records layers inputs inputs"]
    steps: Int[np.ndarray, "records"]


class Params(NamedTuple):
    """A network in training: the first W in the span of the inputs, the hidden ones lazily, biases, readout."""

    first: Float[Array, "n span"]
    hidden: tuple[LazyMatrix, ...]
    biases: Float[Array, "layers n"]
    readout: Float[Array, "n"]
    last_bias: Float[Array, ""]


class Passed(NamedTuple):
    """One pass of inputs: what entered each layer, and δ = ∂f/∂z of each but the readout, for each input."""

    features: tuple[Float[Array, "inputs features"], ...]
    deltas: tuple[Float[Array, "inputs n"], ...]
    outputs: Float[Array, "inputs"]


def draw_training(
    net: "Network",
    x_train: Float[Array | np.ndarray, "train features"],
    y_train: Float[ArrayLike, "train"],
    width: int,
    count: int,
    key: Array,
    *,
    steps: int | Sequence[int],
    step_size: float,
    x_test: Float[Array | np.ndarray, "test features"] | None = None,
    dtype: Any = np.float32,
) -> Paths:
    """`count` independent networks of hidden `width`, trained by gradient descent, exactly in law, as `Paths`.

    `steps` is the number of steps, or an ascending sequence of those to record; step 0, the start, always is.
    `step_size` must be below 2/λ_max of the NTK of x_train (`net.kernel_fn` tells) for the descent to go down.
    Each record asks all inputs of all layers: few records are quicker than many. Without matrices it is quicker
    than training with them where (inputs × (steps + records)) is well below the width.

    Raises `NtkTheoryError` for a network that is not Dense, Nonlinearity, …, Dense with one output;
    `DivergentExpectationError` for an activation with a jump; `ShapeError` and `DataError` for inputs, targets,
    steps or sizes that can't be used, and for a descent that leaves the finite numbers.
    """
    inputs = check_inputs(x_train)
    train = len(inputs)
    if x_test is not None:
        tests = check_inputs(x_test)
        if tests.shape[1] != inputs.shape[1]:
            raise ShapeError(
                f"x_test has {tests.shape[1]} features and x_train {inputs.shape[1]}: they must agree."
            )
        inputs = np.concatenate([inputs, tests])
    targets = _check_targets(y_train, train)
    check_count("width", width)
    check_count("count", count)
    records = _check_steps(steps)
    if not isinstance(step_size, Real) or not 0 < step_size < float("inf"):
        raise DataError(f"step_size = {step_size!r} must be positive and finite, below 2/λ_max of the NTK.")
    chain = chain_of(net)
    if not chain.activations:
        raise DataError("A network of depth 0 is linear regression: there is nothing wide in it to train.")
    kind = check_dtype(dtype)
    with jax.enable_x64(kind == np.float64):
        descend = _descender(chain, width, count, train, len(inputs), int(records[-1]), len(records), kind)
        root = jax.random.fold_in(threefry_key(key), width)
        coordinates = _coordinates(inputs).astype(kind)
        lengths = np.diff(records, prepend=0).astype(np.int32)
        drawn = descend(root, coordinates, inputs.shape[1], targets.astype(kind), step_size, lengths)
        outputs, nngp, ntk, layers = (np.asarray(part)[:count] for part in drawn)
        paths = Paths(outputs, nngp, ntk, layers, records)
    if not np.isfinite(paths.ntk).all() or not np.isfinite(paths.outputs).all():
        raise DataError(
            f"Gradient descent left the finite numbers at step_size = {step_size:g}: it must be below 2/λ_max, "
            "and one network's λ_max can be larger than the mean's. Take a smaller step or a larger width."
        )
    return paths


def _check_targets(y: Float[ArrayLike, "train"], train: int) -> Float[np.ndarray, "train"]:
    try:
        targets = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"y_train is not an array of real numbers: {error}.") from error
    if targets.shape not in ((train,), (train, 1)):
        raise ShapeError(f"y_train has shape {targets.shape}; expected ({train},), one number for each input.")
    if not np.isfinite(targets).all():
        raise DataError("y_train has entries that are not finite.")
    return targets.reshape(train)


def _check_steps(steps: int | Sequence[int]) -> Int[np.ndarray, "records"]:
    asked = list(steps) if isinstance(steps, Sequence | np.ndarray) else [steps]
    whole = all(isinstance(s, int | np.integer) and not isinstance(s, bool) and s >= 0 for s in asked)
    if not asked or not whole or asked != sorted(set(asked)):
        raise DataError(f"steps = {steps!r} must be a whole number, or several in ascending order, of at least 0.")
    return np.unique(np.array([0, *asked], np.int64))


def _coordinates(x: Float[np.ndarray, "inputs features"]) -> Float[np.ndarray, "inputs span"]:
    """The inputs in an orthonormal basis of their span: the law of W x is that of a smaller W on these."""
    return np.asarray(np.linalg.qr(x.T, mode="r")).T if x.shape[1] > len(x) else x


@lru_cache(maxsize=32)
def _descender(
    chain: Chain, width: int, count: int, train: int, inputs: int, steps: int, records: int, dtype: np.dtype[Any]
) -> Callable[..., Any]:
    """The compiled function: a key to the paths of `count` networks, and of some more that fill the last batch."""
    questions = steps * train + records * inputs
    depth = len(chain.activations)
    rows = 4 * (depth - 1) * questions + (2 * depth + 2) * inputs
    members = min(count, max(1, _CACHE // (rows * width * dtype.itemsize)))

    def all_paths(key: Array, x: Array, features: Array, y: Array, step_size: Array, lengths: Array) -> Any:
        job = _Descent(chain, x, features, y, step_size, questions)
        batches = jnp.arange(-(-count // members) * members).reshape(-1, members)
        one = jax.vmap(lambda index: _path(job, width, jax.random.fold_in(key, index), lengths))
        paths = jax.lax.map(one, batches)
        return jax.tree.map(lambda part: part.reshape(-1, *part.shape[2:]), paths)

    return jax.jit(all_paths)


class _Descent(NamedTuple):
    """What one path is asked for."""

    chain: Chain
    x: Float[Array, "inputs span"]
    features: Float[Array, ""]
    y: Float[Array, "train"]
    step_size: Float[Array, ""]
    questions: int


def _path(job: _Descent, width: int, key: Array, lengths: Int[Array, "segments"]) -> tuple[Array, ...]:
    """Outputs and kernels after each segment of steps, the first of which is empty."""

    def step(_: Array, params: Params) -> Params:
        return descend(job, *through(job, params, job.x[: len(job.y)]))

    def segment(params: Params, length: Array) -> tuple[Params, tuple[Array, ...]]:
        params, passed = through(job, jax.lax.fori_loop(0, length, step, params), job.x)
        layers = ntk_layers(job, passed)
        return params, (passed.outputs, layers[-1], layers.sum(0), layers)

    return jax.lax.scan(segment, initial(job, width, key), lengths)[1]


def initial(job: _Descent, width: int, key: Array) -> Params:
    """Standard normal parameters, the hidden matrices not asked anything yet."""
    depth, span = len(job.chain.activations), job.x.shape[1]
    wanted = span + depth + 1 + 2 * (depth - 1) * job.questions
    drawn = standard_normal(key, (wanted * width + 1,), job.x.dtype)
    rows = drawn[1:].reshape(wanted, width)
    first, biases, readout, zetas = jnp.split(rows, [span, span + depth, span + depth + 1])
    hidden = tuple(lazy.unknown(*pair) for pair in zetas.reshape(depth - 1, 2, job.questions, width))
    return Params(first.T, hidden, biases, readout[0], drawn[0])


def through(job: _Descent, params: Params, x: Float[Array, "inputs span"]) -> tuple[Params, Passed]:
    """Forward and back: the answers, and the parameters with these answers known."""
    chain = job.chain
    functions = [(elementwise(phi), elementwise(phi.derivative)) for phi in chain.activations]
    matrices, features, slopes = list(params.hidden), [x], []
    for level, (phi, slope) in enumerate(functions):
        if level == 0:
            product = _dot(x, params.first.T)
        else:
            matrices[level - 1], product = lazy.times(matrices[level - 1], features[-1])
        z = _scale(job, level, features[-1]) * product + chain.b_std[level] * params.biases[level]
        features.append(phi(z))
        slopes.append(slope(z))
    scale = _scale(job, len(functions), features[-1])
    outputs = scale * _dot(features[-1], params.readout) + chain.b_std[-1] * params.last_bias
    deltas = [scale * params.readout * slopes[-1]]
    for level in reversed(range(len(matrices))):
        transposed, product = lazy.times(matrices[level].T, deltas[0])
        matrices[level] = transposed.T
        deltas.insert(0, _scale(job, level + 1, features[level + 1]) * product * slopes[level])
    return params._replace(hidden=tuple(matrices)), Passed(tuple(features), tuple(deltas), outputs)


def descend(job: _Descent, params: Params, passed: Passed) -> Params:
    """One step down, from the pass of the inputs that are trained on."""
    chain, depth = job.chain, len(passed.deltas)
    moves = -job.step_size * (passed.outputs - job.y)
    pushed = [moves[:, None] * delta for delta in passed.deltas]
    scales = [_scale(job, level, h) for level, h in enumerate(passed.features)]
    hidden = tuple(
        lazy.add_outer(A, scales[level] * pushed[level], passed.features[level])
        for level, A in enumerate(params.hidden, start=1)
    )
    biases = jnp.stack([b_std * push.sum(0) for b_std, push in zip(chain.b_std[:depth], pushed, strict=True)])
    return Params(
        params.first + scales[0] * _dot(pushed[0].T, passed.features[0]),
        hidden,
        params.biases + biases,
        params.readout + scales[-1] * _dot(moves, passed.features[-1]),
        params.last_bias + chain.b_std[-1] * moves.sum(),
    )


def ntk_layers(job: _Descent, passed: Passed) -> Float[Array, "layers inputs inputs"]:
    """(σ_w² h·h′/n + σ_b²) ⟨δ, δ′⟩ of each layer, first layer first."""
    ones = jnp.ones((len(passed.outputs), 1), passed.outputs.dtype)
    contributions = []
    for level, (h, delta) in enumerate(zip(passed.features, [*passed.deltas, ones], strict=True)):
        gram = _scale(job, level, h) ** 2 * _dot(h, h.T) + job.chain.b_std[level] ** 2
        contributions.append(gram * _dot(delta, delta.T))
    return jnp.stack(contributions)


def _scale(job: _Descent, level: int, h: Float[Array, "inputs features"]) -> Float[Array, ""]:
    """σ_w/√n of the layer that h enters; the inputs count as many features as they had."""
    incoming = jnp.asarray(job.features if level == 0 else h.shape[1], h.dtype)
    return job.chain.W_std[level] / jnp.sqrt(incoming)
