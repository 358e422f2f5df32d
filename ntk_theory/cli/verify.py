"""`ntk-theory verify`: a claim tested on finite networks."""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import extract_tb
from typing import Any

from ntk_theory.cli.command import add_network, declare, positive, show
from ntk_theory.errors import DataError, NtkTheoryError


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(
        commands,
        "verify",
        run,
        "theory against finite networks, as width grows",
        "verify relu --depth 3 --W-std 1.4",
    )
    add_network(command)
    command.add_argument("--claim", default="limit", help="what is tested: limit, bias, variance, outputs, …")
    command.add_argument("--widths", type=positive, nargs="+", metavar="N", help="(default: the claim's)")
    command.add_argument("--alpha", type=float, default=1e-6, help="false-alarm rate (default 1e-6)")
    command.add_argument("--min-detectable", type=float, metavar="R", help="relative size (default: the claim's)")
    command.add_argument("--cosine", type=float, default=0.5, help="cosine of the two inputs (default 0.5)")
    command.add_argument("--inputs", metavar="JSON", help="the inputs instead, as in '[[1, 0], [0.6, 0.8]]'")
    command.add_argument("--budget", type=float, metavar="N", help="neurons to draw at most (default 1.1e9)")
    command.add_argument("--seed", type=int, default=0, help="which networks (default 0)")
    command.add_argument("--theory", metavar="FILE:NAME", help="your kernel_fn(x, get), a function in your file")


def run(options: argparse.Namespace) -> int:
    """Test the claim; status 1 where it is refuted."""
    from ntk_theory.network import mlp
    from ntk_theory.verify import verify

    settings = {} if options.budget is None else {"budget": options.budget}
    network = mlp(options.activation, depth=options.depth, W_std=options.W_std, b_std=options.b_std)
    with _errors_of(options.theory):
        verdict = verify(
            network,
            _inputs(options),
            widths=options.widths and tuple(options.widths),
            kernel_fn=None if options.theory is None else _function(options.theory),
            alpha=options.alpha,
            min_detectable=options.min_detectable,
            claim=options.claim,
            seed=options.seed,
            **settings,
        )
    show(options, verdict.as_dict(), str(verdict))
    return 1 if verdict.verdict == "REFUTED" else 0


def _inputs(options: argparse.Namespace) -> Any:
    import numpy as np

    if options.inputs is not None:
        try:
            return np.array(json.loads(options.inputs), dtype=np.float64)
        except (ValueError, TypeError) as error:
            raise DataError(f"--inputs {options.inputs} is no JSON list of equally long rows: {error}.") from error
    if not -1 <= options.cosine <= 1:
        raise DataError(f"--cosine {options.cosine} is no cosine: it must lie in [-1, 1].")
    return np.sqrt(2) * np.array([[1.0, 0.0], [options.cosine, np.sqrt(1 - options.cosine**2)]])


def _function(address: str) -> Callable[..., Any]:
    """The function of that name in a Python file of the user's, which is run as Python runs it."""
    import runpy

    path, _, name = address.rpartition(":")
    if not path:
        raise DataError(f"--theory {address}: write FILE:NAME, as in theory.py:kernel_fn.")
    try:
        found = runpy.run_path(path).get(name)
    except OSError as error:
        raise DataError(f"--theory {address}: {error.strerror or error}. Write FILE:NAME.") from error
    if not callable(found):
        raise DataError(f"--theory {address}: {path} has no function {name!r}.")
    function: Callable[..., Any] = found
    return function


@contextmanager
def _errors_of(address: str | None) -> Iterator[None]:
    """What goes wrong in the user's file is bad input, not a refutation; what goes wrong in ours is neither."""
    try:
        yield
    except (NtkTheoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # the user's code may raise anything; ours is raised again below
        path = (address or "").rpartition(":")[0]
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if path and frame.filename == path]
        if isinstance(error, SyntaxError) and error.filename == path:
            lines = [error.lineno]
        if not lines:
            raise
        raise DataError(f"--theory {address}: line {lines[-1]}: {type(error).__name__}: {error}.") from error
