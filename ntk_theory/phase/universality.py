r"""Universality classes: at which (σ_w², σ_b²), if any, χ₁ = χ_∥ = 1 (Roberts, Yaida & Hanin 2022, chapter 5).

χ_∥ = σ_w² V′ and χ₁ = σ_w² D agree where V′ = D, that is E[φφ″] = 0; there σ_w² = 1/D, σ_b² = q - V/D must be ≥ 0.

- scale-invariant: V = s·q, every variance is such a fixed point, at σ_w² = 1/s, σ_b = 0;
- K* = 0: φ(0) = 0 and q = 0 attracts, at σ_w² = 1/φ′(0)², σ_b = 0;
- half-stable: q* > 0 is a double root of the length map, which attracts on the side where V″ carries it back;
- none: no such point, as V′ - D has one sign, or where it curved σ_b² would be negative.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from flint import arb, ctx

from ntk_theory.enclosure import Enclosure, find_roots
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import certify
from ntk_theory.enclosure.roots import Root
from ntk_theory.phase.far import curvature_beyond
from ntk_theory.phase.fixed_points import FARTHEST, SearchRange, positive
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.phase.signs import folded, sign
from ntk_theory.symbols import x

ClassName = Literal["scale-invariant", "K* = 0", "half-stable", "none"]
_LOWEST = 2.0**-40


@dataclass(frozen=True)
class Criticality:
    """A point with χ₁ = χ_∥ = 1. `attracts`: the variances that lead to it."""

    W_var: Enclosure
    b_var: Enclosure
    q: Enclosure
    attracts: Literal["every q is fixed", "from above", "from below", "nowhere"]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "W_var": self.W_var.as_dict(),
            "b_var": self.b_var.as_dict(),
            "q": self.q.as_dict(),
            "attracts": self.attracts,
        }


@dataclass(frozen=True)
class Universality:
    """The class of an activation, its critical points (those that no variance leads to as well), and why.

    `searched`: the variances for which that is proven; `complete` where it is for all of them.
    """

    activation: str
    name: ClassName
    criticalities: tuple[Criticality, ...]
    searched: SearchRange
    reason: str

    @property
    def critical(self) -> Criticality | None:
        """The critical initialization: (σ_w², σ_b²) and q*. None where the class has none."""
        return next((point for point in self.criticalities if point.attracts != "nowhere"), None)

    def __str__(self) -> str:
        lines = [f"universality class: {self.name} ({self.reason})"]
        for point in self.criticalities:
            where = f"σ_w² = {point.W_var}, σ_b² = {point.b_var}, q* = {point.q}"
            lines.append(
                f"  χ₁ = χ_∥ = 1 at {where}; attracts {point.attracts}".replace("attracts every", "every")
            )
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "class": self.name,
            "criticalities": [point.as_dict() for point in self.criticalities],
            "searched": str(self.searched),
            "complete": self.searched.complete,
            "reason": self.reason,
        }


def universality(length: LengthMap, digits: int, q_max: float) -> Universality:
    """The class of the length map's activation, with fixed points searched up to `q_max`."""
    positive(q_max)
    q_max = min(q_max, length.last_finite)
    everywhere = SearchRange(0.0, float("inf"), True)
    gain, name = length.dual.derivative_variance, length.name
    if length.scale is not None:
        (W,) = certify(lambda: [1 / as_ball(gain)], digits, "1/E[φ′²]")
        zero, one = Enclosure(arb(0)), Enclosure(arb(1))
        point = Criticality(W, zero, one, "every q is fixed")
        return Universality(name, "scale-invariant", (point,), everywhere, f"V(q) = {length.scale}·q")
    if gain == 0:
        return Universality(name, "none", (), everywhere, "φ is constant, and χ₁ = 0")
    curved = sign_of_curvature(length)
    points = [] if not length.fixes_zero or length.gain_at_zero == 0 else [_at_zero(length, digits)]
    if curved is not None:
        searched = everywhere
        found = [_double(length, Enclosure(arb(1)), digits)] if curved == 0 else []
        why = f"E[φφ″] {'=><'[curved]} 0 at every q > 0"
        why += ", so all critical points are double; the one with q* = 1 stands for them" if curved == 0 else ""
    else:
        beyond, (lower, clear) = curvature_beyond(length.dual.activation), _first(length)
        known = beyond is not None and beyond.start <= FARTHEST
        upper = max(beyond.start, 1.0) if beyond is not None and known else q_max
        searched = SearchRange(0.0 if clear else lower, upper, known and clear)
        found = [_double(length, root, digits) for root in _roots(length, lower, upper)]
        why = f"E[φφ″] has {len(found) or 'no'} zero{'s' if len(found) > 1 else ''} in {searched}"
        why += ", and none beyond" if known and not clear else ""
        if None in found:
            why += f"; at {found.count(None)} of them σ_b² would be negative"
    points += [point for point in found if point is not None]
    usable = [point for point in points if point.attracts != "nowhere"]
    if not usable:
        start = "φ(0) ≠ 0" if not length.fixes_zero else "φ′(0) = 0"
        start = "q* = 0 repels" if points else start
        return Universality(name, "none", tuple(points), searched, f"{start}, and {why}")
    if usable[0].q.ball == 0:
        return Universality(name, "K* = 0", tuple(points), searched, f"φ(0) = 0, q* = 0 attracts; {why}")
    start = "φ(0) ≠ 0" if not length.fixes_zero else "q* = 0 repels or attracts nothing"
    return Universality(name, "half-stable", tuple(points), searched, f"{start}; {why}")


