"""`python -m paper.study`: run the parts, write their JSON, draw the figures."""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

from paper.study.sizes import SIZES

PARTS = ("initialization", "samples", "training", "map", "ensemble")


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m paper.study", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="quick")
    parser.add_argument("--out", type=Path, default=Path("build/study"), metavar="DIR")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, metavar="PART")
    parser.add_argument("--figures", action="store_true", help="draw the figures from the JSON that is there")
    parser.add_argument("--mnist", type=Path, metavar="DIR", help="MNIST's idx files, in place of the digits")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="parts at once")
    parser.add_argument("--one", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    store = options.out / ".store"
    store.mkdir(parents=True, exist_ok=True)
    if options.one is not None:
        _run(options.one, options, store)
        return 0
    if not options.figures and not _run_all(options):
        return 1
    files = {name: options.out / f"{name}.json" for name in PARTS}
    found = {name: read(file) for name, file in files.items() if file.is_file()}
    claims = [claim for result in found.values() for claim in result["claims"]]
    write(options.out / "claims.json", {"claims": claims})
    from paper.study.figures import draw_all

    draw_all(found, options.out / "figures")
    for claim in claims:
        print(f"{claim['verdict']:<10} {claim['id']}: {claim['evidence']} (alpha {claim['alpha']:.1g})")
    return 0


def _run_all(options: argparse.Namespace) -> bool:
    """A process a part, as many at once as there are cores; whether all ended well."""
    shared = ["--size", options.size, "--out", str(options.out)]
    shared += [] if options.mnist is None else ["--mnist", str(options.mnist)]

    def one(name: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "paper.study", *shared, "--one", name], check=False
        ).returncode

    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        return not any(pool.map(one, options.only))


def _run(name: str, options: argparse.Namespace, store: Path) -> None:
    started = time.process_time()
    more = {"mnist": options.mnist} if name == "training" else {}
    result = import_module(f"paper.study.{name}").run(SIZES[options.size], store, **more)
    write(options.out / f"{name}.json", result)
    print(f"{name}: {len(result['rows'])} rows, {time.process_time() - started:.0f} s of CPU", file=sys.stderr)


def read(path: Path) -> Any:
    """A part's results."""
    return json.loads(path.read_text())


def write(path: Path, result: dict[str, Any]) -> None:
    """Compactly: a line a row, numbers to seven digits, so that a changed number is a changed line."""
    lines = []
    for name, value in result.items():
        if name in ("rows", "claims"):
            entries = ",\n  ".join(json.dumps(_short(entry), ensure_ascii=False) for entry in value)
            lines.append(f"{json.dumps(name)}: [\n  {entries}\n ]")
        else:
            lines.append(f"{json.dumps(name)}: {json.dumps(_short(value), ensure_ascii=False)}")
    partial = path.with_name(path.name + ".partial")
    partial.write_text("{" + ",\n ".join(lines) + "}\n")
    partial.replace(path)


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {name: _short(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_short(entry) for entry in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
