"""The command line, one file a command: `ntk-theory --help` lists them.

Exit status 0 on success, 1 when a check refutes, 2 on bad input, 130 when interrupted. Results go to standard
output, as text or (`--json`) as one JSON object; errors and progress go to standard error. Each command
imports what it needs when it runs, so that `--help` is immediate and `derive` never loads JAX.
"""

from ntk_theory.cli.main import main

__all__ = ["main"]
