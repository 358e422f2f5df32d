"""The correlation map's two terms near c = 1 against the closed kernels themselves, at distances down to 2⁻²⁸."""

import pytest
from flint import arb, ctx

from ntk_theory.dual import dual
from ntk_theory.enclosure import enclose
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.phase.near_one import near_one
from ntk_theory.symbols import c, q, q1, q2


@pytest.mark.parametrize("name", ["selu", "max(x, 0) + x**2/3", "hard_swish", "elu", "erf"])
def test_two_terms(name):
    derived, at = dual(name), {q: "1.3"}
    near = near_one(derived.activation)
    kernel = ball_function(derived.kernel, (q1, q2, c))
    V, D = (ball_function(form, (q,)) for form in (derived.variance, derived.derivative_variance))
    first, second = (enclose(term.coefficient, at, digits=20).ball for term in (near.leading, near.second))
    gaps = []
    with ctx.workprec(400):
        variance = arb("1.3")
        for exponent in (16, 28):
            delta = arb(2) ** -exponent
            distance = (V(variance) - kernel(variance, variance, 1 - delta)) / variance
            rest = distance - D(variance) * delta + first * delta ** float(near.leading.power)
            gaps.append(abs(float(rest / delta ** float(near.second.power) / second) - 1))
    assert gaps[1] < 2e-4
    assert gaps[1] < gaps[0] / 30
