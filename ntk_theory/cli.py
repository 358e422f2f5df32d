"""The command line: `ntk-theory derive | phase | kernel | verify | report`.

Exit status 0 on success, 1 when a check refutes, 2 on bad input, 130 when interrupted. Results go to standard
output, as text or (`--json`) as one JSON object; errors and progress go to standard error. Each command
imports what it needs when it runs, so that `--help` is immediate and `derive` never loads JAX.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ntk_theory.errors import DataError, NtkTheoryError


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

    derive = _command(commands, "derive", _derive, "K, K̇ and V of an activation", "derive 'max(x, x/10)'")
    derive.add_argument("--latex", action="store_true", help="an align* to paste into a paper")

    phase = _command(
        commands,
        "phase",
        _phase,
        "fixed points, χ₁, the critical line, universality class and what depth does",
        "phase tanh --b-var 0.05 --figure tanh.png",
    )
    phase.add_argument("--b-var", default="0", metavar="V", help="σ_b², exact: 0.05 or 1/20 (default 0)")
    phase.add_argument("--W-var", metavar="V", help="σ_w²: the fixed points there, instead of the critical one")
    phase.add_argument("--digits", type=_positive, default=20, metavar="N", help="certified digits (default 20)")
    phase.add_argument("--residual", metavar="A", help="residual branches of variance A, a number or 1/L")
    phase.add_argument("--figure", metavar="FILE", help="draw the phase diagram: .png, .pdf or .svg")

    kernel = _command(
        commands,
        "kernel",
        _kernel,
        "the Gram matrices of a data file",
        "kernel relu --depth 3 --data x.npy --out k.npz",
    )
    _network_arguments(kernel)
    kernel.add_argument(
        "--data", required=True, metavar="FILE", help=".npy, .npz (array x) or .csv, a row an input"
    )
    kernel.add_argument("--out", required=True, metavar="FILE", help="an .npz file with arrays nngp and ntk")

    verify = _command(
        commands,
        "verify",
        _verify,
        "theory against finite networks, as width grows",
        "verify relu --depth 3 --W-std 1.4",
    )
    _network_arguments(verify)
    verify.add_argument("--claim", default="limit", help="what is tested: limit, bias, variance, outputs, …")
    verify.add_argument("--widths", type=_positive, nargs="+", metavar="N", help="(default: the claim's)")
    verify.add_argument("--alpha", type=float, default=1e-6, help="false-alarm rate (default 1e-6)")
    verify.add_argument("--min-detectable", type=float, metavar="R", help="relative size (default: the claim's)")
    verify.add_argument("--cosine", type=float, default=0.5, help="cosine of the two inputs (default 0.5)")
    verify.add_argument("--inputs", metavar="JSON", help="the inputs instead, as in '[[1, 0], [0.6, 0.8]]'")
    verify.add_argument("--seed", type=int, default=0, help="which networks (default 0)")
    verify.add_argument("--theory", metavar="FILE:NAME", help="your kernel_fn(x, get), a function in your file")

    report = _command(commands, "report", _report, "tables, figures and a page", "report --out build/report")
    report.add_argument("--out", default="build/report", metavar="DIR", help="where to (default build/report)")
    report.add_argument("--data", metavar="FILE", help="your data instead of the digits: .csv, .npy or .npz")
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], what: str, example: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=f"example: ntk-theory {example}",
        allow_abbrev=False,
    )
    if name != "report":
        command.add_argument("activation", metavar="EXPR", help="a name (relu) or a formula in x (x*Phi(x))")
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.set_defaults(run=run)
    return command


def _network_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--depth", type=_positive, default=3, metavar="L", help="hidden layers (default 3)")
    command.add_argument("--W-std", type=float, default=1.0, metavar="S", help="σ_w (default 1)")
    command.add_argument("--b-std", type=float, default=0.0, metavar="S", help="σ_b (default 0)")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} must be at least 1")
    return value


def _print(options: argparse.Namespace, result: dict[str, Any], text: str) -> None:
    print(json.dumps(result, ensure_ascii=False, indent=1) if options.json else text)


def _derive(options: argparse.Namespace) -> int:
    from time import perf_counter

    from ntk_theory.dual import dual
    from ntk_theory.gaussian.paper import text

    start = perf_counter()
    derived = dual(options.activation)
    seconds = perf_counter() - start
    derivative = derived.derivative_kernel
    result = {
        "activation": derived.activation.name,
        "expression": str(derived.activation.expression),
        "kernel": str(derived.kernel),
        "derivative": None if derivative is None else str(derivative),
        "variance": str(derived.variance),
        "closed_form": derived.closed_form,
        "reason": derived.reason,
        "conditions": {c.of: [f"{e} > 0" for e in c.positive] for c in derived.conditions},
        "certificates": {c.name: c.holds for c in derived.certificates},
        "trace": list(derived.trace),
        "latex": derived.latex(),
        "seconds": round(seconds, 4),
    }
    if options.latex and not options.json:
        print(derived.latex())
        return 0
    lines = [f"φ(x) = {derived.activation.expression}", f"K(q1, q2, c) = {text(derived.kernel)}"]
    if derivative is None:
        jumps = derived.activation.jumps
        why = (
            f"φ jumps by {jumps[0].height} at x = {jumps[0].position}" if jumps else "φ′ is not square-integrable"
        )
        lines.append(f"K̇ is infinite: {why}; there is no NTK")
    else:
        lines.append(f"K̇(q1, q2, c) = {text(derivative)}")
    lines.append(f"V(q) = {text(derived.variance)}")
    lines += [f"exists: {condition}" for condition in derived.conditions]
    lines.append("closed form: " + ("yes" if derived.closed_form else f"no. {derived.reason}"))
    lines += [f"certificate {c.name}: {'holds' if c.holds else 'FAILS'}" for c in derived.certificates]
    lines.append(f"derived in {seconds:.3f} s")
    _print(options, result, "\n".join(lines))
    return 0 if all(c.holds for c in derived.certificates) else 1


def _phase(options: argparse.Namespace) -> int:
    from ntk_theory.phase import draw_diagram, phase, residual_summary

    if options.residual is not None:
        if options.figure is not None:
            raise DataError("--figure draws the phases of plain networks; residual ones have none. Leave one out.")
        W_var = "1" if options.W_var is None else options.W_var
        record = residual_summary(options.activation, options.residual, W_var, options.b_var)
        _print(options, record, "\n".join(str(value) for value in record["text"]))
        return 0
    here = phase(options.activation)
    summary = here.summary(b_var=options.b_var, W_var=options.W_var, digits=options.digits)
    result, text = summary.as_dict(), str(summary)
    if options.figure is not None:
        draw_diagram(here, options.figure)
        result["figure"] = options.figure
        text += f"\n\nThe phase diagram is in {options.figure}."
    _print(options, result, text)
    return 0


def _kernel(options: argparse.Namespace) -> int:
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
    _print(options, result, text)
    return 0


def _verify(options: argparse.Namespace) -> int:
    from ntk_theory.network import mlp
    from ntk_theory.verify import verify

    network = mlp(options.activation, depth=options.depth, W_std=options.W_std, b_std=options.b_std)
    verdict = verify(
        network,
        _inputs(options),
        widths=options.widths and tuple(options.widths),
        kernel_fn=options.theory and _function(options.theory),
        alpha=options.alpha,
        min_detectable=options.min_detectable,
        claim=options.claim,
        seed=options.seed,
    )
    _print(options, verdict.as_dict(), str(verdict))
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
    try:
        found = runpy.run_path(path).get(name)
    except OSError as error:
        raise DataError(f"--theory {address}: {error.strerror or error}. Write FILE:NAME.") from error
    if not callable(found):
        raise DataError(f"--theory {address}: {path} has no function {name!r}.")
    function: Callable[..., Any] = found
    return function


def _report(options: argparse.Namespace) -> int:
    from pathlib import Path

    from ntk_theory.report import report, summary

    results = report(Path(options.out), None if options.data is None else Path(options.data))
    if options.json:
        print(json.dumps(results.as_dict(), ensure_ascii=False))
    else:
        print(summary(results, Path(options.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
