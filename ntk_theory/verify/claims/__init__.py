"""What can be claimed of finite networks, one claim a file; `verify(..., claim=...)` takes a name or a `Claim`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError
from ntk_theory.verify.claims.bias import bias
from ntk_theory.verify.claims.claim import Claim, Rate
from ntk_theory.verify.claims.limit import limit
from ntk_theory.verify.claims.moments import moments
from ntk_theory.verify.claims.outputs import outputs
from ntk_theory.verify.claims.phase import phase
from ntk_theory.verify.claims.trained import trained
from ntk_theory.verify.claims.training import frozen, training
from ntk_theory.verify.claims.variance import variance
from ntk_theory.verify.theory import KernelTheory, kernel_theory

if TYPE_CHECKING:
    from ntk_theory.network import Network

__all__ = [
    "CLAIMS",
    "Claim",
    "ClaimMaker",
    "Rate",
    "bias",
    "frozen",
    "limit",
    "moments",
    "outputs",
    "phase",
    "the_claim",
    "trained",
    "training",
    "variance",
]

ClaimMaker: TypeAlias = Callable[["Network", Float[np.ndarray, "k features"], KernelTheory], Claim]

CLAIMS: dict[str, ClaimMaker] = {
    "limit": limit,
    "bias": bias,
    "moments": moments,
    "variance": variance,
    "outputs": outputs,
    "frozen": frozen,
    "training": training,
    "trained": trained,
    "phase": phase,
}
"""The claims that go by a name."""


def the_claim(
    claim: str | Claim | ClaimMaker,
    net: "Network",
    x: Float[np.ndarray, "k features"],
    kernel_fn: "Callable[..., Any] | Network | None",
) -> Claim:
    """The claim of that name, or what a maker makes of network, inputs and theory. Raises `DataError`."""
    if isinstance(claim, Claim):
        return claim
    maker = CLAIMS.get(claim) if isinstance(claim, str) else claim
    if not callable(maker):
        raise DataError(f"claim = {claim!r} is not among {', '.join(CLAIMS)}. Or pass a Claim of your own.")
    made = maker(net, x, kernel_theory(net, kernel_fn, x))
    if not isinstance(made, Claim):
        raise DataError(
            f"claim = {claim!r} made a {type(made).__name__}; a function (net, x, theory) has to give a Claim."
        )
    return made
