"""Eigenvalues of NNGP and NTK for inputs spread evenly on a sphere, and the power law of their decay.

There K(x, x′) = κ(cos θ), its eigenfunctions are the spherical harmonics, and Funk and Hecke's formula gives
    λ_k = w_d ∫_0^π κ(cos θ) P_k(cos θ) sin^{d-2}θ dθ,  1/w_d = ∫_0^π sin^{d-2}θ dθ,
P_k the Gegenbauer polynomial of dimension d with P_k(1) = 1 (Müller 1966; Bietti & Mairal 2019, section 3.2).
κ(cos θ) is smooth in θ up to both ends (its root singularities lie in 1 ∓ cos θ), so Gauss's rule in θ
converges geometrically.

The decay is derived, not fitted. If φ^{(r)} is the lowest derivative with jumps, κ has the term (1 - c)^ν with
ν = r + 1/2, and the NTK, which holds K̇, ν = r - 1/2. A term (1 - c)^ν gives λ_k ~ k^{-(d - 1 + 2ν)} (Bietti & Bach
2021, theorem 1): k^{-d} for the NTK of ReLU, k^{-(d + 2)} for its NNGP.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float, Int
from scipy.special import comb

from ntk_theory.activation import Activation
from ntk_theory.errors import DataError, DivergentExpectationError

if TYPE_CHECKING:
    from ntk_theory.network import Network

SMOOTH_ENOUGH = 8


@dataclass(frozen=True)
class SphereSpectrum:
    """λ_k for k = 0, 1, … and the number of spherical harmonics that share it.

    `trace` is κ(1) = Σ_k multiplicity_k λ_k over all k (Mercer), `rounding` the absolute error of each λ_k as
    seen by doubling the nodes. `decay` is the exponent p of λ_k ~ k^{-p}, ∞ for a smooth activation.
    """

    dimension: int
    eigenvalues: Float[np.ndarray, "degrees"]
    multiplicities: Float[np.ndarray, "degrees"]
    trace: float
    rounding: float
    decay: float

    @property
    def explained(self) -> Float[np.ndarray, "degrees"]:
        """The share of the trace that harmonics up to each degree carry."""
        return np.cumsum(self.eigenvalues * self.multiplicities) / self.trace


def sphere_spectrum(
    net: "Network",
    dimension: int,
    *,
    degrees: int = 32,
    radius: float | None = None,
    get: Literal["nngp", "ntk"] = "ntk",
) -> SphereSpectrum:
    """The eigenvalues of `net`'s kernel on the sphere of `radius` in ℝ^`dimension`, degrees 0 … `degrees` - 1.

    Inputs are uniform on the sphere; `radius` None means √dimension, a mean square of 1.
    Raises `DataError`, and `DivergentExpectationError` for the NTK of an activation that jumps.
    """
    if dimension < 2 or degrees < 1:
        raise DataError(f"dimension = {dimension} must be at least 2, degrees = {degrees} at least 1.")
    if get not in ("nngp", "ntk"):
        raise DataError(f'get = {get!r} is not known: "nngp" or "ntk".')
    size = np.sqrt(dimension) if radius is None else float(radius)
    if not (np.isfinite(size) and size > 0):
        raise DataError(f"radius = {radius} must be positive and finite.")
    decay = dimension - 1 + 2 * _singular_power(net, get)
    coarse, _ = _coefficients(net, dimension, degrees, size, get, 2 * degrees + 64)
    fine, trace = _coefficients(net, dimension, degrees, size, get, 4 * degrees + 128)
    rounding = float(np.abs(fine - coarse).max())
    return SphereSpectrum(dimension, fine, _multiplicities(dimension, degrees), trace, rounding, decay)


def _coefficients(
    net: "Network", dimension: int, degrees: int, radius: float, get: str, nodes: int
) -> tuple[Float[np.ndarray, "degrees"], float]:
    points, weights = np.polynomial.legendre.leggauss(nodes)
    angles = np.pi / 2 * (points + 1)
    # two features carry every angle; the mean square, all that the kernels see, is kept
    plane = radius * np.sqrt(2 / dimension)
    first = plane * np.array([[1.0, 0.0]])
    values = net.kernel_fn(first, plane * np.stack([np.cos(angles), np.sin(angles)], axis=1), get=get)[0]
    measure = weights * np.sin(angles) ** (dimension - 2)
    measure /= measure.sum()
    polynomials = _gegenbauer(dimension, degrees, np.cos(angles))
    return polynomials @ (measure * values), float(net.kernel_fn(first, get=get)[0, 0])


def _gegenbauer(dimension: int, degrees: int, c: Float[np.ndarray, "nodes"]) -> Float[np.ndarray, "degrees nodes"]:
    """P_k(c), P_k(1) = 1, by (k + d - 2) P_{k+1} = (2k + d - 2) c P_k - k P_{k-1}."""
    rows = [np.ones_like(c), c]
    for k in range(1, degrees - 1):
        step = (2 * k + dimension - 2) * c * rows[k] - k * rows[k - 1]
        rows.append(step / (k + dimension - 2))
    return np.stack(rows[:degrees])


def _multiplicities(dimension: int, degrees: int) -> Float[np.ndarray, "degrees"]:
    """dim of the harmonics of degree k: C(k + d - 1, k) - C(k + d - 3, k - 2)."""
    k: Int[np.ndarray, degrees] = np.arange(degrees)
    return comb(k + dimension - 1, k) - np.where(k >= 2, comb(k + dimension - 3, np.maximum(k - 2, 0)), 0)


def _singular_power(net: "Network", get: str) -> float:
    """ν of the strongest term (1 - c)^ν that is no integer power: the roughest activation has it."""
    # inside, for the layers bring JAX, which the rest of this room does without
    from ntk_theory.layers import Nonlinearity

    powers = [
        _roughness(layer.activation) + (0.5 if get == "nngp" else -0.5)
        for layer in net.layers
        if isinstance(layer, Nonlinearity)
    ]
    least = min(powers, default=np.inf)
    if least < 0:
        raise DivergentExpectationError("An activation jumps, so there is no NTK. Ask for get='nngp'.")
    return float(least)


def _roughness(act: Activation) -> float:
    """The order of φ's lowest derivative with jumps; ∞ where φ is smooth."""
    if len(act.pieces) == 1:
        return np.inf
    for order in range(SMOOTH_ENOUGH):
        if any(not jump.height.is_finite for jump in act.jumps):
            raise DataError(
                f"{act.name} is a power that is no integer somewhere: the decay of its eigenvalues is not derived."
            )
        if act.jumps:
            return order
        act = act.derivative
    return np.inf
