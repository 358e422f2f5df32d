"""`python -m ntk_theory.proofs`: check every theorem, print the table, draw the graph; exit 1 if one fails."""

import argparse
import sys
from pathlib import Path

from ntk_theory.errors import NtkTheoryError
from ntk_theory.proofs.graph import draw
from ntk_theory.proofs.table import steps, table
from ntk_theory.proofs.theorem import FOLDER, theorems
from ntk_theory.proofs.verdict import check


def main() -> int:
    """0: all hold. 1: one does not. 2: there is nothing to check, or a name is unknown."""
    parser = argparse.ArgumentParser(
        prog="python -m ntk_theory.proofs",
        description="Check the theorems: by exact steps, in balls, and by the proof kernel Coq where it is there.",
        epilog="example: python -m ntk_theory.proofs relu_rate hanin_nica --out build/proofs",
    )
    parser.add_argument("names", nargs="*", help="theorems to check, claim by claim; all if none is given")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the theorems are (default: proofs/)")
    parser.add_argument(
        "--out", type=Path, help="write certificates (.v) and the graph (graph.svg) to this folder"
    )
    arguments = parser.parse_args()
    try:
        chosen = theorems(arguments.folder)
        unknown = set(arguments.names) - {theorem.name for theorem in chosen}
        if unknown:
            print(f"No theorem named {', '.join(sorted(unknown))} in {arguments.folder}.", file=sys.stderr)
            return 2
        if arguments.names:
            chosen = tuple(theorem for theorem in chosen if theorem.name in arguments.names)
        verdicts = check(chosen, progress=lambda name: print(f"… {name}", file=sys.stderr, flush=True))
        if arguments.out:
            draw(verdicts, arguments.out / "graph.svg")
            for verdict in verdicts:
                if verdict.certificate:
                    (arguments.out / f"{verdict.theorem.name}.v").write_text(verdict.certificate.text)
    except NtkTheoryError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.names:
        print("\n\n".join(map(steps, verdicts)), end="\n\n")
    print(table(verdicts))
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
