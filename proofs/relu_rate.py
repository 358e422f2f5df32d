"""ReLU at criticality: 1 - c_l = (9π²/2) / (l + (3/2) log l + O(1))², without any fit.

Let δ = 1 - c = 1 - cos θ. A layer takes δ to δ - (sin θ - θ cos θ)/π, which is δ - a δ^(3/2) + O(δ^(5/2)) with
a = 2√2/(3π); in u = δ^(-1/2) this is u + a/2 + (3a²/8)/u + …, so u grows by a/2 a layer.
"""

from flint import arb, ctx
from sympy import Rational, Symbol, cos, log, pi, series, sin, sqrt, symbols

from ntk_theory.enclosure import Enclosure
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import by_hand
from ntk_theory.proofs.sine import sine_bounds

theta, a, u = symbols("theta a u", positive=True)


def derive(prove: Derivation) -> None:
    part = sin(theta) - theta * cos(theta)
    delta = 1 - cos(theta)
    after = 1 - (sin(theta) + (pi - theta) * cos(theta)) / pi
    prove.equal("One layer: δ′ = δ - (sin θ - θ cos θ)/π.", after, delta - part / pi)

    # The local expansion, squared to be a power series: (sin θ - θ cos θ)²/δ³ → 8/9, bounded both ways below.
    ratio = series(part**2 / delta**3, theta, 0, 3).removeO()
    prove.equal("(sin θ - θ cos θ)² = (8/9) δ³ (1 + O(θ²)).", ratio.subs(theta, 0), Rational(8, 9))
    constant = 2 * sqrt(2) / (3 * pi)
    prove.equal("a² = 8/(9π²).", constant**2, Rational(8, 9) / pi**2)
    for lemma in sine_bounds():
        prove.kernel(lemma)
    prove.kernel(
        _squeeze("below", "8/9 * (1 - t ^ 2 / 10) ^ 2 * (1 - cos t) ^ 3 <= (sin t - t * cos t) ^ 2", _BELOW)
    )
    prove.kernel(
        _squeeze("over", "(sin t - t * cos t) ^ 2 * (1 - t ^ 2 / 12) ^ 3 <= 8/9 * (1 - cos t) ^ 3", _OVER)
    )
    wrong = "9/10 * (1 - t ^ 2 / 10) ^ 2 * (1 - cos t) ^ 3 <= (sin t - t * cos t) ^ 2"
    prove.kernel(_squeeze("not_more", wrong, _BELOW, falsehood=True))

    # In u = δ^(-1/2), with ε = 1/u: u′ = u (1 - aε)^(-1/2) up to O(ε²), by the binomial series.
    step = Symbol("epsilon", positive=True)
    grown = series((1 - a * step) ** Rational(-1, 2), step, 0, 3).removeO()
    prove.equal("u′ = u + a/2 + (3a²/8)/u.", (u * grown).subs(step, 1 / u), u + a / 2 + 3 * a**2 / 8 / u)
    A, B = a / 2, 3 * a**2 / 8
    prove.equal(
        "The logarithm's coefficient: u_l = A l + (B/A) log l, and (B/A)/A = 3/2.", B / A**2, Rational(3, 2)
    )
    rate = (1 / A**2).subs(a, constant)
    prove.equal("δ_l l² → 1/A² = 9π²/2.", rate, 9 * pi**2 / 2)
    prove.not_equal("Not 8π²/2.", rate, 4 * pi**2)

    # Seen: 10⁴ layers in balls. C_l = u_l/A - l - (3/2) log l hardly moves from 5000 to 10000.
    first, second = _iterated(Rational(1, 2), (5000, 10_000))
    root = constant / 2
    C = [
        1 / (sqrt(d) * root) - n - Rational(3, 2) * log(n)
        for d, n in ((Symbol("d1"), 5000), (Symbol("d2"), 10_000))
    ]
    at = {"d1": first, "d2": second}
    prove.between("C₁₀₀₀₀ - C₅₀₀₀ is below 1/200.", C[1] - C[0], Rational(-1, 200), Rational(1, 200), at=at)
    leading = Symbol("d2") * 10_000**2 * 2 / (9 * pi**2)
    prove.between(
        "l²δ_l is within 1% of 9π²/2 at l = 10000.", leading, Rational(99, 100), Rational(101, 100), at=at
    )
    prove.not_between("It is not within 1/10000.", leading, 1 - Rational(1, 10**4), 1 + Rational(1, 10**4), at=at)


