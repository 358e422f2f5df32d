"""How far the NTK of one network is from its mean: layer by layer, and in the limit of many layers.

n·Var(Θ̂)/Θ² to first order in 1/n at a single input (Hanin & Nica 2020; Roberts, Yaida & Hanin 2022, chapter 8;
Seleznova & Kutyniok 2022). With the variance at its fixed point q > 0, s = σ_w², averages at q, χ₁ = s⟨φ′²⟩,
χ = s d⟨φ²⟩/dq, h = d⟨φ′²⟩/dq, the recursion of `first_order` has

    V → s²Var(φ²)/(1 - χ²),   D ≈ dΘ with d = s²[Cov(φ², φ′²) + Vχh/s]/(χ₁(1 - χ)),
    rate = (s²[Var(φ′²) + h²V] + 2s²hd⟨φ′²⟩ + 2s²⟨φ′⁴⟩)/χ₁².

Chaotic: Θ grows like χ₁^L and n·Var/Θ² like rate·L. Critical: Θ like qL and n·Var/Θ² like (rate/3)·L. Ordered:
both converge. Where q → 0 like 1/L (critical tanh, σ_b = 0), Θ converges and ⟨φ′⁴⟩ alone stays: (2/3)·L. Where q
and Θ scale together (homogeneous φ that is not ordered; q → 0 in the ordered phase), with κ = ⟨φ′⁴⟩/⟨φ′²⟩², V, D
and A are sums of powers of L and the slope is (7κ - 3)/3, or (18κ - 8)/15 where biases let q grow linearly.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Array, Float
from sympy import Expr

from ntk_theory.activation import Activation, activation
from ntk_theory.errors import DataError, NotInClassError
from ntk_theory.finite_width.averages import Averages, averages
from ntk_theory.finite_width.dispersion import slope_kurtosis
from ntk_theory.finite_width.exact import check_size, check_whole, exact_moments, squared_slopes
from ntk_theory.finite_width.first_order import chain_and_outputs, first_layer, first_order, next_layer
from ntk_theory.phase import phase
from ntk_theory.sampling.chain import Chain, check_inputs
from ntk_theory.symbols import x as argument

if TYPE_CHECKING:
    from ntk_theory.network import Network

_CRITICAL = 1e-9  # χ₁ nearer to 1 is critical for every depth that can be computed


@dataclass(frozen=True)
class NtkGrowth:
    """n·Var(Θ̂)/Θ² ≈ `slope`·L for many layers, L ≪ n; where it converges `slope` is 0 and `limit` its limit.

    It converges in the ordered phase, unless the variance goes to 0 there and with it Θ.
    """

    phase: Literal["ordered", "critical", "chaotic"]
    slope: float
    limit: float | None


@dataclass(frozen=True)
class DepthProfile:
    """A network after 0, 1, … hidden layers: entry l is the depth l. First order in 1/n, one input.

    `nngp` and `ntk` in the limit; n times their bias; n·Var(K̂)/K², n·Var(Θ̂)/Θ².
    """

    nngp: Float[np.ndarray, "depths"]
    ntk: Float[np.ndarray, "depths"]
    nngp_bias: Float[np.ndarray, "depths"]
    ntk_bias: Float[np.ndarray, "depths"]
    nngp_fluctuation: Float[np.ndarray, "depths"]
    ntk_fluctuation: Float[np.ndarray, "depths"]


@dataclass(frozen=True)
class Fluctuation:
    """std(Θ̂_aa)/E[Θ̂_aa] for each input; `exact` at every width, or to first order in 1/n."""

    relative: Float[np.ndarray, "m"]
    exact: bool


def depth_profile(
    what: str | Expr | Activation, depth: int, *, W_std: float, b_std: float = 0.0, input_square: float = 1.0
) -> DepthProfile:
    """All depths from 0 to `depth` of `mlp(what, W_std, b_std)` at an input with |x|²/n₀ = `input_square`.

    Raises as `first_order` does, and `DataError` for a depth below 0 or an input that is 0 without biases.
    """
    phi = activation(what)
    check_whole("depth", depth, 0)
    q = W_std**2 * input_square + b_std**2
    if not (np.isfinite(q) and q > 0 and input_square >= 0):
        raise DataError(f"The first layer's variance is {q}; it must be finite and > 0.")
    states = [first_layer(np.array([[q]]), 0)]
    for _ in range(depth):
        states.append(next_layer(states[-1], averages(phi, states[-1].K), W_std**2, b_std**2, -1))
    rows = [
        [v.item() for v in (state.K, state.theta, state.b, state.H, state.V, state.A + 2 * state.B)]
        for state in states
    ]
    nngp, ntk, nngp_bias, ntk_bias, nngp_variance, ntk_variance = np.array(rows).T
    return DepthProfile(nngp, ntk, nngp_bias, ntk_bias, nngp_variance / nngp**2, ntk_variance / ntk**2)


def ntk_growth(what: str | Expr | Activation, *, W_var: float, b_var: float = 0.0) -> NtkGrowth:
    """How n·Var(Θ̂)/Θ² grows with depth at σ_w² = `W_var`, σ_b² = `b_var`; critical means |χ₁ - 1| ≤ 1e-9.

    Raises `NoFixedPointError` where the variance has no fixed point, `NotInClassError` where it tends to 0 in a
    way that is not covered (φ that is not odd to second order, at criticality): there use `depth_profile`.
    """
    phi = activation(what)
    try:
        a, b = squared_slopes(phi)
    except NotInClassError:
        point = phase(phi).fixed_point(W_var, b_var)
        q, chi_1 = float(point.q.mid), float(point.chi_1.mid)
        return _from_zero(phi, chi_1) if q < 1e-12 else _from_averages(averages(phi, np.array([[q]])), W_var, q)
    check_size("W_var", W_var, positive=True)
    check_size("b_var", b_var, positive=False)
    chi_1, kappa = W_var * float(a + b) / 2, float(slope_kurtosis(phi))
    name = _phase(chi_1)
    if b_var > 0 and name == "ordered":
        q = b_var / (1 - chi_1)
        return _from_averages(averages(phi, np.array([[q]])), W_var, q)
    slope = (18 * kappa - 8) / 15 if b_var > 0 and name == "critical" else (7 * kappa - 3) / 3
    return NtkGrowth(name, slope, None)


def relative_fluctuation(net: "Network", x: Float[Array | np.ndarray, "m features"], width: int) -> Fluctuation:
    """The standard deviation of Θ̂(x, x) over networks of hidden width `width`, relative to its mean.

    Exact for φ = a·max(x, 0) + b·min(x, 0) in networks from `mlp`, which may be as deep as they are wide; to first
    order in 1/n for others, where values above about 1/2 only say that it is large. Raises as `first_order` does.
    """
    inputs = check_inputs(x)
    check_whole("width", width, 1)
    chain, outputs = chain_and_outputs(net)
    exact = _exact_chain(chain)
    known: dict[float, float] = {}
    relative = []
    for row in inputs:
        square = float(row @ row) / len(row)
        if square == 0 and chain.b_std[0] == 0:
            raise DataError(
                "An input is 0 and the first layer has no bias: its NTK has nothing to fluctuate about."
            )
        if square not in known:
            if exact:
                moments = exact_moments(
                    chain.activations[0],
                    width=width,
                    depth=net.depth,
                    W_std=chain.W_std[0],
                    b_std=chain.b_std[0],
                    input_square=square,
                    outputs=outputs,
                )
                known[square] = float(moments.ntk_dispersion - 1) ** 0.5
            else:
                found = first_order(net, row[None])
                known[square] = float(found.ntk_covariance.item() / width) ** 0.5 / found.ntk.item()
        relative.append(known[square])
    return Fluctuation(np.array(relative), exact)


def _exact_chain(chain: Chain) -> bool:
    """Whether `exact_moments` knows the network: all layers alike, φ homogeneous."""
    alike = all(len(set(values)) == 1 for values in (chain.W_std, chain.b_std, chain.activations) if values)
    try:
        return alike and bool(chain.activations) and bool(squared_slopes(chain.activations[0]))
    except NotInClassError:
        return False


def _phase(chi_1: float) -> Literal["ordered", "critical", "chaotic"]:
    if abs(chi_1 - 1) <= _CRITICAL:
        return "critical"
    return "ordered" if chi_1 < 1 else "chaotic"


def _from_zero(phi: Activation, chi_1: float) -> NtkGrowth:
    """The variance tends to 0, and φ to what it is near 0."""
    name = _phase(chi_1)
    if name == "ordered":
        left = next(p.expression for p in phi.pieces if p.lower < 0 <= p.upper)
        right = next(p.expression for p in phi.pieces if p.lower <= 0 < p.upper)
        below, above = (part.diff(argument).subs(argument, 0) for part in (left, right))
        kappa = float(2 * (below**4 + above**4) / (below**2 + above**2) ** 2)
        return NtkGrowth(name, (7 * kappa - 3) / 3, None)
    smooth = all(kink.position != 0 for kink in phi.kinks)
    if not smooth or phi.expression.diff(argument, 2).subs(argument, 0) != 0:
        raise NotInClassError(
            f"{phi.name} bends at 0 and its variance tends to 0 at criticality, which has no rate here; "
            "finite_width.depth_profile has the fluctuation of the NTK at every depth."
        )
    return NtkGrowth(name, 2 / 3, None)


def _from_averages(mean: Averages, s: float, q: float) -> NtkGrowth:
    """The recursion at a fixed point q > 0 of the variance."""
    pp, qq = mean.pp.item(), mean.qq.item()
    p4, p2q2, q4 = mean.pppp.item(), mean.ppqq.item(), mean.qqqq.item()
    h, chi, chi_1 = mean.qq_H2.item(), s * mean.pp_H2.item(), s * qq
    V = s**2 * (p4 - pp**2) / (1 - chi**2)
    both = s**2 * (p2q2 - pp * qq + V * chi * h / s)
    slopes = s**2 * (q4 - qq**2 + h**2 * V)
    name = _phase(chi_1)
    if name == "ordered":
        theta = q / (1 - chi_1)
        D = (V + both * theta) / (1 - chi * chi_1)
        M = D - V
        A = (V + 2 * M + slopes * theta**2 + 2 * s**2 * h * D * qq * theta) / (1 - chi_1**2)
        B = s**2 * q4 * theta**2 / (1 - chi_1**2)
        return NtkGrowth(name, 0.0, (A + 2 * B) / theta**2)
    d = both / (chi_1 * (1 - chi))
    rate = (slopes + 2 * s**2 * h * d * qq + 2 * s**2 * q4) / chi_1**2
    return NtkGrowth(name, rate / 3 if name == "critical" else rate, None)
