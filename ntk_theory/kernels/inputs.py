"""What kernel functions accept, real numbers in (inputs, features), and errors that say where it is not so."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ntk_theory.errors import DataError, ShapeError


def as_numpy(name: str, x: Any) -> np.ndarray:
    """`x` in float32 if it is that, else in float64. Raises `DataError` where it is not real numbers."""
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise DataError(f"{name} is no rectangular array: its rows differ in length ({error}).") from error
    if array.dtype.kind not in "fiub":
        raise _not_real(name, array.dtype)
    return array if array.dtype == np.float32 else array.astype(np.float64)


def as_jax(name: str, x: Any) -> Any:
    """A JAX array, traced or not, in float32 or float64: half precisions become float32, integers JAX's default.

    Raises `DataError` for complex numbers.
    """
    array = jnp.asarray(x)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise _not_real(name, array.dtype)
    if not jnp.issubdtype(array.dtype, jnp.floating):
        return array.astype(float)
    return array if array.dtype in (jnp.float32, jnp.float64) else array.astype(jnp.float32)


def check_shapes(x1: Any, x2: Any) -> None:
    """Raises `ShapeError` where an array is not (inputs, features), or the features differ; traced ones too."""
    for name, x in (("x1", x1), ("x2", x2)):
        if x is not None and (x.ndim != 2 or 0 in x.shape):
            raise ShapeError(
                f"{name} has shape {x.shape}; expected (inputs, features): use x[None] for one input."
            )
    if x2 is not None and x1.shape[1] != x2.shape[1]:
        raise ShapeError(
            f"x1 has {x1.shape[1]} features and x2 has {x2.shape[1]}; they must agree. Their shapes are "
            f"{x1.shape} and {x2.shape}."
        )


def check_finite(x1: Any, x2: Any) -> None:
    """Raises `DataError` with the index of the first entry that is not finite."""
    for name, x in (("x1", x1), ("x2", x2)):
        if x is None:
            continue
        finite = np.isfinite(x) if isinstance(x, np.ndarray) else jnp.isfinite(x)
        if not bool(finite.all()):
            row, column = np.argwhere(~np.asarray(finite))[0]
            raise DataError(
                f"{name}[{row}, {column}] is {np.asarray(x)[row, column]}; every entry must be finite."
            )


def _not_real(name: str, dtype: Any) -> DataError:
    return DataError(
        f"{name} must hold real numbers in one rectangular array; it has dtype {dtype}. Of complex numbers give "
        "the real and imaginary parts as features."
    )
