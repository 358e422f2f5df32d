"""σ_w² and σ_b² of every layer, beside the layers' forms: what a compiled kernel can be differentiated in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen.freeze import FrozenLayer
from ntk_theory.errors import DataError, ShapeError


class Scales(NamedTuple):
    """One entry a layer, or None for the layers' own; what stands for a layer without weights is not read."""

    W_var: Float[Array, "layers"] | Float[np.ndarray, "layers"] | None
    b_var: Float[Array, "layers"] | Float[np.ndarray, "layers"] | None


@dataclass(frozen=True)
class Split:
    """A number in two parts of less precision: a product with it is rounded, the number itself is not. Over 200
    layers float32's rounding of σ_w² would be 200 times itself."""

    high: Float[np.ndarray, ""]
    low: Float[np.ndarray, ""]
    __array_ufunc__ = None  # NumPy leaves products to the method below

    def __mul__(self, other: Any) -> Any:
        return self.high * other + self.low * other

    __rmul__ = __mul__


def rounded(number: Float[np.ndarray, ""], dtype: Any) -> Any:
    """`number` in this precision, in two parts where one does not hold it."""
    high = np.asarray(number, dtype)
    low = np.asarray(number - np.float64(high), dtype)
    return high if low == 0 or dtype == np.float64 else Split(high, low)


def own(layers: Sequence[FrozenLayer]) -> Scales:
    """The numbers that the layers were made with, in double precision."""
    W_stds, b_stds = ([layer.W_std for layer in layers], [layer.b_std for layer in layers])
    return Scales(*(np.asarray([(v or 0.0) ** 2 for v in stds]) for stds in (W_stds, b_stds)))


def chosen(layers: Sequence[FrozenLayer], W_std: Any, b_std: Any) -> Scales:
    """Other numbers in their place: one for all dense layers, one a dense layer from first to last, or None for
    the layers' own. Raises `ShapeError` for another number of them, `DataError` for what is no standard deviation.
    """
    weighted = np.array([layer.W_std is not None for layer in layers])
    return Scales(_squares("W_std", W_std, weighted), _squares("b_std", b_std, weighted))


def _squares(name: str, stds: Any, weighted: np.ndarray) -> Any:
    if stds is None:
        return None
    if not isinstance(stds, jax.Array):
        stds = np.asarray(stds, np.float64)  # squared in double precision, whatever that of the inputs
    count = int(weighted.sum())
    if jnp.shape(stds) not in ((), (count,)):
        raise ShapeError(
            f"{name} has shape {jnp.shape(stds)}; expected one number, or {count} of them: one for each dense "
            "layer, the readout too."
        )
    if not isinstance(stds, jax.core.Tracer):
        lowest = 0 if name == "b_std" else np.finfo(np.float32).tiny
        if not np.all(np.isfinite(stds)) or np.min(stds) < lowest:
            raise DataError(
                f"{name} = {stds} holds no standard deviation: each must be finite and "
                f"{'≥' if name == 'b_std' else '>'} 0."
            )
    square = stds * stds
    if jnp.ndim(square) == 0:
        return square * np.ones(len(weighted), square.dtype)
    return square[np.maximum(np.cumsum(weighted) - 1, 0)]
