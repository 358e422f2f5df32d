"""The networks that a regime is told of: all layers alike, as `mlp` makes them."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ntk_theory.activation import Activation
from ntk_theory.errors import NtkTheoryError
from ntk_theory.finite_width.first_order import chain_and_outputs

if TYPE_CHECKING:
    from ntk_theory.network import Network

_DIGITS = 12  # of a variance: √2 squared is 2, not 2.0000000000000004


@dataclass(frozen=True)
class Uniform:
    """`depth` hidden layers of φ and a readout with `outputs` outputs, σ_w and σ_b the same in all."""

    activation: Activation
    depth: int
    W_std: float
    b_std: float
    outputs: int

    @property
    def W_var(self) -> Fraction:
        """σ_w², to twelve digits, so that a rounded √2 gives 2."""
        return Fraction(f"{self.W_std**2:.{_DIGITS}g}")

    @property
    def b_var(self) -> Fraction:
        """σ_b², to twelve digits."""
        return Fraction(f"{self.b_std**2:.{_DIGITS}g}")


def uniform(net: "Network") -> Uniform:
    """The network's settings. Raises `NtkTheoryError` where its layers differ, or none is hidden."""
    chain, outputs = chain_and_outputs(net)
    if not chain.activations:
        raise NtkTheoryError("A network of depth 0 is linear: its kernel is neither random nor does it move.")
    for name, values in (("W_std", chain.W_std), ("b_std", chain.b_std)):
        if len(set(values)) > 1:
            raise NtkTheoryError(
                f"{name} differs between layers: {', '.join(f'{v:g}' for v in values)}. A phase belongs to one "
                "value for all: make the network with mlp(activation, depth=…, W_std=…, b_std=…)."
            )
    if len(set(chain.activations)) > 1:
        names = ", ".join(phi.name for phi in dict.fromkeys(chain.activations))
        raise NtkTheoryError(f"The layers have different activations ({names}); a phase belongs to one for all.")
    return Uniform(chain.activations[0], len(chain.activations), chain.W_std[0], chain.b_std[0], outputs)
