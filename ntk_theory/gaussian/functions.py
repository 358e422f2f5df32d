"""The transcendental functions of normal forms: canonical orientation and derivative of each.

The normal orthant probability P(Z_1 < h_1, …, Z_n < h_n) covers Φ (n = 1), Φ₂ (n = 2) and what four factors of erf
leave. At zero thresholds n = 2 and 3 are sums of asin (Sheppard 1899). Its derivatives are Plackett's (1954):
∂P/∂h_i = φ(h_i) P(rest | Z_i = h_i), ∂P/∂ρ_ij = φ₂(h_i, h_j; ρ_ij) P(rest | Z_i = h_i, Z_j = h_j).
"""

from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from typing import TYPE_CHECKING

from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.normal_form import Atom, NormalForm, Surd

if TYPE_CHECKING:
    from ntk_theory.gaussian.algebra import Algebra

_MOST_WALLS = 4
"""Five and more would need integrals of more than one dimension."""


def _asin(algebra: "Algebra", arguments: Sequence[Surd]) -> NormalForm:
    (argument,) = arguments
    if not argument:
        return NormalForm(algebra)
    if argument.squared == 1:
        return algebra.term(Surd(algebra.pi / 2 * algebra.surd_sign(argument)))
    sign = algebra.orientation(argument)
    return algebra.term(Surd(algebra.one * sign), 0, [(Atom("asin", (argument if sign > 0 else -argument,)), 1)])


def _diff_asin(algebra: "Algebra", arguments: Sequence[Surd], slopes: Sequence[Surd]) -> NormalForm:
    return algebra.term(slopes[0] * algebra.sqrt(1 - arguments[0].squared).inverse)


def _cos(algebra: "Algebra", arguments: Sequence[Surd]) -> NormalForm:
    (argument,) = arguments
    if not argument:
        return algebra.constant(1)
    oriented = argument if algebra.orientation(argument) > 0 else -argument
    return algebra.term(Surd(algebra.one), 0, [(Atom("cos", (oriented,)), 1)])


def _sin(algebra: "Algebra", arguments: Sequence[Surd]) -> NormalForm:
    (argument,) = arguments
    if not argument:
        return NormalForm(algebra)
    sign = algebra.orientation(argument)
    oriented = argument if sign > 0 else -argument
    return algebra.term(Surd(algebra.one * sign), 0, [(Atom("sin", (oriented,)), 1)])


def _diff_cos(algebra: "Algebra", arguments: Sequence[Surd], slopes: Sequence[Surd]) -> NormalForm:
    return _sin(algebra, arguments).scaled(-slopes[0])


def _diff_sin(algebra: "Algebra", arguments: Sequence[Surd], slopes: Sequence[Surd]) -> NormalForm:
    return _cos(algebra, arguments).scaled(slopes[0])


