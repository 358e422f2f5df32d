"""Gram matrices from compiled kernels."""

from ntk_theory.kernels.gram import KernelFunction, Kernels
from ntk_theory.kernels.stream import stream

__all__ = ["KernelFunction", "Kernels", "stream"]
