"""How estimates approach the theory as width grows: the numbers of a log-log figure.

The bias of a mean falls like 1/n, the fluctuation of one network like 1/√n (Dyer & Gur-Ari 2020; Hanin & Nica
2020).
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Array, Float

from ntk_theory.errors import DataError
from ntk_theory.sampling import draw_kernels
from ntk_theory.sampling.chain import check_inputs
from ntk_theory.verify.example import canonical, random_key
from ntk_theory.verify.quantities import quantities_of
from ntk_theory.verify.theory import kernel_theory

if TYPE_CHECKING:
    from ntk_theory.network import Network


@dataclass(frozen=True)
class Convergence:
    """Row w is `widths[w]`, column j `quantities[j]` (such as "ntk[0,1]").

    `mean` ± `standard_error` over `samples[w]` networks; `std` of a single network; `theory` the limit;
    `scale` the size √(K_ii K_jj) that relative numbers refer to.
    """

    widths: tuple[int, ...]
    samples: tuple[int, ...]
    quantities: tuple[str, ...]
    theory: Float[np.ndarray, "quantities"]
    scale: Float[np.ndarray, "quantities"]
    mean: Float[np.ndarray, "widths quantities"]
    std: Float[np.ndarray, "widths quantities"]

    @property
    def standard_error(self) -> Float[np.ndarray, "widths quantities"]:
        """std/√samples."""
        return self.std / np.sqrt(np.array(self.samples))[:, None]

    @property
    def bias(self) -> Float[np.ndarray, "widths quantities"]:
        """|mean - theory|. Where it is not well above `standard_error` it shows noise, not bias."""
        return np.abs(self.mean - self.theory)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it."""
        fields = {**asdict(self), "bias": self.bias, "standard_error": self.standard_error}
        return {k: v.tolist() if isinstance(v, np.ndarray) else list(v) for k, v in fields.items()}


def convergence(
    net: "Network",
    x: Float[Array | np.ndarray, "k features"],
    widths: Sequence[int] = (64, 128, 256, 512, 1024, 2048, 4096),
    samples: int = 1024,
    *,
    kernel_fn: Callable[..., Any] | None = None,
    seed: int = 0,
) -> Convergence:
    """Means and fluctuations of the empirical NNGP kernel and NTK at each width, beside the theory's limit.

    `samples` networks of the largest width are drawn, and of the others as many as have the same number of
    neurons, so that all means have about the same standard error. The same arguments give the same numbers.
    Raises as `verify` does.
    """
    inputs = check_inputs(x)
    several = isinstance(widths, Sequence | np.ndarray) and len(widths) > 0
    if not several or any(isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1 for n in widths):
        raise DataError(f"widths = {widths!r} must be whole numbers of at least 1, as in (64, 256, 1024).")
    if not isinstance(samples, int | np.integer) or samples < 2:
        raise DataError(f"samples = {samples!r}: at least 2 networks are needed for a standard deviation.")
    quantities = quantities_of(len(inputs))
    limits = kernel_theory(net, kernel_fn, inputs)
    theory = quantities.vector(limits.nngp, limits.ntk)
    counts = tuple(-(-samples * max(widths) // n) for n in widths)
    example = canonical(net, inputs, widths=tuple(widths), samples=samples, seed=seed)
    mean, std = [], []
    for index, (width, count) in enumerate(zip(widths, counts, strict=True)):
        key = jax.random.fold_in(random_key(example), index)
        values = quantities.of(draw_kernels(net, inputs, width, count, key))
        mean.append(values.mean(0))
        std.append(values.std(0, ddof=1))
    return Convergence(
        widths=tuple(int(n) for n in widths),
        samples=counts,
        quantities=quantities.names,
        theory=theory,
        scale=quantities.scale(mean[int(np.argmax(widths))]),
        mean=np.array(mean),
        std=np.array(std),
    )
