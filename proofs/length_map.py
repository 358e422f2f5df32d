"""The length map q ↦ σ_w² V(q) + σ_b² and its stable fixed points, for ReLU, erf and the logistic.

ReLU: affine, a contraction exactly if σ_w² < 2. erf: increasing and strictly concave, so with biases there is one
fixed point, and it is stable. Logistic: a contraction for σ_w² ≤ 12, whatever the biases.
"""

from sympy import Function, Integer, Rational, asin, atan, exp, pi, sqrt, symbols

from ntk_theory.dual import dual
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import bound, by_hand, derivative, equality
from ntk_theory.symbols import q

W, B, s = symbols("W B s", positive=True)
x = symbols("x", real=True)


def derive(prove: Derivation) -> None:
    # ReLU, V = q/2.
    V = dual("relu").variance
    fixed = B / (1 - W / 2)
    at = {W: 1, B: 1, q: 3}
    prove.equal("ReLU: q* = σ_b²/(1 - σ_w²/2) is fixed.", W * V.subs(q, fixed) + B, fixed, at=at)
    prove.equal("ReLU: distances to it shrink by σ_w²/2.", W * V + B - fixed, W / 2 * (q - fixed), at=at)
    prove.not_equal("Not by σ_w².", W * V + B - fixed, W * (q - fixed), at=at)
    law = "ReLU: f(q) - q* = (σ_w²/2)(q - q*) for σ_w² ≠ 2."
    prove.kernel(equality("relu", law, W * q / 2 + B - fixed, W / 2 * (q - fixed), where=[W < 2]))

    # erf.
    V = 2 / pi * asin(2 * q / (1 + 2 * q))
    prove.equal("The engine's V for erf.", dual("erf").variance, V)
    slope = 4 / (pi * (1 + 2 * q) * sqrt(1 + 4 * q))
    prove.equal("erf: V′ > 0, a quotient of positive terms.", V.diff(q), slope)
    ratio = (4 + 12 * q) / ((1 + 2 * q) * (1 + 4 * q))
    prove.equal("erf: V″ = -V′·(4 + 12q)/((1 + 2q)(1 + 4q)) < 0.", slope.diff(q), -slope * ratio)
    by_atan = 2 / pi * atan(2 * q / sqrt(1 + 4 * q))
    prove.equal("erf: V by an arctangent.", by_atan.diff(q), slope)
    prove.kernel(derivative("erf_slope", "erf: V′ for all q > 0.", by_atan, q, slope))
    prove.kernel(derivative("erf_concave", "erf: V″ for all q > 0.", slope, q, -slope * ratio))
    prove.kernel(derivative("not_erf", "Not V″ = -V′.", slope, q, -slope, falsehood=True))
    prove.equal(
        "erf without biases: the slope at 0 is 4σ_w²/π, so 0 is stable for σ_w² < π/4.", slope.subs(q, 0), 4 / pi
    )
    concave = (
        "(forall x y t, 0 <= x -> 0 <= y -> 0 <= t <= 1 -> t * f x + (1 - t) * f y <= f (t * x + (1 - t) * y))"
    )
    statement = f"forall f : R -> R, 0 < f 0 -> {concave} -> forall a b, 0 < a < b -> f a = a -> f b = b -> False"
    script = (
        "intros f P C a b H A E; assert (T : 0 < 1 - a / b) by "
        "(replace (1 - a / b) with ((b - a) / b) by (field; lra); apply Rdiv_lt_0_compat; lra); "
        "assert (Z : 0 < a / b) by (apply Rdiv_lt_0_compat; lra); "
        "assert (N : 0 <= b) by lra; assert (U : 0 <= 1 - a / b <= 1) by lra; "
        "assert (G := C 0 b (1 - a / b) (Rle_refl 0) N U); "
        "replace ((1 - a / b) * 0 + (1 - (1 - a / b)) * b) with a in G by (field; lra); "
        "rewrite A, E in G; replace ((1 - (1 - a / b)) * b) with a in G by (field; lra); nra"
    )
    prove.kernel(
        by_hand("one_fixed_point", "A concave f with f(0) > 0 has one fixed point at most.", statement, script)
    )

    # Logistic: φ² has the second slope p(φ), a polynomial between -1/6 and 1/6 on [0, 1], and V′ = ½E[(φ²)″].
    phi = 1 / (1 + exp(-x))
    p = 2 * s**2 * (1 - s) * (2 - 3 * s)
    prove.equal("logistic: φ′ = φ(1 - φ).", phi.diff(x), phi * (1 - phi))
    prove.equal("logistic: (φ²)″ = p(φ).", (phi**2).diff(x, 2), p.subs(s, phi))
    prove.kernel(
        derivative(
            "logistic_slope", "φ′ = φ(1 - φ).", phi, x, phi * (1 - phi), facts=[("0 < exp (- x)", "apply exp_pos")]
        )
    )
    sixth = Rational(1, 6)
    prove.positive("logistic: p < 1/6 on [0, 1].", sixth - p, s, 0, 1)
    prove.positive("logistic: p > -1/6 on [0, 1].", sixth + p, s, 0, 1)
    prove.not_positive("p is not below 3/20.", Rational(3, 20) - p, s, 0, 1)
    ends = Integer(0), Integer(1)
    prove.kernel(bound("sixth", "|p| < 1/6 on [0, 1].", p, s, *ends, least=-sixth, most=sixth))
    less = Rational(3, 20)
    prove.kernel(bound("not_less", "Not p < 3/20.", p, s, *ends, least=-sixth, most=less, falsehood=True))
    prove.equal("So |σ_w² V′| ≤ σ_w²/12 < 1 for σ_w² < 12.", W * sixth / 2, W / 12)
    f = Function("f")
    density = exp(-(x**2) / (2 * q)) / sqrt(2 * pi * q)
    prove.equal("∂/∂q of the density is half its second slope in x.", density.diff(q), density.diff(x, 2) / 2)
    moved = f(x) * density.diff(x) - f(x).diff(x) * density
    prove.equal(
        "f p″ = f″ p + a divergence.", f(x) * density.diff(x, 2), f(x).diff(x, 2) * density + moved.diff(x)
    )


THEOREM = Theorem(
    title="Fixed points of the length map",
    statement=r"q^* = \sigma_b^2/(1 - \sigma_w^2/2) \text{ (ReLU, } \sigma_w^2 < 2); "
    r"\quad V'' < 0 < V' \text{ (erf)}; \quad |V'| < \tfrac1{12} \text{ (logistic)}",
    source="Poole et al. 2016; Lee et al. 2018; the logistic's constant derived here",
    derive=derive,
    depends_on=("relu_critical", "erf_dual"),
    given=(
        "differentiation under the integral sign",
        "a contraction has one fixed point, and it attracts (Banach)",
        "a bounded continuous f with f(0) > 0 has a fixed point; a concave one has a slope below 1 there",
    ),
)
