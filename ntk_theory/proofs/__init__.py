"""Theorems with derivations that are checked step by step, in up to three ways that share no code.

"exact": zero tests in a normal form of its own; "balls": proven enclosures; "kernel": certificates generated from
the same SymPy objects and accepted by Coq. The theorems themselves stand in the checkout's folder `proofs/`, one a
file; `python -m ntk_theory.proofs` checks them all.
"""

from ntk_theory.proofs.derivation import Derivation, Step
from ntk_theory.proofs.theorem import Theorem, theorems
from ntk_theory.proofs.verdict import Verdict, check

__all__ = ["Derivation", "Step", "Theorem", "Verdict", "check", "theorems"]
