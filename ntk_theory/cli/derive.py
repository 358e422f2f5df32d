"""`ntk-theory derive`: K, K̇ and V of an activation."""

import argparse
from typing import Any

from ntk_theory.cli.command import declare, show


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(commands, "derive", run, "K, K̇ and V of an activation", "derive 'max(x, x/10)'")
    command.add_argument("--latex", action="store_true", help="an align* to paste into a paper")


def run(options: argparse.Namespace) -> int:
    """Derive, print, and fail where a certificate does."""
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
    show(options, result, "\n".join(lines))
    return 0 if all(c.holds for c in derived.certificates) else 1
