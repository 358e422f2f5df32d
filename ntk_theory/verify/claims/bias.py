"""Claim (a), sharply: the bias of each kernel's mean is b/n to first order, with the theory's b.

n·(X(n) - K) has the mean b + a_2/n + …: again a limit, of the next order. A bias that falls like 1/√n in place of
1/n makes that mean grow without bound, a wrong limit K makes it grow like n; both are refuted.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntk_theory.finite_width import first_order
from ntk_theory.verify.claims.claim import ROUNDING, Claim
from ntk_theory.verify.quantities import quantities_of
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.finite_width import FirstOrder
    from ntk_theory.network import Network

WIDTHS = (12, 24, 48)


def bias(
    net: "Network",
    x: Float[np.ndarray, "k features"],
    theory: KernelTheory,
    *,
    order: "FirstOrder | None" = None,
) -> Claim:
    """n·(E X(n) - K) → b of `order` (`ntk_theory.finite_width.first_order`), relative to √(K_ii K_jj).

    K is the theory's limit: a wrong one is refuted here too.
    """
    order = first_order(net, x) if order is None else order
    quantities = quantities_of(len(x))
    limits = quantities.vector(theory.nngp, theory.ntk)
    scale = quantities.named(quantities.scale(limits))
    return Claim(
        name="bias",
        statement="the bias of the kernels' means is b/n, with the theory's b",
        estimator=lambda draws, width: quantities.named(width * (quantities.of(draws) - limits)),
        theory=quantities.named(quantities.vector(order.nngp_bias, order.ntk_bias)),
        scale=scale,
        of="the kernel's size",
        shift=1,
        widths=WIDTHS,
        min_detectable=0.2,
        rounding=ROUNDING * max(WIDTHS),
    )
