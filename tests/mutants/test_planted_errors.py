"""Errors planted in the theory, as people make them: each must be REFUTED. The unplanted theory must not be.

At alpha = 1e-6, with the default widths and min_detectable = 1%: an error that moves no kernel by 1% may pass.
"""

from itertools import pairwise

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.verify import verify

X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
NETWORKS = {
    "relu": {"depth": 3, "W_std": 2**0.5, "b_std": 0.2},
    "erf": {"depth": 2, "W_std": 1.5, "b_std": 0.3},
    "logistic": {"depth": 3, "W_std": 4.0, "b_std": 0.5},
}
KERNELS = ("nngp", "ntk")


def other_dual(**parts):
    """K, K̇ or V replaced in every layer: the equations themselves are wrong."""

    def build(name, settings):
        dual = ntk.dual(name)
        wrong = dual.replace(**{part: change(dual) for part, change in parts.items()})
        return ntk.mlp(name, **settings, theory=wrong).kernel_fn

    return build


def other_settings(**changes):
    """The right kernels of another network."""

    def build(name, settings):
        changed = {key: change(settings[key]) for key, change in changes.items()}
        return ntk.mlp(name, **{**settings, **changed}).kernel_fn

    return build


def other_result(change):
    """The right kernels, changed afterwards; `below` are those of the network with one layer less."""

    def build(name, settings):
        right = ntk.mlp(name, **settings).kernel_fn
        below = ntk.mlp(name, **{**settings, "depth": settings["depth"] - 1}).kernel_fn
        return lambda x, get: change(right(x, get=get), below(x, get=get), settings)

    return build


def without_first_layer(name, settings):
    """Θ¹ = 0. Θ is linear in Θ¹ with factor Π σ_w² K̇ₗ, and σ_w² K̇ₗ = (Θˡ⁺¹ - Σˡ⁺¹)/Θˡ."""
    depths = [ntk.mlp(name, **{**settings, "depth": depth}).kernel_fn for depth in range(settings["depth"] + 1)]

    def kernel_fn(x, get):
        kernels = [fn(x, get=get) for fn in depths]
        share = kernels[0].ntk
        for before, after in pairwise(kernels):
            share = share * (after.ntk - after.nngp) / before.ntk
        return kernels[-1]._replace(ntk=kernels[-1].ntk - share)

    return kernel_fn


def slope_of_the_layer_before(right, below, settings):  # noqa: ARG001
    return right._replace(ntk=right.nngp + (right.ntk - right.nngp) * below.nngp / right.nngp)


PLANTED = {
    "K in place of its derivative": other_dual(
        derivative=lambda d: d.kernel, derivative_variance=lambda d: d.variance
    ),
    "derivative doubled": other_dual(
        derivative=lambda d: 2 * d.derivative, derivative_variance=lambda d: 2 * d.derivative_variance
    ),
    "last layer's kernel missing in the NTK": other_result(lambda r, b, s: r._replace(ntk=r.ntk - r.nngp)),  # noqa: ARG005
    "first layer's kernel missing in the NTK": without_first_layer,
    "sigma_b omitted": other_settings(b_std=lambda _: 0.0),
    "sigma_b off by a tenth": other_settings(b_std=lambda b: 1.1 * b),
    "sigma_w off by 2%": other_settings(W_std=lambda w: 1.02 * w),
    "sigma_w for its square": other_settings(W_std=lambda w: w**0.5),
    "one layer too many": other_settings(depth=lambda depth: depth + 1),
    "one layer too few": other_settings(depth=lambda depth: depth - 1),
    "readout's bias missing in the NTK": other_result(
        lambda r, b, s: r._replace(ntk=r.ntk - s["b_std"] ** 2)  # noqa: ARG005
    ),
    "readout's weight variance missing": other_result(
        lambda r, b, s: r._replace(nngp=(r.nngp - s["b_std"] ** 2) / s["W_std"] ** 2 + s["b_std"] ** 2)  # noqa: ARG005
    ),
    "NTK off by 2%": other_result(lambda r, b, s: r._replace(ntk=1.02 * r.ntk)),  # noqa: ARG005
    "bias of the off-diagonal missing": other_result(
        lambda r, b, s: r._replace(nngp=r.nngp - s["b_std"] ** 2 * (1 - np.eye(2)))  # noqa: ARG005
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("error", PLANTED)
def test_planted_error_is_refuted(name, error):
    settings = NETWORKS[name]
    verdict = verify(ntk.mlp(name, **settings), X, kernel_fn=PLANTED[error](name, settings))
    assert verdict.verdict == "REFUTED", str(verdict)
    assert verdict.e_value >= 2e6


@pytest.mark.parametrize("name", NETWORKS)
def test_the_unplanted_theory_is_verified(name):
    assert verify(ntk.mlp(name, **NETWORKS[name]), X).verdict == "VERIFIED"


def test_a_wrong_formula_is_told_from_a_near_one():
    """The kernels of Φ(x/1.702), which is within 0.01 of the logistic everywhere: still refuted."""
    net = ntk.mlp("logistic", depth=2, W_std=2.0, b_std=0.5)
    near = ntk.mlp("(1 + erf(x/(1.702*sqrt(2))))/2", depth=2, W_std=2.0, b_std=0.5)
    verdict = verify(net, X, kernel_fn=near.kernel_fn, min_detectable=0.001)
    assert verdict.verdict == "REFUTED", str(verdict)
