"""Is the kernel theory true of a given network on given data: verdict, reasons, and what to change."""

from ntk_theory.regime.decide import regime
from ntk_theory.regime.movement import Descents, descents
from ntk_theory.regime.place import Place, place
from ntk_theory.regime.randomness import Randomness, randomness
from ntk_theory.regime.trainability import Trainability, trainability
from ntk_theory.regime.uniform import Uniform, uniform
from ntk_theory.regime.verdict import Movement, Regime

__all__ = [
    "Descents",
    "Movement",
    "Place",
    "Randomness",
    "Regime",
    "Trainability",
    "Uniform",
    "descents",
    "place",
    "randomness",
    "regime",
    "trainability",
    "uniform",
]
