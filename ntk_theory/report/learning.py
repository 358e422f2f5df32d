"""Section 3 of the report: kernels in three phases on the data, beside finite networks trained on the same split.

Kernel regression is the mean of the infinitely wide ensemble under gradient flow (NTK); the posterior is the
Gaussian process with the NNGP kernel, its noise and scale chosen by the evidence. The networks descend on
f - f_0, whose mean the kernel predicts at each time, so kernel and network are compared at one time as well
as the kernel at the end.
"""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from ntk_theory.dynamics import Spectrum, best_noise, calibration, posterior, spectrum, trajectory
from ntk_theory.dynamics.training import Training, train
from ntk_theory.network import Network, mlp
from ntk_theory.report.data import Dataset

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
PHASES = ("ordered", "critical", "chaotic")
Z_95 = 1.959964


@dataclass(frozen=True)
class NetworkLine:
    """Finite networks of one width, against the kernel at the time that their training reached.

    `accuracy` is the members' mean, `gap` the kernel's accuracy minus it; errors are 95% half-widths: of the
    gap over test inputs (paired) and members, of the accuracy likewise.
    """

    width: int
    members: int
    accuracy: float
    accuracy_error: float
    kernel_accuracy: float
    gap: float
    gap_error: float
    time: float
    distance: float


@dataclass(frozen=True)
class Posterior:
    """The Gaussian process with the NNGP kernel: accuracy, and whether its intervals are true."""

    accuracy: float
    accuracy_error: float
    noise: float
    scale: float
    log_evidence: float
    levels: tuple[float, ...]
    coverage: tuple[float, ...]
    log_loss: float

    def at(self, level: float) -> float:
        """The coverage of the central interval of this probability."""
        return self.coverage[self.levels.index(level)]


@dataclass(frozen=True)
class Learned:
    """One activation in one phase. `kernel_accuracy` is kernel regression's with the NTK at t = ∞."""

    activation: str
    phase: str
    W_var: float
    b_var: float
    kernel_accuracy: float
    kernel_error: float
    condition: float
    jitter: float
    truncation: float
    posterior: Posterior
    networks: tuple[NetworkLine, ...]


@dataclass(frozen=True)
class Grams:
    """Σ and Θ of the training inputs, of test against training inputs, and Σ(x, x) of the test inputs."""

    nngp: Float[np.ndarray, "train train"]
    ntk: Float[np.ndarray, "train train"]
    nngp_test: Float[np.ndarray, "test train"]
    ntk_test: Float[np.ndarray, "test train"]
    nngp_prior: Float[np.ndarray, "test"]
    truncation: float


def gram_matrices(
    net: Network, x_train: Float[np.ndarray, "train features"], x_test: Float[np.ndarray, "test features"]
) -> Grams:
    """All in one compiled call, with the bound on the truncation of a series (0 for closed forms).

    The bound goes into the report; on inputs nearly the same, deep in chaos, `kernel_fn` would stop there.
    """
    kernel = net.kernel_fn.compiled

    def compute(train: Any, test: Any) -> tuple[Any, ...]:
        return kernel.symmetric(train), kernel.pairs(test, train), kernel.diagonal(test).q

    with jax.enable_x64(True):
        within, across, prior = jax.jit(compute)(np.asarray(x_train, np.float64), np.asarray(x_test, np.float64))
    nngp, ntk, nngp_test, ntk_test, nngp_prior = (np.asarray(a) for a in (*within[:2], *across[:2], prior))
    return Grams(nngp, ntk, nngp_test, ntk_test, nngp_prior, max(float(within[2]), float(across[2])))


def learn(
    name: str,
    phase: str,
    W_var: float,
    b_var: float,
    *,
    depth: int,
    trained: Dataset,
    tested: Dataset,
    widths: tuple[int, ...],
    members: int,
    steps: int,
    seed: int,
) -> tuple[Learned, Float[np.ndarray, "train train"]]:
    """Both kernels, and finite networks; also Θ of the training inputs, for the picture."""
    net = mlp(name, depth=depth, W_std=W_var**0.5, b_std=b_var**0.5, outputs=len(trained.classes))
    grams = gram_matrices(net, trained.x, tested.x)
    flow = spectrum(grams.ntk)
    end = right(_regress(flow, grams.ntk_test, trained, np.inf), tested)
    lines: list[NetworkLine] = []
    step_size = None
    for width in sorted(widths):
        # The narrowest network is the steepest: its step is small enough for all, so that all reach one time.
        training = train(
            net, trained.x, trained.targets, tested.x,
            seed=seed, width=width, steps=steps, members=members, step_size=step_size, centred=True,
        )  # fmt: skip
        step_size = training.step_size
        lines.append(_line(training, width, flow, grams.ntk_test, trained, tested))
    learned = Learned(
        activation=name,
        phase=phase,
        W_var=W_var,
        b_var=b_var,
        kernel_accuracy=float(end.mean()),
        kernel_error=wilson(end),
        condition=flow.condition,
        jitter=flow.jitter,
        truncation=grams.truncation,
        posterior=_posterior(grams, trained, tested),
        networks=tuple(lines),
    )
    return learned, grams.ntk


