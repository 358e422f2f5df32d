"""The kernel function that users call: `kernel_fn(x1, x2=None, get=("nngp", "ntk"))`."""

import dataclasses
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.codegen import CompiledKernel
from ntk_theory.codegen.resolve import resolve
from ntk_theory.codegen.series import FINEST, LADDER, Resolution
from ntk_theory.errors import DataError, DivergentExpectationError, EnclosureError, ShapeError

NAMES = ("nngp", "ntk")
TRUNCATION_LIMIT = 1e-6
ENOUGH = {"float64": 1e-14, "float32": 3e-8}
"""Truncation of a series that is not worth more terms."""


class Kernels(NamedTuple):
    """Gram matrices of shape (n1, n2); a name that was not asked for is None."""

    nngp: Any = None
    ntk: Any = None


class KernelFunction:
    """Σ and Θ of a network, compiled.

    `kernel_fn(x1, x2, get)` takes inputs of shape (n1, features) and (n2, features); without x2 the pairs
    are those of x1 with itself, and the diagonal comes from the map of single inputs, not through c. One
    name in `get` gives an array, a tuple of names a named tuple (neural-tangents' rule). NumPy arrays are
    computed in their own precision and give NumPy arrays; JAX arrays, traced ones too, give JAX arrays.

    Raises `DivergentExpectationError` where the NTK is asked for and an activation jumps, and where a kernel is
    not finite, `ShapeError` for shapes that do not fit, `DataError` for entries that are not finite, and
    `EnclosureError` where a series would be off by more than 1e-6 of the kernel.
    """

    def __init__(self, compiled: CompiledKernel) -> None:
        self.compiled = compiled

    @property
    def source(self) -> str:
        """The generated source text, layer by layer."""
        return self.compiled.source

    @property
    def error_bound(self) -> float:
        """The largest relative error of 1 - c in one layer, in float64, as measured against ball arithmetic.

        On a grid of equal and different variances and of 1 - c from 1e-12 to 1.75, when the kernel was compiled.
        nan where no layer has a closed form: series report `truncation`, for the inputs at hand.
        """
        bounds = [layer.error_bound for layer in self.compiled.layers]
        return max((bound for bound in bounds if bound == bound), default=float("nan"))

    def __call__(self, x1: Any, x2: Any = None, get: str | Sequence[str] = NAMES) -> Any:
        names = (get,) if isinstance(get, str) else tuple(get)
        if unknown := [name for name in names if name not in NAMES]:
            raise DataError(f"get = {get!r}: {unknown[0]!r} is not among {', '.join(NAMES)}.")
        if "ntk" in names and self.compiled.no_ntk:
            raise DivergentExpectationError(f'{self.compiled.no_ntk} Ask for it with get="nngp".')
        if isinstance(x1, jax.core.Tracer) or isinstance(x2, jax.core.Tracer):
            kernels, *_ = _evaluate(self.compiled, x1, x2)
        elif isinstance(x1, jax.Array):
            _check(x1, x2)
            kernels = self._compiled_call(x1, None if x2 is None else jnp.asarray(x2))
        else:
            kernels = self._numpy_call(x1, x2)
        chosen = {name: getattr(kernels, name) for name in names}
        return chosen[names[0]] if isinstance(get, str) else Kernels(**chosen)

    def truncation(self, x1: Any, x2: Any = None) -> float:
        """The largest error of a series at these inputs, relative to √(E f² E f²); 0 for closed forms.

        It is the bound |c|ᴺ·√(rest·rest) of `ntk_theory.codegen.series`, taken over all pairs and layers.
        """
        x1, x2 = _as_numpy(x1), None if x2 is None else _as_numpy(x2)
        _check(x1, x2)
        with jax.enable_x64(True):
            return float(self._attempts(x1, x2)[1])

    def _numpy_call(self, x1: Any, x2: Any) -> Kernels:
        x1, x2 = _as_numpy(x1), None if x2 is None else _as_numpy(x2)
        _check(x1, x2)
        with jax.enable_x64(bool(x1.dtype == np.float64)):
            kernels = self._compiled_call(x1, None if x2 is None else x2.astype(x1.dtype))
        return Kernels(*(np.asarray(k) for k in kernels))

    def _compiled_call(self, x1: Any, x2: Any) -> Kernels:
        kernels, truncation, variances = self._attempts(x1, x2)
        if bool(jnp.any(jnp.isinf(variances))):
            raise DataError(
                f"The kernel of these inputs is beyond the range of {x1.dtype}: a variance overflows. Scale the "
                "inputs down (a mean square of 1 is usual), choose smaller W_std, or give float64 inputs."
            )
        if truncation > TRUNCATION_LIMIT:
            raise EnclosureError(
                f"The kernel's Hermite series would be off by up to {float(truncation):.1e} of its size at these "
                "inputs. Either their variance is too large: scale them down (a mean square of 1 is usual), or "
                "choose smaller W_std and b_std. Or the activation has kinks, which the series resolves slowly: "
                "`ntk.dual(...).value(q1, q2, c)` has its kernel to any number of digits."
            )
        if not all(bool(jnp.all(jnp.isfinite(k))) for k in kernels):
            raise DivergentExpectationError(
                "The kernel is infinite at these inputs, or too large for their floating point type: a variance "
                "has outgrown where the activation's expectations exist (the conditions of its dual), or the "
                "range of numbers. Scale the inputs down, or choose smaller W_std and b_std."
            )
        return kernels

    def _attempts(self, x1: Any, x2: Any) -> Any:
        """What `_evaluate` gives, its series at the first resolution that leaves no more than rounding."""
        q = np.concatenate([np.mean(np.square(np.asarray(x)), axis=1) for x in (x1, x2) if x is not None])
        start = LADDER.index(resolve(self.compiled, q))
        for resolution in LADDER[start:]:
            found = self._jitted(resolution)(x1, x2)
            if found[1] <= ENOUGH[str(q.dtype)]:
                break
        return found

    def _jitted(self, resolution: Resolution = FINEST) -> Any:
        """`_evaluate` compiled, with its series at this resolution."""
        if resolution not in self._compiled:
            kernel = dataclasses.replace(self.compiled, resolution=resolution)
            self._compiled[resolution] = jax.jit(partial(_evaluate, kernel))
        return self._compiled[resolution]

    @cached_property
    def _compiled(self) -> dict[Resolution, Any]:
        return {}


