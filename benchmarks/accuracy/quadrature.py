"""Gaussian expectations of activations without a closed form to 25 digits and more, by sums in two dimensions.

With u = √q₁ (cos(θ/2) z + sin(θ/2) w), v = √q₂ (cos(θ/2) z - sin(θ/2) w), 1 - c′ is ½E[(φ(u)/√V₁ - φ(v)/√V₂)²]:
a sum of squares, in which no digit cancels. Where φ is analytic within |Im x| < d, sums are trapezoidal, and the
step h leaves exp(-2πy/h + y²/2) with y = d/√q; where it has a kink at 0 they are double exponential in the radius
and in the angle, sector by sector. Nothing is shared with the Hermite series of the compiled kernels.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2

from flint import arb, ctx

Slopes = tuple[arb, arb]
"""φ(x) and φ′(x)."""
LEFT = 66.0
"""Every sum leaves about e^-LEFT = 2e-29."""


@dataclass(frozen=True)
class Form:
    """φ and φ′; the distance of φ's nearest singularity from the real axis, 0 for a kink at x = 0; whether odd."""

    value: Callable[[arb], Slopes]
    strip: float
    odd: bool = False


def _tanh(x: arb) -> Slopes:
    t = x.tanh()
    return t, 1 - t * t


def _logistic(x: arb) -> Slopes:
    s = 1 / (1 + (-x).exp())
    return s, s * (1 - s)


def _softplus(x: arb) -> Slopes:
    e = (-x).exp()
    return x + e.log1p(), 1 / (1 + e)


def _silu(x: arb) -> Slopes:
    s = 1 / (1 + (-x).exp())
    return x * s, s + x * s * (1 - s)


def _mish(x: arb) -> Slopes:
    e = x.exp()
    t = e * (e + 2)
    t = t / (t + 2)
    return x * t, t + x * (1 - t * t) * e / (1 + e)


def _arctan(x: arb) -> Slopes:
    return x.atan(), 1 / (1 + x * x)


def _softsign(x: arb) -> Slopes:
    s = 1 / (1 + abs(x))
    return x * s, s * s


FORMS = {
    "tanh": Form(_tanh, 1.57, odd=True),
    "logistic": Form(_logistic, 3.14),
    "softplus": Form(_softplus, 3.14),
    "silu": Form(_silu, 3.14),
    "mish": Form(_mish, 2.35),
    "arctan": Form(_arctan, 1.0, odd=True),
    "softsign": Form(_softsign, 0.0, odd=True),
}


def single(form: Form, q: arb) -> tuple[arb, arb]:
    """V = E[φ²] and W = E[φ′²] at variance q."""
    root = q.sqrt()
    V, W = arb(0), arb(0)
    for weight, z in _line(form, q):
        f, slope = form.value(root * z)
        V, W = V + weight * f * f, W + weight * slope * slope
    return V, W


def pair(form: Form, q1: arb, q2: arb, delta: arb, V1: arb, V2: arb) -> tuple[arb, arb]:
    """1 - c′ and K̇ at variances q1, q2 and correlation 1 - delta."""
    lengths = 1 / V1.sqrt(), 1 / V2.sqrt()
    gap, slope = arb(0), arb(0)
    for weight, u, v in (_plane if form.strip else _sectors)(form, q1, q2, delta):
        (f, f_slope), (g, g_slope) = form.value(u), form.value(v)
        apart = f * lengths[0] - g * lengths[1]
        gap += weight * apart * apart
        slope += weight * f_slope * g_slope
    return gap / 2, slope


def _step(strip: float, spread: float) -> float:
    """A step for f(spread z), f analytic in the strip: the pole stands at strip/spread."""
    y = strip / max(spread, 1e-30)
    reach = (2 * LEFT) ** 0.5
    return 6.28 / reach if y >= reach else 6.28 * y / (LEFT + 3 + y * y / 2)


@lru_cache(maxsize=64)
def _grid(step: float, half: bool, bits: int) -> list[tuple[arb, arb]]:  # noqa: ARG001
    """Weights of the standard normal law and nodes; of `half` those z > 0 alone, doubled."""
    h = arb(step)
    count = int((2 * LEFT) ** 0.5 / step) + 2
    scale = h / (2 * arb.pi()).sqrt()
    nodes = [(k + arb(0.5)) * h for k in range(0 if half else -count, count)]
    return [(scale * (2 if half else 1) * (-z * z / 2).exp(), z) for z in nodes]


