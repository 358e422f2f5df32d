"""Trained ensembles at new inputs: mean and variance of the kernel theory, with the verdict's error rate."""

from functools import partial

import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import ShapeError
from ntk_theory.kernels import Kernels
from ntk_theory.verify.claims import trained
from ntk_theory.verify.theory import kernel_theory

X = 2**0.5 * np.array([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]])
NET = ntk.mlp("erf", depth=2, W_std=1.4, b_std=0.3)
CLAIM = partial(trained, y=[2.0, 1.0], steps=8)


@pytest.mark.slow
def test_the_derived_theory_is_verified():
    assert ntk.verify(NET, X, claim=CLAIM).verdict == "VERIFIED"


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        lambda K: Kernels(1.2 * K.nngp, K.ntk),
        lambda K: Kernels(K.nngp, K.nngp),
        lambda K: Kernels(K.nngp, K.ntk * (0.7 + 0.3 * np.eye(3))),
    ],
    ids=["NNGP + 20%", "the readout's kernel for Θ", "Θ off the diagonal - 30%"],
)
def test_a_wrong_kernel_is_refuted(wrong):
    def kernel_fn(x, get=("nngp", "ntk")):  # noqa: ARG001, a theory is asked for both
        return wrong(NET.kernel_fn(x))

    assert ntk.verify(NET, X, claim=CLAIM, kernel_fn=kernel_fn).verdict == "REFUTED"


def test_an_input_has_to_be_left_to_test():
    with pytest.raises(ShapeError, match="one input to test"):
        trained(NET, X, kernel_theory(NET, None, X), y=[1.0, 2.0, 3.0])
