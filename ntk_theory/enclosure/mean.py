r"""E[f(√Q z)], z standard normal, enclosed for a ball Q: ∫ f(x) e^{-x²/2Q}/√(2πQ) dx.

`acb.integral` (Petras' adaptive Gauss–Legendre rule with proven errors, Johansson 2018) does the smooth
pieces on [-X, X]. Beyond, |f| ≤ C(1+|x|)^d e^{b|x|} and a log-concave integrand g with slope -λ at R = X/√Q
give ∫_R^∞ g ≤ g(R)/λ. The variable is x and not z, so that Q stands in the weight alone, and kinks stay where
they are. For smooth f it is z, unless Q is very wide: Q widens the result as much as f varies, and E[1] is 1.
"""

from dataclasses import dataclass
from functools import lru_cache, reduce

import sympy
from flint import acb, arb, ctx
from sympy import Expr

from ntk_theory.activation import Piece
from ntk_theory.activation.activation import tanh_form
from ntk_theory.activation.pieces import pieces
from ntk_theory.enclosure.boxes import range_bound
from ntk_theory.enclosure.growth import Growth, right_growth
from ntk_theory.enclosure.program import Program, complex_program, real_program
from ntk_theory.symbols import x


@dataclass(frozen=True)
class Part:
    """f on one interval: its ends (None for infinite), its programs over complex and real balls."""

    lower: Expr | None
    upper: Expr | None
    smooth: Program
    real: Program

    def upper_ball(self) -> arb:
        """The upper end, of a piece that has one."""
        return _ball(self.upper)


@dataclass(frozen=True)
class _Integrand:
    parts: tuple[Part, ...]
    tail: Growth
    even: bool


def gaussian_mean(f: Expr, variance: arb) -> arb:
    """E[f(√Q z)] at the working precision, Q = `variance` ≥ 0 a ball. `f` is an expression in x.

    Not finite where the integral could not be enclosed. Raises `GrowthError` where f's growth has no bound.
    """
    integrand = _integrand(f)
    least = variance.lower()
    if not variance.is_finite() or variance.upper() < 0:
        return arb.nan()
    if not least > 0 or variance.upper() > 64 * least:
        return _hull(integrand, arb(variance.upper()))
    if len(integrand.parts) == 1 and variance.upper() < 2 * least:
        value = _smooth_integral(integrand, variance)
        if value.is_finite():
            return value
    return _integral(integrand, variance)


@lru_cache(maxsize=512)
def _integrand(f: Expr) -> _Integrand:
    found = parts(f)
    even = len(found) == 1 and sympy.expand(f - f.subs(x, -x)) == 0
    return _Integrand(found, _tail(f), even)


@lru_cache(maxsize=512)
def parts(f: Expr) -> tuple[Part, ...]:
    """The smooth pieces of `f`, compiled."""
    found: tuple[Piece, ...] = pieces(f)
    return tuple(
        Part(
            None if piece.lower == -sympy.oo else piece.lower,
            None if piece.upper == sympy.oo else piece.upper,
            complex_program(tanh_form(piece.expression), x, continued=True),
            real_program(piece.expression, (x,)),
        )
        for piece in found
    )


def real_growth(f: Expr) -> Growth:
    """|f(x)| ≤ C (1 + |x|)^d e^{b|x|} on the whole real line, kinks and all. Raises `GrowthError`."""
    with ctx.workprec(64):
        bound = _tail(f)
        for piece in pieces(f)[1:-1]:
            ends = (real_program(end, ()).at() for end in (piece.lower, piece.upper))
            bound = bound + Growth(range_bound(piece.expression, *ends), 0, arb(0))
        return bound


@lru_cache(maxsize=512)
def _tail(f: Expr) -> Growth:
    """The growth of the outermost pieces, each on its own ray."""
    found = pieces(f)
    left, right = found[0], found[-1]
    start = sympy.S.Zero if right.lower == -sympy.oo else right.lower
    end = sympy.S.Zero if left.upper == sympy.oo else left.upper
    return _ray(right.expression, start) + _ray(left.expression.subs(x, -x), -end)


def _ray(f: Expr, start: Expr) -> Growth:
    """The bound for x ≥ start: 1 + |x - start| ≤ (1 + |x|)(1 + |start|)."""
    if start == 0:
        return right_growth(f)
    with ctx.workprec(64):
        shift = abs(real_program(start, ()).at())
        moved = right_growth(f.subs(x, x + start))
        return Growth(
            moved.constant * (1 + shift) ** moved.degree * (moved.rate * shift).exp(), moved.degree, moved.rate
        )


