"""From LaTeX to PDF, where there is a TeX."""

import shutil
import subprocess
from pathlib import Path

PACKAGES = (
    "siunitx.sty",
    "booktabs.sty",
    "longtable.sty",
    "natbib.sty",
    "mathptmx.sty",
    "microtype.sty",
    "enumitem.sty",
)


def typeset(document: Path, pdf: Path) -> Path | None:
    """Run LaTeX over document/paper.tex as often as it takes; None where there is no TeX to run.

    Raises `SystemExit` with the end of the log where LaTeX stops, or where something it refers to is not there.
    """
    if shutil.which("pdflatex") is None or not all(map(_installed, PACKAGES)):
        return None
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    for command in (latex, ["bibtex", "-terse", "paper"], latex, latex, latex):
        run = subprocess.run(command, cwd=document, capture_output=True, check=False)
        if run.returncode:
            raise SystemExit(f"{command[0]} stopped:\n{run.stdout.decode(errors='replace')[-2000:]}")
    log = (document / "paper.log").read_text(encoding="utf-8", errors="replace")
    undefined = [line for line in log.splitlines() if "undefined" in line and "Warning" in line]
    if undefined:
        raise SystemExit("The document refers to what is not there:\n" + "\n".join(undefined))
    return Path(shutil.copy(document / "paper.pdf", pdf))


def _installed(name: str) -> bool:
    return subprocess.run(["kpsewhich", name], capture_output=True, check=False).returncode == 0
