"""Layers with a closed form in q₁, q₂ and c: 1 - c′ from a difference that keeps its digits.

1 - c′ = [G(q₁, q₂) + K(q₁, q₂, 1) - K(q₁, q₂, c)]/√(V₁V₂), G = √(V₁V₂) - K(q₁, q₂, 1) ≥ 0 the gap of two norms.
K(1) - K(c) is one of three forms, whichever `choice` measured to be best: the exact difference of the formula;
Price's √(q₁q₂)∫K̇ from c to 1 by Gauss's rule in √(1 - c) where c is near 1, and the formula elsewhere; the
formula alone.
"""

from dataclasses import dataclass
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen.state import Sides, folded_delta, product_root, sides, signed
from ntk_theory.printing import Frozen
from ntk_theory.special import root

NEAR = 0.05
"""Price's rule takes over below this 1 - c: the nodes below integrate K̇, analytic in √(1 - c), to the last bit."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(7)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2

Form = Literal["difference", "price", "plain"]


@dataclass(frozen=True)
class ClosedMap:
    """The printed K and K̇ in (q₁, q₂, sides), K(1) - K(c), and the metric of norms in q; `form` says which counts.

    `bound` is the largest relative error of 1 - c′ that was measured in float64. `metric` is g(q) with
    G/√(V₁V₂) = g·(log √(q₁/q₂))²/2 for norms that are close.
    """

    covariance: Frozen
    slope: Frozen | None
    difference: Frozen | None
    metric: Frozen | None
    parity: int
    form: Form
    bound: float = float("nan")

    def __call__(
        self,
        fold: Float[Array, "n1 n2"],
        q1: Float[Array, "n1"],
        q2: Float[Array, "n2"],
        v1: Float[Array, "n1"],
        v2: Float[Array, "n2"],
    ) -> Float[Array, "n1 n2"]:
        """The folded correlation after the layer."""
        scale = root(v1)[:, None] * root(v2)[None, :]
        safe = jnp.where(scale > 0, scale, 1)
        a, b = (_floored(q) for q in (q1, q2))
        at = jnp.abs(fold) if self.parity else fold
        delta = self._gap(a, b, safe) + self._drop(at, a, b) / safe
        result = folded_delta(delta)
        if self.parity == -1:
            result = jnp.where(fold >= 0, result, signed(jnp.abs(result), result >= 0))
        return jnp.where(scale > 0, result, 1)

    def _drop(
        self, fold: Float[Array, "n1 n2"], q1: Float[Array, "n1"], q2: Float[Array, "n2"]
    ) -> Float[Array, "n1 n2"]:
        """K(1) - K(c)."""
        pair = sides(fold)
        if self.form == "difference" and self.difference is not None:
            return evaluate(self.difference, q1, q2, pair)
        plain = self._full(q1, q2, fold) - evaluate(self.covariance, q1, q2, pair)
        if self.form == "plain" or self.slope is None:
            return plain
        # Price: ∫₀^δ K̇(1 - t) dt with t = δξ²
        near = (fold >= 0) & (fold < NEAR)
        short = jnp.where(near, fold, NEAR)
        nodes = jnp.asarray(_NODES, fold.dtype)[:, None, None]
        weights = jnp.asarray(2 * _NODES * _WEIGHTS, fold.dtype)[:, None, None]
        total = jnp.sum(weights * evaluate(self.slope, q1, q2, sides(short * nodes**2)), axis=0)
        return jnp.where(near, short * product_root(q1, q2) * total, plain)

    def _full(
        self, q1: Float[Array, "n1"], q2: Float[Array, "n2"], like: Float[Array, "n1 n2"]
    ) -> Float[Array, "n1 n2"]:
        """K(q₁, q₂, 1), as the limit c → 1 where the formula divides by √(1 - c²)."""
        least = jnp.full_like(like, 1e-30 if like.dtype == np.float64 else 1e-14)
        return evaluate(self.covariance, q1, q2, sides(least))

    def _gap(
        self, q1: Float[Array, "n1"], q2: Float[Array, "n2"], scale: Float[Array, "n1 n2"]
    ) -> Float[Array, "n1 n2"]:
        """G/√(V₁V₂), by its metric where the norms are so close that the difference would be rounding."""
        plain = jnp.maximum(1 - self._full(q1, q2, scale) / scale, 0)
        if self.metric is None:
            return plain
        apart = jnp.log1p((q1[:, None] - q2[None, :]) / q2[None, :]) / 2
        curved = [
            root(jnp.maximum(jnp.broadcast_to(self.metric.function(q), q.shape).astype(q.dtype), 0))
            for q in (q1, q2)
        ]
        near = jnp.abs(apart) < np.finfo(scale.dtype).eps ** 0.25
        small = jnp.where(near, apart, 0)
        return jnp.where(near, small**2 / 2 * curved[0][:, None] * curved[1][None, :], plain)


def evaluate(
    printed: Frozen, q1: Float[Array, "n1"], q2: Float[Array, "n2"], pair: Sides
) -> Float[Array, "n1 n2"]:
    """A printed function of (q₁, q₂, sides) on all pairs."""
    value = printed.function(q1[:, None], q2[None, :], *pair)
    return jnp.broadcast_to(value, pair.c.shape).astype(pair.c.dtype)


def _floored(q: Float[Array, "n"]) -> Float[Array, "n"]:
    """Formulas divide by √q: an input of variance 0 is given one so small that φ is linear over it."""
    return jnp.maximum(q, 1e-20 if q.dtype == np.float64 else 1e-10)
