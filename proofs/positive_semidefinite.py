"""A dual is a power series in c with coefficients aₙ² ≥ 0: positive semi-definite, absolutely monotone on [0, 1].

The orthonormal Hermite polynomials of two Gaussians with correlation c are orthogonal with E[hₙ(u)hₙ(v)] = cⁿ, as
their generating function shows; Parseval then gives K(q, q, c) = Σ aₙ(q)² cⁿ. Powers of a correlation matrix are
positive semi-definite (Schur), and so are their sums with coefficients ≥ 0.
"""

from sympy import Integer, Matrix, Rational, asin, binomial, diff, exp, factorial, pi, sqrt, symbols

from ntk_theory.dual import dual
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import by_hand, equality, inequality

c, s, t, x, y = symbols("c s t x y", real=True)


def derive(prove: Derivation) -> None:
    # Generating function: e^(su - s²/2) and e^(tv - t²/2) have the product mean e^(stc), with cⁿ/n! at sⁿtⁿ.
    variance = s**2 + 2 * s * t * c + t**2  # of su + tv
    prove.equal(
        "E[e^(su - s²/2) e^(tv - t²/2)] = e^(stc).", exp(variance / 2 - s**2 / 2 - t**2 / 2), exp(s * t * c)
    )
    law = "The exponent, for all s, t and c."
    prove.kernel(equality("generating", law, variance / 2 - s**2 / 2 - t**2 / 2, s * t * c))
    prove.kernel(
        equality("not_generating", "Not stc/2.", variance / 2 - s**2 / 2 - t**2 / 2, s * t * c / 2, falsehood=True)
    )

    # Coefficients, two ways: the closed form's Taylor coefficients are the squares of the engine's aₙ = E[φ hₙ].
    angle = pi / 2 + asin(c)
    examples = {"relu": (sqrt(1 - c**2) + angle * c) / (2 * pi), "erf": 2 / pi * asin(2 * c / 3)}
    for name, K in examples.items():
        for n in range(6):
            taylor = diff(K, c, n).subs(c, 0) / factorial(n)
            prove.equal(f"{name}: the coefficient of c^{n} is aₙ².", taylor, _at_one(dual(name).hermite(n)) ** 2)
    prove.not_equal("Not aₙ for aₙ².", diff(examples["relu"], c).subs(c, 0), _at_one(dual("relu").hermite(1)))

    # All of erf's at once: the arcsine's coefficients obey b_{k+1}/b_k = (2k+1)²/((2k+2)(2k+3)) > 0.
    k = symbols("k", positive=True, integer=True)
    b = [binomial(2 * j, j) / (4**j * (2 * j + 1)) for j in range(7)]
    for j in range(6):
        prove.equal(
            f"asin's coefficient {2 * j + 1}.", diff(asin(c), c, 2 * j + 1).subs(c, 0) / factorial(2 * j + 1), b[j]
        )
    slope = 1 / sqrt(1 - c**2)
    prove.equal("asin′ obeys (1 - c²)g′ = cg, whence the ratio.", (1 - c**2) * slope.diff(c), c * slope)
    prove.true("The ratio is positive.", ((2 * k + 1) ** 2 / ((2 * k + 2) * (2 * k + 3))).is_positive)

    # Schur, for two inputs, in the kernel: a correlation matrix and its entrywise powers are semi-definite.
    form = x**2 + 2 * c * x * y + y**2
    where = [c >= -1, c <= 1]
    square = "pose proof (pow2_ge_0 (x + c * y)); assert (c ^ 2 <= 1) by nra; pose proof (pow2_ge_0 y); nra"
    prove.kernel(inequality("schur_1", "x² + 2cxy + y² ≥ 0.", form >= 0, where=where, script=square))
    false = x**2 + Rational(21, 10) * c * x * y + y**2
    prove.kernel(
        inequality("not_more", "Not with 2.1 for 2.", false >= 0, where=where, script=square, falsehood=True)
    )
    statement = "forall (c : R) (n : nat), -1 <= c <= 1 -> -1 <= c ^ n <= 1"
    script = "intros c n H; induction n as [|n IH]; simpl; nra"
    prove.kernel(by_hand("powers", "Powers of a correlation are correlations.", statement, script))

    # Four inputs on a circle: the ReLU Gram matrix has positive leading minors, in balls.
    cosines = [Rational(4, 5), Rational(7, 25), Rational(-44, 125)]  # of 1, 2, 3 steps by the angle arccos(4/5)
    kappa = [Rational(1, 2), *(examples["relu"].subs(c, value) for value in cosines)]
    gram = Matrix(4, 4, lambda i, j: kappa[abs(i - j)])
    for size in range(1, 5):
        prove.between(f"Leading minor {size} of a Gram matrix.", gram[:size, :size].det(), Integer(0), Integer(1))
    flipped = gram.copy()
    flipped[0, 1] = flipped[1, 0] = -kappa[1]
    prove.not_between("With one sign flipped it is not.", flipped[:3, :3].det(), Integer(0), Integer(1))


def _at_one(expression):
    """The value at variance 1."""
    return expression.subs(dict.fromkeys(expression.free_symbols, 1))


THEOREM = Theorem(
    title="Duals are positive semi-definite",
    statement=r"K(q, q, c) = \sum_n a_n(q)^2 c^n, \quad a_n(q) = E[\phi(\sqrt q z) h_n(z)]: "
    r"\text{ positive semi-definite, absolutely monotone on } [0, 1]",
    source="Schoenberg 1942; Daniely, Frostig & Singer 2016, section 4",
    derive=derive,
    depends_on=("arc_cosine_duals", "erf_dual"),
    given=("Parseval: Hermite polynomials are complete", "Schur's product theorem beyond two inputs"),
)
