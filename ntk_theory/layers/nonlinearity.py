"""An elementwise activation h ↦ φ(h).

Equations (Cho & Saul 2009; Jacot, Gabriel & Hongler 2018, theorem 1): Σ′ = K(Σ) = E[φ(u)φ(v)],
Θ′ = K̇(Σ)·Θ with K̇ = E[φ′(u)φ′(v)], (u, v) a centred Gaussian pair with covariance Σ.
"""

from dataclasses import dataclass

import sympy
from jaxtyping import Array, Float

from ntk_theory.activation import Activation
from ntk_theory.activation.pieces import Piece
from ntk_theory.dual import Dual
from ntk_theory.dual import dual as derive
from ntk_theory.errors import DivergentExpectationError
from ntk_theory.layers.equations import LayerEquations
from ntk_theory.printing import elementwise
from ntk_theory.symbols import theta


@dataclass(frozen=True)
class Nonlinearity:
    """φ, elementwise. `theory` replaces the derived dual by one of yours, to be held against the networks."""

    activation: Activation
    theory: Dual | None = None

    @property
    def equations(self) -> LayerEquations:
        """Σ′ = K(Σ) and Θ′ = K̇(Σ) Θ; where φ jumps there is Σ′ alone, and the reason."""
        dual = self.theory or derive(self.activation)
        try:
            slopes, no_ntk = (dual.derivative, dual.derivative_variance), ""
        except DivergentExpectationError as error:
            slopes, no_ntk = (sympy.S.Zero, sympy.S.Zero), str(error)
        return LayerEquations(
            variance=dual.variance,
            covariance=dual.kernel,
            ntk=slopes[0] * theta,
            ntk_diagonal=slopes[1] * theta,
            values={},
            no_ntk=no_ntk,
            squares=self._squares if self.theory is None and not no_ntk else None,
            mean=(self.activation.pieces, dual.mean) if self.theory is None and not no_ntk else None,
        )

    @property
    def _squares(self) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
        return self.activation.squared.pieces, self.activation.derivative.squared.pieces

    def init(self, key: Array, features: int, width: int) -> tuple[None, int]:  # noqa: ARG002
        """No parameters; as many features leave as come."""
        return None, features

    def apply(self, params: None, h: Float[Array, "batch features"]) -> Float[Array, "batch features"]:  # noqa: ARG002
        """φ(h)."""
        return elementwise(self.activation)(h)
