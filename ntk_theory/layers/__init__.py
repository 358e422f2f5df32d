"""One layer a file, in two readings: its equations (theory), and its finite-width network (simulation)."""

from ntk_theory.layers.dense import Dense
from ntk_theory.layers.equations import Layer, LayerEquations
from ntk_theory.layers.nonlinearity import Nonlinearity

__all__ = ["Dense", "Layer", "LayerEquations", "Nonlinearity"]
