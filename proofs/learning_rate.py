"""Gradient descent on a frozen kernel converges exactly for learning rates below 2/λ_max.

One step with rate η multiplies the error along an eigenvector of eigenvalue λ by 1 - ηλ.
"""

from sympy import Integer, Rational, symbols

from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import by_hand, inequality

eta, rate, largest = symbols("eta rate largest", positive=True)
k = symbols("k", integer=True, nonnegative=True)
f, y = symbols("f y", real=True)
start = symbols("start", real=True)


def derive(prove: Derivation) -> None:
    stepped = f - eta * rate * (f - y)
    factor = 1 - eta * rate
    prove.equal("One step scales the error.", stepped - y, factor * (f - y))
    error = factor**k * start
    prove.equal("k steps scale it by (1 - ηλ)ᵏ.", error.subs(k, k + 1), factor * error)

    # |1 - ηλ| < 1 exactly if 0 < η < 2/λ; and what holds for λ_max holds for all smaller λ.
    prove.equal("1 - (1 - ηλ)² = ηλ(2 - ηλ).", 1 - factor**2, eta * rate * (2 - eta * rate))
    converges = "is_lim_seq (fun k : nat => (1 - eta * rate) ^ k) 0"
    prove.kernel(
        by_hand(
            "converges",
            "If η < 2/λ_max, the error of every mode goes to 0.",
            f"forall eta rate largest : R, 0 < rate <= largest -> 0 < eta < 2 / largest -> {converges}",
            "intros eta rate largest H E; assert (eta * largest < 2) by "
            "(apply (Rmult_lt_reg_r (/ largest)); [apply Rinv_0_lt_compat; lra | field_simplify; lra]); "
            "apply is_lim_seq_geom; apply Rabs_def1; nra",
        )
    )
    beyond = "intros eta rate H E; assert (2 < eta * rate) by (apply (Rmult_lt_reg_r (/ rate)); "
    beyond += "[apply Rinv_0_lt_compat; lra | field_simplify; lra]); rewrite Rabs_left; lra"
    statement = "forall eta rate : R, 0 < rate -> 2 / rate < eta -> 1 < Rabs (1 - eta * rate)"
    prove.kernel(by_hand("diverges", "Beyond 2/λ the error grows by a factor above 1.", statement, beyond))
    where = [eta * largest < 2, rate <= largest]
    prove.kernel(inequality("below", "1 - ηλ > -1 for all λ ≤ λ_max.", factor > -1, where=where))
    where = [eta * largest < Rational(21, 10), rate <= largest]
    prove.kernel(inequality("too_far", "Not for η up to 2.1/λ_max.", factor > -1, where=where, falsehood=True))

    # At η = 2/λ the error keeps its size: the bound is sharp.
    prove.equal("At η = 2/λ the factor is -1.", factor.subs(eta, 2 / rate), Integer(-1))
    prove.not_equal("Not at 1.9/λ.", factor.subs(eta, Rational(19, 10) / rate), Integer(-1))


THEOREM = Theorem(
    title="Learning rates below 2/λ_max",
    statement=r"f_{k+1} = f_k - \eta\Theta(f_k - y) \to y \text{ from every start } f_0 "
    r"\iff 0 < \eta < 2/\lambda_{\max}",
    source="Lee et al. 2019, section 2.4; classical",
    derive=derive,
    depends_on=("gradient_flow",),
    given=("a symmetric matrix has an orthonormal eigenbasis",),
)
