"""How far the NTK of one network is from its mean at initialization, and the width at which that is little.

Its measure is the dispersion E[Θ̂²]/E[Θ̂]² = 1 + (std Θ̂/E Θ̂)² (Hanin & Nica 2020; Seleznova & Kutyniok
2020).
"""

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import DataError
from ntk_theory.finite_width import relative_fluctuation

if TYPE_CHECKING:
    from collections.abc import Callable

    from ntk_theory.network import Network

TRUSTED = 0.1
"""The first order of Var Θ̂/Θ² is trusted up to this."""


@dataclass(frozen=True)
class Randomness:
    """std(Θ̂)/E[Θ̂] of one network's NTK(x, x), the largest over the inputs looked at, at `width`.

    `dispersion` is E[Θ̂²]/E[Θ̂]²; `exact` at every width and depth, else to first order in 1/n, which is `trusted`
    where it is small. `sufficient_width` is where the fluctuation has come down to the tolerance.
    """

    width: int
    relative: float
    exact: bool
    sufficient_width: int

    @property
    def dispersion(self) -> float:
        """E[Θ̂²]/E[Θ̂]²."""
        return 1 + self.relative**2

    @property
    def trusted(self) -> bool:
        """Whether the number is exact, or its first order small enough to be near the truth."""
        return self.exact or self.relative**2 <= TRUSTED


def randomness(
    net: "Network", x: Float[np.ndarray, "m features"], width: int | None, tolerance: float
) -> Randomness:
    """At `width`, or where None at the width that is sufficient. Inputs: those of least, middle and largest norm.

    Raises as `ntk_theory.finite_width.relative_fluctuation` does.
    """
    norms = np.argsort((x**2).sum(axis=1), kind="stable")
    chosen = x[np.unique(norms[[0, len(x) // 2, -1]])]

    def at(n: int) -> Randomness:
        found = relative_fluctuation(net, chosen, n)
        return Randomness(n, float(found.relative.max()), found.exact, 0)

    # Where it is not exact the square is V/n.
    start = at(1024)
    scale = start.relative**2 * start.width
    enough = max(1, ceil(scale / tolerance**2))
    if start.exact:
        enough = _least(lambda n: at(n).relative <= tolerance, enough)
    here = at(enough if width is None else width)
    return replace(here, sufficient_width=enough)


def _least(holds: "Callable[[int], bool]", guess: int) -> int:
    """The least whole number where a property that stays once it holds begins to hold."""
    upper = guess
    while not holds(upper):
        if upper > 10**15:
            raise DataError("No width below 10¹⁵ brings the NTK's fluctuation down to the tolerance.")
        upper *= 2
    lower = 0
    while upper - lower > max(1, upper // 1000):
        middle = (lower + upper) // 2
        lower, upper = (lower, middle) if holds(middle) else (middle, upper)
    return upper
