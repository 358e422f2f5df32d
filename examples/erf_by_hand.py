"""A stranger's theory: the NTK of an erf network as one writes it by hand, with a sign slip.

    ntk-theory verify erf --depth 2 --W-std 1.5 --b-std 0.3 --theory examples/erf_by_hand.py:kernel_fn

From Williams 1997, K = (2/π) arcsin(2κ/√((1 + 2q₁)(1 + 2q₂))); its derivative by κ is
K̇ = (4/π)/√((1 + 2q₁)(1 + 2q₂) - 4κ²). With `SLIP` = +1 the last sign is wrong. That leaves the NNGP kernel right,
the NTK positive definite and of plausible size, and the networks refute it. With -1 they verify it.
"""

from typing import NamedTuple

import numpy as np

W_STD, B_STD, DEPTH = 1.5, 0.3, 2
SLIP = +1


class Kernels(NamedTuple):
    """Both Gram matrices."""

    nngp: np.ndarray
    ntk: np.ndarray


def kernel_fn(x: np.ndarray, get: tuple[str, ...] = ("nngp", "ntk")) -> Kernels:  # noqa: ARG001
    """The recursion of Jacot, Gabriel & Hongler 2018 for φ = erf."""
    x = np.asarray(x, dtype=np.float64)
    sigma = W_STD**2 * x @ x.T / x.shape[1] + B_STD**2
    theta = sigma
    for _ in range(DEPTH):
        q = 1 + 2 * np.diag(sigma)
        both = np.outer(q, q)
        slope = 4 / np.pi / np.sqrt(both + SLIP * 4 * sigma**2)
        sigma = W_STD**2 * 2 / np.pi * np.arcsin(2 * sigma / np.sqrt(both)) + B_STD**2
        theta = sigma + W_STD**2 * slope * theta
    return Kernels(sigma, theta)
