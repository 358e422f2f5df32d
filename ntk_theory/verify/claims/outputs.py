"""Claim (d): the outputs of a wide network are Gaussian, with excess kurtosis κ/n, κ = 3 V/K².

Given its hidden layers an output is exactly normal with variance K̂, so its fourth cumulant is 3·Var K̂: that is
what is tested, by n·(K̂ - K)²; it varies less than the raw fourth moment by a factor of hundreds (Hanin & Nica
2020; Yaida 2020). Raw tests of z = f/√K̂ stay, exact at every width, for an error in the readout: z² has mean 1,
cos z and cos 2z have the normal law's e^{-1/2} and e^{-2}.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntk_theory.finite_width import first_order
from ntk_theory.verify.claims.claim import Claim
from ntk_theory.verify.theory import KernelTheory

if TYPE_CHECKING:
    from ntk_theory.finite_width import FirstOrder
    from ntk_theory.network import Network


def outputs(
    net: "Network",
    x: Float[np.ndarray, "k features"],
    theory: KernelTheory,
    *,
    order: "FirstOrder | None" = None,
) -> Claim:
    """n·(E f⁴/(E f²)² - 3) → 3 V/K² of `order` for each input, beside z², cos z and cos 2z of z = f/√K̂.

    Inputs whose kernel vanishes have no kurtosis and are left out.
    """
    order = first_order(net, x) if order is None else order
    K, drift = np.diag(theory.nngp), np.diag(order.nngp_bias)
    inputs = [i for i in range(len(x)) if K[i] > 0]
    values = {f"excess kurtosis f[{i}] · n": 3 * order.nngp_covariance[i, i, i, i] / K[i] ** 2 for i in inputs}
    normal = {"z²": 1.0, "cos z": np.exp(-0.5), "cos 2z": np.exp(-2.0)}
    values |= {f"{name}, f[{i}]": value for i in inputs for name, value in normal.items()}

    def estimator(draws: Any, width: int) -> dict[str, np.ndarray]:
        found = {}
        for i in inputs:
            own, f = draws.nngp[:, i, i].astype(np.float64), draws.outputs[:, i].astype(np.float64)
            found[f"excess kurtosis f[{i}] · n"] = 3 * width * ((own - K[i] - drift[i] / width) / K[i]) ** 2
            alive = own > 0  # a dead ReLU network has f = K̂ = 0: it counts for neither side
            z = f / np.sqrt(np.where(alive, own, 1))
            for name, value in (("z²", z**2), ("cos z", np.cos(z)), ("cos 2z", np.cos(2 * z))):
                found[f"{name}, f[{i}]"] = np.where(alive, value, normal[name])
        return found

    return Claim(
        name="outputs",
        statement="outputs are Gaussian, with excess kurtosis of the theory's κ/n",
        estimator=estimator,
        theory=values,
        scale=lambda means: {name: max(abs(mean), 1.0) for name, mean in means.items()},
        networks=96,
        widths=(128, 256),
        min_detectable=0.15,
    )
