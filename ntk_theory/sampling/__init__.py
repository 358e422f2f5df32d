"""Finite networks at scale: drawn plainly with their matrices, or exactly in law without them."""

from ntk_theory.sampling.conditional import Draws, draw_kernels
from ntk_theory.sampling.ensemble import draw_explicit, map_networks
from ntk_theory.sampling.modules import as_function
from ntk_theory.sampling.plain import empirical_nngp, empirical_ntk, layer_contributions
from ntk_theory.sampling.sweeps import Cell, moments, sweep
from ntk_theory.sampling.training import Paths, draw_training

__all__ = [
    "Cell",
    "Draws",
    "Paths",
    "as_function",
    "draw_explicit",
    "draw_kernels",
    "draw_training",
    "empirical_nngp",
    "empirical_ntk",
    "layer_contributions",
    "map_networks",
    "moments",
    "sweep",
]
