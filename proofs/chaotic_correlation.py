"""In the chaotic phase the correlation map has exactly one fixed point c* in [0, 1), and it is stable.

f(c) = c′ is convex on [0, 1], because K(q*, q*, c) = Σ aₙ² cⁿ; f(0) ≥ 0, f(1) = 1 and f′(1) = χ₁ > 1. Just below 1
the graph lies under the diagonal and at 0 not: they cross. Strict convexity allows one crossing below 1.
"""

from sympy import Integer, Rational, asin, pi, symbols

from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import by_hand

c = symbols("c", real=True)
x, y, t = symbols("x y t", positive=True)


def derive(prove: Derivation) -> None:
    # Were a < b < 1 both fixed, b would be a mean of a and 1, and convexity would put f(b) below the chord, at b.
    weight = (1 - y) / (1 - x)
    prove.equal("b is a mean of a and 1.", weight * x + (1 - weight), y, at={x: Rational(1, 3), y: Rational(1, 2)})

    convex = (
        "(forall x y t, 0 <= x < y -> y <= 1 -> 0 < t < 1 -> f (t * x + (1 - t) * y) < t * f x + (1 - t) * f y)"
    )
    unique = (
        f"forall f : R -> R, {convex} -> f 1 = 1 -> forall a b, 0 <= a < b -> b < 1 -> f a = a -> f b = b -> False"
    )
    script = (
        "intros f C E a b H G A F; assert (T : 0 < (1 - b) / (1 - a)) by (apply Rdiv_lt_0_compat; lra); "
        "assert (U : 0 < (b - a) / (1 - a)) by (apply Rdiv_lt_0_compat; lra); "
        "assert (V : 1 - (1 - b) / (1 - a) = (b - a) / (1 - a)) by (field; lra); "
        "assert (P := C a 1 ((1 - b) / (1 - a)) (ltac:(lra)) (Rle_refl 1) (ltac:(lra))); "
        "replace ((1 - b) / (1 - a) * a + (1 - (1 - b) / (1 - a)) * 1) with b in P by (field; lra); "
        "rewrite E, A, F in P; "
        "replace ((1 - b) / (1 - a) * a + (1 - (1 - b) / (1 - a)) * 1) with b in P by (field; lra); lra"
    )
    prove.kernel(
        by_hand("unique", "A strictly convex f with f(1) = 1 has one fixed point below 1 at most.", unique, script)
    )
    weak = unique.replace("< t * f x", "<= t * f x")
    law = "Plain convexity is not enough (f could be the identity)."
    prove.kernel(by_hand("not_unique", law, weak, script, falsehood=True))
    exists = (
        "forall f : R -> R, continuity f -> 0 <= f 0 -> forall b, 0 < b < 1 -> f b < b -> "
        "exists a, 0 <= a <= b /\\ f a = a"
    )
    script = (
        "intros f C P b H L; assert (D : continuity (fun x => x - f x)) by "
        "(intros x; apply continuity_pt_minus; [apply derivable_continuous_pt, derivable_pt_id | apply C]); "
        "destruct (IVT_cor (fun x => x - f x) 0 b D (ltac:(lra)) (ltac:(nra))) as [a [S Z]]; "
        "exists a; split; [exact S | lra]"
    )
    prove.kernel(
        by_hand("crossing", "A graph at or above the diagonal at 0, below it at b, crosses.", exists, script)
    )

    # An example with numbers: erf with q* = 2 and σ_w² = 2.8, which makes σ_b² = q* - σ_w² V(q*) > 0.
    q, W = Integer(2), Rational(14, 5)
    K = 2 / pi * asin(2 * q * c / (1 + 2 * q))
    B = q - W * K.subs(c, 1)
    f = (W * K + B) / q
    prove.between("σ_b² > 0.", B, Integer(0), Integer(1))
    prove.equal("f(1) = 1.", f.subs(c, 1), Integer(1))
    slope, bend = f.diff(c), f.diff(c, 2)
    prove.between("χ₁ = f′(1) > 1.", slope.subs(c, 1), Rational(118, 100), Rational(120, 100))
    prove.not_between("χ₁ is not below 1.", slope.subs(c, 1), Integer(0), Integer(1))
    prove.positive("f″ > 0 on [1/1000, 1].", bend, c, Rational(1, 1000), 1)
    star = prove.root("c* is the only root in [0, 0.9].", f - c, c, 0, Rational(9, 10))
    prove.between("It is stable: 0 < f′(c*) < 1.", slope, Integer(0), Integer(1), at={c: star})


THEOREM = Theorem(
    title="c* exists and is unique in the chaotic phase",
    statement=r"\chi_1 > 1 \implies \exists!\, c^* \in [0, 1):\; c'(c^*) = c^*, "
    r"\text{ and } 0 \le \partial_c c'(c^*) < 1",
    source="Poole et al. 2016; Schoenholz et al. 2017; Daniely, Frostig & Singer 2016",
    derive=derive,
    depends_on=("chi_1", "positive_semidefinite"),
    given=(
        "f′(1) > 1 puts f below the diagonal just below 1; a strictly convex f lies above its tangents",
        "φ is not affine, so that f is strictly convex",
    ),
)
