"""What full-batch gradient descent learns of the data in a given number of steps, by the kernel's theory.

In the limit f - y decays by (1 - ηλ)^t along each eigenvector of Θ(X, X); η = 1/λ_max is half the critical step
2/λ_max. A network whose kernel has forgotten which inputs differ (the ordered phase, many depth scales deep)
learns their mean and nothing else (Schoenholz et al. 2017; Xiao, Pennington & Schoenholz 2020).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax
import numpy as np
from jaxtyping import Float

from ntk_theory.dynamics import spectrum
from ntk_theory.errors import DataError, DivergentExpectationError

if TYPE_CHECKING:
    from ntk_theory.network import Network

MOST_INPUTS = 256
"""More are not looked at: as many are taken at equal distances."""


@dataclass(frozen=True)
class Trainability:
    """Of Θ(X, X) on `inputs` of the data: λ_max/λ_min, 2/λ_max, and what `steps` steps of size 1/λ_max learn.

    `learned` is the share of |y|² that is gone, for the targets given, or the mean over all targets of one size.
    `condition` stops at what float64 can tell. `similarity` is the mean of Θ(x, x′)/√(Θ(x, x)Θ(x′, x′)).
    """

    inputs: int
    condition: float
    largest_step: float
    similarity: float
    steps: int
    learned: float


def trainability(
    net: "Network", x: Float[np.ndarray, "m features"], y: Float[np.ndarray, "m outputs"] | None, steps: int
) -> Trainability:
    """From the compiled kernel on at most `MOST_INPUTS` of the inputs. Raises as `net.kernel_fn` does."""
    rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_INPUTS)).round().astype(int))
    theta = _gram(net, x[rows])
    found = spectrum(theta)
    kept = (1 - found.eigenvalues / found.eigenvalues[-1]) ** (2 * steps)
    if y is None:
        learned = 1 - float(kept.mean())
    else:
        along = found.rotate(y[rows]) ** 2
        learned = 1 - float((kept[:, None] * along).sum() / along.sum())
    size = np.sqrt(np.diag(theta))
    alike = theta / size / size[:, None]
    others = len(rows) * (len(rows) - 1)
    similarity = float((alike.sum() - len(rows)) / others) if others else 1.0
    return Trainability(len(rows), found.condition, found.largest_step, similarity, steps, learned)


def _gram(net: "Network", x: Float[np.ndarray, "m features"]) -> Float[np.ndarray, "m m"]:
    """Θ in float64. A series' truncation is let pass: it is as far below the kernel's size as is asked here."""
    kernel = net.kernel_fn.compiled
    if kernel.no_ntk:
        raise DivergentExpectationError(kernel.no_ntk)
    with jax.enable_x64(True):
        theta = np.asarray(jax.jit(lambda a: kernel.symmetric(a)[1])(x))
    if not np.isfinite(theta).all() or not (np.diag(theta) > 0).all():
        raise DataError(
            "The NTK of these inputs is 0 or beyond the range of float64: scale the inputs to a mean square of 1, "
            "take a smaller depth, or W_std nearer to the critical one."
        )
    return theta
