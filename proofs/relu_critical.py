"""ReLU: variances are halved by every layer, so σ_w² = 2 is critical, exactly, at every variance.

E[φ(√q z)²] is the second moment of half a Gaussian and E[φ′(√q z)²] the weight of that half.
"""

from sympy import Rational, erf, exp, oo, pi, sqrt, symbols

from ntk_theory.dual import dual
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import derivative, equality
from ntk_theory.symbols import q

z, W = symbols("z W", positive=True)


def derive(prove: Derivation) -> None:
    density = exp(-(z**2) / 2) / sqrt(2 * pi)
    below = erf(z / sqrt(2)) / 2  # an antiderivative of the density
    prove.equal("An antiderivative of the density.", below.diff(z), density)
    weighted = below - z * density
    prove.equal("An antiderivative of z² times it.", weighted.diff(z), z**2 * density)
    prove.not_equal("Not without the boundary term.", below.diff(z), z**2 * density)
    part = z * exp(-(z**2) / 2)
    law = "∫ (1 - z²) e^(-z²/2) dz = z e^(-z²/2), which is 0 at both ends: E[z²; z > 0] = P(z > 0)."
    prove.kernel(derivative("second_moment", law, part, z, (1 - z**2) * exp(-(z**2) / 2)))

    half = below.limit(z, oo) - below.subs(z, 0)
    prove.equal("P(z > 0) = ½.", half, Rational(1, 2))
    moment = weighted.limit(z, oo) - weighted.subs(z, 0)
    prove.equal("E[z²; z > 0] = ½.", moment, Rational(1, 2))
    prove.equal("The engine's V(q) = q/2.", dual("relu").variance, q * moment)
    prove.equal("The engine's E[φ′²] = ½.", dual("relu").derivative_variance, half)

    # The length map q ↦ σ_w² q/2 has every q as fixed point, and χ₁ = 1, for σ_w² = 2 and for no other.
    prove.equal("At σ_w² = 2 every variance is fixed.", W.subs(W, 2) * q / 2, q)
    prove.equal("At σ_w² = 2 also χ₁ = 1.", W.subs(W, 2) * half, 1 + 0 * q)
    prove.kernel(equality("fixed", "2·q/2 = q.", 2 * (q * half), q))
    prove.kernel(equality("not_fixed", "Not at σ_w² = 2.001.", Rational(2001, 1000) * q * half, q, falsehood=True))


THEOREM = Theorem(
    title="ReLU: criticality at σ_w² = 2",
    statement=r"E[\phi(\sqrt q z)^2] = q/2,\; E[\phi'(\sqrt q z)^2] = 1/2:\quad "
    r"\chi_1 = 1 \text{ and every } q \text{ is fixed} \iff \sigma_w^2 = 2,\ \sigma_b = 0",
    source="He et al. 2015; Hayou, Doucet & Rousseau 2019",
    derive=derive,
)
