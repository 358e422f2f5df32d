"""Training and inference in the kernel limit: gradient flow in closed form, Gaussian process posteriors.

`training`, finite networks under gradient descent, is imported by its own name: it alone needs JAX.
"""

from ntk_theory.dynamics.calibration import Calibration, calibration
from ntk_theory.dynamics.gaussian_process import Posterior, best_noise, log_evidence, posterior
from ntk_theory.dynamics.gradient_flow import Prediction, ensemble, predict, trajectory
from ntk_theory.dynamics.spectrum import Spectrum, spectrum

__all__ = [
    "Calibration",
    "Posterior",
    "Prediction",
    "Spectrum",
    "best_noise",
    "calibration",
    "ensemble",
    "log_evidence",
    "posterior",
    "predict",
    "spectrum",
    "trajectory",
]
