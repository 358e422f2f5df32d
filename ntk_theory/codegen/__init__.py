"""A network's equations become compiled JAX functions.

`stable` rewrites the equations in the state that keeps digits, `freeze` turns them into source text (SymPy
leaves there), `series` evaluates what has no closed form, `compile` strings the layers together.
"""

from ntk_theory.codegen.compile import CompiledKernel, compile_network

__all__ = ["CompiledKernel", "compile_network"]