def _evaluate(
    kernel: CompiledKernel, x1: Float[Array, "n1 features"], x2: Float[Array, "n2 features"] | None
) -> tuple[Kernels, Float[Array, ""], Float[Array, "variances"]]:
    """The kernels, the largest error of a series, and the variances and Θ(x, x) of all inputs."""
    single = kernel.diagonal(x1)
    if x2 is None:
        nngp, ntk, truncation = kernel.symmetric(x1)
        return Kernels(nngp, ntk), truncation, jnp.concatenate(single)
    nngp, ntk, truncation = kernel.pairs(x1, x2)
    return Kernels(nngp, ntk), truncation, jnp.concatenate([*single, *kernel.diagonal(x2)])


def _as_numpy(x: Any) -> np.ndarray:
    array = np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise DataError(f"Inputs must be real numbers in one rectangular array; this has dtype {array.dtype}.")
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _check(x1: Any, x2: Any) -> None:
    for name, x in (("x1", x1), ("x2", x2)):
        if x is None:
            continue
        if x.ndim != 2 or 0 in x.shape:
            raise ShapeError(
                f"{name} has shape {x.shape}; expected (inputs, features): use x[None] for one input."
            )
        if not bool(jnp.all(jnp.isfinite(x))):
            row, column = np.argwhere(~np.isfinite(np.asarray(x)))[0]
            raise DataError(
                f"{name}[{row}, {column}] is {np.asarray(x)[row, column]}; every entry must be finite."
            )
    if x2 is not None and x1.shape[1] != x2.shape[1]:
        raise ShapeError(f"x1 has {x1.shape[1]} features and x2 has {x2.shape[1]}; they must agree.")
