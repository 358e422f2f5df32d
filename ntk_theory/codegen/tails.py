"""Hermite series from degree N to infinity by a few of their terms, of f with a kink at 0 and of smooth f.

A jump of the m-th derivative alone, zᵐ/m! for z > 0, has d_n = h_{n-m-1}(0)/√(2π)·√((n-m-1)!/n!) for coefficients,
0 for every second n. If m is the lowest order of a jump in that class of n, f has a_n = d_n A(1/n) with smooth A,
A(0) the jump itself; so Σ_{n≥N} a_n b_n cⁿ = Σ_k A(y_k) B(y_k) w_k(c), exact for polynomials AB through the nodes
y_k, with w_k(c) = Σ_{n≥N} d_n² cⁿ ℓ_k(1/n) and ℓ_k Lagrange's polynomials. The nodes are 0 and some 1/n, n whole.
Of smooth f the jump is 0 and any m will do: A, which then falls faster than all powers of 1/n, is as smooth.
w_k(1) - w_k(c) is ε^p times an entire function of √ε, ε = -log |c|, fitted once for each m and N.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.special import root


@dataclass(frozen=True)
class Kink:
    """f is smooth but for x = 0; the lowest odd and the lowest even order at which a derivative of f jumps there,
    and by how much. Or it has kinks at other points too: then at all the `knots`, and no tail is known."""

    jumps: tuple[tuple[int, float], ...]
    knots: tuple[float, ...] = ()


NODES = {True: 8, False: 10}
"""As many as keep the degrees near 20,000, for `start` beyond `LONG` and below."""
LONG = 512
REACH = 6.5
"""√(Nε) up to which cᴺ counts."""
_DEGREE = 56
_BLOCK = 24


@dataclass(frozen=True)
class Rule:
    """What is to be known of terms from `start` on, of f whose lowest jump in their class is of this `order`.

    `degrees` are the nodes' n but for the first node, y = 0; `unit` their d_n; `full` w_k(1); `drops` Chebyshev's
    coefficients in √(Nε)/REACH of (w_k(1) - w_k(c))/(Nε)^p, p = 1/2 for jumps of f itself, else 1.
    """

    order: int
    start: int
    degrees: tuple[int, ...]
    unit: Float[np.ndarray, "nodes-1"]
    full: Float[np.ndarray, "nodes"]
    drops: Float[np.ndarray, "nodes fitted"]

    @property
    def odd(self) -> bool:
        """Whether its terms are of odd degree."""
        return self.order % 2 == 0

    def drop(
        self, left: Float[Array, "n1 nodes"], right: Float[Array, "n2 nodes"], fold: Float[Array, "n1 n2"]
    ) -> Float[Array, "n1 n2"]:
        """Σ_k A_k B_k (w_k(1) - w_k(|c|))."""
        near = jnp.abs(fold)
        square = self.start * -jnp.log1p(-jnp.minimum(near, 1 - np.finfo(fold.dtype).eps))
        far = square > REACH**2
        square = jnp.where(far, REACH**2, square)
        v = root(square)
        y = 2 / REACH * v - 1
        dtype = fold.dtype

        def one(total: Array, node: tuple[Array, ...]) -> tuple[Array, None]:
            drops, full, a, b = node
            # Clenshaw's sum: 56 terms in a row would take long to compile
            start = jnp.zeros_like(y), jnp.zeros_like(y)
            step = lambda state, drop: ((2 * y * state[0] + (drop - state[1]), state[0]), None)  # noqa: E731
            (last, before), _ = jax.lax.scan(step, start, drops[:0:-1], unroll=11)
            value = (y * last + (drops[0] - before)) * (square if self.order else v)
            return total + jnp.where(far, full, value) * a[:, None] * b[None, :], None

        nodes = jnp.asarray(self.drops, dtype), jnp.asarray(self.full, dtype), left.T, right.T
        return jax.lax.scan(one, jnp.zeros_like(y), nodes)[0]


@lru_cache(maxsize=16)
def rule(order: int, start: int) -> Rule:
    """The rule for jumps of f^(order) and those of order + 2, order + 4, … from degree `start` on."""
    first = start + (start - order - 1) % 2
    degrees = _degrees(first)
    nodes = np.concatenate([[0.0], 1 / np.asarray(degrees, np.float64)])
    v = REACH / 2 * (1 + np.cos(np.pi * (np.arange(_DEGREE) + 0.5) / _DEGREE))
    decay = v**2 / start
    full, drops = _sums(order, first, nodes, decay)
    scaled = drops / (v if order == 0 else v**2)
    turns = np.outer(np.arange(_DEGREE), 2 * np.arange(_DEGREE) + 1) % (4 * _DEGREE)
    basis = np.cos(np.pi * turns / (2 * _DEGREE)) * 2 / _DEGREE
    basis[0] /= 2
    n = np.asarray(degrees)
    signs = np.where((n - order - 1) % 4 == 0, 1, -1)
    return Rule(order, start, degrees, signs * np.sqrt(_squares(order, n)), full, scaled @ basis.T)


def _degrees(first: int) -> tuple[int, ...]:
    """n of the class of `first`, with 1/n where Chebyshev's extrema on [0, 1/first] are, but for 0 itself."""
    nodes = NODES[first > LONG]
    extrema = np.sin(np.pi * np.arange(1, nodes) / (2 * (nodes - 1))) ** 2
    return tuple(int(first + 2 * round((first / e - first) / 2)) for e in extrema)


