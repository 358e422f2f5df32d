"""Where an expectation exists: φ that grow like exp(a·x²) have one only while the variances are small enough."""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, Symbol

from ntk_theory.gaussian.paper import latex
from ntk_theory.symbols import c, q, q1, q2


@dataclass(frozen=True)
class Condition:
    """The formula `of` something holds where each of `positive` is > 0."""

    of: str
    positive: tuple[Expr, ...]

    def __str__(self) -> str:
        return f"{self.of} where " + ", ".join(f"{e} > 0" for e in self.positive)

    def failing(self, values: Mapping[Symbol, Expr]) -> Expr | None:
        """The first of `positive` that is not positive at these values, if one can be seen not to be."""
        return next((e for e in self.positive if e.subs(values).is_nonpositive), None)

    def latex(self) -> str:
        """As a paper states it."""
        return r",\; ".join(f"{latex(e)} > 0" for e in self.positive)


def growth_conditions(a: Expr) -> tuple[Condition, ...]:
    """Those of φ ~ exp(a·x²): I - 2aΣ must be positive definite, Σ the covariance of the variables."""
    if a == 0:
        return ()
    first, second = 1 - 2 * a * q1, 1 - 2 * a * q2
    return (
        Condition("K", (first, second, first * second - (2 * a * c) ** 2 * q1 * q2)),
        Condition("V", (1 - 4 * a * q,)),
        Condition("mean", (1 - 2 * a * q,)),
    )
