"""Gradient flow of the squared loss on a frozen kernel, in closed form.

Training by gradient flow on ½Σ(f - y)² moves the outputs by df/dt = -Θ(f - y). In an eigenbasis of the symmetric
matrix Θ the modes do not mix, so one mode proves all; two coupled outputs are solved as well, without a basis.
"""

from sympy import Matrix, exp, eye, simplify, symbols, zeros

from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import derivative

t = symbols("t", real=True)
rate, k = symbols("rate k", positive=True)
y, f0, g0 = symbols("y f0 g0", real=True)


def derive(prove: Derivation) -> None:
    # One mode: an eigenvalue `rate` of Θ, the target y and the initial output f0 along its eigenvector.
    f = y + exp(-rate * t) * (f0 - y)
    prove.equal("A mode solves df/dt = -λ(f - y).", f.diff(t), -rate * (f - y))
    prove.equal("It starts at f₀.", f.subs(t, 0), f0)
    prove.not_equal("Not with the rate λ/2.", f.diff(t), -rate * (f - y) / 2)
    law = "For all λ, y, f₀ and t: the mode solves its equation."
    prove.kernel(derivative("mode", law, f, t, -rate * (f - y)))
    prove.kernel(derivative("half", "Not with λ/2.", f, t, -rate * (f - y) / 2, falsehood=True))

    # A test point feels training through its kernel k with the mode: dg/dt = -k (f - y).
    g = g0 + k / rate * (1 - exp(-rate * t)) * (y - f0)
    prove.equal("A test output solves dg/dt = -k(f - y).", g.diff(t), -k * (f - y))
    prove.equal("It starts at g₀.", g.subs(t, 0), g0)
    prove.kernel(derivative("test_output", "Test outputs, for all rates.", g, t, -k * (f - y)))

    # Two coupled outputs: Θ = [[a, b], [b, a]] has eigenvalues a ± b, and exp(-Θt) is built of them.
    a, b = symbols("a b", positive=True)
    y1, y2, h1, h2 = symbols("y1 y2 h1 h2", real=True)
    theta = Matrix([[a, b], [b, a]])
    slow, fast = exp(-(a - b) * t), exp(-(a + b) * t)
    decay = Matrix([[fast + slow, fast - slow], [fast - slow, fast + slow]]) / 2
    target, start = Matrix([y1, y2]), Matrix([h1, h2])
    output = target + decay * (start - target)
    for i in range(2):
        prove.equal(f"Coupled outputs: equation {i + 1}.", output.diff(t)[i], (-theta * (output - target))[i])
    prove.true("exp(-Θt) is the identity at t = 0.", simplify(decay.subs(t, 0) - eye(2)) == zeros(2))


THEOREM = Theorem(
    title="Gradient flow on a frozen kernel",
    statement=r"\dot f = -\Theta (f - y) \iff f_t = y + e^{-\Theta t}(f_0 - y), \quad "
    r"g_t = g_0 + \Theta_* \Theta^{-1}(1 - e^{-\Theta t})(y - f_0)",
    source="Jacot, Gabriel & Hongler 2018, section 5; Lee et al. 2019, eq. 8 to 10",
    derive=derive,
    given=("a symmetric matrix has an orthonormal eigenbasis",),
)
