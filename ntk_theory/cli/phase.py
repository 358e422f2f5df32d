"""`ntk-theory phase`: the phases of an activation."""

import argparse
from typing import Any

from ntk_theory.cli.command import declare, positive, show
from ntk_theory.errors import DataError


def add(commands: Any) -> None:
    """Declare the command and its arguments."""
    command = declare(
        commands,
        "phase",
        run,
        "fixed points, χ₁, the critical line, universality class and what depth does",
        "phase tanh --b-var 0.05 --figure tanh.png",
    )
    command.add_argument("--b-var", default="0", metavar="V", help="σ_b², exact: 0.05 or 1/20 (default 0)")
    command.add_argument("--W-var", metavar="V", help="σ_w²: the fixed points there, instead of the critical one")
    command.add_argument("--digits", type=positive, default=20, metavar="N", help="certified digits (default 20)")
    command.add_argument("--residual", metavar="A", help="residual branches of variance A, a number or 1/L")
    command.add_argument("--figure", metavar="FILE", help="draw the phase diagram: .png, .pdf or .svg")


def run(options: argparse.Namespace) -> int:
    """Print the summary, and draw the diagram where asked."""
    from ntk_theory.phase import draw_diagram, phase, residual_summary

    if options.residual is not None:
        if options.figure is not None:
            raise DataError("--figure draws the phases of plain networks; residual ones have none. Leave one out.")
        W_var = "1" if options.W_var is None else options.W_var
        record = residual_summary(options.activation, options.residual, W_var, options.b_var)
        show(options, record, "\n".join(str(value) for value in record["text"]))
        return 0
    here = phase(options.activation)
    summary = here.summary(b_var=options.b_var, W_var=options.W_var, digits=options.digits)
    result, text = summary.as_dict(), str(summary)
    if options.figure is not None:
        draw_diagram(here, options.figure)
        result["figure"] = options.figure
        text += f"\n\nThe phase diagram is in {options.figure}."
    show(options, result, text)
    return 0
