"""What a derivation carries to be believed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Certificate:
    """One check of a derivation: what was checked, in LaTeX, and whether it holds."""

    name: str
    statement: str
    holds: bool
