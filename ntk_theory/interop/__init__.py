"""The kernels in other libraries' clothes: scikit-learn's estimators and kernel objects, GPyTorch's kernels.

`ntk_theory.interop.gpytorch_kernel.NetworkKernel` is imported from its own module: it loads PyTorch.
"""

from ntk_theory.interop.estimators import NTKClassifier, NTKRegressor
from ntk_theory.interop.gaussian_process import NetworkKernel

__all__ = ["NTKClassifier", "NTKRegressor", "NetworkKernel"]
