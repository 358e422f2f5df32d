"""Numbers with proven error bounds, by ball arithmetic (python-flint).

`enclose` evaluates a formula, Gaussian expectations included; `find_roots` finds every root in a range.
"""

from ntk_theory.enclosure.ball import Enclosure, Number
from ntk_theory.enclosure.evaluate import enclose
from ntk_theory.enclosure.roots import Root, find_roots

__all__ = ["Enclosure", "Number", "Root", "enclose", "find_roots"]
