"""Claim (a): the mean of each kernel tends to the theory's as the width n grows, with a bias of O(1/n).

Tested are the entries of the NNGP kernel, of the NTK, and of every dense layer's contribution to the NTK where the
theory tells it: C_l = K_l ⊙ ⟨δ_l, δ_l′⟩, Θ = Σ_l C_l. A wrong slope moves Θ little where the last layers dominate
it, but C_l in full.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntk_theory.verify.claims.claim import Claim
from ntk_theory.verify.quantities import quantities_of
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.network import Network


def limit(net: "Network", x: Float[np.ndarray, "k features"], theory: KernelTheory) -> Claim:  # noqa: ARG001
    """E of each kernel entry → the theory's, relative to √(K_ii K_jj) of the kernel that it belongs to."""
    layers = 0 if theory.ntk_layers is None else len(theory.ntk_layers) - 1  # the last one's is the NNGP kernel
    quantities = quantities_of(len(x), layers)
    values = quantities.vector(theory.nngp, theory.ntk, theory.ntk_layers)
    return Claim(
        name="limit",
        statement="the means of the kernels tend to the theory's as the width grows",
        estimator=lambda draws, width: quantities.named(quantities.of(draws)),  # noqa: ARG005
        theory=quantities.named(values),
        scale=lambda means: quantities.named(quantities.scale(np.array(list(means.values())))),
        of="the kernel's size",
    )
