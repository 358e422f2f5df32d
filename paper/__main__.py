"""`python -m paper`: the study, the tables, the numbers and the document. `make paper` runs it."""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from paper.claims import claims_list
from paper.numbers import PARTS, macros, measured_table, part_of_study
from paper.tables import FOLDER
from paper.typeset import typeset

HERE = Path(__file__).parent
STORED = HERE / "results"
FIGURES = ("initialization", "published", "far", "samples", "movement", "loss", "trainability", "map", "ensemble")


def main() -> int:
    """Build the paper; status 1 where it can't be."""
    parser = argparse.ArgumentParser(prog="python -m paper", description="Build the paper from its claims.")
    parser.add_argument("--size", choices=("quick", "full"), default="quick", help="of the study (default quick)")
    parser.add_argument(
        "--out", type=Path, default=Path("build/paper"), metavar="DIR", help="(default build/paper)"
    )
    parser.add_argument("--recompute", action="store_true", help="the full study anew, not its stored results")
    parser.add_argument("--stored-tables", action="store_true", help="the committed tables, not derived anew")
    options = parser.parse_args()
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", flush=True)

    out: Path = options.out.resolve()
    document, stored = out / "document", options.size == "full" and not options.recompute
    results = STORED if options.recompute and options.size == "full" else out / f"results-{options.size}"
    shutil.rmtree(document, ignore_errors=True)
    shutil.copytree(HERE / "document", document)
    if options.stored_tables:
        say("tables: those that are committed")
        shutil.copytree(FOLDER, document / "tables")
    else:
        say("tables: derived anew, beside the study")
    tables = None if options.stored_tables else _start("paper.tables", "--out", document / "tables")
    try:
        if stored:
            say(f"study: the stored results in {STORED.relative_to(HERE.parent)}, its figures drawn from them")
            shutil.rmtree(results, ignore_errors=True)
            shutil.copytree(STORED, results, ignore=shutil.ignore_patterns(".store", "figures"))
            _finish(_start("paper.study", "--figures", "--out", results), "Drawing the figures")
        else:
            say(f"study: {options.size}")
            _finish(_start("paper.study", "--size", options.size, "--out", results), "The study")
        if tables is not None:
            _finish(tables, "The tables")
    finally:
        if tables is not None and tables.poll() is None:
            tables.terminate()
    say("numbers and claims")
    generate(results, document)
    pdf = typeset(document, out / "paper.pdf")
    say(f"the paper is {pdf}" if pdf else "PDF skipped: no TeX here (Debian: texlive-latex-extra texlive-science)")
    return 0


def _start(module: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *map(str, arguments)], cwd=HERE.parent)


def _finish(process: subprocess.Popen[bytes], what: str) -> None:
    if process.wait():
        raise SystemExit(f"{what} stopped with status {process.returncode}; the message is above.")


def generate(results: Path, document: Path) -> None:
    """numbers.tex, the claims of each part, and the figures, from a folder of results that must be whole."""
    generated = document / "generated"
    generated.mkdir(parents=True)
    (generated / "numbers.tex").write_text(macros(results), encoding="utf-8")
    (generated / "measured.tex").write_text(measured_table(results).tex(), encoding="utf-8")
    for part in PARTS:
        text = claims_list(part_of_study(results, part)["claims"], part)
        (generated / f"claims-{part}.tex").write_text(text, encoding="utf-8")
    (document / "figures").mkdir()
    for name in FIGURES:
        figure = results / "figures" / f"{name}.pdf"
        if not figure.is_file():
            raise SystemExit(f"{figure} is missing: run python -m paper.study --figures --out {results}")
        shutil.copy(figure, document / "figures")


if __name__ == "__main__":
    sys.exit(main())
