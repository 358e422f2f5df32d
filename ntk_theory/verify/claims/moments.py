"""Claim (c): moments at finite width are exactly the theory's, at each width, with nothing left over.

For φ(z) = a·max(z, 0) + b·min(z, 0), linear networks among them, and a single input, E K̂, E Θ̂, E K̂², E Θ̂² and
E K̂Θ̂ are rational functions of n (`ntk_theory.finite_width.exact_moments`; for ReLU without bias E[K̂²]/K² =
(1 + 5/n)^L, for linear networks (1 + 2/n)^L; Hanin & Nica 2020).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import NotInClassError
from ntk_theory.finite_width import exact_moments
from ntk_theory.sampling.chain import Chain, chain_of
from ntk_theory.verify.claims.claim import Claim
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.network import Network

Moments = Callable[[int], Mapping[str, float]]


def moments(
    net: "Network", x: Float[np.ndarray, "k features"], theory: KernelTheory, *, exact: Moments | None = None
) -> Claim:
    """E K̂^p and E Θ̂^p of each input, and E K̂Θ̂, are at every width what `exact(width)` says.

    Names: "nngp[0]^2" is K̂(x_0, x_0)², "ntk[0]^1" Θ̂(x_0, x_0), "nngp·ntk[0]" the product; powers up to 4, and what
    `exact` does not tell is left out. Where it is None: first moments are the limit under test, which such
    networks have at every width, and the second ones it and `exact_moments` together; inputs whose kernel vanishes
    are left out. Errors are relative to each moment's size. Raises `NotInClassError` where those moments are not
    known; there "bias" and "variance" are tested to first order in 1/n.
    """
    return Claim(
        name="moments",
        statement="moments of the kernels at finite width are exactly the theory's",
        estimator=partial(_powers, inputs=len(x)),
        theory=_derived(net, x, theory) if exact is None else exact,
        rate="exact",
        networks=64,
        widths=(16, 64),
        min_detectable=0.03,
    )


def _powers(draws: Any, width: int, *, inputs: int) -> dict[str, np.ndarray]:  # noqa: ARG001
    found: dict[str, np.ndarray] = {}
    for i in range(inputs):
        nngp, ntk = (kernel[:, i, i].astype(np.float64) for kernel in (draws.nngp, draws.ntk))
        found |= {
            f"{name}[{i}]^{p}": kernel**p for name, kernel in (("nngp", nngp), ("ntk", ntk)) for p in range(1, 5)
        }
        found[f"nngp·ntk[{i}]"] = nngp * ntk
    return found


def _derived(net: "Network", x: Float[np.ndarray, "k features"], theory: KernelTheory) -> Moments:
    chain = _uniform_chain(net)
    limits = {
        i: (theory.nngp[i, i], theory.ntk[i, i], float(row @ row) / len(row))
        for i, row in enumerate(x)
        if theory.nngp[i, i] > 0
    }

    @lru_cache(maxsize=64)
    def exact(width: int) -> dict[str, float]:
        values: dict[str, float] = {}
        for i, (K, Theta, square) in limits.items():
            own = exact_moments(
                chain.activations[0].expression,
                width=width,
                depth=len(chain.activations),
                W_std=chain.W_std[0],
                b_std=chain.b_std[0],
                input_square=square,
            )
            values |= {
                f"nngp[{i}]^1": K,
                f"ntk[{i}]^1": Theta,
                f"nngp[{i}]^2": K**2 * own.nngp_square / own.nngp**2,
                f"ntk[{i}]^2": Theta**2 * own.ntk_dispersion,
                f"nngp·ntk[{i}]": K * Theta * own.product / (own.nngp * own.ntk),
            }
        return values

    return exact


def _uniform_chain(net: "Network") -> Chain:
    """The network's chain. Raises `NotInClassError` where its layers are not all alike, or there is none."""
    chain = chain_of(net)
    alike = all(len(set(values)) == 1 for values in (chain.W_std, chain.b_std, chain.activations))
    if not alike:
        raise NotInClassError(
            "Exact moments are known for networks whose hidden layers, one at least, and readout are all alike; "
            "for others the claims 'bias' and 'variance' test the first order in 1/n, or give exact=."
        )
    return chain
