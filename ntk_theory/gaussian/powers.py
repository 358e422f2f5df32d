"""Powers cut at zero, φ(x) = a·x₊ᵖ + b·(-x)₊ᵖ with any real p > -1/2: closed by ₂F₁ where p is no integer.

|x|ᵖ and sign(x)|x|ᵖ have the Hermite series of Kummer's functions; summed over the correlation (Nabeya 1951,
Absolute moments in 2-dimensional normal distribution):
E|u|ᵖ|v|ᵖ = (q1 q2)^(p/2)·2ᵖ Γ((p+1)/2)²/π·₂F₁(-p/2, -p/2; 1/2; c²),
E sign(uv)|u|ᵖ|v|ᵖ = (q1 q2)^(p/2)·2ᵖ⁺¹ Γ(p/2+1)²/π·c·₂F₁((1-p)/2, (1-p)/2; 3/2; c²).
"""

from dataclasses import dataclass

import mpmath
import sympy
from sympy import Expr, gamma, hyper, oo

from ntk_theory.activation import Activation
from ntk_theory.errors import DivergentExpectationError, NotInClassError
from ntk_theory.gaussian import check
from ntk_theory.gaussian.certificate import Certificate
from ntk_theory.symbols import c, q, q1, q2, x

_HALF = sympy.Rational(1, 2)


@dataclass(frozen=True)
class Power:
    """right·x₊ᵖ + left·(-x)₊ᵖ."""

    exponent: Expr
    right: Expr
    left: Expr

    @property
    def kernel(self) -> Expr:
        """E[φ(u)φ(v)], from the even and the odd part of φ."""
        p = self.exponent
        even = 2**p * gamma((p + 1) / 2) ** 2 / sympy.pi * hyper([-p / 2, -p / 2], [_HALF], c**2)
        odd = 2 ** (p + 1) * gamma(p / 2 + 1) ** 2 / sympy.pi * c
        odd *= hyper([(1 - p) / 2, (1 - p) / 2], [3 * _HALF], c**2)
        scale = (q1 * q2) ** (p / 2)
        return scale * ((self.right + self.left) ** 2 * even + (self.right - self.left) ** 2 * odd) / 4

    @property
    def derivative(self) -> "Power | None":
        """φ′; None where E[φ′²] is infinite, at p ≤ 1/2."""
        p = self.exponent
        return Power(p - 1, p * self.right, -p * self.left) if (p - _HALF).is_positive else None

    def mean_of_square(self, variance: Expr) -> Expr:
        """E[φ(√variance z)²]."""
        p = self.exponent
        return (self.right**2 + self.left**2) / 2 * variance**p * 2**p * gamma(p + _HALF) / sympy.sqrt(sympy.pi)

    def raised(self, n: int) -> Expr:
        """E[φ(z) zⁿ], z standard normal."""
        p = self.exponent + n
        return (
            (self.right + (-1) ** n * self.left) * 2 ** (p / 2) * gamma((p + 1) / 2) / (2 * sympy.sqrt(sympy.pi))
        )


