"""One figure into a file of the user's, whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ntk_theory.errors import DataError
from ntk_theory.report.style import LIGHT, Palette, style

SUFFIXES = (".png", ".pdf", ".svg")


def check_figure(file: str | Path) -> Path:
    """The path of a figure, before anything is computed for it. Raises `DataError` for one that can't be."""
    path = Path(file)
    if path.suffix not in SUFFIXES:
        raise DataError(f"--figure {path}: end the name in {', '.join(SUFFIXES)}.")
    if not path.absolute().parent.is_dir():
        raise DataError(f"{path} can't be written: there is no folder {path.parent}. Choose another place.")
    return path


def draw_to(file: str | Path, draw: Callable[[Palette], Any]) -> Path:
    """Draw in the palette for light paper, into a .png, .pdf or .svg. Raises `DataError`."""
    path = check_figure(file)
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        with style(LIGHT):
            draw(LIGHT).savefig(partial, dpi=180)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path} can't be written: {error.strerror}. Choose another place.") from error
    finally:
        partial.unlink(missing_ok=True)
    return path
