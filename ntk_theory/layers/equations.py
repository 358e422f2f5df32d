"""What every layer says of itself: four equations for its kernels, and a finite network to hold against them."""

from dataclasses import dataclass
from typing import Any, Protocol

from jaxtyping import Array, Float
from sympy import Expr, Symbol

from ntk_theory.activation.pieces import Piece


@dataclass(frozen=True)
class LayerEquations:
    """A layer's map of kernels, in the symbols of `ntk_theory.symbols`.

    The state of a pair of inputs before the layer is (q1, q2, κ, Θ): variances, covariance, NTK; c stands for
    κ/√(q1 q2). A single input's is (q, Θ). The state after it is

    - `variance`: the new q, in q;
    - `covariance`: the new κ, in q1, q2, c, kappa;
    - `ntk`: the new Θ of a pair, in q1, q2, c, kappa, Theta;
    - `ntk_diagonal`: the new Θ(x, x), in q, Theta. It is `ntk` at q1 = q2 and c = 1, kept apart so that the
      diagonal of a Gram matrix never passes through c;
    - `values`: the numbers of the layer's own symbols (sigma_w, sigma_b);
    - `no_ntk`: why the layer has no NTK, where φ jumps; `ntk` and `ntk_diagonal` then mean nothing;
    - `squares`: φ² and φ′² in their pieces, where `variance` and `ntk_diagonal` are E[φ²] and E[φ′²] Θ;
    - `mean`: φ in its pieces, and E[φ(√q z)], in q.
    """

    variance: Expr
    covariance: Expr
    ntk: Expr
    ntk_diagonal: Expr
    values: dict[Symbol, float]
    no_ntk: str = ""
    squares: tuple[tuple[Piece, ...], tuple[Piece, ...]] | None = None
    mean: tuple[tuple[Piece, ...], Expr] | None = None


class Layer(Protocol):
    """The contract of a layer file."""

    @property
    def equations(self) -> LayerEquations:
        """Theory: the layer's map of kernels."""
        ...

    def init(self, key: Array, features: int, width: int) -> tuple[Any, int]:
        """Simulation: parameters for `features` incoming features, and the number that leave."""
        ...

    def apply(self, params: Any, h: Float[Array, "batch features"]) -> Float[Array, "batch features_out"]:
        """Simulation: the layer on a batch."""
        ...
