r"""Residual networks with branches scaled by 1/√L, as L → ∞ (Hayou et al. 2021): a flow in the time t = l/L.

dq/dt = σ_w²V(q) + σ_b², dκ/dt = σ_w²K + σ_b², dΘ/dt = σ_w²K + σ_b² + σ_w²K̇Θ. For homogeneous φ without biases,
k(c) = K(1, 1, c), q = q₀e^{σ_w²st}, and c moves by dc/dt = σ_w²(k - sc), so that σ_w²t = ∫ dc/(k - sc); since
k′ = K̇, exp ∫σ_w²K̇dt = e^{σ_w²st}(k - sc)/(k₀ - sc₀), and Θ is one more integral over c.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import sympy
from flint import acb, arb, ctx
from sympy import Eq, Expr, Function, Symbol

from ntk_theory.dual import Dual
from ntk_theory.enclosure import Number
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import certify
from ntk_theory.enclosure.program import complex_program
from ntk_theory.errors import DataError, NotInClassError
from ntk_theory.phase.fixed_points import variances
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.phase.residual import KernelState
from ntk_theory.symbols import c as correlation
from ntk_theory.symbols import q as first_variance
from ntk_theory.symbols import q1, q2, sigma_b, sigma_w, theta

t = Symbol("t", nonnegative=True)
"""The fraction l/L of the depth."""


@dataclass(frozen=True)
class StablePhase:
    """The depth limit of residual networks of `dual.activation` whose branches have variance 1/L.

    Made by `ntk_theory.phase(..., residual="1/L")`.
    """

    dual: Dual

    @property
    def length_map(self) -> LengthMap:
        """V, D and their slopes as ball functions."""
        return LengthMap(self.dual)

    @property
    def transition(self) -> str:
        """Whether there is an order-to-chaos transition, and why not."""
        return (
            "none: gradients grow by exp(σ_w² ∫E[φ′²]dt) over the whole depth, a number between 1 and ∞ at every "
            "σ_w² > 0, and correlations stay where L does not matter: no depth scale, no phase."
        )

    @cached_property
    def flow(self) -> tuple[Eq, Eq, Eq]:
        """The differential equations of q, κ and Θ in t, in the symbols of `ntk_theory.symbols`."""
        names = (Function("q")(t), Function("kappa")(t), Function("Theta")(t))
        source = sigma_w**2 * self.dual.kernel + sigma_b**2
        sides = (
            sigma_w**2 * self.dual.variance + sigma_b**2,
            source,
            source + sigma_w**2 * self.dual.derivative * theta,
        )
        return (Eq(names[0].diff(t), sides[0]), Eq(names[1].diff(t), sides[1]), Eq(names[2].diff(t), sides[2]))

    @property
    def variance(self) -> Expr:
        """q at t from q at 0, for homogeneous φ, in σ_w, σ_b and t. Raises `NotInClassError` for others."""
        rate, b = sigma_w**2 * self._square(), sigma_b**2
        return (first_variance + b / rate) * sympy.exp(rate * t) - b / rate

    @property
    def ntk_diagonal(self) -> Expr:
        """Θ(x, x) at t from Θ = q at 0, for homogeneous φ. Raises `NotInClassError` for others."""
        rate, b = sigma_w**2 * self._square(), sigma_b**2
        return sympy.exp(rate * t) * (first_variance + (rate * first_variance + b) * t)

    @property
    def gradient_growth(self) -> Expr:
        """What the whole depth multiplies squared gradients by, e^{σ_w²s}, for homogeneous φ."""
        return sympy.exp(sigma_w**2 * self._square())

    def limit(self, W_var: Number, q: Number, c: Number, *, digits: int = 15) -> KernelState:
        """The kernels at t = 1 without biases, from Σ = (q, cq), Θ = Σ, enclosed, for homogeneous φ.

        Raises `NotInClassError` for others, `DataError` unless q > 0 and -1 < c < 1.
        """
        variances(W_var, q)
        start = as_ball(c, "c")
        if not as_ball(q) > 0 or not abs(start) < 1:
            raise DataError(f"q = {q}, c = {c}: q > 0 and -1 < c < 1 are needed.")
        square = self._square()
        ahead = sympy.simplify(self.dual.kernel.subs({q1: 1, q2: 1}) - square * correlation)
        k = complex_program(self.dual.kernel.subs({q1: 1, q2: 1}), correlation).function
        moving = ahead != 0

        def compute() -> list[arb]:
            W, s, first, c0 = as_ball(W_var), as_ball(square), as_ball(q), as_ball(c)
            kernel = k()
            growth = (W * s).exp()

            def drift(at: acb, analytic: bool = False) -> acb:
                return acb(kernel(at, analytic)) - s * at

            end = _reached(drift, c0, W) if moving else c0
            if not end.is_finite():
                return [arb.nan()]
            if moving:
                spread = drift(acb(end)).real / drift(acb(c0)).real
                inside = acb.integral(
                    lambda at, analytic: acb(kernel(at, analytic)) / drift(at, analytic) ** 2, c0, end
                )
                gathered = drift(acb(c0)).real * inside.real
                ntk = spread * growth * first * (c0 + gathered)
            else:
                ntk = growth * first * c0 * (1 + W * s)
            return [first * growth, end, first * growth * (1 + W * s), ntk]

        return KernelState(*certify(compute, digits, "The kernels at t = 1"))

    def _square(self) -> Expr:
        scale = self.length_map.scale
        if scale is None:
            raise NotInClassError(
                f"{self.dual.activation.name} is not homogeneous: its flow has no closed form. .flow gives the "
                "equations, and residual=1/L with a number L, with iterate(...), their solution at that depth."
            )
        return scale


def _reached(drift: Callable[..., acb], start: arb, time: arb) -> arb:
    """Where c is at σ_w²t = `time`: the root of ∫ dc/drift - time, which increases with c, drift > 0 below 1."""

    def late(end: arb) -> arb:
        return acb.integral(lambda at, analytic: 1 / drift(at, analytic), start, end).real - time

    low, high = arb(start.mid()), arb(1)
    with ctx.workprec(53):
        for _ in range(30):
            middle = arb(((low + high) / 2).mid())
            value = late(middle)
            low, high = (middle, high) if value < 0 else (low, middle)
    at = arb(((low + high) / 2).mid())
    for _ in range(ctx.prec.bit_length() + 2):
        at = arb((at - late(at) * drift(acb(at)).real).mid())
    for exponent in range(ctx.prec - 8, 8, -4):
        radius = arb(2) ** -exponent
        if late(at - radius) < 0 and late(at + radius) > 0:
            return arb(at.mid(), radius)
    return arb.nan()
