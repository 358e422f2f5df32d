"""Networks of finite width: exact moments of homogeneous ones, the first order in 1/n of all."""

from ntk_theory.finite_width.dispersion import dispersion_formula, dispersion_limit
from ntk_theory.finite_width.exact import ExactMoments, exact_moments, relu_ntk_dispersion
from ntk_theory.finite_width.first_order import FirstOrder, first_order

__all__ = [
    "ExactMoments",
    "FirstOrder",
    "dispersion_formula",
    "dispersion_limit",
    "exact_moments",
    "first_order",
    "relu_ntk_dispersion",
]
