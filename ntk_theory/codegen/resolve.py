"""The coarsest step at which a network's trapezoidal sums are as good as at the finest, at given variances.

The variances that each series meets in any layer are found by carrying the inputs' range through the network; at
nine of them, coefficients, second moments and means are held against those at the finest resolution. How many
coefficients the pairs need shows in the truncation that the kernel reports; the caller goes on from here.
"""

from functools import lru_cache, partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen import series
from ntk_theory.codegen.expansion import Expansion
from ntk_theory.codegen.series import FINEST, LADDER, Parity, Resolution
from ntk_theory.codegen.tails import Kink
from ntk_theory.printing import Frozen

if TYPE_CHECKING:
    from ntk_theory.codegen.compile import CompiledKernel
    from ntk_theory.codegen.scales import Scales

TOLERANCE = {"float64": 4e-15, "float32": 1e-8}
_SAMPLES = 9
_MARGIN = 1.02


def resolve(kernel: "CompiledKernel", q: Float[np.ndarray, "n"], scales: "Scales | None" = None) -> Resolution:
    """The resolution for inputs of variances `q`, concrete numbers, in their precision, and for those `scales`."""
    nodes = _nodes(kernel)
    if not nodes or any(kink is not None and kink.knots for _, _, kink, _ in nodes):
        return FINEST  # panels between knots are the same at every resolution
    # coefficients at a kink at 0 are right at every resolution but for their tails, which report themselves
    nodes = tuple(node for node in nodes if node[2] is None or not node[3])
    least, most = float(np.min(q)), float(np.max(q))
    with jax.ensure_compile_time_eval(), jax.enable_x64(True):
        ranges = np.asarray(kernel.node_variances(jnp.linspace(least, most, _SAMPLES), scales))
        lower, upper = float(ranges[0]), float(ranges[1])
        if not (np.isfinite(upper) and upper > 0):
            return FINEST
        lower = max(lower, upper * 1e-12)
        points = np.geomspace(lower / _MARGIN, upper * _MARGIN, _SAMPLES)
        return _cheapest(nodes, tuple(points), TOLERANCE[str(q.dtype)])


Node = tuple[Frozen, Parity, Kink | None, bool]
"""An integrand, its parity, its kink at 0, and whether coefficients are wanted or a mean alone."""


def _nodes(kernel: "CompiledKernel") -> tuple[Node, ...]:
    found: dict[Node, None] = {}
    for layer in kernel.layers:
        for mean in layer.means:
            found[mean.integrand, None, mean.kink, False] = None
        for node in layer.covariances:
            found[node.integrand, node.parity, node.kink, True] = None
        if isinstance(layer.folds, Expansion):
            found[layer.folds.integrand, layer.folds.parity, layer.folds.kink, True] = None
    return tuple(found)


@lru_cache(maxsize=256)
def _cheapest(nodes: tuple[Node, ...], points: tuple[float, ...], tolerance: float) -> Resolution:
    variances = jnp.asarray(points)
    finest = [_moments(node, FINEST, variances) for node in nodes]
    for resolution in LADDER[:-1]:
        if all(
            _difference(_moments(node, resolution, variances), best) <= tolerance
            for node, best in zip(nodes, finest, strict=True)
        ):
            return resolution
    return FINEST


@partial(jax.jit, static_argnums=(0, 1))
def _moments(node: Node, resolution: Resolution, variances: Float[Array, "points"]) -> tuple[Array, Array]:
    """Coefficients and E[f²]; or means alone."""
    integrand, parity, kink, expanded = node
    if not expanded:
        mean = series.mean(integrand.function, variances, resolution, kink)
        return jnp.zeros((len(variances), 1)), mean
    found = series.coefficients(integrand.function, variances, parity, resolution, kink)
    return found.values, found.size


def _difference(found: tuple[Array, Array], best: tuple[Array, Array]) -> float:
    """The largest difference, relative to E[f²] or to its root."""
    (a, size), (b, full) = found, best
    scale = jnp.where(full > 0, full, 1)
    terms = min(a.shape[1], b.shape[1])
    worst = jnp.max(jnp.abs(a[:, :terms] - b[:, :terms]) / jnp.sqrt(scale)[:, None])
    return float(jnp.maximum(worst, jnp.max(jnp.abs(size - full) / scale)))
