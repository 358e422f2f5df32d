"""Σ and Θ as functions of σ_w and σ_b beside the inputs: `scaled_kernel_fn(x1, x2, W_std=…, b_std=…)`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ntk_theory.codegen import CompiledKernel
from ntk_theory.codegen.resolve import resolve
from ntk_theory.codegen.scales import Scales, chosen
from ntk_theory.codegen.series import FINEST, LADDER, Resolution
from ntk_theory.errors import DivergentExpectationError, EnclosureError
from ntk_theory.kernels.gram import ENOUGH, NAMES, TRUNCATION_LIMIT, Kernels, wanted
from ntk_theory.kernels.inputs import as_jax, as_numpy, check_finite, check_shapes
from ntk_theory.kernels.memory import check_memory


class ScaledKernelFunction:
    """`scaled_kernel_fn(x1, x2, get, W_std=, b_std=)`: `kernel_fn` with standard deviations as arguments.

    Each is one number for all dense layers, or an array with one a dense layer, first to last, the readout's too;
    those that are not given are the network's own. A function for each shape of inputs is compiled once, whatever
    the numbers, and `jax.grad`, `jit` and `vmap` go through all arguments: kernels are differentiated by their
    derived K̇ and V′, so that gradients are finite and right at equal, antipodal and zero inputs too.

    Arrays come back as from `kernel_fn`. Raises what `kernel_fn` raises where all arguments are numbers; traced
    arguments are not looked at, and series are then taken at `resolution`, the finest unless `resolved` chose it.
    """

    def __init__(self, compiled: CompiledKernel, resolution: Resolution = FINEST) -> None:
        self.compiled = compiled
        self.resolution = resolution
        self._functions: dict[Resolution, Any] = {}

    def __call__(
        self, x1: Any, x2: Any = None, get: str | Sequence[str] = NAMES, *, W_std: Any = None, b_std: Any = None
    ) -> Any:
        names = wanted(self.compiled, get)
        if any(isinstance(v, jax.core.Tracer) for v in (x1, x2, W_std, b_std)):
            scales = chosen(self.compiled.layers, W_std, b_std)
            left, right = as_jax("x1", x1), None if x2 is None else as_jax("x2", x2)
            check_shapes(left, right)
            kernels = self._at(self.resolution)(left, right, scales)[0]
        else:
            kernels = self._concrete(x1, x2, W_std, b_std)
        found = {name: getattr(kernels, name) for name in names}
        return found[names[0]] if isinstance(get, str) else Kernels(**found)

    def resolved(self, x1: Any, x2: Any = None, *, W_std: Any = None, b_std: Any = None) -> "ScaledKernelFunction":
        """The same function with its series, if it has any, as short as these numbers allow: for programs that
        trace it near them."""
        x1, x2 = as_numpy("x1", x1), None if x2 is None else as_numpy("x2", x2)
        check_shapes(x1, x2)
        check_finite(x1, x2)
        with jax.enable_x64(bool(x1.dtype == np.float64)):
            resolution = self._attempts(x1, x2, chosen(self.compiled.layers, W_std, b_std))[1]
        found = ScaledKernelFunction(self.compiled, resolution)
        found._functions = self._functions
        return found

    def _concrete(self, x1: Any, x2: Any, W_std: Any, b_std: Any) -> Kernels:
        plain = not isinstance(x1, jax.Array)
        convert = as_numpy if plain else as_jax
        x1, x2 = convert("x1", x1), None if x2 is None else convert("x2", x2)
        check_shapes(x1, x2)
        check_finite(x1, x2)
        check_memory(len(x1), len(x1 if x2 is None else x2), x1.dtype.itemsize)
        with jax.enable_x64(bool(x1.dtype == np.float64)):
            scales = chosen(self.compiled.layers, W_std, b_std)
            (kernels, truncation), _ = self._attempts(x1, None if x2 is None else x2.astype(x1.dtype), scales)
            finite = all(bool(jnp.all(jnp.isfinite(k))) for k in kernels)
        if float(truncation) > TRUNCATION_LIMIT:
            raise EnclosureError(
                f"The kernel's series would be off by up to {float(truncation):.1e} of its size at these inputs, "
                f"W_std = {W_std} and b_std = {b_std}. Scale the inputs down, or choose smaller W_std and b_std."
            )
        if not finite:
            raise DivergentExpectationError(
                f"The kernel is not finite at these inputs, W_std = {W_std} and b_std = {b_std}: a variance has "
                f"outgrown the activation's expectations, or the range of {x1.dtype}. Scale the inputs down, or "
                "choose smaller W_std and b_std."
            )
        return Kernels(*(np.asarray(k) for k in kernels)) if plain else kernels

    def _attempts(self, x1: Any, x2: Any, scales: Scales) -> tuple[tuple[Kernels, Any], Resolution]:
        q = np.concatenate([np.mean(np.square(np.asarray(x)), axis=1) for x in (x1, x2) if x is not None])
        start = LADDER.index(resolve(self.compiled, q, scales))
        for resolution in LADDER[start:]:
            found = self._at(resolution)(x1, x2, scales)
            if found[1] <= ENOUGH[str(q.dtype)]:
                break
        return found, resolution

    def _at(self, resolution: Resolution) -> Any:
        if resolution not in self._functions:
            kernel = dataclasses.replace(self.compiled, resolution=resolution)

            def evaluate(x1: Any, x2: Any, scales: Scales) -> tuple[Kernels, Any]:
                *kernels, truncation = kernel.symmetric(x1, scales) if x2 is None else kernel.pairs(x1, x2, scales)
                return Kernels(*kernels), truncation

            self._functions[resolution] = jax.jit(evaluate)
        return self._functions[resolution]
