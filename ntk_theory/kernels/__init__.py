"""Gram matrices from compiled kernels."""

from ntk_theory.kernels.gram import KernelFunction, Kernels

__all__ = ["KernelFunction", "Kernels"]
