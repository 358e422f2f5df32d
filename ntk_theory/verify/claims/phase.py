"""Claim (g): layer by layer, order and chaos are those of the theory's maps, at every width and every depth.

Given the kernel K̂ of one layer the next one's neurons are independent, so that E[K̂′ | K̂] = σ_w² K(K̂) + σ_b²
exactly: conditional residuals have no bias, whatever the width, and no product over layers is ever formed, whose
law would be heavy-tailed in deep networks (Hanin & Nica 2020). Tested in every layer, for a pair of inputs: the
map of lengths q, and that of distances q + q′ - 2κ, whose growth is χ₁ where inputs are near.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.activation import Activation
from ntk_theory.codegen import compile_network
from ntk_theory.errors import DataError
from ntk_theory.layers import Dense, Layer
from ntk_theory.printing import elementwise
from ntk_theory.sampling.chain import chain_of
from ntk_theory.sampling.normals import standard_normal, threefry_key
from ntk_theory.verify.claims.claim import Claim
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.network import Network

_TINY = 1e-30
_MEMBERS = 64  # networks at once: their neurons stay in the cache


class Steps(NamedTuple):
    """For each network and each hidden layer: K̂ of a pair before it, and after it, as (q1, q2, q1 + q2 - 2κ)."""

    before: Float[np.ndarray, "count depth 3"]
    after: Float[np.ndarray, "count depth 3"]


def phase(net: "Network", x: Float[np.ndarray, "k features"], theory: KernelTheory) -> Claim:  # noqa: ARG001
    """Residuals √n·(after - map(before))/map(before) of lengths and distance in every layer, with mean 0 exactly.

    The maps are those of the layers' own theories. Two inputs. Raises `DataError` for other numbers of inputs.
    """
    if len(x) != 2:
        raise DataError(f"x holds {len(x)} inputs; the claim 'phase' follows one pair: its lengths and distance.")
    depth = net.depth
    if not depth:
        raise DataError("The network has no hidden layer; the claim 'phase' follows a pair from layer to layer.")
    maps = _maps(net.layers)

    def estimator(steps: Steps, width: int) -> dict[str, np.ndarray]:
        expected = maps(steps.before)
        size = np.maximum(np.abs(expected), _TINY)
        residual = np.where(expected > _TINY, np.sqrt(width) * (steps.after - expected) / size, 0)
        return {name: residual[:, layer, which] for name, layer, which in _names(depth)}

    return Claim(
        name="phase",
        statement="lengths and distances go from layer to layer as the theory's maps say",
        estimator=estimator,
        theory={name: 0.0 for name, _, _ in _names(depth)},
        rate="exact",
        scale=dict.fromkeys((name for name, _, _ in _names(depth)), 1.0),
        of="the map's value, times √n",
        draw=draw_steps,
        widths=(64, 1024),
        min_detectable=0.2,
        rounding=1e-4,
    )


def _names(depth: int) -> list[tuple[str, int, int]]:
    kinds = ("q[0]", "q[1]", "distance")
    return [(f"layer {layer + 1} {kind}", layer, i) for layer in range(depth) for i, kind in enumerate(kinds)]


def draw_steps(net: "Network", x: Float[np.ndarray, "k features"], width: int, count: int, key: Array) -> Steps:
    """`count` networks of this width, layer by layer: z = R ξ, RᵀR = K̂, the pair as z₁ and z₁ - z₂, in float64.

    Distances are summed from φ(z₁) - φ(z₂), so that near inputs lose no digits.
    """
    chain = chain_of(net)
    with jax.enable_x64(True):
        batches = -(-count // _MEMBERS)
        keys = jax.random.split(jax.random.fold_in(threefry_key(key), width), batches)
        W, b = np.array(chain.W_std), np.array(chain.b_std)
        q1, q2 = (W[0] ** 2 * np.mean(x**2, axis=1) + b[0] ** 2).tolist()
        distance = float(W[0] ** 2 * np.mean((x[0] - x[1]) ** 2))
        start = jnp.array([q1, q2, distance])
        drawn = _steps(chain.activations, width)(keys, start, W[1:], b[1:])
        path = np.asarray(drawn).reshape(-1, len(chain.activations) + 1, 3)[:count]
    return Steps(path[:, :-1], path[:, 1:])


@lru_cache(maxsize=32)
def _steps(activations: tuple[Activation, ...], width: int) -> Any:
    functions = [elementwise(phi) for phi in activations]

    def members(key: Array, start: Array, W: Array, b: Array) -> Array:
        state = jnp.broadcast_to(start, (_MEMBERS, 3))
        path = [state]
        for index, phi in enumerate(functions):
            xi = standard_normal(jax.random.fold_in(key, index), (2, _MEMBERS, width), jnp.float32)
            z1, difference = _pair(state, xi.astype(jnp.float64))
            h1, h2 = phi(z1), phi(z1 - difference)
            q1, q2 = (W[index] ** 2 * jnp.mean(h * h, -1) + b[index] ** 2 for h in (h1, h2))
            state = jnp.stack([q1, q2, W[index] ** 2 * jnp.mean((h1 - h2) ** 2, -1)], -1)
            path.append(state)
        return jnp.stack(path, 1)

    return jax.jit(lambda keys, *rest: jax.lax.map(lambda key: members(key, *rest), keys))


def _pair(state: Float[Array, "members 3"], xi: Float[Array, "2 members n"]) -> tuple[Array, Array]:
    """z₁ and z₁ - z₂ with variances q₁ and d and covariance (q₁ - q₂ + d)/2."""
    q1, q2, distance = (state[:, i, None] for i in range(3))
    root = jnp.sqrt(jnp.maximum(q1, _TINY))
    along = (q1 - q2 + distance) / 2 / root
    across = jnp.sqrt(jnp.maximum(distance - along**2, 0))
    return root * xi[0], along * xi[0] + across * xi[1]


@lru_cache(maxsize=32)
def _maps(layers: tuple[Layer, ...]) -> Any:
    """(count, depth, 3) before the layers to what the theory expects after them."""
    between = [(layers[i], layers[i + 1]) for i in range(1, len(layers) - 1, 2)]
    compiled = {pair: compile_network((Dense(1.0), *pair)) for pair in dict.fromkeys(between)}

    def one(kernel: Any, state: Array) -> Array:
        q1, q2, distance = state
        root = jnp.sqrt(jnp.maximum(q1, _TINY))
        along = (q1 + q2 - distance) / 2 / root
        across = jnp.sqrt(jnp.maximum(q2 - along**2, 0))
        pair = jnp.sqrt(2.0) * jnp.array([[root, 0.0], [along, across]])
        sigma = kernel.symmetric(pair)[0]
        return jnp.array([sigma[0, 0], sigma[1, 1], sigma[0, 0] + sigma[1, 1] - 2 * sigma[0, 1]])

    def every(before: Array) -> Array:
        columns = [
            jax.lax.map(lambda s, kernel=compiled[pair]: one(kernel, s), before[:, index], batch_size=1024)
            for index, pair in enumerate(between)
        ]
        return jnp.stack(columns, 1)

    compiled_map = jax.jit(every)

    def maps(before: Float[np.ndarray, "count depth 3"]) -> Float[np.ndarray, "count depth 3"]:
        padded = -(-len(before) // 8192) * 8192
        with jax.enable_x64(True):
            filled = np.concatenate(
                [before, np.broadcast_to(before[:1], (padded - len(before), *before.shape[1:]))]
            )
            return np.concatenate([np.asarray(compiled_map(part)) for part in np.split(filled, padded // 8192)])[
                : len(before)
            ]

    return maps
