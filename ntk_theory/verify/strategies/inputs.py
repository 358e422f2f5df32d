"""Strategies of inputs by geometry: pairs of given length and angle, and the singular ones on their own."""

from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np

from ntk_theory.errors import DataError
from ntk_theory.verify.strategies.library import GRID, eighths, hypothesis_strategies

Geometry: TypeAlias = Literal["angle", "orthogonal", "parallel", "equal", "antipodal", "zero"]
GEOMETRIES: tuple[Geometry, ...] = ("angle", "orthogonal", "parallel", "equal", "antipodal", "zero")


def inputs(geometry: Geometry = "angle", *, cosine: float | None = None) -> Any:
    """Pairs of inputs as arrays of shape (2, 2), of mean squares from 1/4 to 4.

    "angle": a cosine on the grid of 1/8, at most 7/8 in size, or `cosine` where it is given; "orthogonal";
    "parallel": the second a positive multiple of the first; "equal"; "antipodal": the second the negative of the
    first; "zero": the second vanishes. The singular ones are geometries of their own, since a law that holds at
    all angles may fail there. Raises `DataError`.
    """
    st = hypothesis_strategies()
    if geometry not in GEOMETRIES:
        raise DataError(f"geometry = {geometry!r} is not among {', '.join(GEOMETRIES)}.")
    if cosine is not None and (geometry != "angle" or not isinstance(cosine, Real) or not -1 <= cosine <= 1):
        raise DataError(f"cosine = {cosine!r} must lie in [-1, 1], and belongs to the geometry 'angle'.")
    length = eighths(0.5, 2)
    if geometry == "angle":
        signed = st.integers(0, 2 * (GRID - 1)).map(lambda i: (-1) ** i * ((i + 1) // 2) / GRID)
        cosines = signed if cosine is None else st.just(cosine)
    else:
        cosines = st.just({"orthogonal": 0.0, "antipodal": -1.0}.get(geometry, 1.0))
    seconds = {"equal": None, "antipodal": None, "zero": st.just(0.0)}.get(geometry, length)
    if seconds is None:
        return st.builds(lambda c, a: _pair(c, a, a), cosines, length)
    return st.builds(_pair, cosines, length, seconds)


def _pair(cosine: float, first: float, second: float) -> np.ndarray:
    """Root mean squares `first` and `second`: |x|² = 2·first²."""
    direction = np.array([cosine, np.sqrt(max(0.0, 1 - cosine**2))])
    return np.sqrt(2) * np.array([[first, 0.0], second * direction])
