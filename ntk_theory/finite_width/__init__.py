"""Networks of finite width: exact moments of homogeneous ones, the first order in 1/n of all."""

from ntk_theory.finite_width.first_order import FirstOrder, first_order

__all__ = ["FirstOrder", "first_order"]
