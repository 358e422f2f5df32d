"""What a claim is: an estimator of finite networks, a theory of its mean, and a rate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from jaxtyping import Array, Float

from ntk_theory.errors import DataError
from ntk_theory.sampling import draw_kernels

if TYPE_CHECKING:
    from ntk_theory.network import Network

Rate: TypeAlias = Literal["1/n", "exact", "power"]
RATES = ("1/n", "exact", "power")
Values: TypeAlias = Mapping[str, float]
Draw: TypeAlias = Callable[["Network", Float[np.ndarray, "k features"], int, int, Array], Any]

ROUNDING = 3e-6
"""How far the float32 sampler's means may be off, relative to the kernel's size."""

_TINY = 1e-30  # the scale of what is zero


@dataclass(frozen=True)
class Claim:
    """A statement about finite networks that `ntk_theory.verify` can decide.

    - `estimator(draws, width)`: for `count` networks of this width, named arrays of shape (count,), one number a
      network. `draws` is what `draw(net, x, width, count, key)` gave, by default `ntk_theory.sampling.Draws`.
    - `theory`: the predicted value of each name, or a function of the width that gives them.
    - `rate`: what the mean of an estimate X(n) is, relative to a scale s:
      "1/n": theory + s·(a_1/n + a_2/n² + …) with unknown a_k; "exact": the theory's, at every width; "power": X
      is the logarithm of what falls like a power, E X(n) = constant - theory·log n + a_1/n + …: theory is the
      exponent.
    - `scale`: what `min_detectable` is relative to, for each name: numbers, or a function of the means at the
      largest width; None: the absolute value of that mean, where nothing is predicted to be 0. `of` is its name in
      messages.
    - `shift`: the a_k are bounded by A^(k+shift)/(k+shift)! (see `ntk_theory.verify.contrast`).
    - `at_least`: the theory is a lower bound; only a smaller truth refutes it.
    - `networks`: over how many networks an average goes at least where its kurtosis has to be near a normal one's.
    - `widths`, `min_detectable`: what `verify` takes where its caller does not say.

    Raises `DataError` for a rate that is none, and for fields of the wrong kind.
    """

    name: str
    statement: str
    estimator: Callable[[Any, int], Mapping[str, Any]]
    theory: Values | Callable[[int], Values]
    rate: Rate = "1/n"
    scale: Values | Callable[[Values], Values] | None = None
    of: str = "its size"
    draw: Draw = draw_kernels
    shift: int = 0
    at_least: bool = False
    networks: int = 1
    widths: tuple[int, ...] = (64, 256, 1024)
    min_detectable: float = 0.01
    rounding: float = ROUNDING

    def __post_init__(self) -> None:
        if self.rate not in RATES:
            raise DataError(
                f"The claim {self.name!r} has rate = {self.rate!r}; it must be one of {', '.join(RATES)}."
            )
        if not callable(self.estimator):
            raise DataError(f"The claim {self.name!r} has no estimator: give a function (draws, width).")
        for name, value, optional in (("theory", self.theory, False), ("scale", self.scale, True)):
            if not callable(value) and not isinstance(value, Mapping) and not (optional and value is None):
                raise DataError(
                    f"The claim {self.name!r} has {name} = {value!r}; give a dictionary of numbers by name, or a "
                    "function that gives one."
                )
        for name, whole, least in (("networks", self.networks, 1), ("shift", self.shift, 0)):
            if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or whole < least:
                raise DataError(f"The claim {self.name!r} has {name} = {whole!r}; at least {least} is needed.")

    def predicted(self, width: int) -> Float[np.ndarray, "quantities"]:
        """The theory's values, at a width where they depend on it. Raises `DataError` for what is not finite."""
        values = self.theory(width) if callable(self.theory) else self.theory
        return np.array([self._number("theory", values, name) for name in self.quantities])

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """The names, in the theory's order. Raises `DataError` where there is none."""
        names = tuple(self.theory(self.widths[0]) if callable(self.theory) else self.theory)
        if not names:
            raise DataError(f"The claim {self.name!r} predicts nothing: its theory has no entries.")
        return names

    def estimates(self, draws: Any, width: int, count: int) -> Float[np.ndarray, "count quantities"]:
        """One row a network, in float64. Raises `DataError` where the estimator does not give what it should."""
        found = self.estimator(draws, width)
        if not isinstance(found, Mapping):
            raise DataError(
                f"The estimator of the claim {self.name!r} gave {type(found).__name__}; expected a dictionary of "
                "arrays by name."
            )
        columns = []
        for name in self.quantities:
            if name not in found:
                raise DataError(
                    f"The estimator of the claim {self.name!r} gives {', '.join(found)}, but the theory predicts "
                    f"{name}: name both alike."
                )
            try:
                column = np.asarray(found[name], dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise DataError(f"The estimator of the claim {self.name!r} gave {name}: {error}.") from error
            if column.shape != (count,):
                raise DataError(
                    f"The estimator of the claim {self.name!r} gave {name} of shape {column.shape} for {count} "
                    "networks; expected one number a network."
                )
            if not np.isfinite(column).all():
                raise DataError(f"The estimator of the claim {self.name!r} gave {name} that is not finite.")
            columns.append(column)
        return np.stack(columns, axis=1)

    def scales(self, means: Float[np.ndarray, "quantities"]) -> Float[np.ndarray, "quantities"]:
        """What errors are relative to, given the means at the largest width. Never zero."""
        if self.scale is None:
            nothing = [n for n, v in zip(self.quantities, self.predicted(self.widths[0]), strict=True) if v == 0]
            if nothing:
                raise DataError(
                    f"The claim {self.name!r} predicts {nothing[0]} = 0, to which no error can be relative: "
                    f'say what size matters, as in scale={{"{nothing[0]}": 1.0}}.'
                )
            return np.maximum(np.abs(means), _TINY)
        named = dict(zip(self.quantities, means.tolist(), strict=True))
        chosen = self.scale(named) if callable(self.scale) else self.scale
        scales = np.array([self._number("scale", chosen, name) for name in self.quantities])
        if (scales < 0).any():
            raise DataError(f"The scale of the claim {self.name!r} is negative: {dict(chosen)}.")
        return np.maximum(scales, _TINY)

    def _number(self, field: str, values: Values, name: str) -> float:
        if name not in values:
            raise DataError(f"The {field} of the claim {self.name!r} has no {name}, only {', '.join(values)}.")
        try:
            value = float(values[name])
        except (TypeError, ValueError) as error:
            raise DataError(
                f"The {field} of the claim {self.name!r} gives {name} = {values[name]!r}: {error}."
            ) from error
        if not isfinite(value):
            raise DataError(f"The {field} of the claim {self.name!r} gives {name} = {value}; it must be finite.")
        return value
