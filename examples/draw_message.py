"""Draws the message that a refuted theory gets: `python examples/draw_message.py [docs/refuted.png]`."""

import sys
from pathlib import Path
from textwrap import wrap

import numpy as np
from erf_by_hand import B_STD, DEPTH, W_STD, kernel_fn
from matplotlib import font_manager
from matplotlib.figure import Figure

import ntk_theory as ntk

X = np.sqrt(2) * np.array([[1.0, 0.0], [0.5, 0.75**0.5]])
INK, RED, PAPER = "#1f2328", "#b3261e", "#fbfaf7"


def main() -> None:
    """Verify, and write the message as a picture."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/refuted.png")
    net = ntk.mlp("erf", depth=DEPTH, W_std=W_STD, b_std=B_STD)
    verdict = ntk.verify(net, X, kernel_fn=kernel_fn)
    head, tail = str(verdict).split("What the guarantee assumes")
    first, *rest = head.rstrip().splitlines()
    rest += ["", "To see it again:", *wrap(tail.splitlines()[-1].strip(), 104, subsequent_indent="  ")]
    lines = [*wrap(first, 96), *rest]
    figure = Figure(figsize=(10.2, 0.205 * len(lines) + 0.5), facecolor=PAPER)
    font = font_manager.FontProperties(family="DejaVu Sans Mono", size=10)
    for number, line in enumerate(lines):
        height = 1 - (number + 1.4) / (len(lines) + 1.8)
        colour = RED if number < len(lines) - len(rest) else INK
        figure.text(0.02, height, line, color=colour, fontproperties=font, va="center", parse_math=False)
    figure.savefig(out, dpi=150)


if __name__ == "__main__":
    main()
