"""Gram matrices: symmetric ones computed once, spread over devices, or streamed to disk."""

from ntk_theory.kernels.gram import KernelFunction, Kernels
from ntk_theory.kernels.scaled import ScaledKernelFunction
from ntk_theory.kernels.sharded import RowBlocks, sharded
from ntk_theory.kernels.stream import stream

__all__ = ["KernelFunction", "Kernels", "RowBlocks", "ScaledKernelFunction", "sharded", "stream"]
