"""Infinitely wide networks, trained, as scikit-learn estimators: `NTKRegressor` and `NTKClassifier`.

Thin over `ntk_theory.dynamics`: fit decomposes the Gram matrix, predict computes the matrix between
new points and old. It needs scikit-learn, which the `report` extra brings.
"""

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from jaxtyping import ArrayLike, Float

from ntk_theory.dynamics import Factor, GradientFlow, Spectrum, ensemble, factor, spectrum
from ntk_theory.errors import DataError, MissingExtraError
from ntk_theory.network import Network, mlp

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.preprocessing import LabelBinarizer
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise MissingExtraError(
        "The estimators need scikit-learn: install it with pip install 'ntk_theory[report]'."
    ) from error


@lru_cache(maxsize=32)
def _network(activation: str, depth: int, W_std: float, b_std: float) -> Network:
    """The same network object for the same numbers, so that a second fit compiles nothing."""
    return mlp(activation, depth=depth, W_std=W_std, b_std=b_std)


class _WideNetwork(BaseEstimator):
    """What regression and classification share: the network, its Gram matrices, the flow's coefficients."""

    def __init__(
        self,
        activation: str = "relu",
        *,
        depth: int = 2,
        W_std: float = 2**0.5,
        b_std: float = 0.1,
        kernel: Literal["ntk", "nngp"] = "ntk",
        t: float = np.inf,
        ridge: float = 0.0,
    ) -> None:
        self.activation = activation
        self.depth = depth
        self.W_std = W_std
        self.b_std = b_std
        self.kernel = kernel
        self.t = t
        self.ridge = ridge

    def _fit(self, X: Float[np.ndarray, "n features"], targets: Float[np.ndarray, "n *outputs"]) -> None:
        if self.kernel not in ("ntk", "nngp"):
            raise DataError(
                f'kernel = {self.kernel!r} is not known: "ntk" trains all parameters, "nngp" the readout.'
            )
        if not self.ridge >= 0 or not np.isfinite(self.ridge):
            raise DataError(f"ridge = {self.ridge} must be a finite number ≥ 0.")
        if not self.t >= 0:
            raise DataError(f"t = {self.t} is not a time: it must be ≥ 0 (inf included).")
        self.network_: Network = _network(self.activation, self.depth, self.W_std, self.b_std)
        self.X_train_, self.targets_ = X, targets
        self.kernels_ = self.network_.kernel_fn(X, get=("nngp", self.kernel))
        gram = getattr(self.kernels_, self.kernel)
        if self.ridge > 0 and np.isinf(self.t):
            direct = factor(gram, ridge=self.ridge)
            self.decomposition_: Factor | Spectrum = direct
            self.dual_coef_ = direct.solve(targets)
        else:
            flow = spectrum(gram, jitter=self.ridge or None)
            self.decomposition_ = flow
            self.dual_coef_ = flow.apply(lambda values: GradientFlow().learned(values, self.t), targets)

    def _mean(self, X: ArrayLike) -> Float[np.ndarray, "m *outputs"]:
        check_is_fitted(self)
        points = validate_data(self, X, reset=False, dtype=np.float64)
        return self.network_.kernel_fn(points, self.X_train_, get=self.kernel) @ self.dual_coef_

    def _law(self, X: ArrayLike) -> tuple[Float[np.ndarray, "m *outputs"], Float[np.ndarray, "m"]]:
        """Mean and standard deviation over initializations, at new points."""
        check_is_fitted(self)
        points = validate_data(self, X, reset=False, dtype=np.float64)
        kernels = self.network_.kernel_fn(points, self.X_train_, get=("nngp", self.kernel))
        across, prior = getattr(kernels, self.kernel), self.network_.kernel_fn(points, get="nngp")
        if isinstance(self.decomposition_, Factor):
            variance = np.diagonal(prior) + self._explained(self.decomposition_, across, kernels.nngp)
            return across @ self.dual_coef_, np.sqrt(np.maximum(variance, 0))
        law = ensemble(
            ntk_train=self.decomposition_,
            ntk_test=across,
            nngp_train=self.kernels_.nngp,
            nngp_test=kernels.nngp,
            nngp_prior=prior,
            y=self.targets_,
            t=self.t,
        )
        return law.mean, law.std

    def _explained(
        self, direct: Factor, across: Float[np.ndarray, "m n"], nngp: Float[np.ndarray, "m n"]
    ) -> Float[np.ndarray, "m"]:
        """What training changes of the variance at new points."""
        if self.kernel == "nngp":
            return -(direct.half(across.T) ** 2).sum(axis=0)
        weights = direct.solve(across.T).T
        return (weights * (weights @ self.kernels_.nngp - 2 * nngp)).sum(axis=1)


class NTKRegressor(RegressorMixin, _WideNetwork):
    """Regression by an infinitely wide fully connected network under gradient flow on ½Σ|f - y|² for a time t.

    Parameters: `activation` (a name or a formula in x), `depth` hidden layers, `W_std`, `b_std`; `kernel` "ntk"
    (all parameters train) or "nngp" (the readout alone); `t` ≥ 0, inf too; `ridge` ≥ 0 added to the Gram matrix's
    diagonal, 0 meaning the least that its rounding needs. With "nngp" and t = ∞ that is Gaussian process
    regression with noise of variance `ridge`, and the standard deviation is the posterior's of f; else it is
    over initializations. Inputs are best scaled to a mean square near 1. Source: Lee et al. 2019, eqs. 14, 15.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> "NTKRegressor":
        """Compute the Gram matrix of X and its eigendecomposition. y of shape (n,) or (n, outputs)."""
        inputs, targets = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._fit(inputs, np.asarray(targets, np.float64))
        return self

    def predict(self, X: ArrayLike, return_std: bool = False) -> Any:
        """The ensemble's mean at X, and with `return_std` its standard deviation over initializations."""
        if not return_std:
            return self._mean(X)
        return self._law(X)


class NTKClassifier(ClassifierMixin, _WideNetwork):
    """Classification by `NTKRegressor`'s network on ±1 targets (two classes) or centred one-hot targets.

    Parameters as there. `decision_function` gives the outputs, `predict` the class of the largest.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> "NTKClassifier":
        """Compute the Gram matrix of X and its eigendecomposition. y of shape (n,), labels of any kind."""
        inputs, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        binarizer = LabelBinarizer(neg_label=-1, pos_label=1)
        targets = binarizer.fit_transform(labels).astype(np.float64)
        self.classes_ = binarizer.classes_
        if len(self.classes_) < 2:
            raise DataError(f"y holds one class, {self.classes_[0]!r}: a classifier needs at least two.")
        if targets.shape[1] > 1:
            targets = (targets + 1) / 2 - 1 / targets.shape[1]
        self._fit(inputs, targets[:, 0] if targets.shape[1] == 1 else targets)
        return self

    def decision_function(self, X: ArrayLike) -> Float[np.ndarray, "m *classes"]:
        """The mean outputs: (m,) for two classes, positive for the second; else (m, classes)."""
        return self._mean(X)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The class of each row of X."""
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[chosen]
