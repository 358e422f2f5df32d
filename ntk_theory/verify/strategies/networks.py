"""Strategies of activations, standard deviations, networks and widths."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, Literal, TypeAlias

from ntk_theory.errors import DataError, NoFixedPointError
from ntk_theory.network import mlp
from ntk_theory.phase import phase
from ntk_theory.verify.strategies.library import GRID, eighths, hypothesis_strategies

PhaseName: TypeAlias = Literal["ordered", "chaotic"]
NAMES = ("relu", "erf", "logistic", "tanh", "gelu", "sin")


def activations(names: Sequence[str] = NAMES) -> Any:
    """Names of activations, the first the simplest. Raises `DataError` for none."""
    if isinstance(names, str) or not names:
        raise DataError(f"activations({names!r}): give one name or more, as in ('relu', 'erf').")
    return hypothesis_strategies().sampled_from(list(names))


def sigmas(name: str | None = None, *, phase: PhaseName | None = None, most: float = 2.5) -> Any:
    """(W_std, b_std) on the grid of 1/8, W_std from 1/2 to `most`, b_std from 0 to 1.

    With `phase` "ordered" or "chaotic" only those for which the activation `name` is in that phase: χ₁ at its
    largest stable fixed point is below, or above, 1, proven in ball arithmetic. Raises `DataError` where no point
    of the grid is, as for ReLU and "chaotic": where its χ₁ > 1, variances grow without bound.
    """
    st = hypothesis_strategies()
    if not isinstance(most, Real) or not 0.5 <= most < float("inf"):
        raise DataError(f"most = {most!r} must be a number of at least 1/2, as in most=2.5.")
    if phase is None:
        return st.tuples(eighths(0.5, most), eighths(0, 1).map(lambda b: 1 - b))
    if name is None or phase not in ("ordered", "chaotic"):
        raise DataError(f"sigmas(name={name!r}, phase={phase!r}): name an activation, and 'ordered' or 'chaotic'.")
    found = _in_phase(name, phase, most)
    if not found:
        raise DataError(
            f"No σ_w up to {most} on the grid of 1/8 brings {name} into the {phase} phase, at a stable fixed "
            "point; raise most=, or take another activation."
        )
    return st.sampled_from(found)


@lru_cache(maxsize=32)
def _in_phase(name: str, wanted: PhaseName, most: float) -> list[tuple[float, float]]:
    found = []
    for b in (0, 1, 2, 4, 8):
        for w in range(GRID // 2, round(most * GRID) + 1, 2):
            try:
                points = phase(name).fixed_points(
                    b_var=str(Fraction(b, GRID) ** 2), W_var=str(Fraction(w, GRID) ** 2)
                )
            except NoFixedPointError:
                continue
            stable = [point for point in points if point.stable]
            if stable and stable[-1].phase == wanted:
                found.append((w / GRID, b / GRID))
    return found


def networks(
    names: Sequence[str] = NAMES,
    *,
    depths: tuple[int, int] = (1, 4),
    phase: PhaseName | None = None,
    most: float = 2.5,
) -> Any:
    """`ntk_theory.mlp` networks with one output: activation, depth within `depths`, σ's, in a phase on demand.

    Activations that no σ's of the grid bring into that phase are left out. Raises `DataError`.
    """
    st = hypothesis_strategies()
    pair = isinstance(depths, Sequence) and len(depths) == 2 and all(isinstance(d, Integral) for d in depths)
    if not pair or not 0 <= depths[0] <= depths[1]:
        raise DataError(f"depths = {depths!r} must be two whole numbers, the smaller one first.")
    least, deepest = depths
    chosen = activations(names)
    if phase is not None:
        chosen = st.deferred(lambda: activations([name for name in names if _in_phase(name, phase, most)]))

    def of(name: str) -> Any:
        return st.builds(
            lambda depth, pair: mlp(name, depth=depth, W_std=pair[0], b_std=pair[1]),
            st.integers(least, deepest),
            sigmas(name, phase=phase, most=most),
        )

    return chosen.flatmap(of)


def widths(least: int = 64, most: int = 1024) -> Any:
    """Two or three widths, ascending, powers of two: what `verify` takes."""
    st = hypothesis_strategies()
    powers = [2**k for k in range(1, 21) if least <= 2**k <= most]
    if len(powers) < 2:
        raise DataError(f"widths({least}, {most}): fewer than two powers of two lie there.")
    return st.lists(st.sampled_from(powers), min_size=2, max_size=3, unique=True).map(lambda ns: tuple(sorted(ns)))
