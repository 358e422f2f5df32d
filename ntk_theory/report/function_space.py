"""Function space: where training takes networks of two widths, beside the one path of the infinitely wide network.

Networks descend on ½Σ|f - f_0 - y|², so that all start at 0. With Θ fixed each component of the residual along an
eigenvector of Θ(X, X) shrinks by its own factor, (1 - ηλ_i)^k after k steps: in a plane of two logarithms that is
a straight line, of the slope log(1 - ηλ_j)/log(1 - ηλ_i), the same for every network. A narrow network leaves it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ntk_theory.dynamics import GradientDescent, predict, spectrum, trajectory
from ntk_theory.dynamics.training import train
from ntk_theory.network import mlp
from ntk_theory.report.data import Dataset
from ntk_theory.report.flow import binary_targets

RECORDS = 36


@dataclass(frozen=True)
class Strayed:
    """Root mean square over members and test inputs of |f - f_kernel| at the end, relative to f_kernel's."""

    width: int
    members: int
    steps: int
    distance: float


@dataclass(frozen=True)
class FunctionSpace:
    """What the figure draws, a list entry a width: outputs on two test inputs, and two components of the residual.

    `kernel` and `networks` are paths in the plane of two outputs; `straight` and `bent` the residual's components
    along eigenvectors of the given `ranks`, relative to their start.
    """

    widths: tuple[int, ...]
    ranks: tuple[int, int]
    eigenvalue_ratio: float
    kernel: list[Float[np.ndarray, "records 2"]]
    networks: list[Float[np.ndarray, "members records 2"]]
    straight: list[Float[np.ndarray, "records 2"]]
    bent: list[Float[np.ndarray, "members records 2"]]


def function_space(
    name: str,
    W_var: float,
    b_var: float,
    *,
    depth: int,
    trained: Dataset,
    tested: Dataset,
    widths: tuple[int, int],
    members: int,
    steps: int,
    seed: int,
) -> tuple[tuple[Strayed, ...], FunctionSpace]:
    """Train `members` networks of each width on ±1 targets, and compute the kernel's path."""
    net = mlp(name, depth=depth, W_std=W_var**0.5, b_std=b_var**0.5)
    y, n = binary_targets(trained), len(trained.x)
    both = np.concatenate([trained.x, tested.x])
    gram = net.kernel_fn(both, trained.x, get="ntk")
    within = spectrum((gram[:n] + gram[:n].T) / 2)
    fast, slow = _modes(within.eigenvalues, np.abs(within.rotate(y)[:, 0]))
    records = np.unique(np.round(np.geomspace(1, steps, RECORDS)).astype(int)).tolist()
    found = FunctionSpace(
        widths,
        (n - fast, n - slow),
        float(within.eigenvalues[fast] / within.eigenvalues[slow]),
        [], [], [], [],
    )  # fmt: skip
    strayed, shown, step_size = [], None, None
    for width in sorted(widths):
        # the narrowest network is the steepest: its step is small enough for all
        path = train(
            net, trained.x, y, both, seed=seed, width=width, steps=records, members=members,
            step_fraction=0.2, step_size=step_size, centred=True,
        )  # fmt: skip
        step_size = path.step_size
        outputs = path.test_outputs[..., 0].astype(np.float64)
        zeros = np.zeros_like(y)
        kernel = trajectory(
            within, gram, zeros, np.zeros((len(both), 1)), y, path.steps, optimizer=GradientDescent(step_size)
        )[..., 0]
        if shown is None:
            shown = n + np.array([kernel[-1, n:].argmin(), kernel[-1, n:].argmax()])
        size = np.sqrt((kernel[-1, n:] ** 2).mean())
        distance = float(np.sqrt(((outputs[:, -1, n:] - kernel[-1, n:]) ** 2).mean()) / size)
        strayed.append(Strayed(width, members, steps, distance))
        found.kernel.append(kernel[:, shown])
        found.networks.append(outputs[:, :, shown])
        for residual, where in (
            (kernel[:, :n] - y[:, 0], found.straight),
            (outputs[..., :n] - y[:, 0], found.bent),
        ):
            rotated = (residual @ within.eigenvectors)[..., [fast, slow]]
            where.append(rotated / rotated[..., :1, :])
    return tuple(strayed), found


def _modes(eigenvalues: Float[np.ndarray, "n"], share: Float[np.ndarray, "n"]) -> tuple[int, int]:
    """Two eigenvectors that the targets have much of: one among the first five, one at least twice as slow."""
    n = len(eigenvalues)
    fast = max(range(max(0, n - 5), n), key=lambda i: share[i])
    slower = [i for i in range(fast) if eigenvalues[i] < eigenvalues[fast] / 2] or [max(fast - 1, 0)]
    return fast, max(slower, key=lambda i: share[i])


@dataclass(frozen=True)
class Film:
    """Training on the circle, in frames: the infinitely wide ensemble's mean and deviation, and single networks.

    Inputs are (cos γ, sin γ)·√2 for `angles` γ; `points` are the training inputs' angles and targets.
    """

    width: int
    times: Float[np.ndarray, "frames"]
    angles: Float[np.ndarray, "grid"]
    points: Float[np.ndarray, "train 2"]
    mean: Float[np.ndarray, "frames grid"]
    std: Float[np.ndarray, "frames grid"]
    networks: Float[np.ndarray, "members frames grid"]


def film(name: str, W_var: float, b_var: float, *, depth: int, width: int, seed: int, frames: int = 26) -> Film:
    """Five points on the circle, learned by the ensemble in closed form and by three networks in steps."""
    net = mlp(name, depth=depth, W_std=W_var**0.5, b_std=b_var**0.5)
    points = np.array([[-2.5, 1.4], [-1.4, -1.2], [-0.1, 1.0], [0.9, -0.7], [2.2, 1.6]])
    angles = np.linspace(-np.pi, np.pi, 53)
    x, grid = (np.sqrt(2) * np.stack([np.cos(a), np.sin(a)], axis=1) for a in (points[:, 0], angles))
    steps = np.unique(np.round(np.geomspace(1, 400, frames)).astype(int))
    path = train(
        net, x, points[:, 1:], grid, seed=seed, width=width, steps=steps.tolist(), members=3, step_fraction=0.1
    )
    law = predict(net, x, points[:, 1], grid, t=path.times)
    networks = path.test_outputs[..., 0].astype(np.float64)
    return Film(width, path.times, angles, points, law.mean, law.std, networks)
