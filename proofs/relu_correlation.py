"""ReLU draws every pair of inputs together: the correlation map κ₁ lies above the diagonal, touching it at 1 only.

With r = cos θ the map is κ₁ = (sin θ + (π - θ) cos θ)/π, so κ₁ - r = (sin θ - θ cos θ)/π, and this is at least
θ³(10 - θ²)/(30π), which is positive on (0, π] because π² < 10.
"""

from sympy import Integer, Rational, asin, atan, cos, pi, sin, sqrt, symbols

from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import bound, by_hand, derivative
from ntk_theory.proofs.sine import sine_bounds

r, theta = symbols("r theta", real=True)


def derive(prove: Derivation) -> None:
    kappa_0 = (pi / 2 + asin(r)) / pi
    kappa_1 = (sqrt(1 - r**2) + r * (pi / 2 + asin(r))) / pi
    prove.equal("κ₁′ = κ₀.", kappa_1.diff(r), kappa_0)
    inside = [r > -1, r < 1]
    prove.kernel(derivative("slope", "κ₁′ = κ₀ on (-1, 1).", kappa_1, r, kappa_0, where=inside))
    wrong = kappa_0 + r / 1000
    prove.kernel(derivative("not_slope", "Not κ₀ + r/1000.", kappa_1, r, wrong, where=inside, falsehood=True))

    # In the angle.
    in_angle = (sin(theta) + (pi - theta) * cos(theta)) / pi
    above = (sin(theta) - theta * cos(theta)) / pi
    prove.equal("κ₁ - r in the angle.", in_angle - cos(theta), above)
    prove.equal("Its slope is θ sin θ/π.", above.diff(theta), theta * sin(theta) / pi)
    prove.equal("It starts at 0.", above.subs(theta, 0), Integer(0))
    prove.equal("The lower bound, factored.", theta**3 / 3 - theta**5 / 30, theta**3 * (10 - theta**2) / 30)
    prove.between("π² < 10.", pi**2, Integer(9), Integer(10))
    prove.positive(
        "κ₁ > r on [-0.999, 0.999], in balls.", kappa_1 - r, r, Rational(-999, 1000), Rational(999, 1000)
    )
    prove.not_positive(
        "Not above r + 1/100.", kappa_1 - r - Rational(1, 100), r, Rational(-9, 10), Rational(9, 10)
    )

    # In the kernel: on an interval by interval arithmetic, then on all of (0, π] by the bounds of sine and cosine.
    by_atan = (kappa_1 - r).subs(asin(r), atan(r / sqrt(1 - r**2)))
    law = "κ₁(r) > r on [-1/2, 99/100]."
    prove.kernel(bound("interval", law, by_atan, r, Rational(-1, 2), Rational(99, 100), least=Integer(0)))
    ends = Rational(-1, 2), Rational(99, 100)
    less = Rational(1, 1000)
    prove.kernel(bound("not_more", "Not κ₁ > r + 1/1000.", by_atan, r, *ends, least=less, falsehood=True))
    for lemma in sine_bounds():
        prove.kernel(lemma)
    prove.kernel(
        by_hand(
            "above",
            "sin θ - θ cos θ > 0 on (0, π].",
            "forall t : R, 0 < t <= PI -> 0 < sin t - t * cos t",
            "intros t T; pose proof (part_lower t (Rlt_le _ _ (proj1 T))); "
            "assert (PI < 316 / 100) by interval; assert (t * t < 10) by nra; "
            "assert (0 < t * t) by nra; assert (0 < t * (t * t) * (10 - t * t)) by "
            "(apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; lra | lra]); nra",
        )
    )


THEOREM = Theorem(
    title="ReLU correlations increase",
    statement=r"\kappa_1' = \kappa_0 \text{ on } (-1, 1), \quad \kappa_1(r) > r \text{ for } -1 \le r < 1, "
    r"\quad \kappa_1(1) = 1",
    source="Cho & Saul 2009; Daniely, Frostig & Singer 2016; Hayou, Doucet & Rousseau 2019",
    derive=derive,
    depends_on=("arc_cosine_duals",),
)
