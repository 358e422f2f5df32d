"""Frozen layers strung together: one pure JAX function from two batches of inputs to their Gram matrices.

Layers that repeat are one body under `lax.scan`, so that the time to compile does not grow with depth. σ_w and σ_b
are arguments of that body: everything is also a function of them, of one number each or of one a layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ntk_theory.codegen import series
from ntk_theory.codegen.affine import affine_fold
from ntk_theory.codegen.angle import AngleMap
from ntk_theory.codegen.blocks import Block, rectangular_blocks, symmetric_blocks
from ntk_theory.codegen.closed import ClosedMap
from ntk_theory.codegen.collapse import Collapse, Domain, collapse, folded
from ntk_theory.codegen.expansion import Expansion
from ntk_theory.codegen.freeze import AffineMap, FrozenLayer, freeze_layer
from ntk_theory.codegen.inputs import Prepared, folds, norms_apart, prepare
from ntk_theory.codegen.norms import Rates, carried, difference, line_rates, rates
from ntk_theory.codegen.plain import plain_fold
from ntk_theory.codegen.scales import Scales, own, rounded
from ntk_theory.codegen.series import FINEST, Resolution
from ntk_theory.codegen.state import DiagonalState, PairState, along, correlation, product_root, sides
from ntk_theory.layers import Layer
from ntk_theory.special import root

_Pair = tuple[DiagonalState, DiagonalState, PairState]
Inputs = tuple[Prepared, DiagonalState]
"""A batch as it enters a network, and as it leaves it."""


@dataclass(frozen=True)
class Run:
    """`body`, a few layers, `times` times one after the other."""

    body: tuple[FrozenLayer, ...]
    times: int


@dataclass(frozen=True)
class CompiledKernel:
    """The compiled network: `diagonal` for single inputs, `pairs` for all pairs of two batches.

    `source` is the text that was generated, layer by layer. `resolution` is that of the series. `scales`, where a
    method is given them, are σ_w² and σ_b² in place of the layers' own. `wide` carries float32 inputs in double
    precision: over many layers their own would lose digits. It needs JAX's 64-bit mode.
    """

    layers: tuple[FrozenLayer, ...]
    resolution: Resolution = FINEST
    wide: bool = False

    @property
    def source(self) -> str:
        return "\n\n".join(f"# layer {i}\n{layer.source}" for i, layer in enumerate(self.layers, 1))

    @property
    def no_ntk(self) -> str:
        """Why there is no NTK, where an activation jumps; empty where there is one."""
        return next((layer.no_ntk for layer in self.layers if layer.no_ntk), "")

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The layers with their repetitions found."""
        return repetitions(self.layers)

    @cached_property
    def own_scales(self) -> Scales:
        """The numbers that the layers were made with."""
        return own(self.layers)

    def diagonal(self, x: Float[Array, "n features"], scales: Scales | None = None) -> DiagonalState:
        """The final q = Σ(x, x) and Θ(x, x) of each input."""
        return self.leaving(self.entering(x).q, scales)

    def symmetric(
        self, x: Float[Array, "n features"], scales: Scales | None = None
    ) -> tuple[Float[Array, "n n"], Float[Array, "n n"], Float[Array, ""]]:
        """Σ and Θ of all pairs of one batch; the diagonal comes from the map of single inputs, not through c."""
        prepared = self._inputs(x, scales)
        nngp, ntk, truncation = symmetric_blocks(partial(self._block, scales, x.dtype), prepared, x.dtype)
        return *with_diagonal(nngp, ntk, prepared[1]), truncation

    def pairs(
        self,
        x1: Float[Array, "n1 features"],
        x2: Float[Array, "n2 features"],
        scales: Scales | None = None,
    ) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"], Float[Array, ""]]:
        """Σ and Θ of all pairs, and the largest error of a series, relative to √(E f² E f²)."""
        block = partial(self._block, scales, x1.dtype)
        left, right = (self._inputs(x, scales) for x in (x1, x2))
        return rectangular_blocks(block, left, right, x1.dtype)

    def entering(self, x: Float[Array, "n features"]) -> Prepared:
        """Inputs as they enter."""
        prepared = prepare(x)
        if self.wide:
            # squares of float32 are exact in double precision
            within, scale = prepared.within.astype(float), prepared.scale.astype(float)
            q = jnp.mean(within * within, axis=-1) * scale * scale
            prepared = prepared._replace(q=q)
        return prepared

    def leaving(self, q: Float[Array, "n"], scales: Scales | None = None) -> DiagonalState:
        """The final states of inputs that enter with these variances."""
        return self._through(self._diagonal_step, DiagonalState(q, jnp.zeros_like(q)), scales)

    def _inputs(self, x: Float[Array, "n features"], scales: Scales | None) -> Inputs:
        # pairs that go layer by layer need double precision throughout; functions of the angle are as good without
        prepared = self.entering(x.astype(float) if self.wide and str(x.dtype) not in self.collapsed else x)
        return prepared, self.leaving(prepared.q, scales)

    def _block(
        self, scales: Scales | None, dtype: Any, x1: Inputs, x2: Inputs, distinct: Bool[Array, "n1 n2"] | None
    ) -> Block:
        (before1, left), (before2, right) = x1, x2
        fold = folds(before1, before2, distinct)
        # the factors of W drop out of both functions of the angle
        if (scales is None or scales.b_var is None) and str(fold.dtype) in self.collapsed:
            found = scaled(*self._of_angle(fold), left, right), jnp.zeros((), fold.dtype)
        else:
            _, _, state = self.states(before1.q, before2.q, fold, distinct, scales, norms_apart(before1, before2))
            nngp = correlation(state.fold) * product_root(left.q, right.q)
            found = (nngp, state.ntk), state.truncation
        return jax.tree.map(lambda v: v.astype(dtype), (*found[0], found[1]))

    @cached_property
    def _homogeneous(self) -> bool:
        return all(
            isinstance(layer.folds, AngleMap) or (isinstance(layer.folds, AffineMap) and not layer.b_std)
            for layer in self.layers
        )

    @cached_property
    def collapsed(self) -> dict[str, Collapse]:
        """The whole network as two functions of the angle in either precision, where it is that for all norms."""
        if not self._homogeneous or self.no_ntk or len(self.layers) < 2:
            return {}
        with jax.ensure_compile_time_eval(), jax.enable_x64(True):
            *values, _ = self.profile(np.array([1.0, 0.5, 0.25, 3.0]), folded(np.linspace(0, np.pi, 97)))
            if any(not np.max(np.abs(v - v[:, :1, :1])) <= 1e-12 for v in values):
                return {}
            domain = Domain(0.0, 0.0)
            fitted = {dtype: collapse(self.profile, domain, dtype) for dtype in ("float64", "float32")}
        return {dtype: whole.in_precision(dtype) for dtype, whole in fitted.items() if whole is not None}

    def _of_angle(self, fold: Float[Array, "n1 n2"]) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"]]:
        """c and Θ/√(ΘΘ) by their polynomials; their slopes layer by layer, where no digits are lost to 1/sin θ."""

        @jax.custom_jvp
        def of_angle(fold: Array) -> Any:
            any_norm = (jnp.zeros(size, fold.dtype) for size in fold.shape)
            return self.collapsed[str(fold.dtype)](fold, *any_norm)

        @of_angle.defjvp
        def _(primals: tuple[Array], tangents: tuple[Array]) -> Any:
            return of_angle(*primals), jax.jvp(self._normalised, primals, tangents)[1]

        return of_angle(fold)

    def _normalised(self, fold: Float[Array, "n1 n2"]) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"]]:
        first, second = (jnp.ones(size, fold.dtype) for size in fold.shape)
        left, right, state = self.states(first, second, fold, scales=self._unit_scales)
        return correlation(state.fold), state.ntk / product_root(left.ntk, right.ntk)

    @cached_property
    def _unit_scales(self) -> Scales:
        """W that keep a variance of 1 at 1 in every dense layer: nothing overflows at any depth."""
        W_var, q = [], 1.0
        with jax.ensure_compile_time_eval(), jax.enable_x64(True):
            for layer in self.layers:
                W_var.append(1 / q)
                q = 1.0 if layer.W_std is not None else float(layer.diagonal.function(q, 0.0, 1.0, 0.0)[0])
        return Scales(np.asarray(W_var), None)

    def profile(
        self, q: Float[np.ndarray, "n"], fold: Float[np.ndarray, "m"]
    ) -> tuple[Float[np.ndarray, "m n n"], Float[np.ndarray, "m n n"], float]:
        """c and Θ/√(ΘΘ) of all pairs of these variances, with each correlation, and the largest truncation."""
        found = self._jitted_profile(np.asarray(q), np.asarray(fold))
        c, ntk, truncation = map(np.asarray, found)
        return c, ntk, float(truncation)

    @cached_property
    def _jitted_profile(self) -> Any:
        scales = self._unit_scales if self._homogeneous else None

        def run(q: Array, fold: Array) -> Any:
            pairs = jnp.broadcast_to(fold[:, None, None], (fold.size, q.size, q.size))
            left, right, state = jax.vmap(self.states, (None, None, 0, None, None))(q, q, pairs, None, scales)
            scale = product_root(left.ntk[0], right.ntk[0])
            return correlation(state.fold), state.ntk / scale, jnp.max(state.truncation)

        return jax.jit(run)

    def states(
        self,
        q1: Float[Array, "n1"],
        q2: Float[Array, "n2"],
        fold: Float[Array, "n1 n2"],
        distinct: Bool[Array, "n1 n2"] | None = None,
        scales: Scales | None = None,
        apart: Float[Array, "n1 n2"] | None = None,
    ) -> tuple[DiagonalState, DiagonalState, PairState]:
        """The final states of inputs with variances q1 and q2, and of all pairs, from their folded correlations.

        Pairs that are not `distinct` are not wanted: they are carried as uncorrelated and bound no error. `apart`
        is ½ log(q1/q2), where it is known to more digits than q1 and q2 are.
        """

        def wanted(fold: Array) -> Array:
            return fold if distinct is None else jnp.where(distinct, fold, 1)

        left, right = (DiagonalState(q, jnp.zeros_like(q)) for q in (q1, q2))
        apart = difference(q1, q2) if apart is None else apart
        state = PairState(wanted(fold), apart, jnp.zeros_like(fold), jnp.zeros((), fold.dtype))

        def step(layer: FrozenLayer, scale: Scales, states: _Pair) -> _Pair:
            left, right, pair = states
            after = self._diagonal_step(layer, scale, left), self._diagonal_step(layer, scale, right)
            pair = self._pair_step(layer, scale, pair, left, right, *after)
            return *after, pair._replace(fold=wanted(pair.fold))

        return self._through(step, (left, right, state), scales)

    def node_variances(self, q: Float[Array, "n"], scales: Scales | None = None) -> Float[Array, "2"]:
        """The least and the largest variance at which a series is taken, over all layers, for inputs like q."""
        return self._jitted_node_variances(q, scales)

    @cached_property
    def _jitted_node_variances(self) -> Any:
        def step(
            layer: FrozenLayer, scale: Scales, states: tuple[DiagonalState, Array]
        ) -> tuple[DiagonalState, Array]:
            state, met = states
            taken = [node.variance.function(state.q) for node in (*layer.means, *layer.covariances)]
            if taken:
                here = jnp.stack(taken)
                met = jnp.stack([jnp.minimum(met[0], jnp.min(here)), jnp.maximum(met[1], jnp.max(here))])
            return self._diagonal_step(layer, scale, state), met

        def run(q: Array, scales: Scales | None) -> Array:
            start = DiagonalState(q, jnp.zeros_like(q))
            return self._through(step, (start, jnp.asarray([np.inf, 0.0], q.dtype)), scales)[1]

        return jax.jit(run)

    def _through(self, step: Any, state: Any, scales: Scales | None) -> Any:
        """`step`(layer, scale, state) from the first layer to the last, `scale` its entries of `scales`."""
        dtype = jax.tree.leaves(state)[0].dtype
        given: list[Any] = [
            mine if v is None else v for v, mine in zip(scales or (None,) * 2, self.own_scales, strict=True)
        ]
        start = 0
        for run in self.runs:
            shape = (run.times, len(run.body))
            end = start + run.times * len(run.body)
            exact = tuple(v[start:end].reshape(shape) for v in given)
            each = tuple(v.astype(dtype) for v in exact)
            start = end

            def body(state: Any, scale: tuple[Any, ...], run: Run = run) -> tuple[Any, None]:
                for k, layer in enumerate(run.body):
                    state = step(layer, Scales(*(v[k] for v in scale)), state)
                return state, None

            first = tuple(v[0] for v in each)
            if scales is None:
                first = [rounded(v, dtype) for v in exact[0][0]], first[1]
            if run.times == 1:
                state = body(state, first)[0]
            elif scales is None and all(bool(np.all(v == v[0])) for v in exact):
                at_first = partial(_ignoring_input, body, first)
                state = jax.lax.scan(at_first, state, length=run.times)[0]
            else:
                state = jax.lax.scan(body, state, each)[0]
        return state

    def _diagonal_step(self, layer: FrozenLayer, scale: Scales, state: DiagonalState) -> DiagonalState:
        means = [
            series.mean(node.integrand.function, node.variance.function(state.q), self.resolution, node.kink)
            for node in layer.means
        ]
        values = layer.diagonal.function(state.q, state.ntk, *scale, *means)
        return DiagonalState(*(jnp.broadcast_to(v, state.q.shape).astype(state.q.dtype) for v in values))

    def _pair_step(
        self,
        layer: FrozenLayer,
        scale: Scales,
        state: PairState,
        left: DiagonalState,
        right: DiagonalState,
        left_after: DiagonalState,
        right_after: DiagonalState,
    ) -> PairState:
        truncation = state.truncation
        expectations = []
        for node in layer.covariances:
            f, variance = node.integrand.function, node.variance.function
            a, b = (
                series.coefficients(f, variance(side.q), node.parity, self.resolution, node.kink)
                for side in (left, right)
            )
            value, error = series.covariance(a, b, state.fold)
            truncation = jnp.maximum(truncation, error)
            expectations.append(value)

        def printed(function: Any, fold: Array, theta: Array) -> Array:
            variances = left.q[:, None], right.q[None, :]
            value = function(*variances, *sides(fold), theta, *scale, *expectations)
            return jnp.broadcast_to(value, fold.shape).astype(fold.dtype)

        ntk = printed(layer.ntk.function, state.fold, state.ntk)
        chosen, at = layer.folds, state.fold
        derived = isinstance(chosen, AngleMap | ClosedMap | Expansion) and not layer.no_ntk
        if derived:
            at = jax.lax.stop_gradient(at)
        if not isinstance(chosen, AffineMap | Expansion):
            apart = self._apart_after(layer, scale, state.apart, (left, right), (left_after, right_after))
        if isinstance(chosen, AffineMap):
            A, B = chosen.parts.function(*scale)
            fold = affine_fold(state.fold, state.apart, left.q, right.q, A, B)
            apart = carried(state.apart, *(line_rates(A, B, side.q) for side in (left, right)))
        elif isinstance(chosen, AngleMap):
            some = (left_after.q > 0)[:, None] & (right_after.q > 0)[None, :]
            fold = jnp.where(some, chosen(at), 1)
        elif isinstance(chosen, Expansion):
            fold, apart, error = chosen(at, state.apart, left.q, right.q, self.resolution)
            truncation = jnp.maximum(truncation, error)
        elif isinstance(chosen, ClosedMap):
            fold = chosen(at, state.apart, apart, left.q, right.q, left_after.q, right_after.q)
        else:
            covariance = printed(chosen.covariance.function, state.fold, state.ntk)
            fold = plain_fold(covariance, left_after.q, right_after.q)
        if derived:
            # ∂c'/∂c = √(q₁q₂) K̇/√(V₁V₂), Price's theorem
            scale_after = product_root(left_after.q, right_after.q)
            slope = printed(layer.ntk.function, at, jnp.ones_like(ntk)) * product_root(left.q, right.q)
            slope = jnp.where(scale_after > 0, slope / jnp.where(scale_after > 0, scale_after, 1), 0)
            fold = fold + along(state.fold, jax.lax.stop_gradient(slope))
        return PairState(fold, apart, ntk, truncation)

    def _apart_after(
        self,
        layer: FrozenLayer,
        scale: Scales,
        apart: Float[Array, "n1 n2"],
        before: tuple[DiagonalState, DiagonalState],
        after: tuple[DiagonalState, DiagonalState],
    ) -> Float[Array, "n1 n2"]:
        def variance(q: Array) -> Array:
            return self._diagonal_step(layer, scale, DiagonalState(q, jnp.zeros_like(q))).q

        # both batches at once: the third derivative is long to compile
        q, reached = (jnp.concatenate([side.q for side in sides]) for sides in (before, after))
        count = len(before[0].q)
        found = rates(variance, q, reached)
        return carried(apart, Rates(*(v[:count] for v in found)), Rates(*(v[count:] for v in found)))


