"""The dual of erf: an arcsine, from a Gaussian integral by Price's identity.

φ′(x) = (2/√π) exp(-x²), so K̇ is a Gaussian integral with one quadratic form more; K follows by integrating in the
covariance from κ = 0, where oddness makes it 0.
"""

from sympy import Integer, Matrix, Rational, asin, atan, det, erf, exp, eye, pi, sqrt, symbols

from ntk_theory.dual import dual
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import by_hand, derivative
from ntk_theory.symbols import c, q1, q2

x = symbols("x", real=True)
kappa = symbols("kappa", real=True)


def derive(prove: Derivation) -> None:
    prove.equal("φ′ = (2/√π) e^(-x²).", erf(x).diff(x), 2 / sqrt(pi) * exp(-(x**2)))
    prove.equal("φ is odd, so K = 0 at κ = 0.", erf(-x), -erf(x))

    # E[exp(-u² - v²)]: the density's form S⁻¹ gains 2I, so the integral is (det S · det(S⁻¹ + 2I))^(-1/2).
    S = Matrix([[q1, kappa], [kappa, q2]])
    D = (1 + 2 * q1) * (1 + 2 * q2) - 4 * kappa**2
    prove.equal("det S · det(S⁻¹ + 2I) = D.", det(S) * det(S.inv() + 2 * eye(2)), D)
    slope = 4 / (pi * sqrt(D))  # K̇ = (2/√π)² D^(-1/2)

    # Its integral in κ, with the arcsine written as an arctangent, and as the arcsine of the literature.
    K = 2 / pi * atan(2 * kappa / sqrt(D))
    prove.equal("∂K/∂κ = K̇.", K.diff(kappa), slope)
    prove.equal("K = 0 at κ = 0.", K.subs(kappa, 0), Integer(0))
    prove.not_equal("Not with 1/π for 2/π.", (K / 2).diff(kappa), slope)
    by_asin = 2 / pi * asin(2 * kappa / sqrt((1 + 2 * q1) * (1 + 2 * q2)))
    prove.equal("The arcsine's slope squared is K̇².", by_asin.diff(kappa) ** 2, slope**2)
    point = {kappa: Rational(1, 5), q1: 1, q2: 2}
    prove.between("Both slopes are positive.", by_asin.diff(kappa) * slope, Integer(0), Integer(10), at=point)
    prove.kernel(derivative("slope", "∂K/∂κ = K̇ for all D > 0.", K, kappa, slope, where=[D > 0]))
    wrong = slope * Rational(1001, 1000)
    prove.kernel(derivative("not_slope", "Not 1.001 K̇.", K, kappa, wrong, where=[D > 0], falsehood=True))
    same = "forall a : R, -1 < a < 1 -> asin a = atan (a / sqrt (1 - a ^ 2))"
    script = "intros a H; rewrite asin_atan by lra; do 3 f_equal; unfold Rsqr; ring"
    prove.kernel(by_hand("asin_by_atan", "asin a = atan(a/√(1 - a²)).", same, script))

    # The engine found the same.
    ours = by_asin.subs(kappa, c * sqrt(q1 * q2))
    prove.equal("The engine's K.", dual("erf").kernel, ours)
    prove.equal("The engine's K̇.", dual("erf").derivative, slope.subs(kappa, c * sqrt(q1 * q2)))


THEOREM = Theorem(
    title="The dual of erf",
    statement=r"E[\mathrm{erf}(u)\,\mathrm{erf}(v)] = \frac{2}{\pi}\arcsin"
    r"\frac{2\kappa}{\sqrt{(1 + 2q_1)(1 + 2q_2)}}",
    source="Williams 1997, eq. 11",
    derive=derive,
    depends_on=("price",),
    given=("∫ exp(-xᵀAx/2) dx = 2π/√det A for positive definite A",),
)
