"""The kernels as a kernel of GPyTorch: gradients in inputs, W_std and b_std, from the compiled function."""

from typing import Any, Literal

from ntk_theory.errors import DataError, MissingExtraError
from ntk_theory.interop.hyperparameters import HyperKernel

try:
    import torch
    from gpytorch.constraints import Positive
    from gpytorch.kernels import Kernel
except ImportError as error:
    raise MissingExtraError(
        "The GPyTorch kernel needs torch and gpytorch: install them with pip install 'ntk_theory[gpytorch]'."
    ) from error


class NetworkKernel(Kernel):
    """The NNGP or the NTK of an infinitely wide fully connected network, for GPyTorch's models.

    Arguments: `activation` (a name or a formula in x), `depth` hidden layers, `kernel` "nngp" or "ntk", and the
    first values of the positive parameters `W_std` and `b_std`, which are trained with the model; a `b_std` of 0
    leaves biases out. Inputs of shape (…, n, features) on the CPU; their leading dimensions are done one by one.
    Further arguments are GPyTorch's. Raises what `kernel_fn` raises, `DataError` for hyper-parameters in batches.
    """

    has_lengthscale = False

    def __init__(
        self,
        activation: str = "relu",
        *,
        depth: int = 2,
        W_std: float = 2**0.5,
        b_std: float = 0.1,
        kernel: Literal["nngp", "ntk"] = "nngp",
        **further: Any,
    ) -> None:
        super().__init__(**further)
        if len(self.batch_shape):
            raise DataError(f"batch_shape = {tuple(self.batch_shape)}: one W_std and b_std serve all batches.")
        self.hyper = HyperKernel(activation, depth, kernel)
        self.biased = b_std != 0
        for name, value in (("W_std", W_std), ("b_std", b_std))[: 2 if self.biased else 1]:
            if not 0 < value < float("inf"):
                raise DataError(f"{name} = {value} is no standard deviation: it must be finite and positive.")
            self.register_parameter(f"raw_{name}", torch.nn.Parameter(torch.zeros(1)))
            self.register_constraint(f"raw_{name}", Positive())
            self._set(name, value)

    @property
    def W_std(self) -> torch.Tensor:
        """σ_w."""
        return self.raw_W_std_constraint.transform(self.raw_W_std)

    @W_std.setter
    def W_std(self, value: float) -> None:
        self._set("W_std", value)

    @property
    def b_std(self) -> torch.Tensor:
        """σ_b; 0 without biases."""
        return self.raw_b_std_constraint.transform(self.raw_b_std) if self.biased else torch.zeros(1)

    @b_std.setter
    def b_std(self, value: float) -> None:
        self._set("b_std", value)

    def _set(self, name: str, value: Any) -> None:
        raw = getattr(self, f"raw_{name}")
        inverse = getattr(self, f"raw_{name}_constraint").inverse_transform
        self.initialize(**{f"raw_{name}": inverse(torch.as_tensor(value, dtype=raw.dtype).reshape(1))})

    def forward(self, x1: torch.Tensor, x2: torch.Tensor, diag: bool = False, **_: Any) -> torch.Tensor:
        """K(x1, x2), or with `diag` the entries of x1[i] with x2[i]."""
        if x1.dim() > 2 or x2.dim() > 2:
            leading = torch.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
            pairs = [x.expand(*leading, *x.shape[-2:]).reshape(-1, *x.shape[-2:]) for x in (x1, x2)]
            blocks = [self.forward(a, b, diag=diag) for a, b in zip(*pairs, strict=True)]
            return torch.stack(blocks).reshape(*leading, *blocks[0].shape)
        scales = self.W_std, self.b_std if self.biased else None
        if _same(x1, x2):
            return _Diagonal.apply(self.hyper, x1, *scales) if diag else _Gram.apply(self.hyper, x1, None, *scales)
        gram = _Gram.apply(self.hyper, x1, x2, *scales)
        return gram.diagonal() if diag else gram


def _same(x1: torch.Tensor, x2: torch.Tensor) -> bool:
    """Whether the pairs are those of one batch, slopes and all: equal copies that need slopes are two batches."""
    if x1.data_ptr() == x2.data_ptr() and x1.shape == x2.shape and x1.stride() == x2.stride():
        return True
    return not (x1.requires_grad or x2.requires_grad) and torch.equal(x1, x2)


class _Gram(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hyper: HyperKernel, x1: Any, x2: Any, W_std: Any, b_std: Any) -> torch.Tensor:
        ctx.hyper = hyper
        ctx.save_for_backward(x1, x2, W_std, b_std)
        return torch.tensor(hyper.value(*_plain(x1, x2), *_numbers(W_std, b_std)))

    @staticmethod
    def backward(ctx: Any, weights: Any) -> Any:
        x1, x2, W_std, b_std = ctx.saved_tensors
        slopes = ctx.hyper.pulled_back(*_plain(x1, x2), *_numbers(W_std, b_std), weights.numpy())
        in_x1, in_x2, (in_W, in_b) = slopes
        return None, _tensor(in_x1, x1), _tensor(in_x2, x2), _tensor(in_W, W_std), _tensor(in_b, b_std)


class _Diagonal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hyper: HyperKernel, x: Any, W_std: Any, b_std: Any) -> torch.Tensor:
        ctx.hyper = hyper
        ctx.save_for_backward(x, W_std, b_std)
        return torch.tensor(hyper.diagonal(*_plain(x), *_numbers(W_std, b_std)))

    @staticmethod
    def backward(ctx: Any, weights: Any) -> Any:
        x, W_std, b_std = ctx.saved_tensors
        in_x, (in_W, in_b) = ctx.hyper.diagonal_pulled_back(
            *_plain(x), *_numbers(W_std, b_std), weights.contiguous().numpy()
        )
        return None, _tensor(in_x, x), _tensor(in_W, W_std), _tensor(in_b, b_std)


def _plain(*tensors: Any) -> tuple[Any, ...]:
    return tuple(None if t is None else t.detach().contiguous().numpy() for t in tensors)


def _numbers(*tensors: Any) -> tuple[Any, ...]:
    return tuple(None if t is None else t.item() for t in tensors)


def _tensor(slope: Any, like: Any) -> Any:
    return None if like is None else torch.tensor(slope).to(like).reshape(like.shape)