def _integral(integrand: _Integrand, variance: arb) -> arb:
    scale = arb(variance.upper()).sqrt()
    reach, tail = _truncation(integrand.tail, scale)
    end = reach * scale
    cuts = [_ball(part.upper) for part in integrand.parts[:-1]]
    if any(not abs(cut) < end for cut in cuts):
        end = 1 + max(abs(cut).upper() for cut in cuts)
    ends = [-end, *cuts, end]
    weight = acb(-1 / (2 * variance))
    width = 2 * variance.rad() / variance.lower()
    tolerance = arb(2) ** -ctx.prec + width / 1024  # finer than Q's own radius would be wasted
    total = arb(0)
    for part, lower, upper in zip(integrand.parts, ends, ends[1:], strict=False):
        function = part.smooth.function()
        piece = acb.integral(
            lambda t, analytic, function=function: function(t, analytic) * (t * t * weight).exp(),
            lower,
            upper,
            rel_tol=tolerance,
            abs_tol=tolerance * scale,
            eval_limit=_limit(end),
        )
        total += piece.real
    return total / (2 * arb.pi() * variance).sqrt() + arb(0, tail)


def _smooth_integral(integrand: _Integrand, variance: arb) -> arb:
    """∫ f(√Q z) e^{-z²/2}/√(2π) dz for f without kinks."""
    root = variance.sqrt()
    reach, tail = _truncation(integrand.tail, arb(root.upper()))
    function = integrand.parts[0].smooth.function()
    tolerance = arb(2) ** -ctx.prec + variance.rad() / (1 + variance.lower()) / 32  # E[f] varies as Q E[f″]
    total = acb.integral(
        lambda z, analytic: function(root * z, analytic) * (-z * z / 2).exp(),
        arb(0) if integrand.even else -reach,
        reach,
        rel_tol=tolerance,
        abs_tol=tolerance,
        eval_limit=_limit(reach * root),
    ).real
    return (2 * total if integrand.even else total) / (2 * arb.pi()).sqrt() + arb(0, tail)


def _limit(end: arb) -> int:
    return 2000 + 60 * ctx.prec + int(min(100 * float(end), 1e7))  # f may swing in every unit of length


def _truncation(tail: Growth, scale: arb) -> tuple[arb, arb]:
    """R, and a bound on what lies beyond |z| > R, below the working precision's last bit."""
    wanted = arb(2) ** -(ctx.prec + 4)
    reach = arb(int(1.3863 * ctx.prec)).sqrt()
    while True:
        falling = reach - tail.rate * scale - tail.degree * scale / (1 + scale * reach)
        if falling > 0:
            size = tail.constant * (1 + scale * reach) ** tail.degree * (tail.rate * scale * reach).exp()
            beyond = 2 * size * (-reach * reach / 2).exp() / ((2 * arb.pi()).sqrt() * falling)
            if beyond < wanted:
                return reach, arb(beyond.upper())
        reach = arb((reach * 9 / 8 + 1).mid())


def _hull(integrand: _Integrand, variance: arb) -> arb:
    """For Q anywhere in [0, variance]: f's range over |x| ≤ R√Q times the mass there, and the tail.

    Coarse, but it closes as the variance goes to 0, where e^{-x²/2Q} can't be enclosed.
    """
    if variance == 0:
        return _at_zero(integrand)
    scale = variance.sqrt()
    reach, tail = _truncation(integrand.tail, scale)
    cuts = [_ball(part.upper) for part in integrand.parts[:-1]]
    ends = [-reach * scale, *cuts, reach * scale]
    hull = None
    for part, lower, upper in zip(integrand.parts, ends, ends[1:], strict=False):
        if upper < ends[0] or lower > ends[-1]:
            continue
        inside = (ends[0] if lower < ends[0] else lower).union(ends[-1] if upper > ends[-1] else upper)
        image = part.real.at(inside)
        hull = image if hull is None else hull.union(image)
    if hull is None:
        return arb.nan()
    outside = hull.abs_upper() * (-reach * reach / 2).exp()  # P(|z| > R) ≤ e^{-R²/2}
    return hull + arb(0, (outside + tail).upper())


def _at_zero(integrand: _Integrand) -> arb:
    """f(0); at a jump the hull of both sides."""
    beside = [
        part.real.at(arb(0))
        for part in integrand.parts
        if not (part.lower is not None and _ball(part.lower) > 0)
        and not (part.upper is not None and _ball(part.upper) < 0)
    ]
    value = beside[0]
    return value if all(other == value for other in beside) else reduce(arb.union, beside)


def _ball(value: Expr | None) -> arb:
    return real_program(value, ()).at()
