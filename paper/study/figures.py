"""The study's figures, from the JSON alone."""

from pathlib import Path
from typing import Any


def draw_all(found: dict[str, Any], folder: Path) -> None:
    """x"""
