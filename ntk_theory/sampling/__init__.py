"""Finite networks at scale: drawn plainly with their matrices, or exactly in law without them."""

from ntk_theory.sampling.conditional import Draws, draw_kernels
from ntk_theory.sampling.plain import empirical_nngp, empirical_ntk, layer_contributions

__all__ = ["Draws", "draw_kernels", "empirical_nngp", "empirical_ntk", "layer_contributions"]
