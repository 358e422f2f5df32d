r"""What happens at large variances, proven, for φ that tends to lines exponentially: where no search need go.

With φ = a_± |x| + β_± + R_± on the two sides and f integrable, E[f(√q z)] = I/√q within J/(2q^{3/2}),
I = ∫f/√(2π), J = ∫x²|f|/√(2π) (1 - e^{-y} ≤ y). So E[φφ″] with f = φφ″, and masses φ(t)j at kinks, and

    (q - σ_b²)D - V = √q(I_D - B₁) - (σ_b²s + B₀) - (σ_b²I_D + I_V)/√q + …,   s = (a₊² + a₋²)/2,

B₁ = 2(a₊β₊ + a₋β₋)/√(2π), B₀ = (β₊² + β₋²)/2, I_D and I_V of φ′² and φ² less the squares of the lines.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sympy
from flint import acb, arb, ctx
from sympy import Expr

from ntk_theory.activation import Activation
from ntk_theory.activation.activation import tanh_form
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.program import complex_program, real_program
from ntk_theory.phase.tails import Tail, TailError, product, tail
from ntk_theory.symbols import x


@dataclass(frozen=True)
class Beyond:
    """A function has the `sign` at every variance from `start` on."""

    sign: int
    start: float


Integrand = Callable[[Expr, Expr], tuple[Expr, ...]]
"""From φ and the line that it tends to, the factors of an integrand."""


def curvature_beyond(phi: Activation) -> Beyond | None:
    """Of E[φφ″] = V′ - D. None where nothing was proven."""
    try:
        with ctx.workprec(64):
            total, spread = _moments(phi, lambda f, _line: (f, f.diff(x, 2)))
            for kink in phi.kinks:
                left = next(piece for piece in phi.pieces if piece.upper == kink.position)
                mass = as_ball(left.expression.subs(x, kink.position) * kink.height) / (2 * arb.pi()).sqrt()
                total, spread = total + mass, spread + abs(mass) * as_ball(kink.position) ** 2
    except TailError:
        return None
    least = abs(total).lower()
    return Beyond(_sign(total), float((spread / (2 * least)).upper()) * (1 + 2.0**-20)) if least > 0 else None


def line_beyond(phi: Activation, b_var: arb) -> Beyond | None:
    """Of (q - σ_b²)D - V, whose zeros are the points of the order-to-chaos line. None where nothing was proven."""
    try:
        with ctx.workprec(64):
            right, left = _sides(phi)
            gain, gain_spread = _moments(phi, lambda f, line: ((f - line).diff(x), (f + line).diff(x)))
            square, square_spread = _moments(phi, lambda f, line: (f - line, f + line))
            ends = [(as_ball(side.slope), as_ball(side.intercept)) for side in (right, left)]
            first = gain - sum(2 * a * beta for a, beta in ends) / (2 * arb.pi()).sqrt()
            s = sum(a * a for a, _ in ends) / 2
            flat = b_var * s + sum(beta * beta for _, beta in ends) / 2
            least = abs(first).lower()
            if not least > 0:
                return None
            for exponent in range(0, 60):
                q = arb(2) ** exponent
                root = q.sqrt()
                rest = abs(flat) + (abs(b_var * gain) + abs(square)) / root
                rest += (gain_spread * (1 + b_var / q) + square_spread / q) / (2 * root)
                if root * least > rest:
                    return Beyond(_sign(first), float(q))
    except TailError:
        pass
    return None


def integral(phi: Activation, of: Integrand) -> arb:
    """∫ of(φ, line) dx/√(2π), a product that decays; `line` is what φ tends to on each side."""
    return _moments(phi, of)[0]


def _sides(phi: Activation) -> tuple[Tail, Tail]:
    return tail(phi.pieces[-1].expression), tail(phi.pieces[0].expression.subs(x, -x))


def _moments(phi: Activation, of: Integrand) -> tuple[arb, arb]:
    """∫f/√(2π), and a bound on ∫x²|f|/√(2π)."""
    total, spread = arb(0), arb(0)
    for direction, side in zip((1, -1), _sides(phi), strict=True):
        if side.size != 0 and side.rate == 0:
            raise TailError("No exponential approach to a line was proven.")
        pieces = phi.pieces if direction == 1 else phi.pieces[::-1]
        line = side.slope * x + side.intercept
        factors = [of(tanh_form(p.expression.subs(x, direction * x)), line) for p in pieces]
        integrands = [sympy.Mul(*parts) for parts in factors]
        last = product([tail(part) for part in factors[-1]])
        if last.slope != 0 or last.intercept != 0 or (last.size != 0 and last.rate == 0):
            raise TailError("The integrand does not decay exponentially.")
        far = [direction * (p.upper if direction == 1 else p.lower) for p in pieces]
        cuts = [as_ball(cut) for cut in far[:-1]]
        end = max([arb(1), *(cut + 1 for cut in cuts)], key=float)
        if last.size != 0:
            rate = as_ball(last.rate)
            reach = (arb(ctx.prec) * 0.6932 + abs(last.size.log())) / rate
            end = max(end, arb(reach.upper()), key=float)
            total += arb(0, (last.size * (-rate * end).exp() / rate).upper())
            spread += _weighted(integrands[-1], far[-2] if cuts else sympy.S.Zero, last)
        lower = arb(0)
        for integrand, upper in zip(integrands, [*cuts, end], strict=True):
            if not upper > lower:
                continue
            program = complex_program(integrand, x, continued=True).function()
            part = acb.integral(lambda t, analytic, program=program: acb(program(t, analytic)), lower, upper)
            total += part.real
            if upper is not end:
                image = real_program(integrand, (x,)).at(lower.union(upper))
                spread += image.abs_upper() * (upper**3 - lower**3) / 3
            lower = upper
    width = (2 * arb.pi()).sqrt()
    return total / width, arb((spread / width).upper())


def _weighted(f: Expr, lower: Expr, last: Tail) -> arb:
    """A bound on ∫x²|f| beyond `lower`: by Cauchy and Schwarz up to some X, √(X³/3·∫x²f²), by the tail beyond."""
    rate, best = as_ball(last.rate), arb("inf")
    start = as_ball(lower)
    program = complex_program((x * f) ** 2, x, continued=True).function()
    for reach in (0, 4, 8, 16, 32):
        end = start + reach / rate
        beyond = last.size * (-rate * end).exp() * (end**2 / rate + 2 * end / rate**2 + 2 / rate**3)
        inside = arb(0)
        if reach:
            square = acb.integral(lambda t, analytic: acb(program(t, analytic)), start, end).real
            inside = (abs(square) * (end**3 - start**3) / 3).sqrt()
        total = arb((inside + beyond).upper())
        best = total if total < best else best
    return best


def _sign(ball: arb) -> int:
    return 1 if ball > 0 else -1
