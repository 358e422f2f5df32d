"""What the commands share: how one is declared, a network's arguments, and how a result is printed."""

import argparse
import json
from collections.abc import Callable
from typing import Any


def declare(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    what: str,
    example: str,
    *,
    activation: bool = True,
) -> argparse.ArgumentParser:
    """A command with `--json`, its example, and (unless told otherwise) the activation it is about."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=f"example: ntk-theory {example}",
        allow_abbrev=False,
    )
    if activation:
        command.add_argument("activation", metavar="EXPR", help="a name (relu) or a formula in x (x*Phi(x))")
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.set_defaults(run=run)
    return command


def add_network(command: argparse.ArgumentParser) -> None:
    """`--depth`, `--W-std` and `--b-std` of a multilayer perceptron."""
    command.add_argument("--depth", type=positive, default=3, metavar="L", help="hidden layers (default 3)")
    command.add_argument("--W-std", type=float, default=1.0, metavar="S", help="σ_w (default 1)")
    command.add_argument("--b-std", type=float, default=0.0, metavar="S", help="σ_b (default 0)")


def positive(text: str) -> int:
    """A positive integer, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} must be at least 1")
    return value


def show(options: argparse.Namespace, result: dict[str, Any], text: str) -> None:
    """The result as one JSON object where `--json` was given, as text otherwise."""
    print(json.dumps(result, ensure_ascii=False, indent=1) if options.json else text)
