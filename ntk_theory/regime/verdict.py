"""What `ntk_theory.regime` says: where a network stands, why, and what to change."""

from dataclasses import asdict, dataclass, replace
from textwrap import fill
from typing import Any, Literal

from ntk_theory.regime.place import Place
from ntk_theory.regime.randomness import Randomness
from ntk_theory.regime.trainability import Trainability

VerdictName = Literal["theory holds", "kernel random", "kernel moves", "untrainable"]


@dataclass(frozen=True)
class Movement:
    """‖Θ_t - Θ_0‖/‖Θ_0‖ after `steps` steps: `relative` at the width in question, ± `error` over networks.

    It was `measured` on `members` networks of `measured_width` and `inputs` of the data, and goes to wider
    networks like n^-`exponent`. Infinite where descent blew up. `sufficient_width` is where it is down to
    the tolerance.
    """

    relative: float
    error: float
    measured: float
    measured_width: int
    members: int
    inputs: int
    steps: int
    exponent: float
    sufficient_width: int | None


@dataclass(frozen=True)
class Regime:
    """Whether the kernel theory is true of a network on its data.

    - `verdict`: "theory holds"; "kernel random": at initialization std(Θ)/E[Θ] is above `tolerance`; "kernel
      moves": in training ‖Θ_t - Θ_0‖/‖Θ_0‖ is; "untrainable": the theory's own network learns less than half of
      what it is to learn. The first of the last three in the order untrainable, random, moves; `reasons` name all.
    - `width`: None where none was given: the verdict is that of networks of `sufficient_width` and wider.
    - `ratio`: depth/width. `place`: the phase; `randomness`, `movement`, `trainability`: the numbers behind.
    - `advice`: what to change, with numbers; empty where nothing has to.
    """

    verdict: VerdictName
    activation: str
    depth: int
    width: int | None
    W_var: float
    b_var: float
    tolerance: float
    place: Place
    randomness: Randomness
    movement: Movement
    trainability: Trainability
    reasons: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def ratio(self) -> float | None:
        """Depth over width."""
        return None if self.width is None else self.depth / self.width

    @property
    def sufficient_width(self) -> int | None:
        """Where the kernel is neither random nor moves, both to the tolerance; None where none was found."""
        if self.movement.sufficient_width is None:
            return None
        return max(self.randomness.sufficient_width, self.movement.sufficient_width)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it; what is infinite becomes null."""
        chi_1 = self.place.chi_1
        plain = asdict(replace(self, place=replace(self.place, chi_1=None)))  # a ball can't be copied
        plain["place"]["chi_1"] = None if chi_1 is None else chi_1.as_dict()
        plain["randomness"] |= {"dispersion": self.randomness.dispersion, "trusted": self.randomness.trusted}
        plain |= {"ratio": self.ratio, "sufficient_width": self.sufficient_width}
        plain["reasons"], plain["advice"] = list(self.reasons), list(self.advice)
        return _finite(plain)

    def __str__(self) -> str:
        size = f"depth {self.depth}" + ("" if self.width is None else f", width {self.width}")
        lines = [
            f"{self.verdict.upper()}: {self.activation}, {size}, σ_w² = {self.W_var:.6g}, σ_b² = {self.b_var:.6g}"
        ]
        for title, texts in (("Why:", self.reasons), ("What to change:", self.advice)):
            if texts:
                lines += [title, *(fill(t, 100, initial_indent="- ", subsequent_indent="  ") for t in texts)]
        return "\n".join(lines)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
