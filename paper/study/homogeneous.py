"""Deep and wide ReLU networks without biases on one input, O(1) a layer: their NTK exactly in law.

With m ~ Bin(n, ½) active units, X ~ χ²_m their squared pre-activations and Y ~ χ²_(m-1): K′ = σ_w² K X/n, and as
⟨h, ∂f/∂h⟩ = f the gradient's part along h is known, |δ|² = f²/|h|² + (σ_w²/n)|δ′|² Y with |h|² = nK′/σ_w². The
vector of all K and |δ|² so obeys a random linear recursion; Θ = Σ_l K_l |δ_(l+1)|². At σ_w² = 2 and |x|² = n₀.
"""

import numpy as np
from jaxtyping import Float


def draw_ntk(width: int, depth: int, count: int, rng: np.random.Generator) -> Float[np.ndarray, "count"]:
    """Θ(x, x) of `count` independent networks. A network with a layer of no active unit has f = 0 and only biases'
    share, which there is none of: its Θ is 0 but for what lies above that layer."""
    kernels = np.empty((depth + 1, count))
    active = np.empty((depth + 1, count))
    kernels[0] = 2.0
    for l in range(1, depth + 1):
        active[l] = rng.binomial(width, 0.5, count)
        kernels[l] = 2 * kernels[l - 1] * _chi_square(active[l], rng) / width
    square = rng.standard_normal(count) ** 2  # f²/K of the last hidden layer
    output = square * kernels[depth]
    gradient = np.ones(count)
    theta = kernels[depth].copy()
    for l in range(depth, 0, -1):
        with np.errstate(invalid="ignore", divide="ignore"):
            along = np.where(kernels[l] > 0, 2 * output / (width * kernels[l]), 0.0)
        gradient = along + 2 * gradient * _chi_square(active[l] - 1, rng) / width
        theta += kernels[l - 1] * gradient
    return theta


def _chi_square(freedom: Float[np.ndarray, "count"], rng: np.random.Generator) -> Float[np.ndarray, "count"]:
    """χ² with as many degrees of freedom, 0 where there are none."""
    return 2 * rng.standard_gamma(np.maximum(freedom, 0) / 2)
