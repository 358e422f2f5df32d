"""Activations: text, a name or a SymPy expression becomes an `Activation` that knows its facts."""

from ntk_theory.activation.activation import Activation, Jump, activation
from ntk_theory.activation.named import NAMED
from ntk_theory.activation.pieces import Piece

__all__ = ["NAMED", "Activation", "Jump", "Piece", "activation"]
