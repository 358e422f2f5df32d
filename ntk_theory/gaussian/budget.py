"""A time limit for derivations, looked at between their steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from ntk_theory.errors import DerivationTimeError

_LIMIT: ContextVar[tuple[float, float] | None] = ContextVar("limit", default=None)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Steps inside the block raise `DerivationTimeError` once `seconds` have passed."""
    token = _LIMIT.set((monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _LIMIT.reset(token)


def spend(part: str) -> None:
    """Say that `part` is about to be worked on. Raises `DerivationTimeError`, naming it, when the time is up."""
    limit = _LIMIT.get()
    if limit is not None and monotonic() > limit[0]:
        raise DerivationTimeError(
            f"The derivation was stopped after {limit[1]:g} s, at {part}. Allow it more seconds, "
            "or write the activation with fewer pieces or factors."
        )
