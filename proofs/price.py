"""Price's identity: differentiating a Gaussian expectation in the covariance differentiates both functions.

The density p(u, v) of a centred Gaussian pair solves ∂p/∂κ = ∂²p/∂u∂v. Under the integral sign, two integrations
by parts move the derivatives from p to f and g. That is how every kernel's K̇ follows from K.
"""

from sympy import Function, diff, exp, pi, sqrt, symbols

from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import derivative

u, v, kappa = symbols("u v kappa", real=True)
q1, q2 = symbols("q1 q2", positive=True)


def derive(prove: Derivation) -> None:
    area = q1 * q2 - kappa**2  # the determinant of the covariance
    exponent = -(q2 * u**2 - 2 * kappa * u * v + q1 * v**2) / (2 * area)
    p = exp(exponent) / (2 * pi * sqrt(area))

    # The density's own equations: one for the covariance, one for a variance.
    prove.equal("∂p/∂κ = ∂²p/∂u∂v.", p.diff(kappa), p.diff(u, v))
    prove.equal("∂p/∂q₁ = ½ ∂²p/∂u².", p.diff(q1), p.diff(u, u) / 2)
    prove.not_equal("Not ∂p/∂q₁ = ∂²p/∂u².", p.diff(q1), p.diff(u, u))

    # In the kernel: the same in three derivatives. The slopes are what SymPy found, read anew by Coq.
    inside = [area > 0]
    slope_u = -(q2 * u - kappa * v) / area * p
    mixed = (kappa / area + (q2 * u - kappa * v) * (q1 * v - kappa * u) / area**2) * p
    prove.equal("∂p/∂u.", p.diff(u), slope_u)
    prove.equal("∂²p/∂u∂v.", p.diff(u, v), mixed)
    prove.kernel(derivative("in_u", "∂p/∂u, for all covariances.", p, u, slope_u, where=inside))
    prove.kernel(derivative("in_u_v", "∂²p/∂u∂v.", slope_u, v, mixed, where=inside))
    prove.kernel(derivative("in_kappa", "∂p/∂κ is the same function.", p, kappa, mixed, where=inside))
    wrong = mixed + p * kappa / area / 1000
    prove.kernel(derivative("wrong", "Not a thousandth more.", p, kappa, wrong, where=inside, falsehood=True))

    # Integration by parts, pointwise: f g ∂²p - f′g′ p is a sum of derivatives, which integrate to 0.
    f, g, w = Function("f")(u), Function("g")(v), Function("p")(u, v)
    boundary = diff(f * g * w.diff(v), u) - diff(f.diff(u) * g * w, v)
    prove.equal("fg ∂²p/∂u∂v = f′g′p + a divergence.", f * g * w.diff(u, v), f.diff(u) * g.diff(v) * w + boundary)

    # Seen on a polynomial: E[u³v³] = 9 q₁q₂κ + 6κ³ by Isserlis, and E[3u²·3v²] = 9(q₁q₂ + 2κ²).
    prove.equal("E[u³v³] agrees.", diff(9 * q1 * q2 * kappa + 6 * kappa**3, kappa), 9 * (q1 * q2 + 2 * kappa**2))


THEOREM = Theorem(
    title="Price's identity",
    statement=r"\frac{\partial}{\partial\kappa} E[f(u) g(v)] = E[f'(u) g'(v)], \quad \kappa = \mathrm{Cov}(u, v)",
    source="Price 1958",
    derive=derive,
    given=(
        "differentiation under the integral sign and vanishing boundary terms, for f, g absolutely continuous "
        "with f′, g′ of at most Gaussian-integrable growth",
    ),
)
