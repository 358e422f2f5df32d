"""The logistic without biases goes from order to chaos at σ_w² = 103.0075538555193…, proven to 30 digits.

Criticality asks q = σ_w² E[φ²] and σ_w² E[φ′²] = 1 at once, so q is a zero of F(q) = E[φ²] - q E[φ′²]; there
σ_w² = 1/E[φ′²]. In tanh: E[φ²] = ¼ + ¼E[tanh²(√q z/2)] and E[φ′²] = E[(1 - tanh²)²]/16.
"""

from sympy import Integer, Lambda, Rational, exp, pi, sqrt, symbols, tanh

from ntk_theory.gaussian import GaussianMean
from ntk_theory.phase import phase
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import integral
from ntk_theory.symbols import q, x

z, W = symbols("z W", positive=True)


def derive(prove: Derivation) -> None:
    phi = 1 / (1 + exp(-x))
    h = tanh(x / 2)
    prove.equal("φ² + φ(-x)² = ½ + ½tanh²(x/2).", phi**2 + phi.subs(x, -x) ** 2, Rational(1, 2) + h**2 / 2)
    prove.equal("φ′² = (1 - tanh²(x/2))²/16.", phi.diff(x) ** 2, (1 - h**2) ** 2 / 16)
    V = Rational(1, 4) + GaussianMean(Lambda(x, h**2), q) / 4
    gain = GaussianMean(Lambda(x, (1 - h**2) ** 2), q) / 16
    prove.equal(
        "σ_w² = 1/E[φ′²] makes q a fixed point where F = 0.", q - V / gain, -(V - q * gain) / gain, at={q: 2}
    )

    # The one zero of F in [1, 1000], and σ_w² there.
    at = {q: prove.root("F has exactly one zero q* in [1, 1000].", V - q * gain, q, 1, 1000, digits=36)}
    lower = Rational(103007553855519322335460073446, 10**27)
    digit = Rational(1, 10**27)
    prove.between("σ_w² to 30 digits.", 1 / gain, lower - digit, lower + digit, at=at)
    prove.not_between("Not 10⁻¹⁵ more.", 1 / gain, lower + Rational(1, 10**15), lower + Rational(2, 10**15), at=at)
    critical = phase("logistic").critical_W_var(b_var=0, digits=30)
    prove.between(
        "The phase room's value is the same.", 1 / gain - W, -2 * digit, 2 * digit, at={**at, W: critical}
    )
    # The variance there is stable: χ_∥ = σ_w² V′ < 1, with V′ = E[x (φ²)′]/(2q).
    parallel = GaussianMean(Lambda(x, x * (h**2).diff(x)), q) / (8 * q) / gain
    prove.between("The fixed point is stable: 0 < χ_∥ < 1.", parallel, Integer(0), Integer(1), at=at)

    # In the kernel: F changes its sign between two variances, by its own quadrature, over half of |z| ≤ 7.
    # Outside, |φ² - qφ′²| ≤ 1 + q/16 < 4 and the tails weigh less than 3·10⁻¹².
    for name, variance, ends, false in _SIGNS:
        y = sqrt(variance) * z
        e = exp(-y)
        square, slope = (1 + e**2) / (1 + e) ** 2 / 2, e / (1 + e) ** 2
        inside = (square - variance * slope**2) * exp(-(z**2) / 2) / sqrt(2 * pi)
        claim = f"∫ of F's integrand over [0, 7] at q = {variance} {'is not' if false else 'is'} in {ends}."
        least, most = ends
        lemma = integral(name, claim, inside, z, Integer(0), Integer(7), least=least, most=most, falsehood=false)
        prove.kernel(lemma)
    tail = 2 * exp(-Rational(49, 2)) / sqrt(2 * pi) / 7 * 4
    prove.between("The tails.", tail, Integer(0), Rational(1, 10**10))


_SIGNS = (
    ("below", Integer(45), (Rational(1, 10**4), Rational(1, 100)), False),
    ("over", Integer(46), (Rational(-1, 100), Rational(-1, 10**4)), False),
    ("not_below", Integer(45), (Rational(-1, 100), Rational(-1, 10**4)), True),
)

THEOREM = Theorem(
    title="The logistic's order-to-chaos point",
    statement=r"\sigma_b = 0:\quad \chi_1 = 1 \iff \sigma_w^2 = 103.007553855519322335460073446\ldots",
    source="computed here; a certified value is new to us",
    derive=derive,
    depends_on=("logistic_from_tanh", "chi_1", "logistic_second_moment"),
    given=("the range q in [1, 1000] is searched, no claim is made beyond it", "tails are bounded as there"),
)
