"""Exact Gaussian expectations of a closed class of functions, in SymPy alone.

`terms` brings a function to canonical terms, `moments` integrates them by Stein's recursion, `normal_form`
holds the results so that equality is decidable, `expectations` is what remains where no closed form is known.
"""

from ntk_theory.gaussian.expectations import GaussianCovariance, GaussianMean

__all__ = ["GaussianCovariance", "GaussianMean"]
