"""Training and inference in the kernel limit: gradient flow in closed form, Gaussian process posteriors.

`training`, `learning_curve`, `linearization` (finite networks under gradient descent) and `learned_kernel` (the
evidence and its slopes) are imported by their own names: they alone need JAX.
"""

from ntk_theory.dynamics.alignment import (
    centred_kernel_alignment,
    kernel_alignment,
    kernel_distance,
    target_alignment,
    transfer_alignment,
)
from ntk_theory.dynamics.calibration import Calibration, calibration, conformal_factor
from ntk_theory.dynamics.cross_entropy import cross_entropy, cross_entropy_trajectory
from ntk_theory.dynamics.exchangeable import TwoValued, trained_variance
from ntk_theory.dynamics.factor import Factor, factor
from ntk_theory.dynamics.gaussian_process import Posterior, best_noise, log_evidence, posterior
from ntk_theory.dynamics.generalization import GeneralizationError, generalization_error
from ntk_theory.dynamics.gradient_flow import Prediction, ensemble, predict, trajectory
from ntk_theory.dynamics.implicit_bias import movement
from ntk_theory.dynamics.optimizer import GradientDescent, GradientFlow
from ntk_theory.dynamics.solve import Solution, solve
from ntk_theory.dynamics.spectrum import Spectrum, spectrum
from ntk_theory.dynamics.sphere import SphereSpectrum, sphere_spectrum

__all__ = [
    "Calibration",
    "Factor",
    "GeneralizationError",
    "GradientDescent",
    "GradientFlow",
    "Posterior",
    "Prediction",
    "Solution",
    "Spectrum",
    "SphereSpectrum",
    "TwoValued",
    "best_noise",
    "calibration",
    "centred_kernel_alignment",
    "conformal_factor",
    "cross_entropy",
    "cross_entropy_trajectory",
    "ensemble",
    "factor",
    "generalization_error",
    "kernel_alignment",
    "kernel_distance",
    "log_evidence",
    "movement",
    "posterior",
    "predict",
    "solve",
    "spectrum",
    "sphere_spectrum",
    "target_alignment",
    "trained_variance",
    "trajectory",
    "transfer_alignment",
]
