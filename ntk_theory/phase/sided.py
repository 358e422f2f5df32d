r"""Depth asymptotics at q* = 0, σ_w²V′(0) = 1, for φ whose two sides differ at 0, or that is linear around 0.

With φ = s_±x + r(x), E[x r; x > 0] = q E[r′; x > 0]: σ_w²V(q)/q and σ_w²D(q) are the same to first order in r. So
Θ(x, x) ≈ l q_l whatever the law of q_l, which is

- q′ = q - Aq^{k/2} + …, from the first x^k, k = 3 or 4, in φ(x)² + φ(-x)² beyond x²;
- where both sides are linear up to kinks at ±t, r = m_±(|x| - t) beyond: q′ = q - 2|J|q^{3/2}e^{-t²/2q}/(t√2π),
  J = σ_w²Σ s_± m_± < 0, so that w = t²/2q obeys e^w/√w ≈ |J| l/√π.

Equal slopes s_± keep correlations, as E[u r(v)] = c E[v r(v)] makes them move in second order only; a kink at 0
brings them to 1 as in a homogeneous network, δ′ = δ - aδ^{3/2}, and Θ(x, x′) ≈ l q_l/4.
"""

import sympy
from sympy import Expr, Rational, Symbol

from ntk_theory.errors import NotInClassError
from ntk_theory.phase.asymptotics import DepthAsymptotics, Free, condition_of
from ntk_theory.phase.length_map import LengthMap
from ntk_theory.phase.near_one import NearOne, Term
from ntk_theory.phase.power_law import PowerLaw, l, power_law
from ntk_theory.phase.regimes import Place
from ntk_theory.symbols import x

c_oo = Symbol("c_oo", real=True)
LIMIT = Free(c_oo, "the correlation's limit, from the first layers")


def sided(place: Place) -> DepthAsymptotics:
    """The asymptotics. Raises `NotInClassError` where φ is of neither kind."""
    length = place.length
    left, right = length.beside_zero(1)
    kink = Rational(2, 3) * (right - left) ** 2 / (sympy.sqrt(2) * sympy.pi)
    power = _power(length)
    logarithmic = _logarithmic(length) if power is None else None
    variance, leading = (power.distance, power.leading) if power is not None else (logarithmic, logarithmic)
    next_factor = "O(1/l)" if power is not None else "O(1/log l)"
    if kink == 0 and power is not None and length.beside_zero(2) != (0, 0) and not length.square_near_zero(3):
        raise _unknown(length)
    distance = 4 * (length.gain_at_zero / (kink * l)) ** 2 if kink else None
    ratio = Rational(1, 4) if kink else c_oo
    decay = "like a power of l" if power is not None else "like 1/log l"
    kept = "correlations tend to 1 like l⁻²" if kink else "correlations keep a limit"
    return place.result(
        "critical",
        f"critical without biases: the variance falls {decay}, {kept}",
        variance=variance,
        correlation=c_oo if distance is None else 1 - distance,
        ntk_diagonal=l * leading,
        ntk=ratio * l * leading,
        ntk_ratio=ratio,
        condition=condition_of(ratio, sympy.S.Zero),
        remainder=f"c_l, the ratio and the NTK: leading order; the variance: the next factor is 1 + {next_factor}",
        free=() if kink else (LIMIT,),
    )


def _power(length: LengthMap) -> PowerLaw | None:
    """q_l to two orders where V has a term q^{3/2} or q² beyond the linear one; None where it has neither."""
    found = {k: _moment(k) * length.square_near_zero(k) / length.gain_at_zero for k in (3, 4, 5, 6)}
    first = next((k for k in (3, 4) if found[k] != 0), None)
    if first is None:
        return None
    if not found[first].is_negative:
        raise _unknown(length)
    second = next((k for k in range(first + 1, 2 * first - 2) if found[k] != 0), 2 * first - 2)
    terms = (Term(Rational(first, 2), -found[first]), Term(Rational(second, 2), sympy.simplify(found[second])))
    return power_law(NearOne(*terms), sympy.S.One)


def _moment(k: int) -> Expr:
    """E[z^k; z > 0]."""
    return 2 ** (Rational(k, 2) - 1) * sympy.gamma(Rational(k + 1, 2)) / sympy.sqrt(sympy.pi)


def _logarithmic(length: LengthMap) -> Expr:
    """t²/2w for φ that is linear on both sides of 0, up to its nearest kinks."""
    pieces = [p for p in length.dual.activation.pieces if p.lower <= 0 <= p.upper]
    kinks = [kink for kink in length.dual.activation.kinks if kink.position != 0]
    if not kinks or any(p.expression.diff(x, 2) != 0 for p in pieces):
        raise _unknown(length)
    t = min((abs(kink.position) for kink in kinks), key=float)
    left, right = length.beside_zero(1)
    nearest = [kink for kink in kinks if abs(kink.position) == t]
    bent = sum((right * k.height if k.position > 0 else -left * k.height for k in nearest), sympy.S.Zero)
    J = sympy.simplify(bent / length.gain_at_zero)
    if not J.is_negative:
        raise _unknown(length)
    return t**2 / (2 * sympy.log(l) + sympy.log(sympy.log(l)) + 2 * sympy.log(-J / sympy.sqrt(sympy.pi)))


def _unknown(length: LengthMap) -> NotInClassError:
    return NotInClassError(
        f"{length.name}: the variance leaves q* = 0, or comes to it by a law that is not derived. Take σ_b² > 0."
    )
