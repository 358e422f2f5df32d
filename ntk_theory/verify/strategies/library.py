"""hypothesis itself, imported late."""

from typing import Any

from ntk_theory.errors import MissingExtraError

GRID = 8
"""Numbers are whole multiples of 1/8: they shrink to readable ones, and equal ones meet the same verdict."""


def hypothesis_strategies() -> Any:
    """The module `hypothesis.strategies`. Raises `MissingExtraError`."""
    try:
        from hypothesis import strategies
    except ImportError as error:
        raise MissingExtraError(
            "The strategies need hypothesis, which is not installed: pip install 'ntk_theory[test]'."
        ) from error
    return strategies


def eighths(least: float, most: float) -> Any:
    """Multiples of 1/8 from `least` to `most`; shrinks towards 1, or the end that is nearest to it."""
    st = hypothesis_strategies()
    low, high = round(least * GRID), round(most * GRID)
    middle = min(max(GRID, low), high)
    up = st.integers(middle, high)
    values = up if low == middle else st.one_of(up, st.integers(0, middle - low).map(lambda i: middle - i))
    return values.map(lambda i: i / GRID)
