"""`ntk-theory report`: the whole way, as a folder."""

import argparse
import json
from typing import Any

from ntk_theory.cli.command import declare


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(
        commands, "report", run, "tables, figures and a page", "report --out build/report", activation=False
    )
    command.add_argument("--out", default="build/report", metavar="DIR", help="where to (default build/report)")
    command.add_argument("--data", metavar="FILE", help="your data instead of the digits: .csv, .npy or .npz")


def run(options: argparse.Namespace) -> int:
    """Make the folder and print its summary."""
    from pathlib import Path

    from ntk_theory.report import report, summary

    results = report(Path(options.out), None if options.data is None else Path(options.data))
    if options.json:
        print(json.dumps(results.as_dict(), ensure_ascii=False))
    else:
        print(summary(results, Path(options.out)))
    return 0
