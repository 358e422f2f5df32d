"""Moments of Gaussian vectors on orthants, exactly: completing the square, then Stein's recursion.

For X Gaussian with mean μ and covariance S, and walls W among its components,
E[X_i·m(X)·∏1[W>0]] = μ_i E[m∏] + Σ_j S_ij E[∂_j m∏] + Σ_k S_ik p_{W_k}(0) E[m·∏_{l≠k}1[W_l>0] | W_k = 0]:
each step lowers the degree of m or removes a wall.
"""

from itertools import combinations, combinations_with_replacement, product

from sympy.polys.fields import FracElement

from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.algebra import IMAGINARY, ROOT_1, ROOT_2, Algebra
from ntk_theory.gaussian.budget import spend
from ntk_theory.gaussian.functions import Walls, orthant
from ntk_theory.gaussian.normal_form import NormalForm, Surd
from ntk_theory.gaussian.relations import parts, reduced
from ntk_theory.gaussian.terms import Term
from ntk_theory.symbols import c

Law = tuple[tuple[FracElement, ...], tuple[tuple[FracElement, ...], ...]]


def mean(algebra: Algebra, terms: tuple[Term, ...]) -> NormalForm:
    """E[φ(u)], u centred Gaussian of variance q1, for φ = Σ terms."""
    return reduced(sum((_expectation(algebra, (term,)) for term in terms), NormalForm(algebra)))


def covariance(algebra: Algebra, left: tuple[Term, ...], right: tuple[Term, ...]) -> NormalForm:
    """E[φ(u)ψ(v)], (u, v) centred Gaussian with variances q1, q2 and correlation c."""
    total = NormalForm(algebra)
    if left is not right:
        return reduced(sum((_expectation(algebra, pair) for pair in product(left, right)), total))
    for i, j in combinations_with_replacement(range(len(left)), 2):
        one = _expectation(algebra, (left[i], left[j]))
        total += one if i == j else one + one.swapped()
    return reduced(total)


def _expectation(algebra: Algebra, terms: tuple[Term, ...]) -> NormalForm:
    """E[∏ term(variable)], one term for each of one or two Gaussian variables."""
    spend("the expectation of " + " · ".join(map(str, terms)))
    element = algebra.element
    coefficient = algebra.constant(1)
    for term in terms:
        coefficient = coefficient * algebra.coefficient(term.coefficient)
    quadratic = [element(term.quadratic) for term in terms]
    linear = [element(term.linear) for term in terms]
    factor, covariances = _tilted(algebra, quadratic)
    means = [sum((s * b for s, b in zip(row, linear, strict=True)), algebra.zero) for row in covariances]
    exponent = sum((b * m for b, m in zip(linear, means, strict=True)), algebra.zero) / 2
    law = _with_walls(algebra, terms, means, covariances)
    moments = _Moments(algebra, law, len(terms))
    walls = frozenset(range(len(terms), len(law[0])))
    moment = moments.moment(tuple(term.power for term in terms), walls, frozenset())
    return moment.scaled(factor, exponent) * coefficient


def _tilted(algebra: Algebra, quadratic: list[FracElement]) -> tuple[Surd, list[list[FracElement]]]:
    """The factor and the covariance of the Gaussian that exp(Σ a x²) times the density is."""
    q1, q2 = (algebra.generator(root) ** 2 for root in (ROOT_1, ROOT_2))
    if len(quadratic) == 1:
        scale = 1 - 2 * quadratic[0] * q1
        return algebra.sqrt(1 / scale), [[q1 / scale]]
    s = algebra.generator(c) * algebra.generator(ROOT_1) * algebra.generator(ROOT_2)
    determinant = q1 * q2 - s**2
    a, b = quadratic
    scale = (1 - 2 * a * q1) * (1 - 2 * b * q2) - 4 * a * b * s**2
    covariances = [
        [(q1 - 2 * b * determinant) / scale, s / scale],
        [s / scale, (q2 - 2 * a * determinant) / scale],
    ]
    return algebra.sqrt(1 / scale), covariances


