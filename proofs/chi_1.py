"""χ₁ is the slope of the correlation map at 1: χ₁ = σ_w² E[φ′(√q* z)²] = ∂c′/∂c at c = 1.

One layer takes c to c′ = (σ_w² K(q*, q*, c) + σ_b²)/q*. By Price ∂K/∂κ = K̇, with κ = q* c; at c = 1 K̇ is
E[φ′²].
"""

from sympy import Function, Rational, asin, atan, cos, cosh, exp, pi, sin, sinh, sqrt, symbols

from ntk_theory.dual import dual
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import derivative, equality
from ntk_theory.symbols import c, q, q1, q2

W, B, kappa = symbols("W B kappa", positive=True)


def derive(prove: Derivation) -> None:
    # Any φ, with K as a function of the covariance.
    K = Function("K")
    following = (W * K(q * c) + B) / q
    rate = K(kappa).diff(kappa).subs(kappa, q * c)
    prove.equal("∂c′/∂c = σ_w² ∂K/∂κ.", following.diff(c), W * rate)
    prove.not_equal("Not σ_w² q ∂K/∂κ.", _exponential(following.diff(c)), _exponential(W * q * rate), at=_POINT)

    # ReLU, erf and sine, from closed forms: the slope at c = 1 is E[φ′²] of the engine.
    angle = pi / 2 + asin(c)
    relu = q * (sqrt(1 - c**2) + angle * c) / (2 * pi)
    prove.equal("ReLU: ∂K/∂c = q K̇.", relu.diff(c), q * angle / (2 * pi), at={c: Rational(1, 2), q: 2})
    prove.equal("ReLU: at c = 1.", (angle / (2 * pi)).subs(c, 1), dual("relu").derivative_variance)
    erf = 2 / pi * asin(2 * q * c / (1 + 2 * q))
    at = {c: Rational(1, 2), q: 2}
    prove.equal("erf: the engine's K.", dual("erf").kernel.subs({q1: q, q2: q}), erf, at=at)
    prove.equal("erf: at c = 1.", erf.diff(c).subs(c, 1) / q, dual("erf").derivative_variance)
    sine = exp(-q) * sinh(q * c)
    prove.equal("sin: the engine's K.", dual("sin(x)").kernel.subs({q1: q, q2: q}), sine, at=at)
    prove.equal("sin: ∂K/∂c = q e^(-q) cosh(qc).", sine.diff(c), q * exp(-q) * cosh(q * c))
    prove.equal("sin: at c = 1.", sine.diff(c).subs(c, 1) / q, dual("sin(x)").derivative_variance)
    prove.equal("sin: φ′² = (1 + cos 2x)/2.", sin(kappa).diff(kappa) ** 2, (1 + cos(2 * kappa)) / 2)

    # In the kernel: erf's slope for all c in (-1, 1], and at 1.
    under = (1 + 2 * q) ** 2 - 4 * q**2 * c**2
    slope = 4 * q / (pi * sqrt(under))
    law = "erf: ∂K/∂c on (-1, 1]."
    inside = [c > -1, c <= 1]
    by_atan = 2 / pi * atan(2 * q * c / sqrt(under))
    facts = [("0 < (1 + 2 * q - 2 * q * c) * (1 + 2 * q + 2 * q * c)", "apply Rmult_lt_0_compat; nra")]
    prove.kernel(derivative("erf_slope", law, by_atan, c, slope, where=inside, facts=facts))
    wrong = slope * (1 + (1 - c) / 1000)
    prove.kernel(derivative("not_slope", "Not so.", by_atan, c, wrong, where=inside, facts=facts, falsehood=True))
    prove.kernel(equality("at_one", "erf: what is under the root at c = 1.", under.subs(c, 1), 1 + 4 * q))


_POINT = {"W": 2, "q": 3, "c": Rational(1, 2), "B": 1}


def _exponential(expression):
    """With K(κ) = e^κ, to have numbers."""
    return expression.replace(Function("K"), exp).doit()


THEOREM = Theorem(
    title="χ₁ is the slope at c = 1",
    statement=r"\chi_1 = \sigma_w^2 E[\phi'(\sqrt{q^*} z)^2] "
    r"= \frac{\partial c_{l+1}}{\partial c_l}\Big|_{c_l = 1}",
    source="Poole et al. 2016, eq. 5; Schoenholz et al. 2017",
    derive=derive,
    depends_on=("price", "arc_cosine_duals", "erf_dual"),
)
