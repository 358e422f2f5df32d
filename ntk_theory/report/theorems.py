"""Section 6 of the report: the theorems of the checkout's `proofs/`, checked anew by exact steps and in balls.

Coq's kernel, the third method, takes a minute by itself: `make proofs` asks it.
"""

from collections.abc import Callable

from ntk_theory.proofs import check, theorems
from ntk_theory.proofs.table import ProofRow, rows
from ntk_theory.proofs.theorem import FOLDER


def proven_theorems(progress: Callable[[str], None]) -> tuple[ProofRow, ...]:
    """A row a theorem; none where the package was installed without its checkout, which holds them."""
    if not FOLDER.is_dir():
        return ()
    return rows(check(theorems(), kernel=False, progress=progress))
