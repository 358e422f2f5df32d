"""The NTK's recursion from the chain rule: Θ′ = Σ′ + σ_w² K̇ Θ.

The NTK of a layer's output is an exact sum over the layer's own parameters and those before it, at any width. The
first part is the empirical NNGP kernel; in the second the readout's weights pair the hidden units' NTKs.
"""

from sympy import Function, Matrix, Symbol, sqrt, symbols

from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import by_hand

WIDTH = 2
sigma_w, sigma_b = symbols("sigma_w sigma_b", positive=True)
phi = Function("phi")


def derive(prove: Derivation) -> None:
    # A network with one hidden layer of two units on two numbers x and y, NTK parameterization.
    W = Matrix(symbols("W1:3", real=True))
    b, w = Matrix(symbols("b1:3", real=True)), Matrix(symbols("w1:3", real=True))
    out = Symbol("c", real=True)
    parameters = [*W, *b, *w, out]
    inputs = symbols("x y", real=True)
    hidden = [sigma_w * W * v + sigma_b * b for v in inputs]
    output = [sigma_w * (w.T * h.applyfunc(phi))[0] / sqrt(WIDTH) + sigma_b * out for h in hidden]

    # Its NTK: the inner product of the gradients.
    ntk = sum(output[0].diff(p) * output[1].diff(p) for p in parameters)
    own = sigma_w**2 / WIDTH * sum(phi(g) * phi(h) for g, h in zip(*hidden, strict=True)) + sigma_b**2
    slopes = [[[phi(h).diff(p) for p in [*W, *b]] for h in layer] for layer in hidden]
    paired = sum(
        w[i] * w[j] * sum(f * g for f, g in zip(slopes[0][i], slopes[1][j], strict=True))
        for i in range(WIDTH)
        for j in range(WIDTH)
    )
    prove.equal("Θ = empirical Σ′ + (σ_w²/n) Σᵢⱼ wᵢwⱼ ⟨∇φ(hᵢ), ∇φ(hⱼ)⟩.", ntk, own + sigma_w**2 / WIDTH * paired)

    # The first layer's own NTK is Θ¹ δᵢⱼ with Θ¹ = σ_w² xy + σ_b², so the pairs i ≠ j drop out.
    first = sigma_w**2 * inputs[0] * inputs[1] + sigma_b**2
    for i in range(WIDTH):
        for j in range(WIDTH):
            inner = sum(hidden[0][i].diff(p) * hidden[1][j].diff(p) for p in [*W, *b])
            prove.equal(f"⟨∇h{i + 1}, ∇h{j + 1}⟩.", inner, first if i == j else first * 0)
    derivative = [[_slope(h) for h in layer] for layer in hidden]
    diagonal = sum(w[i] ** 2 * derivative[0][i] * derivative[1][i] for i in range(WIDTH))
    prove.equal(
        "Θ = empirical Σ′ + (σ_w²/n) Σᵢ wᵢ² φ′(hᵢ) φ′(hᵢ) Θ¹.", ntk, own + sigma_w**2 / WIDTH * diagonal * first
    )
    number = {s: k + 1 for k, s in enumerate(sorted(ntk.free_symbols, key=str))}
    wrong = own + sigma_w**2 / WIDTH * diagonal * own
    prove.not_equal("Not Σ′ in place of Θ¹.", _cubic(ntk), _cubic(wrong), at=number)

    # In the kernel: the chain rule for any differentiable φ, for a weight and a bias of a hidden unit.
    for name, argument, slope, false in (
        ("weight", "W", "x", False),
        ("bias", "b", "1", False),
        ("not_weight", "W", "(2 * x)", True),
    ):
        statement = (
            "forall (phi dphi : R -> R), (forall z, is_derive phi z (dphi z)) -> "
            f"forall w W x b : R, is_derive (fun {argument} => w * phi (W * x + b)) {argument} "
            f"(w * (dphi (W * x + b) * {slope}))"
        )
        script = (
            "intros phi dphi H w W x b; auto_derive; "
            "[exists (dphi (W * x + b)); apply H | "
            "replace (Derive (fun z => phi z) (W * x + b)) with (dphi (W * x + b)) "
            "by (symmetry; apply is_derive_unique; apply H); ring]"
        )
        prove.kernel(by_hand(name, f"∂ w φ(Wx + b)/∂{argument}.", statement, script, falsehood=false))


def _slope(h):
    """φ′(h), as the chain rule leaves it: h = … + σ_b b."""
    bias = next(symbol for symbol in h.free_symbols if symbol.name.startswith("b"))
    return phi(h).diff(bias) / sigma_b


def _cubic(expression):
    """With φ(z) = z³/100, to have numbers."""
    return expression.replace(phi, lambda z: z**3 / 100).doit()


THEOREM = Theorem(
    title="The NTK's recursion",
    statement=r"\Theta^{l+1} = \Sigma^{l+1} + \sigma_w^2 \dot K(\Sigma^l)\,\Theta^l, \quad "
    r"\Sigma^{l+1} = \sigma_w^2 K(\Sigma^l) + \sigma_b^2",
    source="Jacot, Gabriel & Hongler 2018, theorem 1",
    derive=derive,
    given=("the law of large numbers as the widths grow, layer by layer: (1/n) Σ wᵢwⱼ Fᵢⱼ → E[F₁₁]",),
)
