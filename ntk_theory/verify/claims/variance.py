"""Claim (b): one network's kernels vary around their mean with variance V/n, with the theory's V.

n·(X(n) - μ(n))² has the mean n·Var X(n) = V + a_1/n + …, for μ(n) = K + b/n up to n·(second order of the bias)²,
which is O(1/n³). So V is a limit too, and is tested as one.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError
from ntk_theory.finite_width import first_order
from ntk_theory.verify.claims.claim import Claim
from ntk_theory.verify.quantities import Quantities, quantities_of
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.finite_width import FirstOrder
    from ntk_theory.network import Network


def variance(
    net: "Network",
    x: Float[np.ndarray, "k features"],
    theory: KernelTheory,
    *,
    order: "FirstOrder | None" = None,
) -> Claim:
    """n·Var of each kernel entry → V of `order` (`ntk_theory.finite_width.first_order`), relative to V's size.

    An entry's size is the larger of V and √(V_ii V_jj), with V_ii that of the diagonal entry: V may vanish.
    """
    if not net.depth:
        raise DataError("The network has no hidden layer: its kernels are not random, and have no variance.")
    order = first_order(net, x) if order is None else order
    quantities = quantities_of(len(x))
    limits = quantities.vector(theory.nngp, theory.ntk)
    drift = quantities.vector(order.nngp_bias, order.ntk_bias)
    own = [np.einsum("ijij->ij", one) for one in (order.nngp_covariance, order.ntk_covariance)]
    values = quantities.vector(*own)
    return Claim(
        name="variance",
        statement="the kernels of one network vary with variance V/n, with the theory's V",
        estimator=lambda draws, width: quantities.named(
            width * (quantities.of(draws) - limits - drift / width) ** 2
        ),
        theory=quantities.named(values),
        scale=lambda means: quantities.named(_sizes(quantities, np.array(list(means.values())))),
        of="the variance's size",
        networks=96,  # a square has a kurtosis of 15 and more
        widths=(128, 256),
        min_detectable=0.15,
    )


def _sizes(quantities: Quantities, values: Float[np.ndarray, "quantities"]) -> Float[np.ndarray, "quantities"]:
    return np.maximum(quantities.scale(values), np.abs(values))
