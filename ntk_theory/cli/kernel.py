"""`ntk-theory kernel`: the Gram matrices of a data file, written to a file."""

import argparse
from typing import Any

from ntk_theory.cli.command import add_network, declare, show
from ntk_theory.errors import DataError


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(
        commands,
        "kernel",
        run,
        "the Gram matrices of a data file",
        "kernel relu --depth 3 --data x.npy --out k.npz",
    )
    add_network(command)
    command.add_argument(
        "--data", required=True, metavar="FILE", help=".npy, .npz (array x) or .csv, a row an input"
    )
    command.add_argument("--out", required=True, metavar="FILE", help="an .npz file with arrays nngp and ntk")


def run(options: argparse.Namespace) -> int:
    """Compile, compute, and write both Gram matrices, or nothing."""
    from pathlib import Path

    import numpy as np

    from ntk_theory.network import mlp
    from ntk_theory.report.files import read_inputs

    out = Path(options.out)
    if out.suffix != ".npz":
        raise DataError(f"--out {out}: the Gram matrices are written as .npz; end the name so.")
    network = mlp(options.activation, depth=options.depth, W_std=options.W_std, b_std=options.b_std)
    x = read_inputs(Path(options.data))
    kernels = network.kernel_fn(x)
    partial = out.with_name(out.name + ".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, nngp=kernels.nngp, ntk=kernels.ntk)
        partial.replace(out)
    except OSError as error:
        raise DataError(f"{out} can't be written: {error.strerror}. Choose another place.") from error
    finally:
        partial.unlink(missing_ok=True)
    result = {
        "activation": options.activation,
        "depth": options.depth,
        "W_std": options.W_std,
        "b_std": options.b_std,
        "inputs": list(x.shape),
        "truncation": network.kernel_fn.truncation(x),
        "out": str(out),
    }
    text = f"Σ and Θ of {x.shape[0]} inputs at depth {options.depth} are in {out}, as nngp and ntk."
    show(options, result, text)
    return 0