def right(
    outputs: Float[np.ndarray, "*members test classes"], tested: Dataset
) -> Bool[np.ndarray, "*members test"]:
    """Whether the largest output is the class."""
    return np.asarray(outputs.argmax(axis=-1) == tested.labels)


def wilson(correct: Bool[np.ndarray, "test"]) -> float:
    """Half-width of Wilson's 95% interval of the share of true values (Wilson 1927)."""
    n, share = correct.size, float(correct.mean())
    spread = share * (1 - share) / n + Z_95**2 / (4 * n**2)
    return float(Z_95 * np.sqrt(spread) / (1 + Z_95**2 / n))


def _regress(flow: Spectrum, across: Float[np.ndarray, "test train"], trained: Dataset, t: float) -> Any:
    start = np.zeros_like(trained.targets)
    return trajectory(flow, across, start, np.zeros((len(across), start.shape[1])), trained.targets, t)


def _line(
    training: Training,
    width: int,
    flow: Spectrum,
    across: Float[np.ndarray, "test train"],
    trained: Dataset,
    tested: Dataset,
) -> NetworkLine:
    time = float(training.times[-1])
    outputs = training.test_outputs[:, -1].astype(np.float64)
    kernel = _regress(flow, across, trained, time)
    networks_right, kernel_right = right(outputs, tested), right(kernel, tested)
    difference = kernel_right.astype(float) - networks_right.mean(axis=0)
    return NetworkLine(
        width=width,
        members=len(outputs),
        accuracy=float(networks_right.mean()),
        accuracy_error=_half_width(networks_right.mean(axis=0), networks_right.mean(axis=1)),
        kernel_accuracy=float(kernel_right.mean()),
        gap=float(difference.mean()),
        gap_error=_half_width(difference, networks_right.mean(axis=1)),
        time=time * float(flow.eigenvalues[-1]),
        distance=float(np.sqrt(((outputs - kernel) ** 2).mean() / (kernel**2).mean())),
    )


def _half_width(by_input: Float[np.ndarray, "test"], by_member: Float[np.ndarray, "members"]) -> float:
    """95%: the variance over test inputs and, where there are several, that over members."""
    variance = by_input.var(ddof=1) / by_input.size
    if by_member.size > 1:
        variance += by_member.var(ddof=1) / by_member.size
    return float(Z_95 * np.sqrt(variance))


def _posterior(grams: Grams, trained: Dataset, tested: Dataset) -> Posterior:
    gram = spectrum(grams.nngp)
    noise, scale = best_noise(gram, trained.targets)
    result = posterior(gram, grams.nngp_test, grams.nngp_prior, trained.targets, noise=noise, scale=scale)
    correct = right(result.mean, tested)
    report = calibration(result.mean, result.std, tested.targets, levels=LEVELS)
    return Posterior(
        accuracy=float(correct.mean()),
        accuracy_error=wilson(correct),
        noise=noise / float(np.diagonal(grams.nngp).mean()),
        scale=scale,
        log_evidence=result.log_evidence,
        levels=LEVELS,
        coverage=report.coverage,
        log_loss=report.log_loss,
    )


def sorted_thumbnail(
    gram: Float[np.ndarray, "n n"], labels: Int[np.ndarray, "n"], size: int = 100
) -> Float[np.ndarray, "m m"]:
    """Θ as correlations, inputs in the order of their classes, thinned to at most `size` a side."""
    order = np.argsort(labels, kind="stable")
    order = order[np.linspace(0, len(order) - 1, min(size, len(order))).astype(int)]
    scale = np.sqrt(np.diagonal(gram))
    return (gram / scale / scale[:, None])[np.ix_(order, order)]
