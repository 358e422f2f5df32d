"""Section 4 of the report: finite networks on a pair of the data's inputs, against the theory as width grows.

A verdict on the derived theory, a verdict on a planted error (K̇ replaced by K) that must be refuted, and the
numbers of a log-log figure: the fluctuation of one network, ∝ 1/√n, and the bias of the mean, ∝ 1/n.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntk_theory.dual import dual
from ntk_theory.network import mlp
from ntk_theory.verify import Convergence, Verdict, convergence, verify

NTK_PAIR, NNGP_PAIR = "ntk[0,1]", "nngp[0,1]"


@dataclass(frozen=True)
class Outcome:
    """A verdict in short; `about` says which theory was tried."""

    about: str
    verdict: str
    reason: str
    log10_e_value: float
    alpha: float
    min_detectable: float
    neurons: int
    assumptions: tuple[str, ...]


@dataclass(frozen=True)
class Law:
    """A power law fitted to a quantity's distance from the theory, relative to the kernel's size.

    - `slope` ± `slope_error`: the exponent of the fluctuation of one network, -1/2 in theory;
    - `fluctuation`: √n·std, over all widths;
    - `bias` ± `bias_error`: n·(mean - theory), weighted over all widths: the coefficient of 1/n.
    """

    quantity: str
    slope: float
    slope_error: float
    fluctuation: float
    bias: float
    bias_error: float


@dataclass(frozen=True)
class Simulated:
    """One activation on its critical line. Table rows are (width, networks, mean, standard error, std, theory)."""

    activation: str
    W_var: float
    b_var: float
    cosine: float
    derived: Outcome
    planted: Outcome
    planted_ntk: float
    theory_ntk: float
    scale_ntk: float
    laws: tuple[Law, ...]
    widths: tuple[int, ...]
    samples: tuple[int, ...]
    ntk_mean: tuple[float, ...]
    ntk_standard_error: tuple[float, ...]
    ntk_std: tuple[float, ...]


def simulate(
    name: str,
    W_var: float,
    b_var: float,
    pair: Float[np.ndarray, "2 features"],
    *,
    depth: int,
    widths: tuple[int, ...],
    samples: int,
    verdict_widths: tuple[int, ...],
    alpha: float,
    seed: int,
) -> tuple[Simulated, Convergence]:
    """Verdicts and convergence on the pair; also the numbers that the figure draws."""
    derived = dual(name)
    wrong = derived.replace(derivative=derived.kernel, derivative_variance=derived.variance)
    options: dict[str, Any] = {"depth": depth, "W_std": W_var**0.5, "b_std": b_var**0.5}
    net, planted = mlp(name, **options), mlp(name, **options, theory=wrong)
    settings: dict[str, Any] = {"widths": verdict_widths, "alpha": alpha, "seed": seed}
    inputs: Any = pair  # NumPy on purpose: jax.numpy would round it to float32
    right = verify(net, inputs, **settings)
    refuted = verify(net, inputs, kernel_fn=planted.kernel_fn, **settings)
    grown = convergence(net, inputs, widths=widths, samples=samples, seed=seed)
    column = grown.quantities.index(NTK_PAIR)
    result = Simulated(
        activation=name,
        W_var=W_var,
        b_var=b_var,
        cosine=float(pair[0] @ pair[1] / np.linalg.norm(pair[0]) / np.linalg.norm(pair[1])),
        derived=_outcome("the derived theory", right),
        planted=_outcome("planted error: K in place of its derivative", refuted),
        planted_ntk=float(planted.kernel_fn(pair[:1], pair[1:], get="ntk")[0, 0]),
        theory_ntk=float(grown.theory[column]),
        scale_ntk=float(grown.scale[column]),
        laws=tuple(_law(grown, quantity) for quantity in (NNGP_PAIR, NTK_PAIR)),
        widths=grown.widths,
        samples=grown.samples,
        ntk_mean=tuple(grown.mean[:, column].tolist()),
        ntk_standard_error=tuple(grown.standard_error[:, column].tolist()),
        ntk_std=tuple(grown.std[:, column].tolist()),
    )
    return result, grown


def _outcome(about: str, verdict: Verdict) -> Outcome:
    return Outcome(
        about=about,
        verdict=verdict.verdict,
        reason=verdict.reason,
        log10_e_value=verdict.log10_e_value,
        alpha=verdict.alpha,
        min_detectable=verdict.min_detectable,
        neurons=verdict.neurons,
        assumptions=verdict.assumptions,
    )


def _law(grown: Convergence, quantity: str) -> Law:
    column = grown.quantities.index(quantity)
    widths, scale = np.array(grown.widths, float), grown.scale[column]
    std = grown.std[:, column] / scale
    slope, slope_error = _line(np.log(widths), np.log(std))
    residual = (grown.mean - grown.theory)[:, column] / scale
    weights = 1 / (grown.standard_error[:, column] / scale * widths) ** 2
    return Law(
        quantity=quantity,
        slope=slope,
        slope_error=slope_error,
        fluctuation=float(np.exp(np.mean(np.log(std * np.sqrt(widths))))),
        bias=float((weights * residual * widths).sum() / weights.sum()),
        bias_error=float(1 / np.sqrt(weights.sum())),
    )


def _line(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"]) -> tuple[float, float]:
    """Slope of the least-squares line, and its standard error from the residuals."""
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    residual = y - y.mean() - slope * centred
    spread = float(residual @ residual) / max(1, len(x) - 2)
    return slope, float(np.sqrt(spread / (centred @ centred)))
