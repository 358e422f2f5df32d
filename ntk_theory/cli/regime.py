"""`ntk-theory regime`: is the kernel theory true of a network on a data file."""

import argparse
from pathlib import Path
from typing import Any

from ntk_theory.cli.command import add_network, declare, positive, show


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(
        commands,
        "regime",
        run,
        "is the kernel theory true of this network, why, and what to change",
        "regime relu --depth 20 --W-std 1.4142135623731 --width 512 --data x.csv",
    )
    add_network(command)
    command.add_argument("--width", type=positive, metavar="N", help="hidden width (default: says what suffices)")
    command.add_argument(
        "--data", metavar="FILE", help="inputs, .csv, .npy or .npz (default: scikit-learn's digits)"
    )
    command.add_argument("--tolerance", type=float, default=0.2, metavar="T", help="allowed change (default 0.2)")
    command.add_argument("--steps", type=positive, default=1000, metavar="T", help="of training (default 1000)")
    command.add_argument("--seed", type=int, default=0, help="which networks (default 0)")


def run(options: argparse.Namespace) -> int:
    """Print where the network stands; status 1 where the theory does not hold."""
    from ntk_theory.network import mlp
    from ntk_theory.regime import regime
    from ntk_theory.report.data import load
    from ntk_theory.report.files import read_inputs

    network = mlp(options.activation, depth=options.depth, W_std=options.W_std, b_std=options.b_std)
    x = load().x if options.data is None else read_inputs(Path(options.data))
    found = regime(
        network,
        x,
        width=options.width,
        tolerance=options.tolerance,
        steps=options.steps,
        seed=options.seed,
    )
    show(options, found.as_dict(), str(found))
    return 0 if found.verdict == "theory holds" else 1
