"""All roots of a function in a stated range, each proven to exist and to be the only one in its interval.

Branch and prune: an interval is dropped when the function's ball, or its mean value form
F(m) + F′(X)(X - m), excludes 0; it is done when F′ excludes 0 on it, because then the signs at its ends
decide; else it is cut in two. Then the interval Newton step N(X) = m - F(m)/F′(X), which contains every root
of X, closes in quadratically.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from flint import arb, ctx

from ntk_theory.errors import EnclosureError

_SEARCH_BITS = (64, 512)
_MAX_INTERVALS = 4000

RealFunction = Callable[[arb], arb]


@dataclass(frozen=True)
class Root:
    """The one root of `function` in [lower, upper], where `derivative` has no zero."""

    function: RealFunction
    derivative: RealFunction
    lower: arb
    upper: arb

    def ball(self) -> arb:
        """The root to the working precision, by interval Newton steps at rising precision.

        The last bits may be missing where the function itself is not known to the working precision.
        """
        wanted = ctx.prec
        bits = _SEARCH_BITS[0]
        with ctx.workprec(bits):
            inside = self.lower.union(self.upper)
        for _ in range(2 * wanted + 100):
            with ctx.workprec(min(bits, wanted)):
                inside, stalled = self._newton(inside)
            if (stalled and bits >= wanted) or abs(inside).upper() < arb(2) ** (-2 * wanted):
                break  # the second: a root at 0 has no relative accuracy to wait for
            accuracy = max(int(inside.rel_accuracy_bits()), 0)
            bits = min(wanted, max(bits * 3 // 2 if stalled else bits, 2 * accuracy + 24))
        return inside

    def _newton(self, inside: arb) -> tuple[arb, bool]:
        """One step, and whether it no longer helps."""
        middle = arb(inside.mid())
        value, rise = self.function(middle), self.derivative(inside)
        if not value.is_finite():
            raise EnclosureError(f"The function has no finite value at {middle.str(10)}, beside a root.")
        if not rise.is_finite() or rise.contains(0):
            return self._bisected(inside, middle, value)
        step = middle - value / rise
        if not step.overlaps(inside):
            raise EnclosureError(f"The root near {middle.str(10)} was lost: the derivative is not the function's.")
        closer = step.intersection(inside)
        if closer.rad() > inside.rad() * 0.75 and inside.rel_accuracy_bits() < 8:
            return self._bisected(inside, middle, value)
        return closer, not closer.rad() < inside.rad() / 2

    def _bisected(self, inside: arb, middle: arb, value: arb) -> tuple[arb, bool]:
        if value.contains(0):
            return inside, True
        rises = self.function(arb(self.upper)) > 0
        lower, upper = inside.lower(), inside.upper()
        half = lower.union(middle) if (value > 0) == rises else middle.union(upper)
        return half, not half.rad() < inside.rad() * 0.75


def find_roots(function: RealFunction, derivative: RealFunction, lower: arb, upper: arb) -> tuple[Root, ...]:
    """All roots in [lower, upper] (exact numbers), in increasing order; () proves that there is none.

    A root within 2% of an end of the range is found even if it lies just outside.
    Raises `EnclosureError` where an interval can't be decided: most often a double root.
    """
    doubtful = (lower, upper)
    for bits in _SEARCH_BITS:
        with ctx.workprec(bits):
            found, undecided = _search(function, derivative, arb(lower.mid()), arb(upper.mid()))
            if undecided is None:
                return tuple(_distinct(sorted(found, key=lambda root: float(root.lower))))
            doubtful = undecided
    with ctx.workprec(_SEARCH_BITS[0]):
        raise _undecided(*_widened(function, derivative, *doubtful))


def _search(
    function: RealFunction, derivative: RealFunction, lower: arb, upper: arb
) -> tuple[list[Root], tuple[arb, arb] | None]:
    """The roots, and an interval that could not be decided at the working precision, or None."""
    found: list[Root] = []
    waiting = [(lower, upper)]
    narrowest = arb(2) ** (-ctx.prec * 3 // 4)
    for _ in range(_MAX_INTERVALS):
        if not waiting:
            return found, None
        low, high = waiting.pop()
        if _excluded(function, derivative, low, high):
            continue
        decided = _decide(function, derivative, low, high)
        if decided is None:
            cut = _cut(low, high)
            if not low < cut < high or (high - low) < narrowest * (abs(high) + 1e-9):
                return found, (low, high)
            waiting += [(low, cut), (cut, high)]
        else:
            found += decided
    raise _undecided(*waiting[-1])


def _widened(function: RealFunction, derivative: RealFunction, low: arb, high: arb) -> tuple[arb, arb]:
    """The interval with those beside it that can't be decided either."""
    step = (high - low) + (abs(low) + abs(high)) * arb(2) ** -30
    low, high = arb((low - step).mid()), arb((high + step).mid())
    for _ in range(40):
        step = arb(((high - low) / 4).mid())
        left, right = arb((low - step).mid()), arb((high + step).mid())
        clear_left = _excluded(function, derivative, left, low)
        clear_right = _excluded(function, derivative, high, right)
        if clear_left and clear_right:
            break
        low, high = low if clear_left else left, high if clear_right else right
    return low, high


def _excluded(function: RealFunction, derivative: RealFunction, low: arb, high: arb) -> bool:
    whole = low.union(high)
    value = function(whole)
    if value.is_finite() and not value.contains(0):
        return True
    rise = derivative(whole)
    if not rise.is_finite():
        return False
    middle = arb(whole.mid())
    value = function(middle) + rise * (whole - middle)
    return bool(value.is_finite() and not value.contains(0))


def _decide(function: RealFunction, derivative: RealFunction, low: arb, high: arb) -> list[Root] | None:
    """The root in the interval, or [] for none, if the function is monotone a little beyond its ends.

    Beyond, so that a root on the cut between two intervals is seen.
    """
    margin = (high - low) / 64
    below, above = arb((low - margin).mid()), arb((high + margin).mid())
    rise = derivative(below.union(above))
    if not rise.is_finite() or rise.contains(0):
        return None
    at_below, at_above = function(below), function(above)
    if not (at_below.is_finite() and at_above.is_finite()) or at_below.contains(0) or at_above.contains(0):
        return None
    return [] if (at_below > 0) == (at_above > 0) else [Root(function, derivative, below, above)]


def _cut(low: arb, high: arb) -> arb:
    """Off the middle, so that a root at a round number does not fall on the cut; geometric over long ranges."""
    if low > 0 and high > 4 * low:
        return arb((low * high).sqrt().mid())
    return arb((low + (high - low) * 0.4877).mid())


def _distinct(found: list[Root]) -> list[Root]:
    """One of each: neighbours overlap a little, and a root there was found twice."""
    kept: list[Root] = []
    for root in found:
        if kept and not kept[-1].upper < root.lower:
            before = kept[-1].ball()
            if root.lower <= before <= root.upper:  # a root in both intervals is the only one of each
                continue
            if not before < root.lower:
                raise _undecided(root.lower, root.upper)
        kept.append(root)
    return kept


def _undecided(low: arb, high: arb) -> EnclosureError:
    relative = float((high - low) / (abs(low) + abs(high)))
    shown = 12 if relative == 0 else max(6, 3 - math.floor(math.log10(relative)))
    return EnclosureError(
        f"Whether there is a root in [{low.str(shown, radius=False)}, {high.str(shown, radius=False)}] could "
        "not be decided: a double root, or two roots very close together, can't be told from none by finite "
        "precision. Change the parameters a little, or search a range that leaves this point out."
    )
