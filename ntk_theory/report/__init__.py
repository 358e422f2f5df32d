"""The whole way as one report: derived, proven, compiled, simulated, with tables, figures and a page.

`report` runs it and writes a folder; `summary` says on a terminal what came out.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ntk_theory.report.results import Progress, Results
    from ntk_theory.report.settings import Settings

__all__ = ["report", "summary"]


def report(
    out: Path | str,
    data: Path | str | None = None,
    *,
    settings: "Settings | None" = None,
    progress: "Progress | None" = None,
) -> "Results":
    """Compute the report and write it to the folder `out`, whole or not at all; an older report is replaced.

    `data`: None for scikit-learn's digits, or a .csv, .npy or .npz file (see `ntk_theory.report.data.load`).
    `settings`: sizes and seeds. `progress(part, what)` is called as the work goes on; None shows it on standard
    error. Raises `DataError` for data or an output folder that can't be used, before anything is computed, and
    `MissingExtraError` without the packages of the extra `report`.
    """
    from ntk_theory.report.data import load
    from ntk_theory.report.extras import PACKAGES, need
    from ntk_theory.report.folder import output_folder
    from ntk_theory.report.results import compute
    from ntk_theory.report.settings import DEFAULT
    from ntk_theory.report.terminal import progress_display
    from ntk_theory.report.write import write

    for module in PACKAGES:
        if module != "sklearn" or data is None:
            need(module)
    dataset = load(None if data is None else Path(data))
    with output_folder(Path(out)) as folder:
        if progress is not None:
            results, pictures = compute(dataset, settings or DEFAULT, progress)
            write(results, pictures, folder, progress)
            return results
        with progress_display() as shown:
            results, pictures = compute(dataset, settings or DEFAULT, shown)
            write(results, pictures, folder, shown)
            return results


def summary(results: "Results", folder: Path | None = None) -> str:
    """Each claim, its verdict, its error rate and where to look."""
    from ntk_theory.report.terminal import summary as rendered

    return rendered(results, folder)
