"""Numbers with proven error bounds, by ball arithmetic (python-flint).

`enclose` evaluates a formula, Gaussian expectations included; `roots` finds all its zeros in a range, infinite
ones too, and `find_roots` those of any function of balls; `asymptotic_slope` and `sign_beyond` say what Gaussian
means do as the variance → ∞.
"""

from ntk_theory.enclosure.ball import Enclosure, Number
from ntk_theory.enclosure.evaluate import enclose
from ntk_theory.enclosure.far import asymptotic_slope, sign_beyond
from ntk_theory.enclosure.roots import Root, find_roots
from ntk_theory.enclosure.search import roots

__all__ = ["Enclosure", "Number", "Root", "asymptotic_slope", "enclose", "find_roots", "roots", "sign_beyond"]