def _squares(order: int, n: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """d_n², smooth in n: Γ(x + ½)/(√π Γ(x + 1))/(2π n(n-1)…(n-m)) with x = (n - m - 1)/2; for x ≥ 25."""
    x = (n - order - 1.0) / 2
    y = 1 / (x + 0.25)
    # in w = x + 1/4 the ratio is even: w^(-1/2)(1 + Σ e_j w^(-2j))
    y2 = y * y
    series = 1 + y2 * (-1 / 64 + y2 * (21 / 8192 + y2 * (-671 / 524288 + y2 * 180323 / 134217728)))
    product = np.ones_like(x)
    for j in range(order + 1):
        product = product * (n - j)
    return np.sqrt(y) * series / np.sqrt(np.pi) / (2 * np.pi) / product


def _sums(
    order: int, first: int, nodes: Float[np.ndarray, "nodes"], decay: Float[np.ndarray, "points"]
) -> tuple[Float[np.ndarray, "nodes"], Float[np.ndarray, "nodes points"]]:
    """w_k(1), and w_k(1) - w_k(e^-decay), by Euler's and Maclaurin's formula for n = first, first + 2, …"""

    def summand(n: np.ndarray) -> np.ndarray:
        """d_n² ℓ_k(1/n) for all nodes, and times 1 - cⁿ for all points."""
        base = _squares(order, n) * _lagrange(nodes, 1 / n)
        return np.concatenate([base[:, None], base[:, None] * -np.expm1(-decay[:, None] * n)], axis=1)

    # ½∫ from first - 1: in s = √(n₀/n) panels that halve, down to where all but 1 - cⁿ = 1 has been seen
    gauss, weights = np.polynomial.legendre.leggauss(_BLOCK)
    origin = first - 1.0
    total = np.zeros((len(nodes), len(decay) + 1))
    least = max(float(np.sqrt(origin * np.min(decay))) / 8, 1e-9)
    edges = [1.0]
    while edges[-1] > least:
        edges.append(edges[-1] * 0.7)
    edges.append(0.0)
    for upper, lower in pairwise(edges):
        s = lower + (upper - lower) * (gauss + 1) / 2
        n = origin / s**2
        total += summand(n) @ (weights * (upper - lower) / 2 * origin / s**3)
    # the sum is the midpoint rule of ½∫, h = 2: add (h/24)F′ - (7h³/5760)F‴ + (31h⁵/967680)F⁽⁵⁾ at its lower end
    reach = first / 12
    points = np.cos(np.pi * (np.arange(_BLOCK) + 0.5) / _BLOCK)
    fit = np.polynomial.chebyshev.chebfit(
        points, summand(origin + reach * points).reshape(-1, _BLOCK).T, _BLOCK - 1
    )
    for k, weight in ((1, 2 / 24), (3, -7 * 2**3 / 5760), (5, 31 * 2**5 / 967680)):
        derivative = np.polynomial.chebyshev.chebval(0.0, np.polynomial.chebyshev.chebder(fit, k)) / reach**k
        total += weight * derivative.reshape(total.shape)
    return total[:, 0], total[:, 1:]


def _lagrange(
    nodes: Float[np.ndarray, "nodes"], y: Float[np.ndarray, "points"]
) -> Float[np.ndarray, "nodes points"]:
    found = np.ones((len(nodes), len(y)))
    for k, node in enumerate(nodes):
        for j, other in enumerate(nodes):
            if j != k:
                found[k] *= (y - other) / (node - other)
    return found
