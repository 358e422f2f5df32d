"""The logistic sigmoid's dual is that of tanh: K_logistic(q₁, q₂, c) = 1/4 + K_tanh(q₁/4, q₂/4, c)/4."""

from sympy import Lambda, Rational, exp, symbols, tanh
from sympy.abc import p, s

from ntk_theory.dual import dual
from ntk_theory.gaussian import GaussianCovariance
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import by_hand, coq
from ntk_theory.symbols import c, q1, q2, x

u, v = symbols("u v", real=True)


def derive(prove: Derivation) -> None:
    logistic = 1 / (1 + exp(-x))
    half = Rational(1, 2)
    prove.equal("φ(x) = ½ + ½ tanh(x/2).", logistic, half + tanh(x / 2) / 2)
    prove.not_equal("Not with tanh x.", logistic, half + tanh(x) / 2)
    prove.equal("tanh is odd: E[tanh(u/2)] = 0.", tanh(-u / 2), -tanh(u / 2))

    # φ(u)φ(v) in S = tanh(u/2), T = tanh(v/2): of the four terms two have mean 0.
    product = (half + s / 2) * (half + p / 2)
    prove.equal("The four terms.", product, Rational(1, 4) + s / 4 + p / 4 + s * p / 4)
    prove.equal(
        "u/2 has variance q₁/4, the correlation is the same.",
        (c * (q1 * q2) ** half / 4) ** 2,
        c**2 * q1 / 4 * q2 / 4,
    )

    # In the kernel, with exponentials.
    by_exp = (exp(x / 2) - exp(-x / 2)) / (exp(x / 2) + exp(-x / 2))
    prove.equal("tanh by exponentials.", by_exp, tanh(x / 2))
    script = (
        "intros x; replace (exp (- x)) with (exp (- (x / 2)) ^ 2) by "
        "(simpl; rewrite Rmult_1_r, <- exp_plus; f_equal; field); "
        "replace (exp (x / 2)) with (/ exp (- (x / 2))) by (rewrite <- exp_Ropp; f_equal; field); "
        "pose proof (exp_pos (- (x / 2))); field; repeat split; nra"
    )
    for name, right, false in (("by_tanh", half + by_exp / 2, False), ("not_by_tanh", half + by_exp / 3, True)):
        statement = f"forall x : R, {coq(logistic)} = {coq(right)}"
        prove.kernel(by_hand(name, "The logistic by exponentials of x/2.", statement, script, falsehood=false))

    # In balls: both sides by quadrature with proven error, and the form that the engine gives.
    at = {q1: 1, q2: 2, c: Rational(3, 10)}
    ours = GaussianCovariance(Lambda(x, logistic), Lambda(x, logistic), q1, q2, c)
    theirs = Rational(1, 4) + GaussianCovariance(Lambda(x, tanh(x)), Lambda(x, tanh(x)), q1 / 4, q2 / 4, c) / 4
    tiny = Rational(1, 10**18)
    prove.between("Both sides at (1, 2, 0.3) to 18 digits.", ours - theirs, -tiny, tiny, at=at)
    prove.not_between("Not with variances q/2.", ours - theirs.subs(q1, 2 * q1), -tiny, tiny, at=at)
    prove.equal("The engine's K.", dual("logistic").kernel, theirs)


THEOREM = Theorem(
    title="The logistic's dual from that of tanh",
    statement=r"K_{\mathrm{logistic}}(q_1, q_2, c) = \tfrac14 + \tfrac14 K_{\tanh}(q_1/4, q_2/4, c)",
    source="derived here",
    derive=derive,
)
