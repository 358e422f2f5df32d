"""Kernels of finite networks, drawn exactly in law and without their n × n matrices.

Write Ŵ = [W, b] for a layer's parameters and ĥ = [σ_w h/√n; σ_b] for what enters it, one column an input, so that
z = Ŵ ĥ for all k inputs at once. A Gaussian matrix can be drawn as it is asked:

- forward: ĥ = Q R with orthonormal Q. Ξ = Ŵ Q has independent N(0, 1) entries, and z = Ξ R: n·k of them, not n²;
- backward: given the whole forward pass the Ŵ of all layers are independent, and each is Ξ Qᵀ plus an
  independent Gaussian matrix on the complement of Q. For the gradients D = φ′(z) ⊙ g, with D = Q_D R_D,
  Ŵᵀ D = Q (Ξᵀ D) + (I - Q Qᵀ) ζ R_D in law, ζ of independent N(0, 1).

So the gradients depend on the forward pass exactly as they do in the network, at every width. The NTK is
Σ_l C_l with C_l = (ĥ_lᵀ ĥ_l) ⊙ (D_lᵀ D_l). Cost O(n k²) a layer. The usual shortcut, fresh weights in the
backward pass, drops the first term; it is right only as n → ∞ (Yang 2020, "gradient independence").

Neurons come in slabs of fixed length, cut into blocks; a network owns several neighbouring blocks. Which ones is
data, not shape, and so one compilation serves all widths that are multiples of 64.
"""

from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ntk_theory.activation import Activation
from ntk_theory.errors import DataError
from ntk_theory.printing import elementwise
from ntk_theory.sampling.chain import Chain, chain_of, check_count, check_dtype, check_inputs
from ntk_theory.sampling.devices import on_all_devices
from ntk_theory.sampling.normals import standard_normal, threefry_key

if TYPE_CHECKING:
    from ntk_theory.network import Network

_BLOCK = 64  # neurons that are summed at once; widths that are multiples of it share one compilation
_SLAB = 2**14  # neurons of a slab: its arrays stay in the cache
_CALL = 2**18  # neurons drawn by one call of the compiled function
_DEPENDENT = 8  # a remainder of fewer roundings of the column's own length lies in the span of those before it


class Draws(NamedTuple):
    """Independent networks, one a row, on the same k inputs. float32 unless asked otherwise.

    `nngp` is σ_w² h·h′/n + σ_b² of the last hidden layer; `ntk` the whole NTK; `ntk_layers` what each dense
    layer's parameters add to it, first layer first; `outputs` the network's values. All of one network belong
    together: their joint law is the network's.
    """

    nngp: Float[np.ndarray, "count k k"]
    ntk: Float[np.ndarray, "count k k"]
    ntk_layers: Float[np.ndarray, "count layers k k"]
    outputs: Float[np.ndarray, "count k"]


_einsum = partial(jnp.einsum, precision=jax.lax.Precision.HIGHEST)  # a GPU would round to ten bits otherwise


class _Vectors(NamedTuple):
    """k vectors for each network: their entries on neurons, and the one on the bias."""

    neurons: Float[Array, "blocks k size"]
    bias: Float[Array, "networks k"]


class _Given(NamedTuple):
    """What is drawn for a layer, and (σ_w, σ_b) of the one that follows; several layers have an axis in front."""

    Xi: Float[Array, "blocks k size"]
    zeta: Float[Array, "blocks k size"]
    zeta_bias: Float[Array, "networks k"]
    scales: Float[Array, "2"]


class _Layer(NamedTuple):
    """One forward step, as the backward step needs it: z = Ξ R, and ĥ = Q R′ that follows."""

    R: Float[Array, "networks k k"]
    z: Float[Array, "blocks k size"]
    Q: _Vectors


def draw_kernels(
    net: "Network",
    x: Float[Array | np.ndarray, "k features"],
    width: int,
    count: int,
    key: Array,
    *,
    dtype: Any = np.float32,
    processes: bool = False,
) -> Draws:
    """`count` independent networks of hidden width `width` on the inputs x, exactly in law, as `Draws`.

    The same key and width give the same networks, and the first of them whatever `count` is. A network of width
    10^6 is as good as one of width 8; time and memory grow like n, not n². All local devices share the work, and
    with `processes=True` all processes of `jax.distributed`: call it in every one of them, and every one gets all.

    Raises `NtkTheoryError` for a network that is not Dense, Nonlinearity, …, Dense with one output;
    `DivergentExpectationError` for an activation with a jump, whose NTK is infinite; `ShapeError` and
    `DataError` for inputs, width or count that can't be used, and for networks that overflow `dtype`.
    """
    inputs = check_inputs(x)
    check_count("width", width)
    check_count("count", count)
    chain, kind = chain_of(net), check_dtype(dtype)
    with jax.enable_x64(kind == np.float64):
        root = jax.random.fold_in(threefry_key(key), width)
        return check_draws(_draw(chain, inputs, width, count, root, kind, processes), width, kind)


