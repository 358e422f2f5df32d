"""How far the NTK of a finite network moves in training, measured on networks with matrices.

The measure is ‖Θ_t - Θ_0‖_F/‖Θ_0‖_F, under full-batch gradient descent on ½Σ(f - y)² in the NTK parameterization,
with one output. The layers are alike, and so one compiled layer serves all: a network of 500 layers compiles as
fast as one of 3. Of the first layer only the part on the inputs' span is drawn: descent stays in it, and neither
outputs nor kernels see the rest.

For smooth φ it falls like 1/n (the third-order kernel is O(1/n): Huang & Yau 2020; Dyer & Gur-Ari 2020).
Where φ′ jumps it falls like n^-½ alone, as the general bound (Jacot, Gabriel & Hongler 2018; Lee et al.
2019): pre-activations move by O(n^-½), a share n^-½ of the neurons crosses the kink, and not equally both
ways, as an input pushes with the slope of the side it is on; ReLU neurons that are off are not pushed and
more turn off than on.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ntk_theory.activation import Activation
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.printing import elementwise
from ntk_theory.regime.uniform import Uniform
from ntk_theory.sampling.chain import check_count, check_inputs


class Descents(NamedTuple):
    """Networks in training, one a row, at the recorded `steps`; a descent that blew up has NaN from there on.

    `movement` is ‖Θ_t - Θ_0‖_F/‖Θ_0‖_F, `loss` the mean of (f - y)² relative to that of y; `largest_eigenvalue` is
    λ_max of Θ_0: the step size is `fraction`·2/λ_max; `outputs` are f at all inputs.
    """

    steps: Int[np.ndarray, "records"]
    movement: Float[np.ndarray, "members records"]
    loss: Float[np.ndarray, "members records"]
    largest_eigenvalue: Float[np.ndarray, "members"]
    outputs: Float[np.ndarray, "members records inputs"]
    fraction: float


class Params(NamedTuple):
    """The first W on the inputs' span, the other hidden ones, the biases of all hidden layers, the readout."""

    first: Float[Array, "n span"]
    hidden: Float[Array, "layers n n"]
    biases: Float[Array, "depth n"]
    readout: Float[Array, "n"]
    last_bias: Float[Array, ""]


def descents(
    settings: Uniform,
    x: Float[Array | np.ndarray, "m features"],
    y: Float[np.ndarray, "train"],
    *,
    width: int,
    steps: int | Sequence[int],
    members: int,
    seed: int,
    fraction: float = 0.25,
) -> Descents:
    """Train `members` networks with steps of `fraction`·2/λ_max, each by its own Θ_0; record at `steps`, 0 first.

    On the first inputs, as many as there are targets; the others are tests, whose outputs alone are looked at.
    Raises `ShapeError` and `DataError` for what can't be used.
    """
    inputs = check_inputs(x)
    targets = np.asarray(y, np.float64)
    if targets.ndim != 1 or not 1 <= len(targets) <= len(inputs):
        raise ShapeError(f"y has shape {targets.shape}; expected ({len(inputs)},), one target an input, or fewer.")
    if not (np.isfinite(targets).all() and targets.any()):
        raise DataError("y must be finite, and not 0 throughout: losses are relative to its size.")
    if not 0 < fraction < 1:
        raise DataError(f"fraction = {fraction} must lie in (0, 1): it is that of the critical step 2/λ_max.")
    check_count("width", width)
    check_count("members", members)
    records = np.unique(np.concatenate([[0], np.atleast_1d(np.asarray(steps, np.int64))]))
    span = np.asarray(np.linalg.qr(inputs.T, mode="r")).T if inputs.shape[1] > len(inputs) else inputs
    run = _descender(settings.activation, settings.depth, width, *span.shape, len(targets))
    keys = jax.random.split(jax.random.key(seed), members)
    scales = np.array([settings.W_std / np.sqrt(inputs.shape[1]), settings.W_std / np.sqrt(width), settings.b_std])
    lengths = np.diff(records, prepend=0).astype(np.int32)
    found = run(keys, *(np.asarray(a, np.float32) for a in (span, targets, scales, fraction)), lengths)
    movement, loss, outputs, largest = (np.asarray(part, np.float64) for part in found)
    broken = np.logical_or.accumulate(~np.isfinite(movement) | ~np.isfinite(loss), axis=1)
    movement, loss = (np.where(broken, np.nan, part) for part in (movement, loss))
    return Descents(records, movement, loss, largest, outputs, float(fraction))


