"""What is being computed, on one line of a terminal; nothing where standard error is none."""

import sys


def computing(part: str, done: int, cell: str) -> None:
    """Say which cell comes next, and how many are kept already."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{part}: {done} kept, now {cell}"[:110])
        sys.stderr.flush()
