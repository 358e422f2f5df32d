"""The learning curve of finite networks beside the one that the kernel predicts, in all and per eigenmode.

With e = f - y, Θ = U diag(λ) Uᵀ and r_t(λ) = 1 - λ g_t(λ) of the optimizer (see `ntk_theory.dynamics.optimizer`),
    u_i·e_t = r_t(λ_i) u_i·e_0,
so that the loss is a sum of n curves, each known from the start (Jacot, Gabriel & Hongler 2018, section 5). From a
network's own f_0 they are numbers; over initializations E|u_i·e_0|² = |u_i·y|² + u_iᵀK u_i for each output.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import ArrayLike, Float, Int

from ntk_theory.dynamics.gradient_flow import ensemble, trajectory
from ntk_theory.dynamics.optimizer import GradientDescent, GradientFlow, Optimizer
from ntk_theory.dynamics.spectrum import Spectrum, spectrum
from ntk_theory.dynamics.training import train
from ntk_theory.errors import DataError, ShapeError
from ntk_theory.network import Network


@dataclass(frozen=True)
class LearningCurve:
    """Mean squared errors of `members` networks of one `width` at the recorded `steps`, and the kernel's.

    `train` and `test` are the networks', a row a member; `kernel_train` and `kernel_test` the closed form from a
    member's own f_0; `expected_train` and `expected_test` its mean over initializations, without any network.
    `modes[r, i]` is |u_i·e|² per point and output at record r, λ_i descending, the members' mean; `kernel_modes`
    the closed form's: summed over i, the training error. `kernel_outputs` and `outputs` are f on the test points
    at the last record, of each member.
    """

    width: int
    steps: Int[np.ndarray, "records"]
    step_size: float
    flow: Spectrum
    train: Float[np.ndarray, "members records"]
    test: Float[np.ndarray, "members records"]
    kernel_train: Float[np.ndarray, "members records"]
    kernel_test: Float[np.ndarray, "members records"]
    expected_train: Float[np.ndarray, "records"]
    expected_test: Float[np.ndarray, "records"]
    modes: Float[np.ndarray, "records n"]
    kernel_modes: Float[np.ndarray, "records n"]
    outputs: Float[np.ndarray, "members test out"]
    kernel_outputs: Float[np.ndarray, "members test out"]

    @property
    def times(self) -> Float[np.ndarray, "records"]:
        """The times of gradient flow at the recorded steps."""
        return self.steps * self.step_size

    @property
    def distance(self) -> float:
        """|f - f_kernel|/|f_kernel - f_kernel's mean over points| on the test points, at the end."""
        spread = self.kernel_outputs - self.kernel_outputs.mean(axis=1, keepdims=True)
        return float(np.linalg.norm(self.outputs - self.kernel_outputs) / np.linalg.norm(spread))


