"""A square matrix of independent N(0, 1) entries that is drawn only as far as it is asked, and can be trained.

Asked so far: A P for orthonormal directions P, and Aᵀ U for orthonormal U. Given the answers, the rest of A is
(I - U Uᵀ) G (I - P Pᵀ) with G a fresh Gaussian matrix. So a new direction p ⟂ P has

    A p = U (Uᵀ A p) + (I - U Uᵀ) ζ,   ζ of independent N(0, 1),

whose first term is known from Aᵀ U; likewise Aᵀ u. A gradient step A + Σ_i d_i h_iᵀ with d_i in the span of U
and h_i in the span of P moves the answers and leaves the rest Gaussian and independent of them. The q-th question
costs O(n q). (Bayati & Montanari 2011 condition on such answers to analyse message passing; here the answers are
drawn, exactly in law at every n.)
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

_DEPENDENT = 8  # a remainder of fewer roundings of the row's own length lies in the span of those before it

_dot = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)


class Asked(NamedTuple):
    """Orthonormal directions that A was multiplied with, one a row, and A's answers.

    The rows from `used` on are free: a zero direction, and the normal numbers that its answer will be drawn with.
    """

    directions: Float[Array, "questions n"]
    answers: Float[Array, "questions n"]
    used: Int[Array, ""]


class LazyMatrix(NamedTuple):
    """What is known of A: the products A P, and Aᵀ U."""

    right: Asked
    left: Asked

    @property
    def T(self) -> "LazyMatrix":
        """Aᵀ, with the same answers."""
        return LazyMatrix(self.left, self.right)


def unknown(right: Float[Array, "rights n"], left: Float[Array, "lefts n"]) -> LazyMatrix:
    """An n × n matrix of which nothing is known, and the normal numbers for the questions from either side."""
    return LazyMatrix(*(Asked(jnp.zeros_like(z), z, jnp.zeros((), jnp.int32)) for z in (right, left)))


def times(A: LazyMatrix, v: Float[Array, "k n"]) -> tuple[LazyMatrix, Float[Array, "k n"]]:
    """A v for each row v; and A with that known."""
    right, left = A
    known, factor, new = _split(right.directions, v)
    row = (right.used, jnp.zeros_like(right.used))
    zeta = jax.lax.dynamic_slice(right.answers, row, v.shape)
    fresh = zeta - _dot(_dot(zeta, left.directions.T), left.directions)
    answers = _dot(_dot(new, left.answers.T), left.directions) + fresh * new.any(1, keepdims=True)
    product = _dot(known, right.answers) + _dot(factor, answers)
    directions = jax.lax.dynamic_update_slice(right.directions, new, row)
    answered = jax.lax.dynamic_update_slice(right.answers, answers, row)
    return LazyMatrix(Asked(directions, answered, right.used + len(v)), left), product


def add_outer(A: LazyMatrix, d: Float[Array, "k n"], h: Float[Array, "k n"]) -> LazyMatrix:
    """A + Σ_i d_i h_iᵀ, where each d_i was asked of Aᵀ before and each h_i of A, up to factors and sums."""
    right, left = A
    return LazyMatrix(
        right._replace(answers=right.answers + _dot(_dot(right.directions, h.T), d)),
        left._replace(answers=left.answers + _dot(_dot(left.directions, d.T), h)),
    )


def complete(A: LazyMatrix, G: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """The whole matrix, its unknown part taken from the Gaussian matrix G."""
    P, U = A.right.directions, A.left.directions
    rest = G - _dot(U.T, _dot(U, G))
    rest = rest - _dot(_dot(rest, P.T), P)
    from_left = _dot(U.T, A.left.answers)
    return _dot(A.right.answers.T, P) + from_left - _dot(_dot(from_left, P.T), P) + rest


def _split(
    P: Float[Array, "questions n"], v: Float[Array, "k n"]
) -> tuple[Float[Array, "k questions"], Float[Array, "k k"], Float[Array, "k n"]]:
    """v = known P + factor Q with the rows of Q orthonormal to P and each other; a dependent one is zero.

    Gram-Schmidt in blocks, done twice: the second time on vectors of unit length, so that a small remainder, as
    training leaves it, is orthogonal to what was known as precisely as a large one.
    """
    first = _dot(v, P.T)
    R, Q = _orthonormal(v - _dot(first, P), jnp.linalg.norm(v, axis=1))
    second = _dot(Q, P.T)
    S, Q = _orthonormal(Q - _dot(second, P), jnp.ones(len(v), v.dtype))
    return first + _dot(R, second), _dot(R, S), Q


def _orthonormal(
    rows: Float[Array, "k n"], lengths: Float[Array, "k"]
) -> tuple[Float[Array, "k k"], Float[Array, "k n"]]:
    """rows = R Q by modified Gram-Schmidt; a remainder that is rounding of `lengths` becomes zero."""
    k, rounding = len(rows), _DEPENDENT * float(np.finfo(rows.dtype).eps)

    def add_row(j: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        R, Q = state
        row, coefficients = rows[j], jnp.zeros(k, rows.dtype)
        for _ in range(2):
            parallel = _dot(Q, row)
            row, coefficients = row - _dot(parallel, Q), coefficients + parallel
        rest = jnp.linalg.norm(row)
        independent = rest > rounding * lengths[j]
        Q = Q.at[j].set(jnp.where(independent, row / jnp.where(independent, rest, 1), 0))
        return R.at[j].set(coefficients.at[j].set(jnp.where(independent, rest, 0))), Q

    return jax.lax.fori_loop(0, k, add_row, (jnp.zeros((k, k), rows.dtype), jnp.zeros_like(rows)))
