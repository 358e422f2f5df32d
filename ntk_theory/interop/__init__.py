"""The kernels in other libraries' clothes: scikit-learn's estimators."""

from ntk_theory.interop.estimators import NTKClassifier, NTKRegressor

__all__ = ["NTKClassifier", "NTKRegressor"]