def _at_zero(length: LengthMap, digits: int) -> Criticality:
    zero = Enclosure(arb(0))
    (W,) = certify(lambda: [1 / as_ball(length.gain_at_zero)], digits, "1/φ′(0)²")
    return Criticality(W, zero, zero, "from above" if length.attracts_at_zero else "nowhere")


def _first(length: LengthMap) -> tuple[float, bool]:
    """Where the search for zeros of E[φφ″] begins, and whether it is proven that there are none below.

    Over all of [0, ε] the mean itself has a sign; or, where φ(0) = 0 and so it is 0 at q = 0, its slope has.
    """
    for exponent in range(4, 44, 4):
        with ctx.workprec(64):
            whole = arb(0).union(arb(2) ** -exponent)
            value, slope = length.curvature(whole), length.curvature_slope(whole)
        if any(ball.is_finite() and not ball.contains(0) for ball in (value, slope)):
            return 2.0**-exponent, not value.contains(0) or (length.fixes_zero and length.derived)
    return _LOWEST, False


@lru_cache(maxsize=64)
def _roots(length: LengthMap, lower: float, upper: float) -> tuple[Root, ...]:
    return find_roots(length.curvature, length.curvature_slope, arb(lower), arb(upper))


def _double(length: LengthMap, root: Root | Enclosure, digits: int) -> Criticality | None:
    def compute() -> tuple[arb, arb, arb]:
        q = root.ball if isinstance(root, Enclosure) else root.ball()
        D = length.gain(q)
        return 1 / D, q - length.variance(q) / D, q

    W, b, q = certify(compute, digits, f"The critical point of {length.name}")
    if b.ball < 0:
        return None
    with ctx.workprec(96):
        bend = length.variance_bend(q.ball)
    return Criticality(W, b, q, "from above" if bend < 0 else "from below" if bend > 0 else "nowhere")


def sign_of_curvature(length: LengthMap) -> int | None:
    """1 or -1 where φ(x)φ″(x) + φ(-x)φ″(-x) is proven to have that sign for all x > 0, so E[φφ″] at every q; 0
    where it is 0.

    With jumps j of φ′ at t, also φ(t)j must have it. None where nothing was proven.
    """
    phi = length.dual.activation
    signs = [sign(expression) for expression in folded(phi.pieces, lambda f: f * f.diff(x, 2))]
    for kink in phi.kinks:
        left = next(piece for piece in phi.pieces if piece.upper == kink.position)
        signs.append(sign(left.expression.subs(x, kink.position) * kink.height))
    known = {each for each in signs if each != 0} or {0}
    return known.pop() if len(known) == 1 else None
