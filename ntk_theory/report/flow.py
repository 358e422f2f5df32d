"""Section 5 of the report: one wide network's training against gradient flow in closed form, from the same f_0.

f_t(x) = f_0(x) - Θ(x, X) Θ⁻¹ [I - e^{-Θt}] (f_0(X) - y), once with the infinitely wide network's Θ, once with
the network's own Θ at its start: the first differs from the network by what initialization scatters, O(1/√n),
the second by what training moves, O(1/n).
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ntk_theory.dynamics import spectrum, trajectory
from ntk_theory.dynamics.training import train
from ntk_theory.network import Network, mlp
from ntk_theory.report.data import Dataset
from ntk_theory.sampling.plain import layer_contributions

SHOWN = 4


@dataclass(frozen=True)
class Flow:
    """How near the closed form comes: root mean squares over test inputs, relative to how far f moved."""

    activation: str
    W_var: float
    b_var: float
    width: int
    train: int
    test: int
    steps: int
    step_times_largest: float
    infinite_distance: float
    own_distance: float
    largest_distance: float
    start_rms: float


@dataclass(frozen=True)
class Paths:
    """What the figure draws. Times are in units of 1/λ_max of the infinite Θ(X, X)."""

    times: Float[np.ndarray, "records"]
    network: Float[np.ndarray, "records shown"]
    curve_times: Float[np.ndarray, "grid"]
    curve: Float[np.ndarray, "grid shown"]
    targets: Float[np.ndarray, "shown"]
    infinite_distance: Float[np.ndarray, "records"]
    own_distance: Float[np.ndarray, "records"]


def binary_targets(data: Dataset) -> Float[np.ndarray, "n 1"]:
    """One output: +1 for the classes of even number, -1 for the odd ones."""
    return 1.0 - 2.0 * (data.labels[:, None] % 2)


def flow(
    name: str,
    W_var: float,
    b_var: float,
    *,
    depth: int,
    trained: Dataset,
    tested: Dataset,
    width: int,
    steps: int,
    seed: int,
) -> tuple[Flow, Paths]:
    """Train one network, and compute its path in closed form from its own f_0."""
    net = mlp(name, depth=depth, W_std=W_var**0.5, b_std=b_var**0.5)
    y, n = binary_targets(trained), len(trained.x)
    both = np.concatenate([trained.x, tested.x])
    records = np.unique(np.round(np.geomspace(1, steps, 30)).astype(int)).tolist()
    # Descent strays from the flow by at most 0.18 η λ of a mode's amplitude: with η λ_max = 0.05, under 1%.
    path = train(net, trained.x, y, both, seed=seed, width=width, steps=records, step_fraction=0.025)
    outputs = path.test_outputs[0].astype(np.float64)
    infinite = net.kernel_fn(both, get="ntk")
    own = _own_ntk(net, both, seed=seed, width=width)
    top = float(spectrum(infinite[:n, :n]).eigenvalues[-1])

    def closed(gram: Float[np.ndarray, "n n"], times: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t all 1"]:
        return trajectory(gram[:n, :n], gram[:, :n], outputs[0, :n], outputs[0], y, times)

    moved = np.sqrt(((outputs[-1, n:] - outputs[0, n:]) ** 2).mean())
    distances = [
        np.sqrt(((closed(gram, path.times)[:, n:] - outputs[:, n:]) ** 2).mean(axis=(1, 2))) / moved
        for gram in (infinite, own)
    ]
    shown = n + _spread(outputs[-1, n:, 0] - outputs[0, n:, 0])
    grid = np.geomspace(path.step_size / 3, path.times[-1], 200)
    result = Flow(
        activation=name,
        W_var=W_var,
        b_var=b_var,
        width=width,
        train=n,
        test=len(tested.x),
        steps=steps,
        step_times_largest=path.step_size * path.largest_eigenvalue,
        infinite_distance=float(distances[0][-1]),
        own_distance=float(distances[1][-1]),
        largest_distance=float(distances[0].max()),
        start_rms=float(np.sqrt((outputs[0] ** 2).mean())),
    )
    paths = Paths(
        times=path.times * top,
        network=outputs[:, shown, 0],
        curve_times=grid * top,
        curve=closed(infinite, grid)[:, shown, 0],
        targets=binary_targets(tested)[shown - n, 0],
        infinite_distance=distances[0],
        own_distance=distances[1],
    )
    return result, paths


def _own_ntk(
    net: Network, x: Float[np.ndarray, "n features"], *, seed: int, width: int
) -> Float[np.ndarray, "n n"]:
    """Θ of the network that `train` starts from with this seed."""
    inputs = jnp.asarray(x, jnp.float32)
    params = net.init(jax.random.split(jax.random.key(seed), 1)[0], inputs.shape, width=width)
    own = np.asarray(layer_contributions(net, params, inputs).sum(axis=0), np.float64)
    return (own + own.T) / 2


def _spread(moves: Float[np.ndarray, "test"]) -> np.ndarray:
    """Inputs whose outputs moved by different amounts, from most down to most up."""
    order = np.argsort(moves)
    return order[np.linspace(0, len(order) - 1, min(SHOWN, len(order))).astype(int)]
