"""The kernels as scikit-learn's kernel objects: `GaussianProcessRegressor(kernel=NetworkKernel("relu"))`."""

from typing import Any, Literal

import numpy as np
from jaxtyping import ArrayLike, Float

from ntk_theory.errors import DataError, MissingExtraError
from ntk_theory.interop.hyperparameters import HyperKernel

try:
    from sklearn.gaussian_process.kernels import Hyperparameter, Kernel
except ImportError as error:
    raise MissingExtraError(
        "The kernel objects need scikit-learn: install it with pip install 'ntk_theory[report]'."
    ) from error

Bounds = tuple[float, float] | Literal["fixed"]


class NetworkKernel(Kernel):
    """The NNGP or the NTK of an infinitely wide fully connected network, for scikit-learn's Gaussian processes.

    Parameters: `activation` (a name or a formula in x), `depth` hidden layers, `kernel` "nngp" (the prior of the
    outputs at initialization) or "ntk"; `W_std` and `b_std`, the hyper-parameters that marginal likelihood
    optimises in their logarithms, within `W_std_bounds` and `b_std_bounds`, or not at all where those are "fixed".
    A `b_std` of 0 is fixed whatever its bounds: it has no logarithm. Slopes come from the derived K̇. It combines
    with other kernels, as in `NetworkKernel("erf") + WhiteKernel()`, and a variance in front of it is
    `ConstantKernel() * NetworkKernel(…)`. Inputs are best scaled to a mean square near 1.

    Raises what `kernel_fn` raises, and `DataError` for standard deviations that are none.
    """

    def __init__(
        self,
        activation: str = "relu",
        *,
        depth: int = 2,
        W_std: float = 2**0.5,
        b_std: float = 0.1,
        W_std_bounds: Bounds = (1e-2, 1e2),
        b_std_bounds: Bounds = (1e-3, 1e1),
        kernel: Literal["nngp", "ntk"] = "nngp",
    ) -> None:
        self.activation = activation
        self.depth = depth
        self.W_std = W_std
        self.b_std = b_std
        self.W_std_bounds = W_std_bounds
        self.b_std_bounds = b_std_bounds
        self.kernel = kernel

    @property
    def hyperparameter_W_std(self) -> Any:
        """σ_w."""
        return Hyperparameter("W_std", "numeric", self.W_std_bounds)

    @property
    def hyperparameter_b_std(self) -> Any:
        """σ_b."""
        return Hyperparameter("b_std", "numeric", self.b_std_bounds if self.b_std > 0 else "fixed")

    def __call__(self, X: ArrayLike, Y: ArrayLike | None = None, eval_gradient: bool = False) -> Any:
        """K(X, Y), and with `eval_gradient` ∂K(X, X)/∂θ of shape (n, n, hyper-parameters), θ their logarithms."""
        if eval_gradient and Y is not None:
            raise DataError("Gradients are those of K(X, X): leave Y out, or eval_gradient.")
        x = np.asarray(X, np.float64)
        # a copy: scikit-learn adds its noise in place
        gram = self._hyper.value(x, None if Y is None else np.asarray(Y, np.float64), *self._scales).copy()
        if not eval_gradient:
            return gram
        slopes = zip(
            (self.hyperparameter_W_std, self.hyperparameter_b_std),
            self._scales,
            self._hyper.slopes(x, *self._scales),
            strict=True,
        )
        free = [scale * slope for hyper, scale, slope in slopes if not hyper.fixed and scale and slope is not None]
        return gram, np.stack(free, axis=-1) if free else np.empty((*gram.shape, 0))

    def diag(self, X: ArrayLike) -> Float[np.ndarray, "n"]:
        """The diagonal of K(X, X)."""
        return self._hyper.diagonal(np.asarray(X, np.float64), *self._scales).copy()

    def is_stationary(self) -> bool:
        """No: it depends on the norms of inputs."""
        return False

    @property
    def _hyper(self) -> HyperKernel:
        return HyperKernel(self.activation, self.depth, self.kernel)

    @property
    def _scales(self) -> tuple[float, float | None]:
        return self.W_std, self.b_std if self.b_std != 0 else None

    def __repr__(self) -> str:
        scales = f"W_std={self.W_std:.3g}, b_std={self.b_std:.3g}"
        return f"NetworkKernel({self.activation!r}, depth={self.depth}, {scales}, kernel={self.kernel!r})"
