"""Numbers with proven error bounds, by ball arithmetic (python-flint).

`enclose` evaluates a formula, Gaussian expectations included; `enclose_kernel` and `enclose_mean` K, K̇ and E[φ]
of any activation; `hermite_series` K as a power series in c with a proven tail. `roots` finds all zeros of a
formula in a range, infinite ones too, and `find_roots` those of any function of balls; `asymptotic_slope` and
`sign_beyond` say what Gaussian means do as the variance → ∞.
"""

from ntk_theory.enclosure.ball import Enclosure, Number
from ntk_theory.enclosure.evaluate import enclose
from ntk_theory.enclosure.far import asymptotic_slope, sign_beyond
from ntk_theory.enclosure.hermite import HermiteSeries, hermite_series
from ntk_theory.enclosure.kernel import enclose_kernel, enclose_mean
from ntk_theory.enclosure.roots import Root, find_roots
from ntk_theory.enclosure.search import roots

__all__ = [
    "Enclosure",
    "HermiteSeries",
    "Number",
    "Root",
    "asymptotic_slope",
    "enclose",
    "enclose_kernel",
    "enclose_mean",
    "find_roots",
    "hermite_series",
    "roots",
    "sign_beyond",
]
