"""Double descent: regression on k random features of a one-layer network, run, beside the theory's line.

Features are φ(σ_w w·x/√d)/√k on the sphere, whose mean kernel is the NNGP of depth 1 without its readout; the
target is a mixture of harmonics. The line is `ntk_theory.dynamics.generalization_error`, from the kernel's
eigenvalues and the target's power alone.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import eval_gegenbauer

from ntk_theory.dynamics import generalization_error, sphere_spectrum
from ntk_theory.network import mlp

DIMENSION, SAMPLES, NOISE, DEGREES = 8, 120, 0.1, 160
FEATURES = (10, 20, 40, 70, 95, 110, 130, 150, 200, 300, 600, 1500, 4000)


@dataclass(frozen=True)
class DoubleDescent:
    """Test errors against the number of features: the median and quartiles over runs, and the expected error."""

    samples: int
    features: tuple[int, ...]
    quartiles: Float[np.ndarray, "3 features"]
    line_features: Float[np.ndarray, "grid"]
    line: Float[np.ndarray, "grid"]
    kernel: float


def double_descent(*, seed: int, runs: int = 20, tests: int = 400) -> DoubleDescent:
    """ReLU features of inputs on the sphere in 8 dimensions, 120 samples, no ridge, noise of variance 0.1."""
    rng = np.random.default_rng(seed)
    net = mlp("relu", depth=1, W_std=2**0.5)
    spectrum = sphere_spectrum(net, DIMENSION, degrees=DEGREES, get="nngp")
    # the readout multiplies the kernel by σ_w²
    eigenvalues = np.maximum(spectrum.eigenvalues, 0) / 2
    tail = spectrum.trace * (1 - spectrum.explained[-1]) / 2
    power = np.zeros(DEGREES)
    power[1:3] = 0.7, 0.3
    pole = np.eye(DIMENSION)[0]

    def target(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n"]:
        c = x @ pole / np.sqrt(DIMENSION)
        second = eval_gegenbauer(2, DIMENSION / 2 - 1, c) / eval_gegenbauer(2, DIMENSION / 2 - 1, 1.0)
        # P_k(c) has the mean square 1/multiplicity
        return sum(np.sqrt(power[k] * spectrum.multiplicities[k]) * values for k, values in ((1, c), (2, second)))

    def inputs(n: int) -> Float[np.ndarray, "n d"]:
        x = rng.normal(size=(n, DIMENSION))
        return x * np.sqrt(DIMENSION) / np.linalg.norm(x, axis=1, keepdims=True)

    errors = np.empty((runs, len(FEATURES)))
    for run in range(runs):
        x, new = inputs(SAMPLES), inputs(tests)
        y = target(x) + np.sqrt(NOISE) * rng.normal(size=SAMPLES)
        for i, k in enumerate(FEATURES):
            weights = rng.normal(size=(DIMENSION, k)) * np.sqrt(2 / DIMENSION)
            features, features_new = (np.maximum(z @ weights, 0) / np.sqrt(k) for z in (x, new))
            found = np.linalg.lstsq(features, y, rcond=None)[0]
            errors[run, i] = ((features_new @ found - target(new)) ** 2).mean() + NOISE

    def expected(k: float) -> float:
        return generalization_error(
            eigenvalues,
            power,
            SAMPLES,
            multiplicities=spectrum.multiplicities,
            ridge=tail,
            noise=NOISE,
            features=k,
        ).test

    grid = np.geomspace(FEATURES[0], FEATURES[-1], 160)
    line = np.array([expected(float(k)) for k in grid])
    return DoubleDescent(
        SAMPLES, FEATURES, np.quantile(errors, (0.25, 0.5, 0.75), axis=0), grid, line, expected(np.inf)
    )
