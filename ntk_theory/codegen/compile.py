"""Frozen layers strung together: one pure JAX function from two batches of inputs to their Gram matrices.

Layers that repeat are one body under `lax.scan`, so that the time to compile does not grow with depth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ntk_theory.codegen import series
from ntk_theory.codegen.affine import affine_fold
from ntk_theory.codegen.angle import AngleMap
from ntk_theory.codegen.closed import ClosedMap
from ntk_theory.codegen.expansion import Expansion
from ntk_theory.codegen.freeze import AffineMap, FrozenLayer, freeze_layer
from ntk_theory.codegen.inputs import folds, variances
from ntk_theory.codegen.plain import plain_fold
from ntk_theory.codegen.series import FINEST, Resolution
from ntk_theory.codegen.state import DiagonalState, PairState, correlation, root, sides
from ntk_theory.layers import Layer

_Pair = tuple[DiagonalState, DiagonalState, PairState]


@dataclass(frozen=True)
class Run:
    """`body`, a few layers, `times` times one after the other."""

    body: tuple[FrozenLayer, ...]
    times: int


@dataclass(frozen=True)
class CompiledKernel:
    """The compiled network: `diagonal` for single inputs, `pairs` for all pairs of two batches.

    `source` is the text that was generated, layer by layer. `resolution` is that of the series.
    """

    layers: tuple[FrozenLayer, ...]
    resolution: Resolution = FINEST

    @property
    def source(self) -> str:
        return "\n\n".join(f"# layer {i}\n{layer.source}" for i, layer in enumerate(self.layers, 1))

    @property
    def no_ntk(self) -> str:
        """Why there is no NTK, where an activation jumps; empty where there is one."""
        return next((layer.no_ntk for layer in self.layers if layer.no_ntk), "")

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The layers with their repetitions found."""
        return repetitions(self.layers)

    def diagonal(self, x: Float[Array, "n features"]) -> DiagonalState:
        """The final q = Σ(x, x) and Θ(x, x) of each input."""
        q = variances(x)
        step = lambda layer, state: self._diagonal_step(layer, state)  # noqa: E731
        return _through(self.runs, step, DiagonalState(q, jnp.zeros_like(q)))

    def symmetric(
        self, x: Float[Array, "n features"]
    ) -> tuple[Float[Array, "n n"], Float[Array, "n n"], Float[Array, ""]]:
        """Σ and Θ of all pairs of one batch; the diagonal comes from the map of single inputs, not through c."""
        nngp, ntk, truncation = self.pairs(x, x, same=True)
        single = self.diagonal(x)
        nngp = jnp.fill_diagonal(nngp, single.q, inplace=False)
        return nngp, jnp.fill_diagonal(ntk, single.ntk, inplace=False), truncation

    def pairs(
        self, x1: Float[Array, "n1 features"], x2: Float[Array, "n2 features"], *, same: bool = False
    ) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, ""]]:
        """Σ and Θ of all pairs, and the largest error of a series, relative to √(E f² E f²).

        Where x2 is the `same` as x1 the pairs on the diagonal are not wanted: they are carried as uncorrelated and
        bound no error.
        """
        left, right, state = self.states(x1, x2, same=same)
        scale = root(left.q)[:, None] * root(right.q)[None, :]
        return correlation(state.fold) * scale, state.ntk, state.truncation

    def states(
        self, x1: Float[Array, "n1 features"], x2: Float[Array, "n2 features"], *, same: bool = False
    ) -> tuple[DiagonalState, DiagonalState, PairState]:
        """The final states of the inputs of either batch, and of all pairs."""
        fold = folds(x1, x2)
        if same:
            fold = jnp.fill_diagonal(fold, 1, inplace=False)
        left, right = (DiagonalState(q, jnp.zeros_like(q)) for q in (variances(x1), variances(x2)))
        state = PairState(fold, jnp.zeros_like(fold), jnp.zeros((), fold.dtype))

        def step(layer: FrozenLayer, states: _Pair) -> _Pair:
            left, right, pair = states
            after = self._diagonal_step(layer, left), self._diagonal_step(layer, right)
            pair = self._pair_step(layer, pair, left, right, *after)
            if same:
                pair = pair._replace(fold=jnp.fill_diagonal(pair.fold, 1, inplace=False))
            return *after, pair

        return _through(self.runs, step, (left, right, state))

    def _diagonal_step(self, layer: FrozenLayer, state: DiagonalState) -> DiagonalState:
        means = [
            series.mean(node.integrand.function, node.variance.function(state.q), self.resolution)
            for node in layer.means
        ]
        values = layer.diagonal.function(state.q, state.ntk, layer.sigma_w, layer.sigma_b, *means)
        return DiagonalState(*(jnp.broadcast_to(v, state.q.shape).astype(state.q.dtype) for v in values))

    def _pair_step(
        self,
        layer: FrozenLayer,
        state: PairState,
        left: DiagonalState,
        right: DiagonalState,
        left_after: DiagonalState,
        right_after: DiagonalState,
    ) -> PairState:
        truncation = state.truncation
        expectations = []
        for node in layer.covariances:
            f, variance = node.integrand.function, node.variance.function
            a, b = (
                series.coefficients(f, variance(side.q), node.parity, self.resolution) for side in (left, right)
            )
            value, error = series.covariance(a, b, state.fold)
            truncation = jnp.maximum(truncation, error)
            expectations.append(value)

        def printed(function: Any, fold: Array) -> Array:
            value = function(
                left.q[:, None], right.q[None, :], *sides(fold), state.ntk, layer.sigma_w, layer.sigma_b,
                *expectations,
            )  # fmt: skip
            return jnp.broadcast_to(value, fold.shape).astype(fold.dtype)

        ntk = printed(layer.ntk.function, state.fold)
        chosen = layer.folds
        if isinstance(chosen, AffineMap):
            A, B = chosen.parts.function(layer.sigma_w, layer.sigma_b)
            fold = affine_fold(state.fold, left.q, right.q, A, B)
        elif isinstance(chosen, AngleMap):
            some = (left_after.q > 0)[:, None] & (right_after.q > 0)[None, :]
            fold = jnp.where(some, chosen(state.fold), 1)
        elif isinstance(chosen, Expansion):
            fold, error = chosen(state.fold, left.q, right.q, self.resolution)
            truncation = jnp.maximum(truncation, error)
        elif isinstance(chosen, ClosedMap):
            fold = chosen(state.fold, left.q, right.q, left_after.q, right_after.q)
        else:
            fold = plain_fold(printed(chosen.covariance.function, state.fold), left_after.q, right_after.q)
        return PairState(fold, ntk, truncation)