def _with_walls(
    algebra: Algebra, terms: tuple[Term, ...], means: list[FracElement], covariances: list[list[FracElement]]
) -> Law:
    """The joint law of the variables and all walls, in this order."""
    loads = [[algebra.one if i == j else algebra.zero for j in range(len(terms))] for i in range(len(terms))]
    offsets = [algebra.zero] * len(terms)
    noises = [algebra.zero] * len(terms)
    for number, term in enumerate(terms):
        for wall in term.walls:
            loads.append([algebra.zero] * len(terms))
            loads[-1][number] = algebra.element(wall.slope)
            offsets.append(algebra.element(wall.offset))
            noises.append(algebra.element(wall.noise))
    size = len(loads)
    variables = range(len(terms))

    def entry(i: int, j: int) -> FracElement:
        shared = sum(
            (loads[i][m] * covariances[m][n] * loads[j][n] for m in variables for n in variables),
            algebra.zero,
        )
        return shared + (noises[i] if i == j else 0)

    means = [
        offset + sum((load[m] * means[m] for m in variables), algebra.zero)
        for offset, load in zip(offsets, loads, strict=True)
    ]
    return tuple(means), tuple(tuple(entry(i, j) for j in range(size)) for i in range(size))


class _Moments:
    """Stein's recursion over one Gaussian vector, memoised."""

    def __init__(self, algebra: Algebra, law: Law, variables: int) -> None:
        self.algebra = algebra
        self.variables = variables
        self.laws: dict[frozenset[int], Law] = {frozenset(): law}
        self.known: dict[tuple[tuple[int, ...], frozenset[int], frozenset[int]], NormalForm] = {}

    def moment(self, powers: tuple[int, ...], walls: frozenset[int], zero: frozenset[int]) -> NormalForm:
        """E[∏ X_i^powers_i ∏_{k in walls} 1[W_k > 0] | W_k = 0 for k in zero]."""
        key = (powers, walls, zero)
        if key not in self.known:
            spend(f"a moment of degree {sum(powers)} with {len(walls)} thresholds")
            self.known[key] = self._stein(*key) if any(powers) else self._orthant(walls, zero)
        return self.known[key]

    def _stein(self, powers: tuple[int, ...], walls: frozenset[int], zero: frozenset[int]) -> NormalForm:
        means, covariances = self.law(zero)
        i = max(range(self.variables), key=lambda k: powers[k])
        lowered = _lower(powers, i)
        total = self.moment(lowered, walls, zero).scaled(Surd(means[i]))
        for j in range(self.variables):
            if lowered[j] and covariances[i][j]:
                rest = self.moment(_lower(lowered, j), walls, zero)
                total += rest.scaled(Surd(covariances[i][j] * lowered[j]))
        for k in walls:
            if covariances[i][k]:
                density = self.algebra.sqrt(2 * self.algebra.pi * covariances[k][k]).inverse
                rest = self.moment(lowered, walls - {k}, zero | {k})
                total += rest.scaled(density * Surd(covariances[i][k]), -(means[k] ** 2) / (2 * covariances[k][k]))
        return total

    def law(self, zero: frozenset[int]) -> Law:
        """Means and covariances given that the walls in `zero` vanish."""
        if zero not in self.laws:
            k = max(zero)
            means, covariances = self.law(zero - {k})
            size = range(len(means))
            slopes = [covariances[i][k] / covariances[k][k] for i in size]
            self.laws[zero] = (
                tuple(means[i] - slopes[i] * means[k] for i in size),
                tuple(tuple(covariances[i][j] - slopes[i] * covariances[k][j] for j in size) for i in size),
            )
        return self.laws[zero]

    def _orthant(self, walls: frozenset[int], zero: frozenset[int]) -> NormalForm:
        """P(W_k > 0 for all k in walls | W = 0 in zero), by standardised thresholds and correlations."""
        means, covariances = self.law(zero)
        scale = {k: self.algebra.sqrt(1 / covariances[k][k]) for k in walls}
        order = sorted(walls)
        if IMAGINARY in self.algebra.constants and any(parts(self.algebra, means[k])[1] for k in walls):
            raise NotInClassError(
                "A trigonometric function cut by a threshold, or times erf, needs Φ of a complex number; "
                "that is outside the class."
            )
        thresholds = [Surd(means[k]) * scale[k] for k in order]
        correlations = [Surd(covariances[k][l]) * scale[k] * scale[l] for k, l in combinations(order, 2)]
        return orthant(self.algebra, Walls(thresholds, correlations))


def _lower(powers: tuple[int, ...], i: int) -> tuple[int, ...]:
    return tuple(p - (j == i) for j, p in enumerate(powers))
