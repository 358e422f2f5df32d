"""A network's equations become compiled JAX functions.

`stable` rewrites the equations in the state that keeps digits, `freeze` turns them into source text (SymPy
leaves there), `series` evaluates what has no closed form, `compile` strings the layers together,
`targets` prints the same equations for NumPy, PyTorch and Julia.
"""

from ntk_theory.codegen.compile import CompiledKernel, compile_network
from ntk_theory.codegen.targets import source

__all__ = ["CompiledKernel", "compile_network", "source"]
