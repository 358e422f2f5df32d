"""What `ntk-theory predict` computes: means at new inputs, intervals as stated and as held-back inputs mend them.

With the NNGP at t = ∞ that is the Gaussian process posterior of y, with noise; else the law over initializations
of trained networks, with the noise's variance added where there is noise. As a ridge σ² on Θ the noise
belongs to descent on ½Σ|f - y|² + ½σ²|θ - θ_0|², so it enters the mean at any time.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from ntk_theory.dynamics import (
    best_noise,
    calibration,
    conformal_factor,
    ensemble,
    log_evidence,
    posterior,
    spectrum,
)
from ntk_theory.dynamics.optimizer import Optimizer
from ntk_theory.errors import DataError
from ntk_theory.network import Network
from ntk_theory.report.task import Part

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LEAST_HELD = 10


@dataclass(frozen=True)
class Predicted:
    """At new inputs: `mean`, `std`, and the half-width of the interval of `level`, stated and calibrated.

    `stated` and `calibrated` are coverages on the test targets at `LEVELS`, () where there are none. `noise` is in
    units of the kernel, `scale` what multiplies both (1 but for the posterior with noise chosen by the evidence).
    """

    mean: Float[np.ndarray, "test outputs"]
    std: Float[np.ndarray, "test"]
    half_width: Float[np.ndarray, "test outputs"]
    level: float
    held: int
    noise: float
    scale: float
    log_evidence: float
    condition: float
    jitter: float
    stated: tuple[float, ...]
    calibrated: tuple[float, ...]


def held_back(inputs: int, hold: float, seed: int) -> tuple[Int[np.ndarray, "held"], Int[np.ndarray, "kept"]]:
    """The rows that calibrate and those that are learned from. Raises `DataError` where there are too few."""
    if not 0 < hold < 1:
        raise DataError(f"hold = {hold} must lie between 0 and 1: that share of the training inputs calibrates.")
    count = max(LEAST_HELD, round(hold * inputs))
    if count > inputs // 2:
        raise DataError(f"{inputs} inputs are too few to hold {count} of them back. Give more, or a smaller hold.")
    order = np.random.default_rng(seed).permutation(inputs)
    return order[:count], np.sort(order[count:])


def predicted(
    net: Network,
    train: Part,
    test: Part,
    *,
    kernel: Literal["ntk", "nngp"],
    t: float,
    optimizer: Optimizer,
    noise: float | None,
    level: float,
    hold: float,
    seed: int,
) -> Predicted:
    """Train on all but a share `hold` of the training inputs, calibrate on these, and predict the test inputs.

    `noise` None takes that of the largest evidence of a Gaussian process with the chosen kernel.
    Raises `DataError` for numbers out of range, and what the kernel and the decomposition raise.
    """
    if not 0 < level < 1:
        raise DataError(f"level = {level} must lie between 0 and 1.")
    if noise is not None and not (np.isfinite(noise) and noise >= 0):
        raise DataError(f"noise = {noise} must be a finite number ≥ 0.")
    if not t >= 0:
        raise DataError(f"t = {t} is not a time: it must be ≥ 0 (inf included).")
    held, kept = held_back(len(train.x), hold, seed)
    count, enough = len(held), int(np.ceil(level / (1 - level) - 1e-9))
    if count < enough:
        raise DataError(
            f"Intervals of {level:.6g} need {enough} inputs held back, and there are {count}: take a larger hold "
            "or more training inputs, or a smaller level."
        )
    x, y, x_new = train.x[kept], train.targets[kept], np.concatenate([train.x[held], test.x])
    names = ("nngp", "ntk") if kernel == "ntk" else ("nngp",)
    within, across = net.kernel_fn(x, get=names), net.kernel_fn(x_new, x, get=names)
    bare = spectrum(getattr(within, kernel))
    bayes = kernel == "nngp" and np.isinf(t)
    scale = 1.0
    if noise is None:
        noise, best = best_noise(bare, y)
        scale = best if bayes else 1.0
    prior = net.kernel_fn(x_new, get="nngp")
    if bayes:
        law = posterior(bare, across.nngp, prior.diagonal(), y, noise=noise, scale=scale)
        mean, std, evidence = law.mean, law.std, law.log_evidence
    else:
        trained = ensemble(
            ntk_train=spectrum(getattr(within, kernel), jitter=noise) if noise else bare,
            ntk_test=getattr(across, kernel),
            nngp_train=within.nngp,
            nngp_test=across.nngp,
            nngp_prior=prior,
            y=y,
            t=t,
            optimizer=optimizer,
        )
        mean, std = trained.mean, np.sqrt(trained.std**2 + noise)
        evidence = log_evidence(bare, y, noise=noise)
    # where an input was trained on twice the law is certain up to rounding; an interval must have a width
    std = np.maximum(std, 1e-9 * np.sqrt(scale * prior.diagonal()))
    truth, new, spread = train.targets[held], mean[count:], std[count:]
    factors = {p: conformal_factor(mean[:count], std[:count], truth, level=p) for p in {*LEVELS, level}}
    stated: tuple[float, ...] = ()
    mended: tuple[float, ...] = ()
    if test.y is not None:
        stated = calibration(new, spread, test.y, levels=LEVELS).coverage
        distance = np.abs(test.y - new) / spread[:, None]
        mended = tuple(float((distance <= factors[p]).mean()) for p in LEVELS)
    return Predicted(
        mean=new,
        std=spread,
        half_width=spread[:, None] * factors[level],
        level=level,
        held=count,
        noise=float(noise),
        scale=float(scale),
        log_evidence=evidence,
        condition=bare.condition,
        jitter=bare.jitter,
        stated=stated,
        calibrated=mended,
    )
