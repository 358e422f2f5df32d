"""K, K̇ and E[φ] of any activation as proven numbers: by closed forms where there are some, else integration."""

import math
from collections.abc import Callable

from sympy import Expr, Lambda

from ntk_theory.activation import Activation, activation
from ntk_theory.dual import Dual, dual
from ntk_theory.enclosure.ball import Enclosure, Number, as_ball
from ntk_theory.enclosure.evaluate import MAX_DIGITS, enclose
from ntk_theory.errors import DataError, DerivationTimeError, EnclosureError, NotInClassError
from ntk_theory.gaussian.expectations import GaussianCovariance, GaussianMean
from ntk_theory.symbols import c as c_symbol
from ntk_theory.symbols import q as q_symbol
from ntk_theory.symbols import q1 as q1_symbol
from ntk_theory.symbols import q2 as q2_symbol
from ntk_theory.symbols import x


def enclose_kernel(
    phi: str | Expr | Activation, q1: Number, q2: Number, c: Number, *, derivative: bool = False, digits: int = 30
) -> Enclosure:
    """K(q1, q2, c) = E[φ(u)φ(v)], or with `derivative` K̇ = E[φ′(u)φ′(v)], for any activation in x.

    A closed form is evaluated in balls. Else analytic φ go by the trapezoidal rule (17 digits in some 0.02 s), φ
    with kinks outside the closed class by nested integration (17 digits in 1 to 5 s). Variances of 0 and
    correlations of ±1 are allowed. Raises `DataError` for arguments outside q1, q2 ≥ 0, -1 ≤ c ≤ 1,
    `DivergentExpectationError` for K̇ where φ jumps, `EnclosureError` where the digits can't be reached.

    >>> print(enclose_kernel("softsign", 1, 1, "0.5", digits=10))
    0.0863543935500 ± 6e-14
    """
    act = _without_parameters(phi)
    first, second, correlation = as_ball(q1, "q1"), as_ball(q2, "q2"), as_ball(c, "c")
    if not (first >= 0 and second >= 0 and abs(correlation).lower() <= 1):
        raise DataError(f"K has no value at q1 = {q1}, q2 = {q2}, c = {c}: q1, q2 ≥ 0 and -1 ≤ c ≤ 1 are needed.")
    slope = act.derivative if derivative else act
    if (first == 0 or second == 0) and any(jump.position == 0 for jump in slope.jumps):
        raise EnclosureError(f"{slope.name} jumps at 0, where a variance of 0 puts all mass: K has no one value.")
    f = slope.expression
    integral = GaussianCovariance(Lambda(x, f), Lambda(x, f), q1_symbol, q2_symbol, c_symbol)
    values = {q1_symbol: q1, q2_symbol: q2, c_symbol: c}
    if first > 0 and second > 0 and abs(correlation) < 1:
        form = _form(act, lambda derived: derived.derivative if derivative else derived.kernel)
        return _first([form, integral] if form is not None else [integral], values, digits)
    return _first([integral], values, digits)


def enclose_mean(phi: str | Expr | Activation, q: Number, *, square: bool = False, digits: int = 30) -> Enclosure:
    """E[φ(√q z)], or with `square` V(q) = E[φ(√q z)²], for any activation in x. Raises as `enclose_kernel`."""
    act = _without_parameters(phi)
    if not as_ball(q, "q") >= 0:
        raise DataError(f"q = {q} must be a variance, at least 0.")
    integral = GaussianMean(Lambda(x, (act.squared if square else act).expression), q_symbol)
    form = _form(act, lambda derived: derived.variance if square else derived.mean) if as_ball(q) > 0 else None
    return _first([form, integral] if form is not None else [integral], {q_symbol: q}, digits)


def _without_parameters(phi: str | Expr | Activation) -> Activation:
    act = activation(phi)
    if act.parameters:
        names = ", ".join(map(str, act.parameters))
        raise DataError(f"{act} has free parameters ({names}): write numbers in their place.")
    return act


def _form(act: Activation, part: Callable[[Dual], Expr]) -> Expr | None:
    try:
        return part(dual(act))
    except (NotInClassError, DerivationTimeError):
        return None


def _first(forms: list[Expr], values: dict[Expr, Number], digits: int) -> Enclosure:
    """By the first form that reaches the digits."""
    for form in forms[:-1]:
        try:
            return _significant(form, values, digits)
        except EnclosureError:
            continue
    return _significant(forms[-1], values, digits)


def _significant(form: Expr, values: dict[Expr, Number], digits: int) -> Enclosure:
    """With `digits` significant digits even of a tiny value, which `enclose` takes for 0 below 10^(-2·digits)."""
    found = enclose(form, values, digits=digits)
    size = abs(found.ball)
    if found.digits >= digits or not size > 0:
        return found
    orders = -float(size.log().mid()) / math.log(10)
    enough = math.ceil(orders / 2) + 2
    return enclose(form, values, digits=max(digits, enough)).rounded(digits) if enough <= MAX_DIGITS else found