def compile_network(layers: tuple[Layer, ...]) -> CompiledKernel:
    """Generate and compile the kernels of a sequence of layers. Raises what their equations raise."""
    frozen: dict[Layer, FrozenLayer] = {}
    for layer in layers:
        if layer not in frozen:
            frozen[layer] = freeze_layer(layer.equations)
    return CompiledKernel(tuple(frozen[layer] for layer in layers))


def repetitions(layers: Sequence[FrozenLayer], longest: int = 8) -> tuple[Run, ...]:
    """Runs of equal bodies of up to `longest` layers, found from the front, the one that covers most first."""
    found: list[Run] = []
    start = 0
    while start < len(layers):
        best = Run((layers[start],), 1)
        for size in range(1, longest + 1):
            body = tuple(layers[start : start + size])
            times = 1
            while tuple(layers[start + times * size : start + (times + 1) * size]) == body:
                times += 1
            if times > 1 and times * size > best.times * len(best.body):
                best = Run(body, times)
        found.append(best)
        start += best.times * len(best.body)
    return tuple(found)


def _through(runs: tuple[Run, ...], step: Any, state: Any) -> Any:
    for run in runs:

        def body(state: Any, _: None, run: Run = run) -> tuple[Any, None]:
            for layer in run.body:
                state = step(layer, state)
            return state, None

        state = body(state, None)[0] if run.times == 1 else jax.lax.scan(body, state, length=run.times)[0]
    return state
