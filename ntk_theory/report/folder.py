"""The output folder: written beside its place, moved there whole, or not at all.

The report is written into a hidden sibling folder and takes the old report's place by two renames at the end.
An error or Ctrl-C before that removes the sibling and leaves what was there. A folder that is neither empty
nor an earlier report is never touched.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ntk_theory.errors import DataError

MARK = "results.json"
OWN = {"index.html", "figures", "tables", "assets", MARK}


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """A new folder to write into, which becomes `out` when the block ends without an error.

    Raises `DataError`, before the block is entered, where `out` can't be written or holds something else.
    """
    out = Path(out).absolute()
    _check(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise DataError(
            f"The report can't be written to {out}: {error.strerror}. Choose another folder."
        ) from error
    try:
        yield staging
        staging.chmod(0o755)  # mkdtemp's own mode would keep a web server out
        _replace(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _check(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise DataError(f"{out} is a file; the report is a folder. Choose another name.")
    try:
        names = {entry.name for entry in out.iterdir()}
    except OSError as error:
        raise DataError(f"{out} can't be read: {error.strerror}. Choose another folder.") from error
    if names and (MARK not in names or names - OWN):
        other = sorted(names - OWN) or sorted(names)
        raise DataError(
            f"{out} holds something that is no report of ours ({', '.join(other[:3])}), and would be replaced. "
            "Choose an empty or a new folder."
        )


def _replace(staging: Path, out: Path) -> None:
    """Put `staging` in the place of `out`; put the old one back should the second rename fail."""
    old = staging.with_name(staging.name + "-old")
    had = out.exists()
    try:
        if had:
            out.rename(old)
        try:
            staging.rename(out)
        except BaseException:
            if had:
                old.rename(out)
            raise
    except OSError as error:
        raise DataError(f"The report can't be moved to {out}: {error.strerror}. Choose another folder.") from error
    shutil.rmtree(old, ignore_errors=True)
