"""Kernels of networks of width n to first order in 1/n: bias and covariance, for any φ and several inputs.

One layer to the next, from the law of fluctuations at large n (Yaida 2020; Roberts, Yaida & Hanin 2022,
chapters 4 and 8; here derived for several inputs and every tensor index). Given the layer below, the
pre-activations z′_i of different neurons i are independent N(0, K̂′) with

    K̂′_ab = σ_b² + (σ_w²/n) Σ_k p_ka p_kb,   p_ka = φ(z_ka),  q_ka = φ′(z_ka),
    Θ̂′_ij,ab = δ_ij K̂′_ab + (σ_w²/n) Σ_kl W_ik W_jl q_ka q_lb Θ̂_kl,ab,

W standard normal. The state holds the connected correlations that are of order 1/n, times n:

    V[ab,cd]: K̂_ab with K̂_cd;   D[ab,cd]: K̂_ab with Θ̂_ii,cd;   A[ab,cd]: Θ̂_ii,ab with Θ̂_jj,cd, i ≠ j;
    F[ab,cd]: z_ia z_jb with Θ̂_ij,cd, i ≠ j;   B[ab,cd]: Θ̂_ij,ab with Θ̂_ij,cd, i ≠ j,

and the biases b of K̂, H of Θ̂_ii. For one neuron n·Cov(Θ̂_ii,ab, Θ̂_ii,cd) = A[ab,cd] + B[ab,cd] + B[ab,dc].
A mean over functions of z is expanded by ⟨f⟩_{K+δ} = ⟨f⟩ + ½⟨f H₂⟩·δ + ⅛⟨f H₄⟩·δδ; `next_layer` has the result.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Array, Float

from ntk_theory.errors import DataError, NtkTheoryError
from ntk_theory.finite_width.averages import Averages, averages
from ntk_theory.layers import Dense
from ntk_theory.sampling.chain import Chain, chain_of, check_inputs

if TYPE_CHECKING:
    from ntk_theory.network import Network

_ROUNDING = 1e-5  # the largest error by rounding, relative to the averages that the terms correct


@dataclass(frozen=True)
class FirstOrder:
    """E[K̂] = `nngp` + `nngp_bias`/n + O(1/n²), Cov(K̂_ab, K̂_cd) = `nngp_covariance`[a, b, c, d]/n + O(1/n²).

    Likewise Θ̂ with `ntk`. K̂ is σ_w² h·h′/n + σ_b² of the last hidden layer, Θ̂ the mean over outputs of the finite
    network's NTK, n the width of every hidden layer. `cross_covariance`[a, b, c, d] is n·Cov(K̂_ab, Θ̂_cd).
    `ntk_layers` and what follows it are the parts of Θ̂ that each dense layer's parameters add, first layer first.
    """

    nngp: Float[np.ndarray, "m m"]
    ntk: Float[np.ndarray, "m m"]
    nngp_bias: Float[np.ndarray, "m m"]
    ntk_bias: Float[np.ndarray, "m m"]
    nngp_covariance: Float[np.ndarray, "m m m m"]
    ntk_covariance: Float[np.ndarray, "m m m m"]
    cross_covariance: Float[np.ndarray, "m m m m"]
    ntk_layers: Float[np.ndarray, "layers m m"]
    ntk_layers_bias: Float[np.ndarray, "layers m m"]
    ntk_layers_covariance: Float[np.ndarray, "layers m m m m"]

    @property
    def output_cumulant(self) -> Float[np.ndarray, "m m m m"]:
        """n times the fourth joint cumulant of one output on four inputs, to first order.

        Given the hidden layers f is N(0, K̂), so it is Cov(K̂_ab, K̂_cd) + Cov(K̂_ac, K̂_bd) + Cov(K̂_ad, K̂_bc).
        """
        V = self.nngp_covariance
        return V + V.transpose(0, 2, 1, 3) + V.transpose(0, 2, 3, 1)

    @property
    def output_kurtosis(self) -> Float[np.ndarray, "m"]:
        """n times the excess kurtosis E[f⁴]/E[f²]² - 3 of an output, to first order: 3 n·Var K̂_aa/K_aa².

        Raises `DataError` for an input whose output is always 0.
        """
        variances = np.diag(self.nngp)
        if not variances.all():
            raise DataError(f"Input {int(variances.argmin())} gives the output 0, which has no kurtosis.")
        return np.einsum("aaaa->a", self.output_cumulant) / variances**2


@dataclass(frozen=True)
class State:
    """At one layer's pre-activations: K, b, V, and the tensors of Θ̂'s parts, one a dense layer, then their sum."""

    K: Float[np.ndarray, "m m"]
    b: Float[np.ndarray, "m m"]
    V: Float[np.ndarray, "m m m m"]
    theta: Float[np.ndarray, "parts m m"]
    H: Float[np.ndarray, "parts m m"]
    D: Float[np.ndarray, "parts m m m m"]
    F: Float[np.ndarray, "parts m m m m"]
    A: Float[np.ndarray, "parts m m m m"]
    B: Float[np.ndarray, "parts m m m m"]


def first_order(net: "Network", x: Float[Array | np.ndarray, "m features"]) -> FirstOrder:
    """Bias and covariance of the finite network's kernels on the inputs x, to first order in 1/n.

    The hidden layers have equal widths n; inputs may coincide. Averages of up to two inputs are computed to 1e-10,
    covariances among three and four to about 1e-6; with m inputs the time grows like m⁴.

    Raises `NtkTheoryError` for a network that is not Dense, Nonlinearity, …, Dense with hidden layers of equal
    width; `DivergentExpectationError` where φ jumps, or E[φ⁴] or E[φ′⁴] is infinite; `ShapeError` and `DataError`
    for inputs that can't be used, or that nearly coincide (ReLU: angles below about 10⁻³).
    """
    inputs = check_inputs(x)
    chain, outputs = chain_and_outputs(net)
    K = chain.W_std[0] ** 2 * (inputs @ inputs.T) / inputs.shape[1] + chain.b_std[0] ** 2
    state = first_layer(K, len(chain.W_std))
    for index, phi in enumerate(chain.activations, 1):
        state = next_layer(state, averages(phi, state.K), chain.W_std[index] ** 2, chain.b_std[index] ** 2, index)
    covariance = state.A + (state.B + state.B.swapaxes(-1, -2)) / outputs
    return FirstOrder(
        nngp=state.K,
        ntk=state.theta[-1],
        nngp_bias=state.b,
        ntk_bias=state.H[-1],
        nngp_covariance=state.V,
        ntk_covariance=covariance[-1],
        cross_covariance=state.D[-1],
        ntk_layers=state.theta[:-1],
        ntk_layers_bias=state.H[:-1],
        ntk_layers_covariance=covariance[:-1],
    )


def chain_and_outputs(net: "Network") -> tuple[Chain, int]:
    """The network as a chain with one output, and how many outputs it has."""
    readout = net.layers[-1]
    if not isinstance(readout, Dense) or readout.width is None:
        raise NtkTheoryError(
            f"The last layer is {readout!r}; end the network with Dense(W_std, b_std, width=outputs), so that the "
            "number of its outputs is known."
        )
    chain = chain_of(replace(net, layers=(*net.layers[:-1], replace(readout, width=1))))
    return chain, readout.width


def first_layer(K: Float[np.ndarray, "m m"], layers: int) -> State:
    """The state of the first pre-activations; `layers` is how many parts Θ̂ is to be kept in besides the sum."""
    m = len(K)
    two, four, many = np.zeros((m, m)), np.zeros((m,) * 4), np.zeros((layers + 1,) + (m,) * 4)
    theta = np.zeros((layers + 1, m, m))
    theta[[0, -1]] = K
    return State(K, two, four, theta, np.zeros_like(theta), many, many, many, many)


def next_layer(old: State, mean: Averages, W_var: float, b_var: float, layer: int) -> State:
    """From the pre-activations of one layer to the next, of which W_var and b_var are the σ_w² and σ_b².

    `layer` is the part of Θ̂ that the next layer's parameters are, -1 if only the sum is kept.
    """
    own = np.zeros(len(old.theta))
    own[[layer, -1]] = 1.0
    s, theta = W_var, old.theta
    pp, qq, dP, dQ, J = mean.pp, mean.qq, mean.pp_H2, mean.qq_H2, mean.pq_H1

    K = s * pp + b_var
    b = s * (_pairs(dP, old.b) + _second_order(mean.pp_H4, old.V, pp))
    dP_V, dQ_V = _on(dP, old.V), _on(dQ, old.V)
    V = s**2 * (mean.pppp - _outer(pp, pp) + _across(dP_V, dP))

    both = _ward(own, K)
    new_theta = both + s * qq * theta
    curved = _pairs(dQ, old.b) + _second_order(mean.qq_H4, old.V, qq)
    through = old.D + old.F + old.F.swapaxes(1, 2)
    H = _ward(own, b) + s * (curved * theta + qq * old.H + np.einsum("cdef,pefcd->pcd", dQ, through))

    below = (mean.ppqq - _outer(pp, qq) + _across(dP_V, dQ)) * theta[:, None, None]
    below = below + np.einsum("abef,pefcd->pabcd", dP, old.D) * qq
    M = s**2 * below
    D = _ward(own, V) + M
    J_J_F = np.einsum("ace,bdf,pefcd->pabcd", J, J, old.F, optimize=True)
    F = s**2 * (mean.ppqq * theta[:, None, None] + J_J_F)

    pairs = theta[:, :, :, None, None] * theta[:, None, None]
    slopes = np.einsum("abef,pefcd->pabcd", dQ, old.D) * qq * theta[:, :, :, None, None]
    A = (mean.qqqq - _outer(qq, qq) + _across(dQ_V, dQ)) * pairs + slopes + _exchanged(slopes)
    A = s**2 * (A + _outer(qq, qq) * old.A) + _own_and_below(own, V, M)
    B = s**2 * (mean.qqqq * pairs + np.einsum("ac,bd->abcd", qq, qq) * old.B)
    return State(K, b, V, new_theta, H, D, F, A, B)


def _ward(own: Float[np.ndarray, "parts"], tensor: Float[np.ndarray, "..."]) -> Float[np.ndarray, "parts ..."]:
    """The tensor in those parts of Θ̂ that the layer's own parameters belong to."""
    return np.multiply.outer(own, tensor)


