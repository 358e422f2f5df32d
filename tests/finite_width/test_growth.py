"""The fluctuation of the NTK with depth: its asymptotic rate against the recursion at large depth."""

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, NoFixedPointError, NotInClassError
from ntk_theory.finite_width import (
    depth_profile,
    first_order,
    ntk_growth,
    relative_fluctuation,
    relu_ntk_dispersion,
)

CRITICAL_TANH = float(ntk.phase("tanh").critical_W_var(b_var=0.05).mid)


@pytest.mark.parametrize(
    ("name", "W_var", "b_var", "phase", "depth"),
    [
        ("relu", 2.0, 0.0, "critical", 60),
        ("relu", 2.0, 0.3, "critical", 150),
        ("relu", 3.0, 0.3, "chaotic", 60),
        ("leaky_relu", 1.2, 0.0, "ordered", 50),
        ("tanh", CRITICAL_TANH, 0.05, "critical", 100),
        ("tanh", 1.0, 0.0, "critical", 200),
        ("tanh", 2.5, 0.1, "chaotic", 80),
        ("erf", 2.0, 0.1, "chaotic", 80),
        ("tanh", 0.5, 0.0, "ordered", 60),
    ],
)
def test_the_slope_is_what_deep_networks_have(name, W_var, b_var, phase, depth):
    """The last layer's increment, within the 1/L that the asymptotics leave out."""
    growth = ntk_growth(name, W_var=W_var, b_var=b_var)
    profile = depth_profile(name, depth, W_std=W_var**0.5, b_std=b_var**0.5)
    assert (growth.phase, growth.limit) == (phase, None)
    assert np.diff(profile.ntk_fluctuation)[-1] == pytest.approx(growth.slope, rel=0.02)


@pytest.mark.parametrize(
    ("name", "W_var", "b_var"),
    [("relu", 1.5, 0.3), ("tanh", 1.0, 0.1), ("gelu", 1.0, 0.1), ("logistic", 4.0, 0.1)],
)
def test_in_the_ordered_phase_it_converges(name, W_var, b_var):
    growth = ntk_growth(name, W_var=W_var, b_var=b_var)
    profile = depth_profile(name, 80, W_std=W_var**0.5, b_std=b_var**0.5)
    assert (growth.phase, growth.slope) == ("ordered", 0.0)
    assert profile.ntk_fluctuation[-1] == pytest.approx(growth.limit, rel=1e-8)


def test_closed_slopes():
    assert ntk_growth("relu", W_var=2.0).slope == pytest.approx(11 / 3, rel=1e-14)
    assert ntk_growth("identity", W_var=1.0).slope == pytest.approx(4 / 3, rel=1e-14)
    assert ntk_growth("relu", W_var=2.0, b_var=0.5).slope == pytest.approx(28 / 15, rel=1e-14)
    assert ntk_growth("sin", W_var=1.0).slope == pytest.approx(2 / 3, rel=1e-14)


def test_the_profile_is_first_order_at_each_depth():
    profile = depth_profile("erf", 3, W_std=1.5, b_std=0.2, input_square=2.0)
    for depth in range(4):
        net = ntk.mlp("erf", depth=depth, W_std=1.5, b_std=0.2)
        found = first_order(net, np.array([[2.0, 0.0]]))
        assert profile.nngp[depth] == pytest.approx(found.nngp.item(), rel=1e-13)
        assert profile.ntk[depth] == pytest.approx(found.ntk.item(), rel=1e-13)
        assert profile.nngp_bias[depth] == pytest.approx(found.nngp_bias.item(), rel=1e-11, abs=1e-13)
        assert profile.ntk_bias[depth] == pytest.approx(found.ntk_bias.item(), rel=1e-11, abs=1e-13)
        relative = found.ntk_covariance.item() / found.ntk.item() ** 2
        assert profile.ntk_fluctuation[depth] == pytest.approx(relative, rel=1e-12)
        assert 3 * profile.nngp_fluctuation[depth] == pytest.approx(found.output_kurtosis.item(), rel=1e-12)


def test_relative_fluctuations():
    x = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5], [2.0, 0.0, 1.0]])
    relu = relative_fluctuation(ntk.mlp("relu", depth=32, W_std=2**0.5), x, 64)
    assert relu.exact
    assert np.allclose(relu.relative, (relu_ntk_dispersion(64, 32, 2**0.5, 0.0) - 1) ** 0.5, rtol=1e-12)
    net = ntk.mlp("erf", depth=3, W_std=1.5, b_std=0.2)
    erf = relative_fluctuation(net, x, 500)
    found = first_order(net, x[1:2])
    assert not erf.exact
    assert erf.relative[1] == pytest.approx(
        (found.ntk_covariance.item() / 500) ** 0.5 / found.ntk.item(), rel=1e-12
    )
    assert erf.relative[0] == erf.relative[2]  # of equal length
    mixed = ntk.serial(
        ntk.Dense(1.0),
        ntk.Nonlinearity(ntk.activation("relu")),
        ntk.Dense(1.2),
        *ntk.mlp("relu", depth=1).layers[1:],
    )
    assert not relative_fluctuation(mixed, x, 64).exact


def test_what_has_no_growth():
    with pytest.raises(NoFixedPointError):
        ntk_growth("exp(x)", W_var=3.0)
    with pytest.raises(DataError, match="W_var = 0"):
        ntk_growth("relu", W_var=0.0)
    with pytest.raises(NotInClassError, match="depth_profile"):
        ntk_growth("x*exp(-x**2) + x**2*exp(-x**2)/2", W_var=1.0)
    with pytest.raises(DataError, match="nothing to fluctuate"):
        relative_fluctuation(ntk.mlp("erf", depth=2), np.zeros((1, 2)), 64)
    with pytest.raises(DataError, match="width = 0"):
        relative_fluctuation(ntk.mlp("erf", depth=2), np.ones((1, 2)), 0)
    with pytest.raises(DataError, match="depth = -1"):
        depth_profile("erf", -1, W_std=1.0)
    with pytest.raises(DataError, match="variance is 0"):
        depth_profile("erf", 1, W_std=1.0, input_square=0.0)