def scaled(
    c: Float[Array, "n1 n2"], ntk: Float[Array, "n1 n2"], left: DiagonalState, right: DiagonalState
) -> tuple[Float[Array, "n1 n2"], Float[Array, "n1 n2"]]:
    """Σ and Θ from c and Θ/√(ΘΘ), in their precision."""
    nngp, theta = ([root(v).astype(c.dtype) for v in pair] for pair in zip(left, right, strict=True))
    return c * (nngp[0][:, None] * nngp[1][None, :]), ntk * (theta[0][:, None] * theta[1][None, :])


def with_diagonal(
    nngp: Float[Array, "n n"], ntk: Float[Array, "n n"], single: DiagonalState
) -> tuple[Float[Array, "n n"], Float[Array, "n n"]]:
    """The matrices with q and Θ(x, x) on their diagonals."""
    pairs = zip((nngp, ntk), single, strict=True)
    nngp, ntk = (jnp.fill_diagonal(m, v.astype(m.dtype), inplace=False) for m, v in pairs)
    return nngp, ntk


def compile_network(layers: tuple[Layer, ...]) -> CompiledKernel:
    """Generate and compile the kernels of a sequence of layers. Raises what their equations raise."""
    frozen: dict[Layer, FrozenLayer] = {}
    for layer in layers:
        if layer not in frozen:
            frozen[layer] = freeze_layer(layer.equations)
    return CompiledKernel(tuple(frozen[layer] for layer in layers))


def repetitions(layers: Sequence[FrozenLayer], longest: int = 8) -> tuple[Run, ...]:
    """Runs of equal bodies of up to `longest` layers, found from the front, the one that covers most first."""
    found: list[Run] = []
    start = 0
    while start < len(layers):
        best = Run((layers[start],), 1)
        for size in range(1, longest + 1):
            body = tuple(layers[start : start + size])
            times = 1
            while tuple(layers[start + times * size : start + (times + 1) * size]) == body:
                times += 1
            if times > 1 and times * size > best.times * len(best.body):
                best = Run(body, times)
        found.append(best)
        start += best.times * len(best.body)
    return tuple(found)


def _ignoring_input(body: Any, scale: Any, state: Any, _: None) -> Any:
    return body(state, scale)
