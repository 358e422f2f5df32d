"""The kernel function that users call: `kernel_fn(x1, x2=None, get=("nngp", "ntk"))`."""

import dataclasses
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen import CompiledKernel
from ntk_theory.codegen.collapse import NEAR, Collapse, Domain, collapse
from ntk_theory.codegen.resolve import resolve
from ntk_theory.codegen.series import FINEST, LADDER, Resolution
from ntk_theory.errors import DataError, DivergentExpectationError, EnclosureError
from ntk_theory.kernels.collapsed import Close, Measured, close, domain, evaluate, measure, patched
from ntk_theory.kernels.inputs import as_jax, as_numpy, check_finite, check_shapes
from ntk_theory.kernels.memory import check_memory

NAMES = ("nngp", "ntk")
TRUNCATION_LIMIT = 1e-6
ENOUGH = {"float64": 1e-14, "float32": 3e-8}
"""Truncation of a series that is not worth more terms."""
MANY_PAIRS = 250_000
"""From here on a network is worth the fit of two polynomials."""


class Kernels(NamedTuple):
    """Gram matrices of shape (n1, n2); a name that was not asked for is None."""

    nngp: Any = None
    ntk: Any = None


class KernelFunction:
    """Σ and Θ of a network, compiled.

    `kernel_fn(x1, x2, get)` takes inputs of shape (n1, features) and (n2, features); without x2 the pairs
    are those of x1 with itself, and the diagonal comes from the map of single inputs, not through c. One
    name in `get` gives an array, a tuple of names a named tuple (neural-tangents' rule). NumPy arrays give NumPy
    arrays, JAX arrays JAX arrays, of the inputs' precision. Integers become floating point, half precisions
    float32.

    Layers carry float32 inputs in double precision, unless JAX traces them. Of 250,000 pairs and more only the
    correlations are computed; the network is fitted by two polynomials on the range of the data, in double
    precision (`ntk_theory.codegen.collapse`), and costs the same at any depth. `truncation` says how far off.

    Raises `DivergentExpectationError` where the NTK is asked for and an activation jumps, and where a kernel is
    not finite, `ShapeError` for shapes that do not fit, `DataError` for entries that are complex or not finite,
    `OutOfMemoryError` before matrices are made that would not fit, and `EnclosureError` where a series would be
    off by more than 1e-6 of the kernel.
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
        names = wanted(self.compiled, get)
        if isinstance(x1, jax.Array) or isinstance(x2, jax.core.Tracer):
            kernels = self._jax_call(as_jax("x1", x1), None if x2 is None else as_jax("x2", x2))
        else:
            kernels = self._numpy_call(x1, x2)
        chosen = {name: getattr(kernels, name) for name in names}
        return chosen[names[0]] if isinstance(get, str) else Kernels(**chosen)

    def truncation(self, x1: Any, x2: Any = None) -> float:
        """The largest error of a series at these inputs, relative to √(E f² E f²); 0 for closed forms.

        It is the bound |c|ᴺ·√(rest·rest) of `ntk_theory.codegen.series`, taken over all pairs and layers. Of many
        pairs it is the error of the network's two polynomials, as measured between the points they were fitted at.
        """
        x1, x2 = as_numpy("x1", x1), None if x2 is None else as_numpy("x2", x2)
        check_shapes(x1, x2)
        check_finite(x1, x2)
        with jax.enable_x64(True):
            return float(self._attempts(x1, x2)[1])

    def _jax_call(self, x1: Any, x2: Any) -> Kernels:
        check_shapes(x1, x2)
        x2 = None if x2 is None else x2.astype(x1.dtype)
        if isinstance(x1, jax.core.Tracer) or isinstance(x2, jax.core.Tracer):
            return _evaluate(self.compiled, x1, x2)[0]
        return self._compiled_call(x1, x2)

    def _numpy_call(self, x1: Any, x2: Any) -> Kernels:
        x1, x2 = as_numpy("x1", x1), None if x2 is None else as_numpy("x2", x2)
        check_shapes(x1, x2)
        kernels = self._compiled_call(x1, None if x2 is None else x2.astype(x1.dtype))
        return Kernels(*(np.asarray(k) for k in kernels))

    def _compiled_call(self, x1: Any, x2: Any) -> Kernels:
        check_memory(len(x1), len(x1 if x2 is None else x2), x1.dtype.itemsize)
        with jax.enable_x64(True):
            kernels, truncation, finite, variances = self._attempts(x1, x2)
            if not finite or np.any(np.isinf(variances)):
                check_finite(x1, x2)
        check_values(
            x1.dtype,
            truncation=float(truncation),
            overflow=bool(np.any(np.asarray(variances) > np.finfo(x1.dtype).max)),
            finite=bool(finite),
        )
        return kernels

    def _attempts(self, x1: Any, x2: Any) -> Any:
        """What `_evaluate` gives, its series at the first resolution that leaves no more than rounding."""
        found = self._collapsed(x1, x2)
        if found is not None:
            return found
        for resolution in self.resolutions(x1, x2):
            found = self._jitted(resolution)(x1, x2)
            if found[1] <= ENOUGH[str(x1.dtype)]:
                break
        return found

    def _collapsed(self, x1: Any, x2: Any) -> Any:
        """The same for many pairs, by two polynomials; None where they are few, or no polynomials are."""
        fitted = self._on_range(x1, x2)
        if fitted is None:
            return None
        measured, whole, kernel, few = fitted
        *kernels, variances = self._evaluation(kernel)(whole, measured)
        truncation = whole.error
        if few is not None:
            *kernels, beside = self._patching(kernel)(*kernels, measured, few)
            truncation = max(truncation, float(beside))
        finite = all(bool(jnp.isfinite(jnp.max(k))) for k in (variances, *(kernels if few else ())))
        return Kernels(*kernels), truncation, finite, variances

    def _on_range(self, x1: Any, x2: Any) -> tuple[Measured, Collapse, CompiledKernel, Close | None] | None:
        """What was measured of many pairs, the polynomials on their range, the maps that those came from, and the
        few pairs that are left out of it."""
        shape, dtype = (len(x1), len(x1 if x2 is None else x2)), str(x1.dtype)
        if shape[0] * shape[1] < MANY_PAIRS or len(self.compiled.layers) < 3 or dtype in self.compiled.collapsed:
            return None
        measured = self._measure()(x1, x2)
        place = domain(np.asarray(measured.range), x1.dtype)
        if place is None:
            return None
        for near in (place.near, *(near for near in NEAR if place.near < near < place.far)):
            few = close(measured, near) if near > place.near else None
            if near > place.near and few is None:
                break
            at = dataclasses.replace(place, near=near)
            fitted = self.once((at, dtype), partial(self._fitted, at, dtype))
            if fitted is not None:
                return measured, *fitted, few
        return None

    def _measure(self) -> Any:
        return self.once("measure", lambda: jax.jit(partial(measure, self.at(FINEST))))

    def _evaluation(self, kernel: CompiledKernel) -> Any:
        return self.once(("evaluate", kernel.resolution), lambda: jax.jit(partial(evaluate, kernel)))

    def _patching(self, kernel: CompiledKernel) -> Any:
        program = partial(patched, kernel)
        return self.once(("patch", kernel.resolution), lambda: jax.jit(program, donate_argnums=(0, 1)))

    def _fitted(self, place: Domain, dtype: str) -> tuple[Collapse, CompiledKernel] | None:
        """The network on this domain, its series at the first resolution that leaves no more than rounding."""
        q = np.exp(np.array([place.low, place.high]))
        for resolution in LADDER[LADDER.index(resolve(self.compiled, q)) :]:
            kernel = self.at(resolution)
            whole = collapse(kernel.profile, place, dtype, has_ntk=not kernel.no_ntk)
            if whole is not None:
                return whole.in_precision(dtype), kernel
        return None

    def peak_memory(self, x1: Any, x2: Any = None) -> int:
        """Bytes that Σ and Θ of these inputs take while they are computed: results and temporaries."""
        x1, x2 = as_numpy("x1", x1), None if x2 is None else as_numpy("x2", x2)
        with jax.enable_x64(True):
            fitted = self._on_range(x1, x2)
            if fitted is None:
                return _bytes(self._jitted(self.resolutions(x1, x2)[-1]), x1, x2)
            measured, whole, kernel, _ = fitted
            held = sum(leaf.nbytes for leaf in jax.tree.leaves(measured))
            return max(_bytes(self._measure(), x1, x2), held + _bytes(self._evaluation(kernel), whole, measured))

    def resolutions(self, x1: Any, x2: Any) -> tuple[Resolution, ...]:
        """What its series are to be tried at for these inputs, concrete ones, the coarsest first."""
        return LADDER[LADDER.index(resolve(self.compiled, _variances(x1, x2))) :]

    def at(self, resolution: Resolution) -> CompiledKernel:
        """The network's maps in double precision, with its series at this resolution."""
        return self.once(resolution, lambda: dataclasses.replace(self.compiled, resolution=resolution, wide=True))

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` made when `key` was first asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _jitted(self, resolution: Resolution = FINEST) -> Any:
        """`_evaluate` compiled, with its series at this resolution."""
        return self.once(("jit", resolution), lambda: jax.jit(partial(_evaluate, self.at(resolution))))

    @cached_property
    def _made(self) -> dict[Hashable, Any]:
        return {}


def _bytes(program: Any, *arguments: Any) -> int:
    found = program.lower(*arguments).compile().memory_analysis()
    return int(found.temp_size_in_bytes + found.output_size_in_bytes)


def _variances(x1: Any, x2: Any) -> Float[np.ndarray, "n"]:
    """|x|²/features of all inputs, in their precision."""
    return np.concatenate([np.mean(np.square(np.asarray(x)), axis=1) for x in (x1, x2) if x is not None])


def wanted(kernel: CompiledKernel, get: str | Sequence[str]) -> tuple[str, ...]:
    """The names in `get`. Raises `DataError` for others than nngp and ntk, `DivergentExpectationError` for an NTK
    that is infinite."""
    names = (get,) if isinstance(get, str) else tuple(get)
    if unknown := [name for name in names if name not in NAMES]:
        raise DataError(f"get = {get!r}: {unknown[0]!r} is not among {', '.join(NAMES)}.")
    if "ntk" in names and kernel.no_ntk:
        raise DivergentExpectationError(f'{kernel.no_ntk} Ask for it with get="nngp".')
    return names


def check_values(dtype: Any, *, truncation: float, overflow: bool, finite: bool) -> None:
    """Raises what a kernel function raises for values that are not right."""
    if overflow:
        raise DataError(
            f"The kernel of these inputs is beyond the range of {dtype}: a variance overflows. Scale the "
            "inputs down (a mean square of 1 is usual), choose smaller W_std, or give float64 inputs."
        )
    if truncation > TRUNCATION_LIMIT:
        raise EnclosureError(
            f"The kernel's Hermite series would be off by up to {truncation:.1e} of its size at these "
            "inputs. Either their variance is too large: scale them down (a mean square of 1 is usual), or "
            "choose smaller W_std and b_std. Or the activation has kinks, which the series resolves slowly: "
            "`ntk.dual(...).value(q1, q2, c)` has its kernel to any number of digits."
        )
    if not finite:
        raise DivergentExpectationError(
            "The kernel is infinite at these inputs, or too large for their floating point type: a variance "
            "has outgrown where the activation's expectations exist (the conditions of its dual), or the "
            "range of numbers. Scale the inputs down, or choose smaller W_std and b_std."
        )


def _evaluate(
    kernel: CompiledKernel, x1: Float[Array, "n1 features"], x2: Float[Array, "n2 features"] | None
) -> tuple[Kernels, Float[Array, ""], Bool[Array, ""], Float[Array, "variances"]]:
    """The kernels, the largest error of a series, whether all is finite, and all variances and Θ(x, x)."""
    single = kernel.diagonal(x1)
    if x2 is None:
        nngp, ntk, truncation = kernel.symmetric(x1)
    else:
        nngp, ntk, truncation = kernel.pairs(x1, x2)
        single = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), single, kernel.diagonal(x2))
    largest = [jnp.max(jnp.max(jnp.abs(matrix), axis=0, initial=0), initial=0) for matrix in (nngp, ntk)]
    return Kernels(nngp, ntk), truncation, jnp.isfinite(largest[0] + largest[1]), jnp.concatenate(single)
