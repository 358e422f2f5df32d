"""The first order in 1/n against exactly sampled networks of widths 16 and 32.

With c = n·(mean - limit), 2c(32) - c(16) is the coefficient of 1/n up to O(1/n²) (so for covariances). It is
compared for 6 biases and 21 covariances of (K̂, Θ̂) on two inputs, in units of its standard error. The threshold 6
is passed by chance with probability 2e-9 for a normal mean, 3e-7 for all comparisons of this file.

Dropping a vertex, here an average of every layer, moves some entry by the number of standard errors noted beside
it (measured): at 8 it is caught with probability 0.97, at 12 with 1 - 1e-9.
"""

import dataclasses
import sys
from functools import lru_cache

import jax
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.finite_width import first_order
from ntk_theory.sampling import draw_kernels

PAIR = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
ROWS, COLUMNS = [0, 0, 1], [0, 1, 1]
WIDTH, COUNT, THRESHOLD = 16, 200_000, 6.0
EVERYDAY = ("relu",)
W_STD = {"relu": 1.4, "tanh": 1.5, "erf": 1.5, "logistic": 3.0, "gelu": 1.5}


def network(name):
    return ntk.mlp(name, depth=3, W_std=W_STD[name], b_std=0.3)


def coefficients(found):
    """Biases of the six entries, and their covariances."""
    bias = np.concatenate([found.nngp_bias[ROWS, COLUMNS], found.ntk_bias[ROWS, COLUMNS]])
    picked = np.ix_(range(3), range(3))

    def block(tensor):
        return tensor[ROWS, COLUMNS][:, ROWS, COLUMNS][picked]

    V, D, A = (block(t) for t in (found.nngp_covariance, found.cross_covariance, found.ntk_covariance))
    return np.concatenate([bias, np.block([[V, D], [D.T, A]])[np.triu_indices(6)]])


@lru_cache
def estimated(name):
    """The coefficients and their standard errors, by simulation."""
    net = network(name)
    limit = first_order(net, PAIR)
    parts = []
    networks = COUNT if name in EVERYDAY else 4 * COUNT
    for width, count in ((WIDTH, networks), (2 * WIDTH, networks // 2)):
        draws = draw_kernels(net, PAIR, width, count, jax.random.key(5))
        K, T = (part[:, ROWS, COLUMNS].astype(float) for part in (draws.nngp, draws.ntk))
        both = np.concatenate([K - limit.nngp[ROWS, COLUMNS], T - limit.ntk[ROWS, COLUMNS]], axis=1)
        i, j = np.triu_indices(6)
        centred = both - both.mean(axis=0)
        values = width * np.concatenate([both, centred[:, i] * centred[:, j]], axis=1)
        parts.append((values.mean(axis=0), values.std(axis=0) / np.sqrt(count)))
    (c16, e16), (c32, e32) = parts
    return 2 * c32 - c16, np.sqrt(4 * e32**2 + e16**2)


def largest_deviation(name):
    values, errors = estimated(name)
    return np.abs((coefficients(first_order(network(name), PAIR)) - values) / errors).max()


def without(monkeypatch, *fields):
    """Drop these averages in every layer."""
    module = sys.modules[first_order.__module__]
    true = module.averages

    def dropped(phi, K):
        mean = true(phi, K)
        return dataclasses.replace(mean, **{field: np.zeros_like(getattr(mean, field)) for field in fields})

    monkeypatch.setattr(module, "averages", dropped)


@pytest.mark.parametrize("name", [n if n in EVERYDAY else pytest.param(n, marks=pytest.mark.slow) for n in W_STD])
def test_biases_and_covariances_are_those_of_networks(name):
    assert largest_deviation(name) < THRESHOLD


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("relu", "pp_H4"),  # 8: the curvature of K in the bias of K̂
        ("relu", "pp_H2"),  # 31: fluctuations handed on by the layers
        pytest.param("tanh", "qq_H2", marks=pytest.mark.slow),  # 15: those of K̂ felt by the slopes
        pytest.param("gelu", "qq_H4", marks=pytest.mark.slow),  # 12
        pytest.param("logistic", "qq_H2", marks=pytest.mark.slow),  # 15
    ],
)
def test_a_dropped_vertex_is_caught(monkeypatch, name, field):
    estimated(name)
    without(monkeypatch, field)
    assert largest_deviation(name) > THRESHOLD
