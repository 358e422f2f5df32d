"""An independent numeric check of a derivation: Gauss-Legendre panels in plain floating point.

It shares no code with the symbolic route: φ itself is evaluated on a grid, panels are cut where φ is not smooth.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import sympy
from jaxtyping import Float
from sympy import Expr, Symbol

from ntk_theory.activation import Activation
from ntk_theory.gaussian.special import Orthant, Phi2
from ntk_theory.symbols import c, q1, q2, x

POINT = {q1: sympy.Rational(5, 4), q2: sympy.Rational(3, 4), c: sympy.Rational(-3, 8)}
TOLERANCE = 1e-8
COARSE, FINE = (16, 9.0), (22, 12.0)
"""Two quadratures: nodes a panel, and how many standard deviations they cover."""

SCALES = (1, sympy.Rational(1, 100), sympy.Rational(1, 10**4), sympy.Rational(1, 10**6))
"""Factors of the variances in POINT: a steep φ is looked at closer to 0, where panels resolve it."""


def agrees(formula: Expr, phi: Activation) -> bool | None:
    """Whether `formula` in q1, q2, c is E[φ(u)φ(v)] at one generic point, to about eight digits.

    Free parameters of φ are given the numbers 3/4, 3/5, 3/6, …, which the pieces' order must allow. None where
    two quadratures of different order and reach disagree at all scales: then nothing is known.
    """
    numbers = {p: sympy.Rational(3, 4 + i) for i, p in enumerate(phi.parameters)}
    concrete = Activation(phi.expression.subs(numbers), phi.name)
    for scale in SCALES:
        point = {q1: POINT[q1] * scale, q2: POINT[q2] * scale, c: POINT[c]}
        first, second, correlation = map(float, point.values())
        coarse, fine = (
            covariance(concrete, first, second, correlation, order=order, reach=reach)
            for order, reach in (COARSE, FINE)
        )
        sure = math.isfinite(fine) and abs(coarse - fine) <= TOLERANCE / 10 * abs(fine)
        if sure and (fine != 0 or formula.is_zero):  # what underflows to 0 says nothing
            at_point = formula.subs(numbers)
            if abs(_value(at_point, point) - fine) <= TOLERANCE * abs(fine):
                return True
            # what cancels in floating point is computed again by slower means, before it is called wrong
            return bool(abs(float(at_point.subs(point).evalf(20)) - fine) <= TOLERANCE * abs(fine))
    return None


def covariance(phi: Activation, q1: float, q2: float, c: float, *, order: int, reach: float) -> float:
    """E[φ(u)φ(v)] for |c| < 1 and a φ without free parameters, by Gauss-Legendre panels of `order` nodes."""
    f, cuts = _numeric(phi)
    s1, s2, across = math.sqrt(q1), math.sqrt(q2), math.sqrt(1 - c * c)
    z, outer = (row[0] for row in _panels(cuts[None, :] / s1, order, reach))
    w, inner = _panels((cuts[None, :] / s2 - c * z[:, None]) / across, order, reach)
    with np.errstate(over="ignore", invalid="ignore"):
        values = f(s2 * (c * z[:, None] + across * w))
        return float(np.sum(outer * f(s1 * z) * np.sum(inner * values, axis=1)))


def _panels(
    cuts: Float[np.ndarray, "rows cuts"], order: int, reach: float
) -> tuple[Float[np.ndarray, "rows nodes"], Float[np.ndarray, "rows nodes"]]:
    """Nodes and weights of the standard normal law on [-reach, reach], each row cut at its own points."""
    legendre, legendre_weights = np.polynomial.legendre.leggauss(order)
    fixed = np.broadcast_to(np.arange(-reach, reach + 1, 3), (len(cuts), round(2 * reach / 3) + 1))
    ends = np.sort(np.hstack([fixed, np.clip(cuts, -reach, reach)]), axis=1)
    columns = list(pairwise(ends.T[:, :, None]))
    nodes = np.hstack([(a + b) / 2 + (b - a) / 2 * legendre for a, b in columns])
    weights = np.hstack([(b - a) / 2 * legendre_weights for a, b in columns])
    return nodes, weights * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)


def _numeric(phi: Activation) -> tuple[Callable[[np.ndarray], np.ndarray], Float[np.ndarray, "cuts"]]:
    """φ on arrays, by its pieces, and the points between them."""
    erf = np.vectorize(math.erf, otypes=[float])
    parts = [sympy.lambdify(x, p.expression, [{"erf": erf}, "numpy"]) for p in phi.pieces]
    cuts = np.array([float(p.upper) for p in phi.pieces[:-1]])

    def f(t: np.ndarray) -> np.ndarray:
        number = np.searchsorted(cuts, t)
        result = np.zeros_like(t)
        for k, smooth in enumerate(parts):
            result[number == k] = smooth(t[number == k])
        return result

    return f, cuts


def _value(formula: Expr, point: dict[Symbol, Expr]) -> float:
    """The formula at a point; multivariate normal probabilities by Owen's T where there are two dimensions."""
    probabilities = formula.subs(point).replace(Phi2, _phi2)
    return float(
        probabilities.replace(lambda part: isinstance(part, Orthant), lambda part: part.evalf(15)).evalf(15)
    )


def _phi2(*arguments: Expr) -> Expr:
    from scipy.special import ndtr, owens_t

    h, k, rho = (float(a.evalf(17)) for a in arguments)
    across = math.sqrt((1 - rho) * (1 + rho))
    total = -0.5 if h * k < 0 or (h * k == 0 and h + k < 0) else 0.0
    for a, b in ((h, k), (k, h)):
        inner = owens_t(a, (b / a - rho) / across) if a else math.copysign(0.25, b) if b else 0.0
        total += ndtr(a) / 2 - inner
    return sympy.Float(total)
