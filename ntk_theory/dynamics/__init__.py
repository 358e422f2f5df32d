"""Training and inference in the kernel limit: gradient flow in closed form, Gaussian process posteriors.

`training`, finite networks under gradient descent, is imported by its own name: it alone needs JAX.
"""

from ntk_theory.dynamics.calibration import Calibration, calibration
from ntk_theory.dynamics.cross_entropy import cross_entropy, cross_entropy_trajectory
from ntk_theory.dynamics.gaussian_process import Posterior, best_noise, log_evidence, posterior
from ntk_theory.dynamics.gradient_flow import Prediction, ensemble, predict, trajectory
from ntk_theory.dynamics.optimizer import GradientDescent, GradientFlow
from ntk_theory.dynamics.spectrum import Spectrum, spectrum
from ntk_theory.dynamics.sphere import SphereSpectrum, sphere_spectrum

__all__ = [
    "Calibration",
    "GradientDescent",
    "GradientFlow",
    "Posterior",
    "Prediction",
    "Spectrum",
    "SphereSpectrum",
    "best_noise",
    "calibration",
    "cross_entropy",
    "cross_entropy_trajectory",
    "ensemble",
    "log_evidence",
    "posterior",
    "predict",
    "spectrum",
    "sphere_spectrum",
    "trajectory",
]