class Walls:
    """Thresholds h_i and correlations ρ_ij of standard normal variables."""

    def __init__(self, thresholds: Sequence[Surd], correlations: Sequence[Surd]) -> None:
        self.h = list(thresholds)
        self.pairs = list(combinations(range(len(self.h)), 2))
        self.rho = dict(zip(self.pairs, correlations, strict=True))

    @classmethod
    def unpack(cls, arguments: Sequence[Surd]) -> "Walls":
        n = next(n for n in range(len(arguments) + 1) if n * (n + 1) // 2 == len(arguments))
        return cls(arguments[:n], arguments[n:])

    @property
    def arguments(self) -> tuple[Surd, ...]:
        return (*self.h, *(self.rho[pair] for pair in self.pairs))

    def correlation(self, i: int, j: int) -> Surd:
        return self.rho[min(i, j), max(i, j)]

    def without(self, *dropped: int) -> "Walls":
        kept = [i for i in range(len(self.h)) if i not in dropped]
        return Walls([self.h[i] for i in kept], [self.rho[pair] for pair in combinations(kept, 2)])

    def permuted(self, order: Sequence[int]) -> "Walls":
        """The same variables in another order."""
        correlations = [self.correlation(order[i], order[j]) for i, j in self.pairs]
        return Walls([self.h[i] for i in order], correlations)

    def flipped(self, i: int) -> "Walls":
        """Z_i replaced by -Z_i, and its threshold by -h_i."""
        thresholds = [-h if k == i else h for k, h in enumerate(self.h)]
        return Walls(thresholds, [-r if i in pair else r for pair, r in self.rho.items()])

    def given(self, algebra: "Algebra", i: int) -> "Walls":
        """The others, standardised anew, where Z_i = h_i."""
        kept = [k for k in range(len(self.h)) if k != i]
        scale = {k: algebra.sqrt(1 - self.correlation(i, k).squared).inverse for k in kept}
        thresholds = [(self.h[k] + -(self.correlation(i, k) * self.h[i])) * scale[k] for k in kept]
        correlations = [
            (self.correlation(k, l) + -(self.correlation(i, k) * self.correlation(i, l))) * scale[k] * scale[l]
            for k, l in combinations(kept, 2)
        ]
        return Walls(thresholds, correlations)


def orthant(algebra: "Algebra", walls: Walls) -> NormalForm:
    """P(Z_i < h_i for all i) in canonical form. Raises `NotInClassError` beyond one-dimensional integrals."""
    n = len(walls.h)
    if n == 0:
        return algebra.constant(1)
    reduced = _reduced(algebra, walls)
    if reduced is not None:
        return reduced
    if n > 2:
        walls = min(
            (walls.permuted(order) for order in permutations(range(n))), key=lambda w: _oriented_key(algebra, w)
        )
    for i in range(n):
        if _faces_back(algebra, walls, i):
            return orthant(algebra, walls.without(i)) - orthant(algebra, walls.flipped(i))
    if n == 2 and _sort_key(walls.h[0]) > _sort_key(walls.h[1]):
        walls = Walls(walls.h[::-1], list(walls.rho.values()))
    if n > _MOST_WALLS or (n == _MOST_WALLS and any(walls.h)):
        raise NotInClassError(
            f"The expectation needs a normal probability of {n} dimensions"
            + (" with thresholds away from zero" if any(walls.h) else "")
            + ", which is no one-dimensional integral."
        )
    return algebra.term(Surd(algebra.one), 0, [(Atom("orthant", walls.arguments), 1)])


def _reduced(algebra: "Algebra", walls: Walls) -> NormalForm | None:
    """The probability where it is elementary, or a product, or of fewer dimensions."""
    n = len(walls.h)
    if n == 1:
        return algebra.constant(algebra.one / 2) if not walls.h[0] else None
    for i, j in walls.pairs:
        if walls.rho[i, j] and walls.rho[i, j].squared == 1:
            return _degenerate(algebra, walls, i, j)
    if n <= 3 and not any(walls.h):
        total = algebra.constant(algebra.one / 2**n)
        for rho in walls.rho.values():
            total += _asin(algebra, [rho]).scaled(Surd(1 / (2 ** (n - 1) * algebra.pi)))
        return total
    block = _block_of_first(walls)
    if len(block) < n:
        rest = [i for i in range(n) if i not in block]
        return orthant(algebra, walls.without(*rest)) * orthant(algebra, walls.without(*block))
    return None


def _degenerate(algebra: "Algebra", walls: Walls, i: int, j: int) -> NormalForm:
    """Z_j = ±Z_i: one threshold is enough, or the two enclose an interval."""
    h_i, h_j = walls.h[i], walls.h[j]
    if algebra.surd_sign(walls.rho[i, j]) > 0:
        gap = h_i + -h_j
        return orthant(algebra, walls.without(j if not gap or algebra.surd_sign(gap) < 0 else i))
    # P(-h_j < Z_i < h_i, …) = P(Z_i < h_i, …) - P(Z_i < -h_j, …), empty where -h_j ≥ h_i
    gap = h_i + h_j
    if not gap or algebra.surd_sign(gap) < 0:
        return NormalForm(algebra)
    return orthant(algebra, walls.without(j)) - orthant(algebra, walls.flipped(j).without(i))


def _block_of_first(walls: Walls) -> set[int]:
    """The walls that are linked to the first one by correlations that are not zero."""
    block, fresh = {0}, [0]
    while fresh:
        i = fresh.pop()
        linked = {k for k in range(len(walls.h)) if k not in block and walls.correlation(i, k)}
        block |= linked
        fresh += linked
    return block


def _faces_back(algebra: "Algebra", walls: Walls, i: int) -> bool:
    """Whether the canonical form has wall i the other way round."""
    if walls.h[i]:
        return algebra.orientation(walls.h[i]) < 0
    # thresholds at zero are turned by their correlations with walls whose way round is settled
    settled = [j for j in range(len(walls.h)) if j != i and (walls.h[j] or j < i)]
    linked = [walls.correlation(i, j) for j in sorted(settled, key=lambda j: (not walls.h[j], j))]
    return next((algebra.orientation(rho) < 0 for rho in linked if rho), False)


def _oriented_key(algebra: "Algebra", walls: Walls) -> tuple[str, ...]:
    """What the walls look like once all face forward: the same for every order and every reflection of them."""
    for i in range(len(walls.h)):
        if _faces_back(algebra, walls, i):
            walls = walls.flipped(i)
    return tuple(map(_sort_key, walls.arguments))


def _sort_key(surd: Surd) -> str:
    return f"{surd.coefficient} {sorted(map(str, surd.radicand))}"


def _diff_orthant(algebra: "Algebra", arguments: Sequence[Surd], slopes: Sequence[Surd]) -> NormalForm:
    walls, steps = Walls.unpack(arguments), Walls.unpack(slopes)
    total = NormalForm(algebra)
    for i, step in enumerate(steps.h):
        if step:
            rest = orthant(algebra, walls.given(algebra, i))
            density = algebra.sqrt(2 * algebra.pi).inverse
            total += rest.scaled(density * step, -walls.h[i].squared / 2)
    for (i, j), step in steps.rho.items():
        if step:
            rho = walls.rho[i, j]
            spread = 1 - rho.squared
            mixed = rho * walls.h[i] * walls.h[j]
            square = walls.h[i].squared + walls.h[j].squared - 2 * mixed.coefficient
            density = algebra.sqrt(spread).inverse * Surd(1 / (2 * algebra.pi))
            rest = orthant(algebra, walls.given(algebra, j).given(algebra, i))
            total += rest.scaled(density * step, -square / (2 * spread))
    return total


_Apply = Callable[["Algebra", Sequence[Surd]], NormalForm]
_Differentiate = Callable[["Algebra", Sequence[Surd], Sequence[Surd]], NormalForm]

FUNCTIONS: dict[str, tuple[_Apply, _Differentiate]] = {
    "asin": (_asin, _diff_asin),
    "cos": (_cos, _diff_cos),
    "sin": (_sin, _diff_sin),
    "orthant": (lambda algebra, arguments: orthant(algebra, Walls.unpack(arguments)), _diff_orthant),
}
