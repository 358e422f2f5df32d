"""Flax and Equinox modules as plain functions f(params, x), which is what the empirical kernels take.

None of the frameworks is imported here: a module can only be one of theirs where they were imported already.
"""

import sys
from collections.abc import Mapping
from typing import Any

import jax
from jaxtyping import Array

from ntk_theory.errors import DataError
from ntk_theory.sampling.plain import Function


def as_function(module: Any, variables: Mapping[str, Any] | None = None) -> tuple[Function, Any]:
    """A module as (f, params) with f(params, x) from a batch of inputs to a batch of outputs.

    - `flax.linen.Module`: give `variables`, as `module.init` returned or training left them; params are its
      collection "params", the others stay as they are.
    - `flax.nnx.Module`: params are its `nnx.Param`s, the rest of its state stays as it is.
    - `equinox.Module`: params are its floating-point arrays. Equinox modules take one input, f a batch.

    Set layers that are random or mix inputs (dropout, batch normalisation) to evaluation first: a kernel of one
    network has none of either. Raises `DataError` for anything else, and for `variables` that are missing or not
    wanted.
    """
    linen, nnx, equinox = (sys.modules.get(name) for name in ("flax.linen", "flax.nnx", "equinox"))
    if linen is not None and isinstance(module, linen.Module):
        if variables is None or "params" not in variables:
            raise DataError(
                f"{type(module).__name__} is a flax.linen module, which holds no parameters: pass "
                'variables=module.init(key, x), with its collection "params".'
            )
        return _of_linen(module, variables)
    if variables is not None:
        raise DataError(f"variables belong to flax.linen modules; {type(module).__name__} is none.")
    if nnx is not None and isinstance(module, nnx.Module):
        return _of_nnx(nnx, module)
    if equinox is not None and isinstance(module, equinox.Module):
        return _of_equinox(equinox, module)
    raise DataError(
        f"{type(module).__name__} is no flax.linen, flax.nnx or equinox module; for another framework write "
        "f(params, x) yourself and pass it to empirical_ntk."
    )


def _of_linen(module: Any, variables: Mapping[str, Any]) -> tuple[Function, Any]:
    rest = {name: value for name, value in variables.items() if name != "params"}

    def f(params: Any, x: Array) -> Array:
        return module.apply({"params": params, **rest}, x)

    return f, variables["params"]


def _of_nnx(nnx: Any, module: Any) -> tuple[Function, Any]:
    graph, params, rest = nnx.split(module, nnx.Param, ...)

    def f(params: Any, x: Array) -> Array:
        return nnx.merge(graph, params, rest)(x)

    return f, params


def _of_equinox(equinox: Any, module: Any) -> tuple[Function, Any]:
    params, rest = equinox.partition(module, equinox.is_inexact_array)

    def f(params: Any, x: Array) -> Array:
        return jax.vmap(equinox.combine(params, rest))(x)

    return f, params
