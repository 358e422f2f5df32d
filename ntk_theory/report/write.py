"""Results to files: results.json, tables/*.tex, figures/*.pdf, *.png, film.svg, index.html and what it needs."""

from importlib import resources
from pathlib import Path

from ntk_theory.report.figures import figures
from ntk_theory.report.figures.film import film_svg
from ntk_theory.report.page import page
from ntk_theory.report.results import Pictures, Progress, Results
from ntk_theory.report.style import save
from ntk_theory.report.tables import tables

COPIED = ("tex-svg.js", "MATHJAX-LICENSE")


def write(results: Results, pictures: Pictures, folder: Path, progress: Progress) -> None:
    """Write the whole report into an existing folder."""
    (folder / "results.json").write_text(results.json(), encoding="utf-8")
    made = tables(results)
    (folder / "tables").mkdir()
    for name, table in made.items():
        (folder / "tables" / f"{name}.tex").write_text(table.tex(), encoding="ascii")
    (folder / "figures").mkdir()
    for name, draw in figures(results, pictures).items():
        progress("written", f"figure {name}")
        save(folder / "figures", name, draw)
    (folder / "figures" / "film.svg").write_text(film_svg(pictures.film), encoding="utf-8")
    (folder / "assets").mkdir()
    source = resources.files("ntk_theory.report") / "assets"
    for name in COPIED:
        (folder / "assets" / name).write_bytes((source / name).read_bytes())
    (folder / "index.html").write_text(page(results, made), encoding="utf-8")
