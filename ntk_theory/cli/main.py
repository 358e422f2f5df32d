"""From arguments to one command's run and its exit status."""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from ntk_theory.cli import derive, kernel, phase, predict, regime, report, table, train, verify
from ntk_theory.errors import NtkTheoryError

_COMMANDS = (derive, phase, kernel, train, predict, verify, regime, table, report)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; never a traceback for the user's input."""
    options = _parser().parse_args(arguments)
    try:
        status = options.run(options)
        sys.stdout.flush()
    except NtkTheoryError as error:
        return _fail(options, type(error).__name__, str(error))
    except KeyboardInterrupt:
        print("Interrupted; nothing half-written was left behind.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader (head, less) went away: silence the interpreter's own complaint at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(status)


def _fail(options: argparse.Namespace, name: str, message: str) -> int:
    if options.json:
        print(json.dumps({"error": name, "message": message}, ensure_ascii=False))
    print(f"{name}: {message}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ntk-theory",
        description="Derive, prove, compile and test the kernels of infinitely wide neural networks.",
        epilog="example: ntk-theory derive 'x*Phi(x)' --latex",
        allow_abbrev=False,
    )
    from ntk_theory import __version__

    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser
