"""The checks that a theorem's derivation is made of. Each is recorded with its method, verdict and time.

Three methods: "exact" (zero tests in a normal form), "balls" (proven enclosures), "kernel" (Coq). A check of a
*falsehood*, close to the truth, holds when the method rejects it: it shows that the method can.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import sympy
from sympy import Expr, Rational, Symbol
from sympy.core.function import AppliedUndef

from ntk_theory.enclosure import Enclosure, Number, enclose
from ntk_theory.errors import EnclosureError
from ntk_theory.proofs import balls
from ntk_theory.proofs.coq import Lemma
from ntk_theory.proofs.exact import is_zero

Method = Literal["exact", "balls", "kernel"]
Values = Mapping[Symbol | str, Number]


@dataclass(frozen=True)
class Step:
    """One checked claim. `falsehood`: the claim is false, and `holds` says that it was rejected."""

    claim: str
    method: Method
    holds: bool
    seconds: float
    falsehood: bool = False
    detail: str = ""


class Derivation:
    """What a theorem's `derive` is given: it states claims here, and each is checked as it is stated."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.lemmas: list[Lemma] = []

    def equal(self, claim: str, left: Expr, right: Expr, *, at: Values | None = None) -> None:
        """left = right: by the zero test, and once more in balls at a point (free symbols in (0, 1), or `at`)."""
        self._record(claim, "exact", lambda: is_zero(left - right) and _agree(left, right, at) is not False)

    def not_equal(self, claim: str, left: Expr, right: Expr, *, at: Values | None = None) -> None:
        """A falsehood left = right: the zero test must not accept it, and balls must separate them at a point."""
        self._record(
            claim, "exact", lambda: not is_zero(left - right) and _agree(left, right, at) is False, falsehood=True
        )

    def true(self, claim: str, fact: object) -> None:
        """A fact that SymPy decides by exact arithmetic: `fact` must be true, not merely undecided."""
        self._record(claim, "exact", lambda: fact is True or fact is sympy.true)

    def between(self, claim: str, expression: Expr, lower: Expr, upper: Expr, *, at: Values | None = None) -> None:
        """lower < expression < upper at a point, in balls."""
        self._record(claim, "balls", lambda: balls.between(expression, at or {}, lower, upper) is True)

    def not_between(
        self, claim: str, expression: Expr, lower: Expr, upper: Expr, *, at: Values | None = None
    ) -> None:
        """A falsehood lower < expression < upper: balls must exclude it."""
        self._record(
            claim, "balls", lambda: balls.between(expression, at or {}, lower, upper) is False, falsehood=True
        )

    def positive(self, claim: str, expression: Expr, symbol: Symbol, lower: Number, upper: Number) -> None:
        """expression > 0 on all of [lower, upper], in balls."""
        self._record(claim, "balls", lambda: balls.positive_on(expression, symbol, lower, upper) is True)

    def not_positive(self, claim: str, expression: Expr, symbol: Symbol, lower: Number, upper: Number) -> None:
        """A falsehood expression > 0 on [lower, upper]: balls must find a point where it is < 0."""
        self._record(
            claim, "balls", lambda: balls.positive_on(expression, symbol, lower, upper) is False, falsehood=True
        )

    def root(
        self, claim: str, expression: Expr, symbol: Symbol, lower: Number, upper: Number, *, digits: int = 30
    ) -> Enclosure:
        """The only root of `expression` in [lower, upper], by branch and prune and interval Newton in balls."""
        start = time.perf_counter()
        root = balls.the_root(expression, symbol, lower, upper, digits)
        self.steps.append(Step(claim, "balls", True, time.perf_counter() - start, detail=str(root)))
        return root

    def kernel(self, lemma: Lemma) -> None:
        """A lemma for the proof kernel, checked with the theorem's other lemmas when the derivation is done."""
        self.lemmas.append(lemma)

    def _record(self, claim: str, method: Method, check: Callable[[], bool], *, falsehood: bool = False) -> None:
        start = time.perf_counter()
        detail = ""
        try:
            holds = check()
        except EnclosureError as error:
            holds, detail = False, str(error)
        self.steps.append(Step(claim, method, holds, time.perf_counter() - start, falsehood, detail))


def _agree(left: Expr, right: Expr, at: Values | None) -> bool | None:
    """Whether two expressions overlap in balls at a point; None where they hold functions without values."""
    difference = sympy.sympify(left) - sympy.sympify(right)
    if difference.atoms(AppliedUndef, sympy.Derivative) or difference.has(sympy.I):
        return None
    point = dict(at) if at is not None else _somewhere(difference)
    return bool(enclose(difference, point, digits=15).ball.contains(0))


def _somewhere(expression: Expr) -> dict[Symbol | str, Number]:
    """A point with coordinates of no special relation to each other."""
    names = sorted(expression.free_symbols, key=str)
    return {name: Rational(3 * k + 4, 7 * k + 13) for k, name in enumerate(names)}
