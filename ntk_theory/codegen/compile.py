"""Frozen layers strung together: one pure JAX function from two batches of inputs to their Gram matrices."""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen import series
from ntk_theory.codegen.freeze import FrozenLayer, freeze_layer
from ntk_theory.layers import Layer


class DiagonalState(NamedTuple):
    """q and Θ(x, x) of each input."""

    q: Float[Array, "n"]
    ntk: Float[Array, "n"]


class PairState(NamedTuple):
    """δ = 1 - c and Θ of each pair, and the largest error of a series met so far, relative to √(E f² E f²)."""

    delta: Float[Array, "n1 n2"]
    ntk: Float[Array, "n1 n2"]
    truncation: Float[Array, ""]


@dataclass(frozen=True)
class CompiledKernel:
    """The compiled network: `diagonal` for single inputs, `pairs` for all pairs of two batches.

    `source` is the text that was generated, layer by layer.
    """

    layers: tuple[FrozenLayer, ...]

    @property
    def source(self) -> str:
        return "\n\n".join(f"# layer {i}\n{layer.source}" for i, layer in enumerate(self.layers, 1))

    @property
    def no_ntk(self) -> str:
        """Why there is no NTK, where an activation jumps; empty where there is one."""
        return next((layer.no_ntk for layer in self.layers if layer.no_ntk), "")

    def diagonal(self, x: Float[Array, "n features"]) -> DiagonalState:
        """The final q = Σ(x, x) and Θ(x, x) of each input."""
        return self._diagonals(x)[-1]

    def symmetric(
        self, x: Float[Array, "n features"]
    ) -> tuple[Float[Array, "n n"], Float[Array, "n n"], Float[Array, ""]]:
        """Σ and Θ of all pairs of one batch; the diagonal comes from the map of single inputs, not through c."""
        nngp, ntk, truncation = self.pairs(x, x, distinct=~jnp.eye(x.shape[0], dtype=bool))
        single = self.diagonal(x)
        nngp = jnp.fill_diagonal(nngp, single.q, inplace=False)
        return nngp, jnp.fill_diagonal(ntk, single.ntk, inplace=False), truncation

    def pairs(
        self,
        x1: Float[Array, "n1 features"],
        x2: Float[Array, "n2 features"],
        distinct: Bool[Array, "n1 n2"] | bool = True,
    ) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, ""]]:
        """Σ and Θ of all pairs, and the largest error of a series, relative to √(E f² E f²).

        Pairs that are not `distinct` are not wanted: they are carried as uncorrelated and bound no error.
        """
        left, right = self._diagonals(x1), self._diagonals(x2)
        products = jnp.matmul(x1, x2.T, precision=jax.lax.Precision.HIGHEST) / x1.shape[-1]
        delta = jnp.where(distinct, _delta(products, left[0].q, right[0].q), 1)
        state = PairState(delta, jnp.zeros_like(products), jnp.zeros((), products.dtype))
        for layer, *states in zip(self.layers, left, right, left[1:], right[1:], strict=False):
            state = _pair_step(layer, state, *states)
            state = state._replace(delta=jnp.where(distinct, state.delta, 1))
        scale = jnp.sqrt(left[-1].q)[:, None] * jnp.sqrt(right[-1].q)[None, :]
        return (1 - state.delta) * scale, state.ntk, state.truncation

    def _diagonals(self, x: Float[Array, "n features"]) -> list[DiagonalState]:
        q = jnp.mean(x * x, axis=-1)
        states = [DiagonalState(q, jnp.zeros_like(q))]
        for layer in self.layers:
            states.append(_diagonal_step(layer, states[-1]))
        return states


def compile_network(layers: tuple[Layer, ...]) -> CompiledKernel:
    """Generate and compile the kernels of a sequence of layers. Raises what their equations raise."""
    return CompiledKernel(tuple(freeze_layer(layer.equations) for layer in layers))


def _delta(
    covariance: Float[Array, "n1 n2"], q1: Float[Array, "n1"], q2: Float[Array, "n2"]
) -> Float[Array, "n1 n2"]:
    """1 - covariance/√(q1 q2), within [0, 2]; an input of zero variance is uncorrelated with all."""
    scale = jnp.sqrt(q1)[:, None] * jnp.sqrt(q2)[None, :]
    positive = scale > 0
    delta = 1 - jnp.where(positive, covariance, 0) / jnp.where(positive, scale, 1)
    # strictly above 0, where √(δ(2 - δ)) has a finite slope
    return jnp.clip(delta, np.finfo(delta.dtype).tiny, 2)


def _diagonal_step(layer: FrozenLayer, state: DiagonalState) -> DiagonalState:
    means = [series.mean(node.integrand.function, node.variance.function(state.q)) for node in layer.means]
    q, ntk = layer.diagonal.function(state.q, state.ntk, layer.sigma_w, layer.sigma_b, *means)
    return DiagonalState(*(jnp.broadcast_to(v, state.q.shape).astype(state.q.dtype) for v in (q, ntk)))


def _pair_step(
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
        a, b = (series.coefficients(f, variance(side.q), node.parity) for side in (left, right))
        value, error = series.covariance(a, b, 1 - state.delta)
        truncation = jnp.maximum(truncation, error)
        expectations.append(value)
    covariance, ntk = layer.pair.function(
        left.q[:, None], right.q[None, :], state.delta, state.ntk, layer.sigma_w, layer.sigma_b, *expectations
    )
    shape = state.delta.shape
    covariance, ntk = (jnp.broadcast_to(v, shape).astype(state.delta.dtype) for v in (covariance, ntk))
    return PairState(_delta(covariance, left_after.q, right_after.q), ntk, truncation)