_BELOW = (
    "assert (D : (1 - cos t) ^ 3 <= (t ^ 2 / 2) ^ 3) by (apply pow_incr; lra); "
    "assert (X : (t ^ 3 / 3 * (1 - t ^ 2 / 10)) ^ 2 <= (sin t - t * cos t) ^ 2) by "
    "(apply pow_incr; split; [apply Rmult_le_pos; nra | nra]); "
    "apply Rle_trans with (2 := X); replace ((t ^ 3 / 3 * (1 - t ^ 2 / 10)) ^ 2) with "
    "(8/9 * (1 - t ^ 2 / 10) ^ 2 * (t ^ 2 / 2) ^ 3) by field; apply Rmult_le_compat_l; [nra | lra]"
)
_OVER = (
    "assert (D : (t ^ 2 / 2 * (1 - t ^ 2 / 12)) ^ 3 <= (1 - cos t) ^ 3) by "
    "(apply pow_incr; split; [apply Rmult_le_pos; nra | nra]); "
    "assert (Z : 0 <= sin t - t * cos t) by nra; "
    "assert (X : (sin t - t * cos t) ^ 2 <= (t ^ 3 / 3) ^ 2) by (apply pow_incr; lra); "
    "apply Rle_trans with ((t ^ 3 / 3) ^ 2 * (1 - t ^ 2 / 12) ^ 3); "
    "[apply Rmult_le_compat_r; [apply pow_le; nra | lra] | "
    "replace ((t ^ 3 / 3) ^ 2 * (1 - t ^ 2 / 12) ^ 3) with "
    "(8/9 * (t ^ 2 / 2 * (1 - t ^ 2 / 12)) ^ 3) by field; lra]"
)


def _squeeze(name, statement, script, *, falsehood=False):
    """A bound on (0, 1] from those of sine and cosine."""
    known = ("cos_le_1", "cos_lower", "cos_upper", "part_upper", "part_lower")
    facts = " ".join(f"pose proof ({lemma} t (Rlt_le _ _ (proj1 T)));" for lemma in known)
    claim = f"{statement} on (0, 1]."
    powers = "assert (0 < t ^ 2 <= 1) by nra; assert (0 < t ^ 3) by (apply pow_lt; lra);"
    return by_hand(
        name,
        claim,
        f"forall t : R, 0 < t <= 1 -> {statement}",
        f"intros t T; {facts} {powers} {script}",
        falsehood=falsehood,
    )


def _iterated(start, depths):
    """δ after these numbers of layers, in balls; radii are carried by the map's slope κ₀, in [0, 1]."""
    found = []
    with ctx.workprec(256):
        delta = arb(start.p) / start.q
        for layer in range(1, max(depths) + 1):
            middle = arb(delta.mid())
            angle = 2 * (middle / 2).sqrt().asin()
            error = (delta - middle) * arb(0.5, 0.5)
            delta = middle - (angle.sin() - angle * angle.cos()) / arb.pi() + error
            if layer in depths:
                found.append(Enclosure(delta))
    return found


THEOREM = Theorem(
    title="ReLU's rate at criticality",
    statement=r"1 - c_l = \frac{9\pi^2}{2}\Bigl(l + \tfrac32\log l + O(1)\Bigr)^{-2}",
    source="Hayou, Doucet & Rousseau 2019, proposition 1 (9π²/2l²); the second order derived here",
    derive=derive,
    depends_on=("relu_correlation", "relu_critical"),
    given=("Stolz-Cesàro: if u_{l+1} - u_l → A then u_l/l → A, and so for the next order",),
)
