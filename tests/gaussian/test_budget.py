"""A derivation that takes too long is stopped, and says at which part."""

import pytest

from ntk_theory.dual import dual
from ntk_theory.errors import DerivationTimeError


def test_the_hard_part_is_named_and_the_failure_is_not_remembered():
    text = "max(x, 0)*erf(x) + x*exp(-x**2)"
    with pytest.raises(DerivationTimeError, match=r"stopped after 1e-06 s, at the expectation of"):
        dual(text, seconds=1e-6)
    assert dual(text).closed_form
