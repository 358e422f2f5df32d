"""The duals of rectified powers, x₊ⁿ for n = 0 to 3: the arc-cosine kernels, from polar coordinates.

Two unit-variance Gaussians with correlation cos θ are u = ϱ cos a, v = ϱ cos(a - θ), with ϱ²/2 exponential and a
uniform. Both are positive for a between θ - π/2 and π/2. The engine derives the same duals by Stein's recursion:
at the end the two are compared.
"""

from sympy import Rational, asin, cos, exp, factorial, oo, pi, sin, sqrt, symbols

from ntk_theory.dual import dual
from ntk_theory.proofs import Derivation, Theorem
from ntk_theory.proofs.coq import derivative
from ntk_theory.symbols import c as correlation
from ntk_theory.symbols import q1, q2

theta, a, rho = symbols("theta a rho", positive=True)
c = symbols("c", real=True)

# E[u₊ⁿ v₊ⁿ], with θ = arccos c; π - θ = π/2 + asin c.
angle = pi / 2 + asin(c)
root = sqrt(1 - c**2)
DUALS = (
    angle / (2 * pi),
    (root + angle * c) / (2 * pi),
    (3 * root * c + angle * (1 + 2 * c**2)) / (2 * pi),
    (root * (4 + 11 * c**2) + angle * (9 * c + 6 * c**3)) / (2 * pi),
)

# Antiderivatives in a of cosⁿ(a) cosⁿ(a - θ): trigonometric polynomials plus a multiple of a.
ANGULAR = (
    a,
    a * cos(theta) / 2 + sin(2 * a - theta) / 4,
    a * (2 + cos(2 * theta)) / 8 + sin(2 * a - theta) * cos(theta) / 4 + sin(4 * a - 2 * theta) / 32,
    a * (9 * cos(theta) + cos(3 * theta)) / 32
    + 3 * (3 + 2 * cos(2 * theta)) * sin(2 * a - theta) / 64
    + 3 * cos(theta) * sin(4 * a - 2 * theta) / 64
    + sin(6 * a - 3 * theta) / 192,
)


def derive(prove: Derivation) -> None:
    for n, (closed, angular) in enumerate(zip(DUALS, ANGULAR, strict=True)):
        # The angle: an antiderivative, and its difference between the ends of the sector.
        integrand = cos(a) ** n * cos(a - theta) ** n
        prove.equal(f"n = {n}: an antiderivative of the angular part.", angular.diff(a), integrand)
        sector = angular.subs(a, pi / 2) - angular.subs(a, theta - pi / 2)
        # The radius: ∫ ϱ^(2n+1) e^(-ϱ²/2) dϱ = 2ⁿ n!.
        partial = sum(factorial(n) / factorial(k) * 2 ** (n - k) * rho ** (2 * k) for k in range(n + 1))
        radial = -partial * exp(-(rho**2) / 2)
        prove.equal(f"n = {n}: the radial part.", radial.diff(rho), rho ** (2 * n + 1) * exp(-(rho**2) / 2))
        moment = radial.limit(rho, oo) - radial.subs(rho, 0)
        prove.equal(f"n = {n}: its value is 2ⁿ n!.", moment, 2**n * factorial(n))
        in_angle = closed.subs(asin(c), pi / 2 - theta).subs({root: sin(theta), c: cos(theta)})
        prove.equal(f"n = {n}: the closed form.", moment * sector / (2 * pi), in_angle)

        # By Price: d/dc E[u₊ⁿ v₊ⁿ] = n² E[u₊ⁿ⁻¹ v₊ⁿ⁻¹].
        if n:
            slope = n**2 * DUALS[n - 1]
            prove.equal(f"n = {n}: the chain, K̇ₙ = n² Kₙ₋₁.", closed.diff(c), slope, at={c: Rational(1, 3)})
            inside = [c > -1, c < 1]
            prove.kernel(
                derivative(f"chain_{n}", f"K{n}′ = {n}²·K{n - 1} on (-1, 1).", closed, c, slope, where=inside)
            )

        # The engine, by another way: x₊ⁿ is max(x, 0)ⁿ, and homogeneity restores the variances.
        name = "heaviside(x)" if n == 0 else f"max(x, 0)**{n}"
        scaled = sqrt(q1 * q2) ** n * closed.subs(c, correlation)
        prove.equal(f"n = {n}: the engine's closed form.", dual(name).kernel, scaled)

    prove.not_equal("Not with the angle θ for π - θ.", DUALS[1].diff(c), (pi / 2 - asin(c)) / (2 * pi))
    wrong = DUALS[0] + c / 1000
    prove.kernel(
        derivative("wrong", "Not K₁′ = K₀ + c/1000.", DUALS[1], c, wrong, where=[c > -1, c < 1], falsehood=True)
    )


THEOREM = Theorem(
    title="Arc-cosine kernels of orders 0 to 3",
    statement=r"2\pi\, E[u_+^n v_+^n] = \pi - \theta,\; \sin\theta + (\pi - \theta)\cos\theta,\; "
    r"3\sin\theta\cos\theta + (\pi - \theta)(1 + 2\cos^2\theta),\; "
    r"\sin\theta(4 + 11\cos^2\theta) + (\pi-\theta)(9\cos\theta + 6\cos^3\theta), \quad n = 0, 1, 2, 3",
    source="Cho & Saul 2009, eq. 1 to 6 (order 3 from their recursion)",
    derive=derive,
    depends_on=("price",),
    given=("polar coordinates for a double integral",),
)