def check_draws(draws: Draws, width: int, dtype: np.dtype[Any]) -> Draws:
    """The draws. Raises `DataError` where one is not finite."""
    if not all(np.isfinite(part).all() for part in draws):
        raise DataError(
            f"Networks of width {width} overflow {dtype}: a kernel is not finite. Ask for dtype=numpy.float64, or "
            "a smaller W_std or depth."
        )
    return draws


def _draw(
    chain: Chain, x: np.ndarray, width: int, count: int, key: Array, dtype: np.dtype[Any], processes: bool
) -> Draws:
    size = _BLOCK if width % _BLOCK == 0 else width
    blocks = max(_SLAB, width) // size
    networks = blocks * size // width
    slabs = max(1, _CALL // (blocks * size))
    owner = np.minimum(np.arange(blocks) * size // width, networks)  # blocks left over go to one that is dropped
    first = _first_factor(chain, x).astype(dtype)
    scales = np.array([chain.W_std, chain.b_std], dtype)
    drawn = on_all_devices(
        _sampler(chain.activations, blocks, size),
        -(-count // networks),
        slabs,
        key,
        jnp.asarray(owner),
        jnp.asarray(width, dtype),
        scales,
        first,
        processes=processes,
    )
    return Draws(*(part[:, :networks].reshape(-1, *part.shape[2:])[:count] for part in drawn))


def _first_factor(chain: Chain, x: np.ndarray) -> np.ndarray:
    """R of [σ_w x/√n₀; σ_b] = Q R, of shape (k, k)."""
    k, features = x.shape
    columns = np.concatenate([chain.W_std[0] / np.sqrt(features) * x, np.full((k, 1), chain.b_std[0])], axis=1).T
    R = np.linalg.qr(columns, mode="r")
    return np.concatenate([R, np.zeros((k - len(R), k))])


@lru_cache(maxsize=64)
def _sampler(activations: tuple[Activation, ...], blocks: int, size: int) -> Any:
    """What is compiled: slab indices to draws of (slabs, blocks + 1) networks, some of them unused."""
    functions = [(elementwise(phi), elementwise(phi.derivative)) for phi in activations]

    def slabs(indices: Array, key: Array, owner: Array, width: Array, scales: Array, first: Array) -> Any:
        lanes = _Lanes(owner, blocks + 1, size)
        return jax.lax.map(
            lambda index: _networks(jax.random.fold_in(key, index), lanes, width, scales, first, functions),
            indices,
        )

    return slabs


@dataclass(frozen=True)
class _Lanes:
    """Which network each block of neurons belongs to."""

    owner: Int[Array, "blocks"]
    networks: int
    size: int

    def total(self, sums: Float[Array, "blocks ka kb"]) -> Float[Array, "networks ka kb"]:
        """Each network's sum over its blocks."""
        zeros = jnp.zeros((self.networks, *sums.shape[1:]), sums.dtype)
        return zeros.at[self.owner].add(sums, indices_are_sorted=True)

    def products(self, a: Float[Array, "blocks ka size"], b: Float[Array, "blocks kb size"]) -> Array:
        """aᵀb over each network's neurons."""
        return self.total(_einsum("nis,njs->nij", a, b))

    def inner(self, a: _Vectors, b: _Vectors) -> Float[Array, "networks ka kb"]:
        """aᵀb with the bias's entry."""
        return self.products(a.neurons, b.neurons) + a.bias[:, :, None] * b.bias[:, None]

    def mix(self, a: Float[Array, "blocks ka size"], coefficients: Float[Array, "networks ka kb"]) -> Array:
        """The vectors a c on the neurons, for each network's matrix c."""
        return _einsum("nis,nij->njs", a, coefficients[self.owner])

    def combine(self, a: _Vectors, coefficients: Float[Array, "networks ka kb"]) -> _Vectors:
        """a c, with the bias's entry."""
        return _Vectors(self.mix(a.neurons, coefficients), _einsum("ni,nij->nj", a.bias, coefficients))


def _networks(
    key: Array, lanes: _Lanes, width: Array, scales: Array, first: Array, functions: list[Any]
) -> tuple[Array, Array, Array, Array]:
    """One slab of networks: nngp, ntk, ntk_layers, outputs, the networks first."""
    depth, k, dtype = len(functions), first.shape[0], first.dtype
    on_neurons, on_networks = jax.random.split(key)  # all numbers at once: one generator to compile, long vectors
    Xi, zeta = standard_normal(on_neurons, (2, depth, len(lanes.owner), k, lanes.size), dtype)
    on_biases = standard_normal(on_networks, (depth + 1, lanes.networks, k), dtype)
    readout, given = on_biases[0], _Given(Xi, zeta, on_biases[1:], scales[:, 1:].T)

    def forward(phi: Any, R: Array, here: _Given) -> tuple[Array, _Layer]:
        z = lanes.mix(here.Xi, R)
        bias = jnp.full((lanes.networks, k), here.scales[1], dtype)
        Q, after = _orthonormal(lanes, _Vectors(here.scales[0] / jnp.sqrt(width) * phi(z), bias))
        return after, _Layer(R, z, Q)

    R, passed = jnp.broadcast_to(first, (lanes.networks, k, k)), []
    for start, stop in _runs(functions):  # layers alike are compiled once
        here = jax.tree.map(lambda part, start=start, stop=stop: part[start:stop], given)
        R, run = jax.lax.scan(partial(forward, functions[start][0]), R, here)
        passed.append((functions[start][1], here, run))
    nngp, outputs = _gram(R), _einsum("ni,nij->nj", readout, R)

    def backward(slope: Any, carry: tuple[Array, Array], layer: tuple[_Given, _Layer]) -> tuple[Any, Array]:
        (products, factor), (here, (R, z, Q)) = carry, layer
        count = factor.shape[-1]  # one gradient for all inputs at the readout, then one for each
        normals = _Vectors(here.zeta[:, :count], here.zeta_bias[:, :count])
        g = _transposed_product(lanes, Q, products, normals, factor)
        D = slope(z) * (here.scales[0] / jnp.sqrt(width) * g)
        factor = _orthonormal(lanes, _Vectors(D, jnp.zeros((lanes.networks, k), dtype)))[1]
        return (lanes.products(here.Xi, D), factor), _gram(R) * _gram(factor)

    contributions = [nngp[None]]
    carry = readout[:, :, None], jnp.ones((lanes.networks, 1, 1), dtype)
    if passed:
        slope, *last = passed.pop()
        carry, own = backward(slope, carry, jax.tree.map(lambda part: part[-1], tuple(last)))
        contributions.append(own[None])
        passed.append((slope, *jax.tree.map(lambda part: part[:-1], tuple(last))))
    for slope, *run in reversed(passed):
        carry, own = jax.lax.scan(partial(backward, slope), carry, tuple(run), reverse=True)
        contributions.append(own)
    ntk_layers = jnp.concatenate(contributions[::-1]).swapaxes(0, 1)
    return nngp, ntk_layers.sum(1), ntk_layers, outputs


def _runs(functions: list[Any]) -> list[tuple[int, int]]:
    """Where neighbouring layers with one activation start and stop."""
    changes = [i for i in range(1, len(functions)) if functions[i] != functions[i - 1]]
    return list(pairwise([0, *changes, len(functions)])) if functions else []


def _transposed_product(
    lanes: _Lanes, Q: _Vectors, products: Float[Array, "networks k kd"], normals: _Vectors, factor: Array
) -> Float[Array, "blocks kd size"]:
    """Wᵀ D of Ŵᵀ D = Q (Ξᵀ D) + (I - Q Qᵀ) ζ R_D, from the `products` Ξᵀ D, the `normals` ζ, the `factor` R_D."""
    fresh = lanes.combine(normals, factor)
    return fresh.neurons + lanes.mix(Q.neurons, products - lanes.inner(Q, fresh))


def _orthonormal(lanes: _Lanes, vectors: _Vectors) -> tuple[_Vectors, Float[Array, "networks k k"]]:
    """vectors = Q R by Gram-Schmidt, each column projected twice; a dependent column of Q is zero.

    Not by Cholesky of the Gram matrix: in float32 that gives a visibly wrong law for deep logistic networks.
    """
    k, rounding = vectors.bias.shape[-1], _DEPENDENT * float(np.finfo(vectors.bias.dtype).eps)

    def add_column(j: Array, state: tuple[_Vectors, Array]) -> tuple[_Vectors, Array]:
        Q, R = state
        column = _Vectors(*(jax.lax.dynamic_slice_in_dim(part, j, 1, 1) for part in vectors))
        length = jnp.sqrt(lanes.inner(column, column))
        coefficients = jnp.zeros((lanes.networks, k, 1), R.dtype)
        for _ in range(2):
            parallel = lanes.inner(Q, column)
            projection = lanes.combine(Q, parallel)
            column = _Vectors(column.neurons - projection.neurons, column.bias - projection.bias)
            coefficients += parallel
        rest = jnp.sqrt(lanes.inner(column, column))
        independent = rest > rounding * length
        column = lanes.combine(column, jnp.where(independent, 1 / jnp.where(independent, rest, 1), 0))
        coefficients = jax.lax.dynamic_update_slice_in_dim(coefficients, jnp.where(independent, rest, 0), j, 1)
        Q = _Vectors(
            *(
                jax.lax.dynamic_update_slice_in_dim(whole, part, j, 1)
                for whole, part in zip(Q, column, strict=True)
            )
        )
        return Q, jax.lax.dynamic_update_slice_in_dim(R, coefficients, j, 2)

    nothing = _Vectors(jnp.zeros_like(vectors.neurons), jnp.zeros_like(vectors.bias))
    return jax.lax.fori_loop(0, k, add_column, (nothing, jnp.zeros((lanes.networks, k, k), vectors.bias.dtype)))


def _gram(R: Float[Array, "networks k k"]) -> Float[Array, "networks k k"]:
    return _einsum("nij,nil->njl", R, R)
