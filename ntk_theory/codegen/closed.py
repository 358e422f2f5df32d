"""Layers with a closed form in q₁, q₂ and c: 1 - c′ from a difference that keeps its digits.

1 - c′ = [G(q₁, q₂) + K(q₁, q₂, 1) - K(q₁, q₂, c)]/√(V₁V₂), G = √(V₁V₂) - K(q₁, q₂, 1) ≥ 0 the gap of two norms.
K(1) - K(c) is one of three forms, whichever `choice` measured to be best: the exact difference of the formula;
Price's √(q₁q₂)∫K̇ from c to 1 by Gauss's rule in √(1 - c) where c is near 1, and the formula elsewhere; the
formula alone.
"""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen.norms import sloped
from ntk_theory.codegen.price import integrals, loss
from ntk_theory.codegen.speed import near_gap
from ntk_theory.codegen.state import Sides, folded_delta, product_root, sides, signed
from ntk_theory.printing import Frozen

NEAR = 0.05
"""Price's rule takes over below this 1 - c: the nodes below integrate K̇, analytic in √(1 - c), to the last bit."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(7)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2

Form = Literal["difference", "price", "plain"]


@dataclass(frozen=True)
class ClosedMap:
    """The printed K and K̇ in (q₁, q₂, sides), and K(1) - K(c); `form` says which counts.

    `bound` is the largest relative error of 1 - c′ that was measured in float64. `mean` is E[φ(√q z)], for
    variances where the formula has lost its digits, and `degree` that of the pieces of φ, if they are polynomials.
    """

    covariance: Frozen
    slope: Frozen | None
    difference: Frozen | None
    parity: int
    form: Form
    bound: float = float("nan")
    mean: Frozen | None = None
    degree: int = 1

    def __call__(
        self,
        fold: Float[Array, "n1 n2"],
        apart: Float[Array, "n1 n2"],
        apart_after: Float[Array, "n1 n2"],
        q1: Float[Array, "n1"],
        q2: Float[Array, "n2"],
        v1: Float[Array, "n1"],
        v2: Float[Array, "n2"],
    ) -> Float[Array, "n1 n2"]:
        """The folded correlation after the layer, of inputs of variances q before it and v after."""
        scale = product_root(v1, v2)
        safe = jnp.where(scale > 0, scale, 1)
        least = np.finfo(fold.dtype).tiny if self.form == "difference" else _least_variance(fold)
        a, b = (jnp.maximum(q, least) for q in (q1, q2))
        at = jnp.abs(fold) if self.parity else fold
        plain = jnp.maximum(1 - self._full(a, b, fold) / safe, 0)
        lost = loss(safe, a, b, self.degree)
        drop = self._drop(at, a, b, lost.formula) / safe
        if self.mean is not None and self.slope is not None and self.form != "difference":
            plain, drop = self._wide(plain, drop, at, a, b, safe, lost.integral)
        delta = self._gap(plain, apart, apart_after, a, v1, v2) + drop
        result = folded_delta(delta)
        if self.parity == -1:
            result = jnp.where(fold >= 0, result, signed(jnp.abs(result), result >= 0))
        if self.form != "difference":
            # no kernel is better than a wrong one; `kernel_fn` says why
            result = jnp.where(lost.both | (q1 < least)[:, None] | (q2 < least)[None, :], jnp.nan, result)
        return jnp.where(scale > 0, result, 1)

    def _drop(
        self,
        fold: Float[Array, "n1 n2"],
        q1: Float[Array, "n1"],
        q2: Float[Array, "n2"],
        lost: Bool[Array, "n1 n2"],
    ) -> Float[Array, "n1 n2"]:
        """K(1) - K(c)."""
        pair = sides(fold)
        if self.form == "difference" and self.difference is not None:
            return evaluate(self.difference, q1, q2, pair)
        plain = self._full(q1, q2, fold) - evaluate(self.covariance, q1, q2, pair)
        if self.form == "plain" or self.slope is None:
            return plain
        # Price: ∫₀^δ K̇(1 - t) dt with t = δξ²
        near = (fold >= 0) & (fold < NEAR) & ~lost
        short = jnp.where(near, fold, NEAR)
        nodes = jnp.asarray(_NODES, fold.dtype)[:, None, None]
        weights = jnp.asarray(2 * _NODES * _WEIGHTS, fold.dtype)[:, None, None]
        total = jnp.sum(weights * evaluate(self.slope, q1, q2, sides(short * nodes**2)), axis=0)
        return jnp.where(near, short * product_root(q1, q2) * total, plain)

    def _wide(
        self,
        gap: Float[Array, "n1 n2"],
        drop: Float[Array, "n1 n2"],
        fold: Float[Array, "n1 n2"],
        q1: Float[Array, "n1"],
        q2: Float[Array, "n2"],
        scale: Float[Array, "n1 n2"],
        where: Bool[Array, "n1 n2"],
    ) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"]]:
        """The gap and K(1) - K(c), over √(V₁V₂), by Price's theorem alone `where` a formula has lost digits."""
        mean, slope = self.mean, self.slope
        if mean is None or slope is None:
            return gap, drop

        def found(_: None) -> tuple[Array, Array]:
            total = integrals(lambda pair: evaluate(slope, q1, q2, pair), fold, q1, q2)
            first, second = (jnp.broadcast_to(mean.function(q), q.shape).astype(q.dtype) for q in (q1, q2))
            size = product_root(q1, q2)
            rest = 1 - (first[:, None] * second[None, :] + size * total.quarter) / scale
            return jnp.maximum(rest, 0), size * total.below / scale

        # slopes are those of the formula: there are too many nodes to keep
        wide = jax.lax.stop_gradient(jax.lax.cond(jnp.any(where), found, lambda _: (gap, drop), None))
        return jnp.where(where, sloped(wide[0], gap), gap), jnp.where(where, sloped(wide[1], drop), drop)

    def _full(
        self, q1: Float[Array, "n1"], q2: Float[Array, "n2"], like: Float[Array, "n1 n2"]
    ) -> Float[Array, "n1 n2"]:
        """K(q₁, q₂, 1), as the limit c → 1 where the formula divides by √(1 - c²)."""
        return evaluate(self.covariance, q1, q2, sides(jnp.full_like(like, _least(like))))

    def _gap(
        self,
        plain: Float[Array, "n1 n2"],
        apart: Float[Array, "n1 n2"],
        apart_after: Float[Array, "n1 n2"],
        q1: Float[Array, "n1"],
        v1: Float[Array, "n1"],
        v2: Float[Array, "n2"],
    ) -> Float[Array, "n1 n2"]:
        """G/√(V₁V₂), where norms are near from how fast φ moves with them, if K̇ is known."""
        if self.slope is None:
            return plain
        printed, equal = self.slope.function, sides(jnp.asarray(_least(plain), plain.dtype))
        fixed = jax.lax.stop_gradient((apart, apart_after, q1, v1, v2))
        close, near = near_gap(
            lambda first, second: printed(first, second, *equal), self.form == "difference", *fixed
        )
        return jnp.where(near, sloped(jnp.maximum(close, 0), plain), plain)


def _least(like: Float[Array, "..."]) -> float:
    """What stands for 1 - c = 0, where formulas divide by √(1 - c²)."""
    return 1e-100 if like.dtype == np.float64 else 1e-14


def evaluate(
    printed: Frozen, q1: Float[Array, "n1"], q2: Float[Array, "n2"], pair: Sides
) -> Float[Array, "n1 n2"]:
    """A printed function of (q₁, q₂, sides) on all pairs."""
    value = printed.function(q1[:, None], q2[None, :], *pair)
    return jnp.broadcast_to(value, pair.c.shape).astype(pair.c.dtype)


def _least_variance(like: Float[Array, "..."]) -> float:
    """Formulas divide by √q: an input of variance 0 is given one so small that φ is linear over it."""
    return 1e-100 if like.dtype == np.float64 else 1e-18