def learning_curve(
    net: Network,
    x_train: Float[ArrayLike, "train features"],
    y_train: Float[ArrayLike, "train out"],
    x_test: Float[ArrayLike, "test features"],
    y_test: Float[ArrayLike, "test out"],
    *,
    width: int,
    steps: int | Sequence[int],
    get: Literal["ntk", "nngp"] = "ntk",
    flow: bool = False,
    momentum: float = 0.0,
    step_fraction: float = 0.5,
    members: int = 1,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> LearningCurve:
    """Train networks by full-batch descent on ½Σ|f - y|² and predict their curves from Θ and f_0.

    `get="ntk"` trains all parameters, "nngp" the readout alone. The prediction is descent's own, step by step, or
    with `flow` gradient flow's at t = step · step size, which needs momentum 0 and a small `step_fraction` of the
    bound 2(1 + momentum)/λ_max. `steps` as in `ntk_theory.dynamics.training.train`, which also says what
    `progress` is. Raises `ShapeError` and `DataError` as it does.
    """
    if get not in ("ntk", "nngp"):
        raise DataError(f'get = {get!r} is not known: "ntk" trains all parameters, "nngp" the readout.')
    if flow and momentum:
        raise DataError(f"momentum = {momentum}: gradient flow has none. Predict descent, or leave it out.")
    if not 0 < step_fraction < 1:
        raise DataError(f"step_fraction = {step_fraction} must lie in (0, 1).")
    GradientDescent(step_fraction, momentum)  # says what is wrong with a momentum before anything is computed
    x, y, x_new, y_new = (np.asarray(a, np.float64) for a in (x_train, y_train, x_test, y_test))
    if y_new.ndim != 2 or len(y_new) != len(x_new) or y_new.shape[1:] != y.shape[1:]:
        raise ShapeError(f"y_test has shape {y_new.shape}; expected ({len(x_new)}, {y.shape[-1]}).")
    names: tuple[str, ...] = ("nngp", "ntk") if get == "ntk" else ("nngp",)
    within, across = net.kernel_fn(x, get=names), net.kernel_fn(x_new, x, get=names)
    decomposed = spectrum(getattr(within, get))
    real = train(
        net, x, y, x_new, seed=seed, width=width, steps=steps, members=members, step_fraction=step_fraction,
        momentum=momentum, readout=get == "nngp", progress=progress,
    )  # fmt: skip
    optimizer: Optimizer = GradientFlow() if flow else GradientDescent(real.step_size, momentum)
    times = real.times if flow else real.steps.astype(np.float64)
    outputs, outputs_test = (a.astype(np.float64) for a in (real.train_outputs, real.test_outputs))

    def closed(gram: Float[np.ndarray, "m n"], start: Float[np.ndarray, "members m out"]) -> np.ndarray:
        """members × records × m × out: the members' outputs, side by side, are one regression."""
        own, new = _side_by_side(outputs[:, 0]), _side_by_side(start)
        path = trajectory(decomposed, gram, own, new, np.tile(y, members), times, optimizer=optimizer)
        return path.reshape(len(times), len(gram), members, -1).transpose(2, 0, 1, 3)

    kernel, kernel_test = (
        closed(getattr(within, get), outputs[:, 0]),
        closed(getattr(across, get), outputs_test[:, 0]),
    )
    nngp_new = net.kernel_fn(x_new, get="nngp")
    expected = [
        _expected(decomposed, gram, within.nngp, nngp_gram, prior, y, target, times, optimizer)
        for gram, nngp_gram, prior, target in (
            (getattr(within, get), within.nngp, within.nngp, y),
            (getattr(across, get), across.nngp, nngp_new, y_new),
        )
    ]
    return LearningCurve(
        width=width,
        steps=real.steps,
        step_size=real.step_size,
        flow=decomposed,
        train=((outputs - y) ** 2).mean(axis=(2, 3)),
        test=((outputs_test - y_new) ** 2).mean(axis=(2, 3)),
        kernel_train=((kernel - y) ** 2).mean(axis=(2, 3)),
        kernel_test=((kernel_test - y_new) ** 2).mean(axis=(2, 3)),
        expected_train=expected[0],
        expected_test=expected[1],
        modes=_modes(decomposed, outputs - y),
        kernel_modes=_modes(decomposed, kernel - y),
        outputs=outputs_test[:, -1],
        kernel_outputs=kernel_test[:, -1],
    )


def mode_groups(n: int, *, factor: int = 4) -> list[slice]:
    """Ranks from the largest eigenvalue in groups that grow by `factor`: 1, 2 to 5, 6 to 21, …, to n."""
    edges = [0]
    while edges[-1] < n:
        edges.append(min(edges[-1] + factor ** (len(edges) - 1), n))
    return [slice(a, b) for a, b in pairwise(edges)]


def _side_by_side(outputs: Float[np.ndarray, "members n out"]) -> Float[np.ndarray, "n columns"]:
    return outputs.transpose(1, 0, 2).reshape(outputs.shape[1], -1)


def _modes(flow: Spectrum, errors: Float[np.ndarray, "members records n out"]) -> Float[np.ndarray, "records n"]:
    rotated = np.einsum("ij,mrio->mrjo", flow.eigenvectors, errors, optimize=True)
    return (rotated**2).mean(axis=(0, 3))[:, ::-1] / errors.shape[2]


def _expected(
    flow: Spectrum,
    across: Float[np.ndarray, "m n"],
    nngp: Float[np.ndarray, "n n"],
    nngp_across: Float[np.ndarray, "m n"],
    prior: Float[np.ndarray, "m m"],
    y: Float[np.ndarray, "n out"],
    target: Float[np.ndarray, "m out"],
    times: Float[np.ndarray, "records"],
    optimizer: Optimizer,
) -> Float[np.ndarray, "records"]:
    """Bias squared plus variance of the ensemble, the mean over points and outputs, at each time."""
    means = []
    for time in times:
        law = ensemble(
            ntk_train=flow, ntk_test=across, nngp_train=nngp, nngp_test=nngp_across, nngp_prior=prior, y=y,
            t=float(time), optimizer=optimizer,
        )  # fmt: skip
        means.append(((law.mean - target) ** 2).mean() + (law.std**2).mean())
    return np.array(means)
