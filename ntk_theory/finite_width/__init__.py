"""Networks of finite width: exact moments of homogeneous ones, the first order in 1/n of all, with depth."""

from ntk_theory.finite_width.dispersion import dispersion_formula, dispersion_limit
from ntk_theory.finite_width.exact import ExactMoments, exact_moments, relu_ntk_dispersion
from ntk_theory.finite_width.first_order import FirstOrder, first_order
from ntk_theory.finite_width.growth import (
    DepthProfile,
    Fluctuation,
    NtkGrowth,
    depth_profile,
    ntk_growth,
    relative_fluctuation,
)

__all__ = [
    "DepthProfile",
    "ExactMoments",
    "FirstOrder",
    "Fluctuation",
    "NtkGrowth",
    "depth_profile",
    "dispersion_formula",
    "dispersion_limit",
    "exact_moments",
    "first_order",
    "ntk_growth",
    "relative_fluctuation",
    "relu_ntk_dispersion",
]
