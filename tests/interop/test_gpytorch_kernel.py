"""The GPyTorch kernel, where GPyTorch is installed: values, slopes against differences, a model that learns."""

import numpy as np
import pytest

from ntk_theory.errors import DataError
from ntk_theory.network import mlp

torch = pytest.importorskip("torch")
gpytorch = pytest.importorskip("gpytorch")
module = pytest.importorskip("ntk_theory.interop.gpytorch_kernel")

RNG = np.random.default_rng(3)
X, X_TEST = (torch.tensor(RNG.normal(size=(n, 3))) for n in (8, 5))
Y = torch.sin(X[:, 0]) + X[:, 1]


def kernel(**changes):
    settings = {"activation": "erf", "depth": 2, "W_std": 1.3, "b_std": 0.2} | changes
    one = module.NetworkKernel(**settings).double()
    one.W_std = settings["W_std"]  # again, in double precision
    if one.biased:
        one.b_std = settings["b_std"]
    return one


def test_values_are_those_of_the_network():
    exact = mlp("erf", depth=2, W_std=1.3, b_std=0.2).kernel_fn
    one = kernel()
    np.testing.assert_allclose(one(X).to_dense().detach(), exact(X.numpy(), get="nngp"), rtol=1e-12)
    across = one(X_TEST, X).to_dense()
    np.testing.assert_allclose(across.detach(), exact(X_TEST.numpy(), X.numpy(), get="nngp"), rtol=1e-9)
    np.testing.assert_allclose(one(X, diag=True).detach(), one(X).to_dense().diagonal().detach(), rtol=1e-12)
    batch = one(torch.stack([X, 2 * X])).to_dense()
    np.testing.assert_allclose(batch[1].detach(), one(2 * X).to_dense().detach(), rtol=1e-12)
    assert kernel().float()(X.float()).to_dense().dtype == torch.float32


@pytest.mark.parametrize("changes", [{}, {"activation": "relu", "b_std": 0.0, "kernel": "ntk"}])
def test_slopes_against_differences(changes):
    one = kernel(**changes)
    weights = torch.tensor(RNG.normal(size=(8, 5)))
    x1, x2 = X.clone().requires_grad_(), X_TEST.clone().requires_grad_()
    parameters = list(one.parameters())
    assert len(parameters) == (2 if one.biased else 1)
    loss = lambda: (weights * one(x1, x2).to_dense()).sum() + one(x1, diag=True).sum()  # noqa: E731
    slopes = torch.autograd.grad(loss(), [x1, x2, *parameters])
    for value, slope in zip([x1, x2, *parameters], slopes, strict=True):
        flat = value.data.view(-1)
        differences = []
        for i in range(min(len(flat), 4)):
            ends = []
            for step in (1e-5, -2e-5):
                flat[i] += step
                ends.append(loss().item())
            flat[i] += 1e-5
            differences.append((ends[0] - ends[1]) / 2e-5)
        np.testing.assert_allclose(slope.reshape(-1)[:4], differences, rtol=1e-6, atol=1e-8)


def test_a_model_learns_its_hyper_parameters():
    class Model(gpytorch.models.ExactGP):
        def __init__(self, likelihood):
            super().__init__(X, Y, likelihood)
            self.mean_module = gpytorch.means.ZeroMean()
            self.covar_module = gpytorch.kernels.ScaleKernel(kernel(activation="relu", depth=1))

        def forward(self, x):
            return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))

    likelihood = gpytorch.likelihoods.GaussianLikelihood()
    model = Model(likelihood).double()
    objective = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = -objective(model(X), Y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.02
    assert abs(model.covar_module.base_kernel.W_std.item() - 1.3) > 0.01
    model.eval()
    assert model(X_TEST).variance.min() > 0


def test_what_is_refused():
    with pytest.raises(DataError, match=r"W_std = -1\.0"):
        kernel(W_std=-1.0)
    with pytest.raises(DataError, match="'rbf' is not known"):
        kernel(kernel="rbf")
    with pytest.raises(DataError, match="batch_shape"):
        kernel(batch_shape=torch.Size([2]))