def _rounded(step: float) -> float:
    """The next finer of eight steps an octave: equal steps share their nodes."""
    return 2.0 ** (-ceil(-8 * log2(step)) / 8)


def _line(form: Form, q: arb) -> list[tuple[arb, arb]]:
    if not form.strip:
        return _half_line(ctx.prec)
    return _grid(_rounded(_step(form.strip, float(q.sqrt()))), form.odd, ctx.prec)


def _plane(form: Form, q1: arb, q2: arb, delta: arb) -> Iterator[tuple[arb, arb, arb]]:
    along, across = (1 - delta / 2).sqrt(), (delta / 2).sqrt()
    root1, root2 = q1.sqrt(), q2.sqrt()
    wide = float(max(root1, root2, key=float))
    zs = _grid(_rounded(_step(form.strip, wide * float(along))), form.odd, ctx.prec)
    ws = _grid(_rounded(_step(form.strip, wide * float(across))), False, ctx.prec)
    firsts = [(w, root1 * along * z, root2 * along * z) for w, z in zs]
    seconds = [(w, root1 * across * z, root2 * across * z) for w, z in ws]
    for weight, a, b in firsts:
        for other, s, t in seconds:
            yield weight * other, a + s, b - t


RADIUS_STEP, ANGLE_STEP = 1 / 20, 1 / 14


@lru_cache(maxsize=4)
def _radii(bits: int) -> list[tuple[arb, arb]]:  # noqa: ARG001
    """dr and r, r = exp(t - e⁻ᵗ): double exponential at 0, and the law of r² does the rest."""
    found, h = [], arb(RADIUS_STEP)
    for k in range(int(-4.2 / RADIUS_STEP), int(3 / RADIUS_STEP)):
        t = k * h
        r = (t - (-t).exp()).exp()
        if float(r) < 12.5:
            found.append((h * r * (1 + (-t).exp()), r))
    return found


@lru_cache(maxsize=4)
def _half_line(bits: int) -> list[tuple[arb, arb]]:
    """Weights and nodes z > 0 of the standard normal law, doubled: for even integrands with a kink at 0."""
    scale = 2 / (2 * arb.pi()).sqrt()
    return [(scale * dr * (-r * r / 2).exp(), r) for dr, r in _radii(bits)]


@lru_cache(maxsize=4)
def _unit_interval(bits: int) -> list[tuple[arb, arb, arb]]:  # noqa: ARG001
    """dx, x and 1 - x on (0, 1), by tanh(½π sinh t)."""
    found, h = [], arb(ANGLE_STEP)
    for k in range(int(-3.9 / ANGLE_STEP), int(3.9 / ANGLE_STEP) + 1):
        t = k * h
        e = (arb.pi() * (t.exp() - (-t).exp()) / 2).exp()
        x, rest = e / (1 + e), 1 / (1 + e)
        found.append((h * arb.pi() * (t.exp() + (-t).exp()) / 2 * x * rest, x, rest))
    return found


def _sectors(_: Form, q1: arb, q2: arb, delta: arb) -> Iterator[tuple[arb, arb, arb]]:
    """u > 0 alone, doubled: the sector where v > 0 too, of width π - θ, and the one where v < 0, of width θ."""
    theta = 2 * (delta / 2).sqrt().asin()
    wide = arb.pi() - theta
    rays = []
    for dx, x, rest in _unit_interval(ctx.prec):
        rays.append((dx * wide, (wide * x).sin() * q1.sqrt(), (wide * rest).sin() * q2.sqrt()))
        rays.append((dx * theta, (theta * x).sin() * q1.sqrt(), -(theta * rest).sin() * q2.sqrt()))
    radii = [(dr * r * (-r * r / 2).exp() / arb.pi(), r) for dr, r in _radii(ctx.prec)]
    for d_angle, a, b in rays:
        for weight, r in radii:
            yield weight * d_angle, a * r, b * r
