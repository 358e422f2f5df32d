"""Many verifications as one family: the probability of any false alarm among them all stays below alpha.

Each is given alpha/examples. Verdicts are remembered by example and theory (the values of kernels, and claims and
functions as the objects that they are), so that asking again, as hypothesis does when it shrinks, costs nothing
and cannot give another answer.
"""

from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from ntk_theory.errors import DataError
from ntk_theory.sampling.chain import check_inputs
from ntk_theory.verify.example import canonical
from ntk_theory.verify.procedure import verify
from ntk_theory.verify.smallest import smallest
from ntk_theory.verify.theory import kernel_theory
from ntk_theory.verify.verdict import Verdict

if TYPE_CHECKING:
    from ntk_theory.network import Network


@dataclass
class Family:
    """`check` asserts that a claim is not refuted; all checks together raise falsely with probability ≤ alpha.

    - `examples`: how many different ones may be asked; each spends alpha/examples. One more raises `DataError`.
    - `budget`, `widths`: what is passed to `verify` where the caller does not say.
    - `undecided`: the share of verdicts that may be UNDECIDED, counted from the tenth on: a property that decides
      nothing is no test.
    """

    alpha: float = 1e-6
    examples: int = 10_000
    budget: int = 2**28
    widths: tuple[int, ...] | None = None
    undecided: float = 0.5
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    _known: dict[int, Any] = field(default_factory=dict, repr=False)  # kept, so that no other gets its id

    def __post_init__(self) -> None:
        if not isinstance(self.alpha, Real) or not 0 < self.alpha < 1:
            raise DataError(f"alpha = {self.alpha!r} must lie in (0, 1), as in alpha=1e-6.")
        if not isinstance(self.examples, Integral) or self.examples < 1:
            raise DataError(f"examples = {self.examples!r} must be a whole number of at least 1.")

    def verify(self, net: "Network", x: Any, *, label: str = "", **settings: Any) -> Verdict:
        """As `ntk_theory.verify`, at alpha/examples, and from memory where it has been asked before."""
        if "alpha" in settings:
            raise DataError("alpha is the family's: give it to Family(alpha=…), or --ntk-alpha to pytest.")
        chosen = {"widths": self.widths, "budget": self.budget, **settings}
        key = self._key(net, x, chosen)
        if key not in self.verdicts:
            if len(self.verdicts) >= self.examples:
                raise DataError(
                    f"This family was made for {self.examples} examples, and all are spent: Family(examples=…)."
                )
            # rounded, so that families with equal shares give the same example the same networks
            each = float(f"{self.alpha / self.examples:.12g}")
            self.verdicts[key] = verify(net, x, alpha=each, **chosen)
            self.calls[key] = label
        return self.verdicts[key]

    def check(self, net: "Network", x: Any, *, label: str = "", shrink: bool = False, **settings: Any) -> Verdict:
        """Raises `AssertionError` with the table where the theory is REFUTED, or too little is decided.

        `shrink` looks for a smaller example that is refuted as well, and puts it at the end of the message.
        """
        verdict = self.verify(net, x, label=label, **settings)
        if verdict.verdict == "REFUTED":
            least = smallest(net, x, verdict, **{"widths": self.widths, **settings}) if shrink else None
            raise AssertionError(str(verdict) if least is None else f"{verdict}\n\nA smaller example:\n{least}")
        open_ones = sum(v.verdict == "UNDECIDED" for v in self.verdicts.values())
        if len(self.verdicts) >= 10 and open_ones > self.undecided * len(self.verdicts):
            raise AssertionError(
                f"{open_ones} of {len(self.verdicts)} verdicts are UNDECIDED, the last: {verdict.reason}"
            )
        return verdict

    def _key(self, net: "Network", x: Any, settings: dict[str, Any]) -> str:
        inputs, theory = check_inputs(x), settings.get("kernel_fn")
        named: dict[str, Any] = {name: self._named(value) for name, value in settings.items()}
        if callable(theory):
            limits = kernel_theory(net, theory, inputs)
            parts = (limits.nngp, limits.ntk, limits.ntk_layers)
            named["kernel_fn"] = [None if part is None else part.tolist() for part in parts]
        theories = [str(getattr(layer, "theory", None)) for layer in net.layers]
        return canonical(net, inputs, theories=theories, **named)

    def _named(self, value: Any) -> str:
        """Text that tells a value from all others; an object's is its own for as long as the family lives."""
        if value is None or isinstance(value, str | Real | tuple | list):
            return repr(value)
        self._known[id(value)] = value
        return f"object {id(value)}"