@lru_cache(maxsize=32)
def _descender(phi: Activation, depth: int, width: int, inputs: int, span: int, train: int) -> Any:
    """The compiled function: keys, x, y, (σ_w/√n₀, σ_w/√n, σ_b), fraction, lengths of segments → paths."""
    act = elementwise(phi)

    def outputs(params: Params, x: Array, scales: Array, shift: Array) -> tuple[Array, Array]:
        """f and what enters each layer but the first; `shift` is added to all pre-activations, for gradients."""
        start = act(scales[0] * x @ params.first.T + scales[2] * params.biases[0] + shift[0])

        def layer(h: Array, here: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            W, b, moved = here
            return act(scales[1] * h @ W.T + scales[2] * b + moved), h

        h, before = jax.lax.scan(layer, start, (params.hidden, params.biases[1:], shift[1:]))
        f = scales[1] * h @ params.readout + scales[2] * params.last_bias
        return f, jnp.concatenate([before, h[None]])

    zero, zero_everywhere = (jnp.zeros((depth, m, width)) for m in (train, inputs))

    def ntk(params: Params, x: Array, scales: Array) -> Array:
        """Σ_l (σ_w² h·h′/n + σ_b²)⟨δ, δ′⟩."""
        f, back, h = jax.vjp(lambda shift: outputs(params, x, scales, shift), zero, has_aux=True)
        (delta,) = back(jnp.ones_like(f))
        first = (scales[0] ** 2 * x @ x.T + scales[2] ** 2) * (delta[0] @ delta[0].T)
        grams = scales[1] ** 2 * jnp.einsum("lin,ljn->lij", h, h) + scales[2] ** 2
        slopes = jnp.einsum("lin,ljn->lij", delta[1:], delta[1:])
        return first + (grams[:-1] * slopes).sum(0) + grams[-1]

    def path(key: Array, everywhere: Array, y: Array, scales: Array, fraction: Array, lengths: Array) -> Any:
        x = everywhere[:train]
        keys = jax.random.split(key, 5)
        shapes = ((width, span), (depth - 1, width, width), (depth, width), (width,), ())
        params = Params(*(jax.random.normal(k, s) for k, s in zip(keys, shapes, strict=True)))
        theta = ntk(params, x, scales)
        largest = jnp.linalg.eigvalsh(theta)[-1]
        step_size = fraction * 2 / largest

        def loss(params: Params) -> Array:
            return 0.5 * jnp.sum((outputs(params, x, scales, zero)[0] - y) ** 2)

        def step(_: Array, params: Params) -> Params:
            return jax.tree.map(lambda p, g: p - step_size * g, params, jax.grad(loss)(params))

        def segment(params: Params, length: Array) -> tuple[Params, tuple[Array, Array, Array]]:
            params = jax.lax.fori_loop(0, length, step, params)
            moved = jnp.linalg.norm(ntk(params, x, scales) - theta) / jnp.linalg.norm(theta)
            values = outputs(params, everywhere, scales, zero_everywhere)[0]
            return params, (moved, 2 * loss(params) / jnp.sum(y**2), values)

        return *jax.lax.scan(segment, params, lengths)[1], largest

    return jax.jit(lambda keys, *rest: jax.lax.map(lambda key: path(key, *rest), keys))
