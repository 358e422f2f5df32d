"""At criticality the NTK of two different inputs tends to 1/4 of that of one (ReLU), to 1/3 (smooth φ).

On the diagonal Θ grows by q a layer. Off it Θ′ = Σ′ + χ(c_l)Θ with Σ′ → q and χ = 1 - α/l + o(1/l): α = 3 for
ReLU (χ = κ₀ = 1 - θ/π, θ ~ 3π/l) and α = 2 for smooth φ (c′ = 1 - δ + aδ² with δ ~ 1/(al), χ = 1 - 2aδ). Then
Θ/(ql) → 1/(1 + α).
"""

from flint import arb, ctx
from sympy import Function, Integer, Rational, Symbol, cos, pi, series, sqrt, symbols

from ntk_theory.enclosure import Enclosure
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import equality

l, alpha, a, theta = symbols("l alpha a theta", positive=True)
delta, z, small = symbols("delta z small", positive=True)


def derive(prove: Derivation) -> None:
    # α for ReLU: δ = 1 - cos θ ~ 9π²/(2l²) and θ² ~ 2δ.
    ratio = series((1 - cos(theta)) / theta**2, theta, 0, 2).removeO()
    prove.equal("δ ~ θ²/2.", ratio.subs(theta, 0), Rational(1, 2))
    prove.equal("θ_l ~ 3π/l.", sqrt(2 * 9 * pi**2 / (2 * l**2)), 3 * pi / l)
    prove.equal("ReLU: χ = 1 - θ/π = 1 - 3/l.", 1 - (3 * pi / l) / pi, 1 - 3 / l)
    # α for smooth φ: δ′ = δ - aδ², so 1/δ grows by a; χ is the map's slope.
    grown = series(1 / (small * (1 - a * small)), small, 0, 2).removeO()
    prove.equal("Smooth: 1/δ′ = 1/δ + a + a²δ.", grown, 1 / small + a + a**2 * small)
    prove.equal("Smooth: χ = d δ′/dδ = 1 - 2aδ.", (delta - a * delta**2).diff(delta), 1 - 2 * a * delta)
    prove.equal("Smooth: at δ = 1/(al) it is 1 - 2/l.", (1 - 2 * a * delta).subs(delta, 1 / (a * l)), 1 - 2 / l)

    # The recursion y_{l+1} = 1 + (1 - α/(l+1)) y_l of Θ/q: an exact solution, and what is left decays like l^(-α).
    y = (l + 1) / (1 + alpha)
    following = 1 + (1 - alpha / (l + 1)) * y
    prove.equal("y = (l + 1)/(1 + α) solves it for every α.", following - y.subs(l, l + 1), Integer(0) * l)
    for name, value, share in (("relu", 3, Rational(1, 4)), ("smooth", 2, Rational(1, 3))):
        exact = share * (l + 1)
        prove.equal(f"{name}: (l + 1)·{share} solves it.", 1 + (1 - value / (l + 1)) * exact, share * (l + 2))
        law = f"{name}: the solution for all l."
        prove.kernel(equality(name, law, 1 + (1 - value / (l + 1)) * exact, share * (l + 2)))
    exact = Rational(1, 4) * (l + 1)
    false = 1 + (1 - 2 / (l + 1)) * exact
    prove.kernel(equality("not_smooth", "Not 1/4 with α = 2.", false, Rational(1, 4) * (l + 2), falsehood=True))
    prove.not_equal("Not 1/4 with α = 2.", false, Rational(1, 4) * (l + 2))
    # Any other solution differs by a multiple of Π(1 - α/k), for α = 3 and 2 a rational function that goes to 0.
    rest = {3: 1 / (l * (l - 1) * (l - 2)), 2: 1 / (l * (l - 1))}
    for value, decay in rest.items():
        left = (1 - value / (l + 1)) * decay
        prove.equal(f"α = {value}: the difference of two solutions.", left, decay.subs(l, l + 1), at={l: 7})
    # With z = y/l, errors o(1/l) in χ and o(1) in Σ′ leave a contraction of rate (1 + α)/l towards 1/(1 + α).
    f = Function("f")(l)
    step = (1 + (1 - alpha / (l + 1)) * l * f) / (l + 1) - f
    prove.equal(
        "z′ - z = (1 - (1 + α)z)/(l + 1) + αz/(l + 1)².",
        step,
        (1 - (1 + alpha) * f) / (l + 1) + alpha * f / (l + 1) ** 2,
    )

    # Seen for ReLU, in balls: the ratio at 10⁴ layers, approached like log l / l.
    ratios = _ratios(Rational(1, 2), (100, 1000, 10_000))
    for depth, ratio in ratios.items():
        margin = Rational(4 * len(str(depth)), depth)
        value = {"ratio": ratio}
        prove.between(
            f"ReLU, {depth} layers: 1/4 up to {margin}.",
            Symbol("ratio"),
            Rational(1, 4) - margin,
            Rational(1, 4) + margin,
            at=value,
        )
    prove.not_between("Not 1/3.", Symbol("ratio"), Rational(3, 10), Rational(4, 10), at={"ratio": ratios[10_000]})


def _ratios(start, depths):
    """Θ(x, y)/Θ(x, x) of ReLU at σ_w² = 2, in balls; radii of δ are carried by the slope κ₀, in [0, 1]."""
    found = {}
    with ctx.workprec(256):
        delta = arb(start.p) / start.q
        off, on = 1 - delta, arb(1)
        for layer in range(1, max(depths) + 1):
            middle = arb(delta.mid())
            angle = 2 * (middle / 2).sqrt().asin()
            slope = 1 - 2 * (delta / 2).sqrt().asin() / arb.pi()
            error = (delta - middle) * arb(0.5, 0.5)
            delta = middle - (angle.sin() - angle * angle.cos()) / arb.pi() + error
            off, on = 1 - delta + slope * off, 1 + on
            if layer in depths:
                found[layer] = Enclosure(off / on)
    return found


THEOREM = Theorem(
    title="The NTK's off-diagonal at criticality",
    statement=r"\Theta^L(x, x')/\Theta^L(x, x) \to \tfrac14 \text{ (ReLU, } \sigma_w^2 = 2), \quad \tfrac13 "
    r"\text{ (smooth } \phi, \chi_1 = 1,\ q^* > 0)",
    source="Xiao, Pennington & Schoenholz 2020, table 1; Hayou, Doucet & Rousseau 2022",
    derive=derive,
    depends_on=("ntk_recursion", "relu_rate", "chi_1"),
    given=(
        "if z_{l+1} - z_l = (β/l)(z* - z_l) + o(1/l) with β > 0 then z_l → z*",
        "smooth φ: the correlation map has two derivatives at c = 1, E[φ″²] < ∞",
    ),
)