def _own_and_below(
    own: Float[np.ndarray, "parts"], V: Float[np.ndarray, "m m m m"], M: Float[np.ndarray, "parts m m m m"]
) -> Float[np.ndarray, "parts m m m m"]:
    """Covariances of K̂′ with itself and with what comes from below, where K̂′ is a part of Θ̂′."""
    return _ward(own, V) + own[:, None, None, None, None] * (M + _exchanged(M))


def _pairs(left: Float[np.ndarray, "m m m m"], right: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m m"]:
    return np.einsum("abef,ef->ab", left, right)


def _on(left: Float[np.ndarray, "m m m m"], V: Float[np.ndarray, "m m m m"]) -> Float[np.ndarray, "m m m m"]:
    return np.einsum("abef,efgh->abgh", left, V)


def _across(
    left: Float[np.ndarray, "m m m m"], right: Float[np.ndarray, "m m m m"]
) -> Float[np.ndarray, "m m m m"]:
    return np.einsum("abgh,cdgh->abcd", left, right)


def _outer(left: Float[np.ndarray, "m m"], right: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m m m m"]:
    return np.multiply.outer(left, right)


def _exchanged(tensor: Float[np.ndarray, "parts m m m m"]) -> Float[np.ndarray, "parts m m m m"]:
    """The two pairs of indices exchanged."""
    return tensor.transpose(0, 3, 4, 1, 2)


def _second_order(
    H4: Float[np.ndarray, "m m 2 2 2 2"], V: Float[np.ndarray, "m m m m"], mean: Float[np.ndarray, "m m"]
) -> Float[np.ndarray, "m m"]:
    """⅛⟨f H₄⟩·V, V taken on the pair of inputs in front; `mean` is ⟨f⟩.

    For inputs that almost coincide V is nearly singular and H₄ large, and their product is rounding alone.
    """
    m = len(V)
    pair = np.stack(np.meshgrid(np.arange(m), np.arange(m), indexing="ij"), axis=-1)
    i, j, k, l = (pair.reshape(m, m, *(2 if axis == place else 1 for axis in range(4))) for place in range(4))
    terms = H4 * V[i, j, k, l] / 8
    rounding = 10 * np.finfo(float).eps * np.abs(terms).sum(axis=(2, 3, 4, 5))
    if rounding.max() > _ROUNDING * np.abs(mean).max():
        a, b = np.unravel_index(rounding.argmax(), rounding.shape)
        raise DataError(
            f"Inputs {a} and {b} nearly coincide, or are nearly opposite: float64 has no digits left for their "
            "1/n terms. Leave one of them out, or make them equal."
        )
    return np.sum(terms, axis=(2, 3, 4, 5))
