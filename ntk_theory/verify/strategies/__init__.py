"""hypothesis strategies: activations, networks, σ's in a phase on demand, inputs of a given geometry, widths.

    from ntk_theory.verify import strategies as some
    from ntk_theory.verify.family import Family

    family = Family(alpha=1e-6, examples=10_000)

    @given(some.networks(), some.inputs())
    def test_my_theory(net, x):
        family.check(net, x, kernel_fn=my_theory_of(net))

Numbers lie on a grid of 1/8 and shapes are fixed, so that what is left after shrinking reads well and nothing is
compiled twice. hypothesis is imported when a strategy is made, and `MissingExtraError` says how to get it.
"""

from ntk_theory.verify.strategies.inputs import inputs
from ntk_theory.verify.strategies.networks import activations, networks, sigmas, widths

__all__ = ["activations", "inputs", "networks", "sigmas", "widths"]
