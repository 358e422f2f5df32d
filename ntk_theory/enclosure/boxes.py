"""A bound on an analytic function in a strip, by certified boxes: for functions that no rule of `growth` knows.

Far out, the form of `leading` bounds it on both sides. In the middle the strip is covered with complex balls on
which the expression, evaluated in ball arithmetic, is finite and off all branch cuts: that proves it analytic
there, and the largest ball bounds it.
"""

import heapq
import itertools
from functools import reduce

from flint import acb, arb, ctx
from sympy import Expr

from ntk_theory.enclosure.leading import GrowthError, Leading, ball, larger, leading
from ntk_theory.enclosure.program import Program, complex_program
from ntk_theory.errors import EnclosureError
from ntk_theory.symbols import x

_STARTS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_MOST_BOXES = 3000
_REFINEMENTS = 150


def strip_bound(f: Expr, half_width: float) -> tuple[arb, int, arb]:
    """(C, d, b) with f analytic and |f(x + iy)| ≤ C (1 + |x|)^d e^{b|x|} for |y| ≤ half_width.

    Raises `GrowthError` where that could not be proven.
    """
    start, right = _far(f, half_width)
    left_start, left = _far(f.subs(x, -x), half_width)
    with ctx.workprec(64):
        sides = [_as_growth(side, half_width) for side in (right, left)]
        middle = _cover(complex_program(f, x), -left_start, start, half_width)
        size = reduce(larger, (side[0] for side in sides), middle)
        return size, max(side[1] for side in sides), reduce(larger, (side[2] for side in sides))


def ray_bound(f: Expr) -> tuple[arb, int, arb]:
    """(C, d, b) with |f(x)| ≤ C (1 + x)^d e^{bx} for x ≥ 0. Raises `GrowthError`."""
    start, side = _far(f, 0.0)
    with ctx.workprec(64):
        size, degree, rate = _as_growth(side, 0.0)
        middle = _cover(complex_program(f, x), 0.0, start, 0.0)
        return larger(size, middle), degree, arb(rate.upper())


def range_bound(f: Expr, lower: arb, upper: arb) -> arb:
    """A bound on |f| over the interval from `lower` to `upper`. Raises `GrowthError`."""
    with ctx.workprec(64):
        return _cover(complex_program(f, x), arb(lower.lower()), arb(upper.upper()), 0.0)


def _far(f: Expr, half_width: float) -> tuple[float, Leading]:
    refused = EnclosureError("")
    for start in _STARTS:
        try:
            return start, leading(f, start, half_width)
        except EnclosureError as error:
            refused = error
    where = f" in |Im x| ≤ {half_width:.3g}" if half_width else ""
    raise GrowthError(f"No bound on the growth of {f}{where} could be proven. {refused}")


def _as_growth(side: Leading, half_width: float) -> tuple[arb, int, arb]:
    bound, start = side.magnitude, side.region.start
    rate = ball(side.rate) - bound.decay
    degree = max(0, -int(-bound.degree // 1))
    if bound.degree > 0:  # |z| ≤ (1 + |x|)·max(1, a)
        size = bound.size * max(1.0, half_width) ** degree
    else:
        size = bound.size * start ** (arb(bound.degree.numerator) / bound.degree.denominator)
    return (size, degree, rate) if rate > 0 else (size * (rate * start).exp(), degree, arb(0))


def _cover(program: Program, lower: float | arb, upper: float | arb, half_width: float) -> arb:
    """A bound on |f| over the rectangle; of a real function only the upper half is needed."""
    function = program.function()
    order = itertools.count()
    boxes: list[tuple[float, int, arb, arb, arb, arb]] = []
    highest = 0.0

    def add(left: arb, right: arb, low: arb, high: arb) -> None:
        nonlocal highest
        value = function(acb(left.union(right), low.union(high)), half_width > 0)
        size = float(value.abs_upper()) if value.is_finite() else float("inf")
        heapq.heappush(boxes, (-size, next(order), left, right, low, high))
        middle = function(acb((left + right) / 2, (low + high) / 2), half_width > 0)
        if middle.is_finite():
            highest = max(highest, float(middle.abs_lower()))

    add(arb(lower), arb(upper), arb(0), arb(half_width))
    for step in range(_MOST_BOXES):
        size, _, left, right, low, high = boxes[0]
        if -size <= 2 * highest or (step > _REFINEMENTS and -size < float("inf")):
            break
        heapq.heappop(boxes)
        if right - left > high - low:
            cut = (left + right) / 2
            add(left, cut, low, high)
            add(cut, right, low, high)
        else:
            cut = (low + high) / 2
            add(left, right, low, cut)
            add(left, right, cut, high)
        if right - left < 2.0**-7 and size == -float("inf"):
            break
    most = -boxes[0][0]
    if most == float("inf"):
        at = boxes[0][2]
        where = f" + iy, |y| ≤ {half_width:.3g}" if half_width else ""
        raise GrowthError(f"No bound on the function could be proven near x = {float(at):.4g}{where}.")
    return arb(most) * (1 + arb(2) ** -40)
