"""What the commands share: how one is declared, a network's arguments, and how a result is printed."""

import argparse
import json
import sys
import time
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


class Steps:
    """Progress on standard error: what is being done, after how many seconds; on a terminal one changing line."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._live = sys.stderr.isatty()

    def __call__(self, what: str, *, passing: bool = False) -> None:
        """Say what is being done. What is `passing` stays only until the next words, and off no terminal."""
        if passing and not self._live:
            return
        line = f"{time.perf_counter() - self._started:5.1f} s  {what}"
        print(f"\r\x1b[K{line}" if self._live else line, end="" if passing else "\n", file=sys.stderr, flush=True)


def add_task(command: argparse.ArgumentParser) -> None:
    """What is learned, from how many inputs, by which kernel."""
    command.add_argument(
        "--data", metavar="FILE", help=".csv or .npy, labels in the last column, or .npz with x and y (the digits)"
    )
    command.add_argument("--train", type=positive, default=200, metavar="N", help="training inputs (default 200)")
    command.add_argument(
        "--scale",
        choices=("norm", "standard", "none"),
        help="inputs to |x|² = n₀, each feature to variance 1, or as they are (norm; standard for numbers)",
    )
    command.add_argument(
        "--kernel",
        choices=("ntk", "nngp"),
        default="ntk",
        help="ntk: all parameters train; nngp: the readout alone",
    )
    command.add_argument("--momentum", type=float, default=0.0, metavar="B", help="heavy ball's, of descent (0)")
    command.add_argument("--seed", type=int, default=0, help="of the split and the networks (default 0)")
    command.add_argument("--figure", metavar="FILE", help="draw to a .png, .pdf or .svg")