@dataclass(frozen=True)
class PowerForm:
    """The closed form of a power cut at zero, with the interface of `ClosedForm`."""

    phi: Activation
    power: Power

    closed = True
    reason = ""
    conditions = ()

    @property
    def kernel_expression(self) -> Expr:
        return self.power.kernel

    @property
    def derivative_expression(self) -> Expr | None:
        slope = self.power.derivative
        return None if slope is None else slope.kernel

    @property
    def variance_expression(self) -> Expr:
        return self.power.mean_of_square(q)

    @property
    def derivative_variance_expression(self) -> Expr | None:
        slope = self.power.derivative
        return None if slope is None else slope.mean_of_square(q)

    @property
    def mean_expression(self) -> Expr:
        return q ** (self.power.exponent / 2) * self.power.raised(0)

    def hermite_expression(self, n: int) -> Expr:
        """a_n(q) = E[φ(√q z) h_n(z)], h_n the orthonormal Hermite polynomial."""
        z = sympy.Symbol("z")
        coefficients = sympy.Poly(sympy.hermite_prob(n, z), z).terms()
        total = sympy.Add(*(value * self.power.raised(degree) for (degree,), value in coefficients))
        return q ** (self.power.exponent / 2) * total / sympy.sqrt(sympy.factorial(n))

    def full_correlation(self, first: Expr, second: Expr, sign: int) -> Expr:
        """E[φ(√first z) φ(±√second z)]."""
        p, a, b = self.power.exponent, self.power.right, self.power.left
        weight = (a**2 + b**2) / 2 if sign > 0 else a * b
        return (first * second) ** (p / 2) * weight * 2**p * gamma(p + _HALF) / sympy.sqrt(sympy.pi)

    def mean_at(self, variance: Expr) -> Expr:
        """E[φ(√variance z)]; infinite at 0 for a negative power."""
        if variance == 0 and self.power.exponent.is_negative:
            raise DivergentExpectationError(f"{self.phi.name} is infinite at 0, where variance 0 puts all mass.")
        return self.mean_expression.subs(q, variance)

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """K and K̇ against the integral over the angle between u and v, by tanh-sinh quadrature."""
        slope = self.power.derivative
        holds = _agrees(self.power) and (slope is None or _agrees(slope))
        return (Certificate("quadrature", r"K, \dot K\text{ agree with quadrature over the angle}", holds),)

    @property
    def trace(self) -> tuple[str, ...]:
        """The steps of the derivation."""
        p = self.power
        return (
            f"φ(x) = {p.right}·x₊^{p.exponent} + {p.left}·(-x)₊^{p.exponent}",
            "₂F₁ from its even and odd part",
        )


def power_form(phi: Activation) -> PowerForm:
    """φ as a power cut at zero. Raises `NotInClassError` where it is none."""
    t = sympy.Symbol("t", positive=True)
    if [p.lower for p in phi.pieces] != [-oo, 0]:
        raise NotInClassError(f"{phi.name} is no power cut at zero.")
    sides = [sympy.powsimp(p.expression.subs(x, s * t)) for p, s in zip(phi.pieces, (-1, 1), strict=True)]
    parts = [side.as_independent(t, as_Add=False) for side in sides]
    exponents = {rest.as_base_exp()[1] for weight, rest in parts if weight != 0 and rest.as_base_exp()[0] == t}
    if len(exponents) != 1 or any(w != 0 and rest.as_base_exp()[0] != t for w, rest in parts):
        raise NotInClassError(f"{phi.name} is no power cut at zero.")
    (exponent,) = exponents
    if exponent.has(x) or not exponent.is_real:
        raise NotInClassError(f"{phi.name} is no power cut at zero.")
    if (exponent + _HALF).is_nonpositive:
        raise DivergentExpectationError(f"{phi.name} is not square-integrable at 0: E[φ²] is infinite.")
    return PowerForm(phi, Power(exponent, parts[1][0], parts[0][0]))


def _agrees(power: Power) -> bool:
    """u = √q1 r cos θ, v = √q2 r cos(θ - α) with cos α = c: E r²ᵖ = 2ᵖ Γ(p+1) and the mean over θ."""
    symbols = sorted(power.kernel.free_symbols - {q1, q2, c}, key=str)
    numbers = {s: sympy.Rational(13 + i, 10) for i, s in enumerate(symbols)}
    p, right, left = (mpmath.mpf(v.subs(numbers).evalf(30)) for v in (power.exponent, power.right, power.left))
    with mpmath.workdps(25):
        first, second, correlation = (mpmath.mpf(v.p) / v.q for v in (check.POINT[s] for s in (q1, q2, c)))
        alpha = mpmath.acos(correlation)

        def phi(t: mpmath.mpf) -> mpmath.mpf:
            return right * t**p if t > 0 else left * (-t) ** p

        ends = [-mpmath.pi / 2, alpha - mpmath.pi / 2, mpmath.pi / 2, alpha + mpmath.pi / 2, 3 * mpmath.pi / 2]
        angular = mpmath.quad(lambda t: phi(mpmath.cos(t)) * phi(mpmath.cos(t - alpha)), ends) / (2 * mpmath.pi)
        expected = (first * second) ** (p / 2) * 2**p * mpmath.gamma(p + 1) * angular
        value = mpmath.mpf(power.kernel.subs(numbers).subs(check.POINT).evalf(25))
        return bool(abs(value - expected) < mpmath.mpf("1e-10") * (1 + abs(expected)))
