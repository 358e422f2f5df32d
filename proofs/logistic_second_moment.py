"""E[logistic(z)²] for a standard normal z, enclosed by the proof kernel's own quadrature and by balls.

The integral over [-8, 8] is the kernel's. Outside, the integrand is at most the density, and for |z| ≥ 8 that is
at most |z|/8 times itself, which has an antiderivative: each tail weighs at most density(8)/8 < 10⁻¹⁵.
"""

from sympy import Integer, Lambda, Rational, exp, pi, sqrt, symbols

from ntk_theory.gaussian import GaussianMean
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import bound, derivative, integral
from ntk_theory.symbols import x

z = symbols("z", real=True)
LOWER, UPPER = Rational(29337, 10**5), Rational(29338, 10**5)


def derive(prove: Derivation) -> None:
    density = exp(-(z**2) / 2) / sqrt(2 * pi)
    inside = 1 / (1 + exp(-z)) ** 2 * density
    margin = Rational(1, 10**14)
    ends = {"least": LOWER, "most": UPPER - margin}
    prove.kernel(integral("inside", "∫ over [-8, 8] to five digits.", inside, z, Integer(-8), Integer(8), **ends))
    ends = {"least": LOWER - Rational(1, 10**3), "most": LOWER}
    law = "Not 10⁻³ below."
    prove.kernel(integral("not_inside", law, inside, z, Integer(-8), Integer(8), **ends, falsehood=True))

    # The tails.
    prove.equal("An antiderivative of z·density.", (-density).diff(z), z * density)
    prove.kernel(derivative("tail", "An antiderivative of z·density.", -density, z, z * density))
    tail = density.subs(z, 8) / 8
    prove.between("Both tails together are below the margin.", 2 * tail, Integer(0), margin)
    prove.kernel(
        bound(
            "logistic",
            "0 < φ² < 1 on [-8, 8].",
            1 / (1 + exp(-z)) ** 2,
            z,
            Integer(-8),
            Integer(8),
            least=Integer(0),
            most=Integer(1),
        )
    )

    # The engine's number, by the trapezoidal rule and the strip theorem.
    moment = GaussianMean(Lambda(x, 1 / (1 + exp(-x)) ** 2), Integer(1))
    prove.between("The engine's enclosure lies within.", moment, LOWER, UPPER)
    prove.not_between("It does not lie a width lower.", moment, 2 * LOWER - UPPER, LOWER)


THEOREM = Theorem(
    title="The logistic's second moment, enclosed",
    statement=r"0.29337 < E[\mathrm{logistic}(z)^2] < 0.29338, \quad z \sim N(0, 1)",
    source="computed here",
    derive=derive,
    given=("an integral of a nonnegative function over a tail is at most that of a larger one",),
)
