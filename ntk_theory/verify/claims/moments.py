"""Claim (c): moments at finite width are exactly the theory's, at each width, with nothing left over.

For homogeneous activations without bias products over layers of χ²-like factors give every moment as a rational
function of n (Hanin & Nica 2020): for ReLU E[K̂²]/K² = (1 + 5/n)^L, for linear networks (1 + 2/n)^L.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntk_theory.verify.claims.claim import Claim
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.network import Network

Moments = Callable[[int], Mapping[str, float]]


def moments(exact: Moments, *, widths: tuple[int, ...] = (16, 32, 64), min_detectable: float = 0.02) -> Any:
    """A claim that E K̂^p, E Θ̂^p of the first input are what `exact(width)` says, relative to their own size.

    Its names are "nngp^p" and "ntk^p" with p = 1, 2, …; leave out what the theory does not tell.
    """

    def make(
        net: "Network",  # noqa: ARG001
        x: Float[np.ndarray, "k features"],  # noqa: ARG001
        theory: KernelTheory,  # noqa: ARG001
    ) -> Claim:
        return Claim(
            name="moments",
            statement="moments of the kernels at finite width are exactly the theory's",
            estimator=_powers,
            theory=exact,
            rate="exact",
            networks=64,
            widths=widths,
            min_detectable=min_detectable,
        )

    return make


def _powers(draws: Any, width: int) -> dict[str, np.ndarray]:  # noqa: ARG001
    kernels = {"nngp": draws.nngp[:, 0, 0].astype(np.float64), "ntk": draws.ntk[:, 0, 0].astype(np.float64)}
    return {f"{name}^{p}": kernel**p for name, kernel in kernels.items() for p in (1, 2, 3, 4)}
