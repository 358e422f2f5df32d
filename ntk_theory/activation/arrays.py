"""An activation as a function of NumPy arrays: each smooth piece evaluated on its own interval alone."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import sympy
from jaxtyping import Float

from ntk_theory.activation.activation import Activation, tanh_form
from ntk_theory.symbols import x


@lru_cache(maxsize=256)
def on_arrays(f: Activation) -> Callable[[Float[np.ndarray, "..."]], Float[np.ndarray, "..."]]:
    """f elementwise on float64 arrays; at a threshold the value from its right."""
    parts = [(p, sympy.lambdify(x, tanh_form(p.expression), ["numpy", "scipy"])) for p in f.pieces]

    def function(points: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        result = np.zeros_like(points)
        for piece, smooth in parts:
            inside = (points >= float(piece.lower)) & (points < float(piece.upper))
            result[inside] = smooth(points[inside])
        return result

    return function
