"""The same equations as source text in other languages: NumPy and SciPy, PyTorch, Julia.

One language a file: SymPy's own printer for it, and the few functions that the language lacks.
"""

from ntk_theory.codegen.targets.module import TARGETS, source

__all__ = ["TARGETS", "source"]
