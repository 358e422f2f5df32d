"""Numbers with a proven radius: exact input to a ball, and a ball to an `Enclosure` that prints its digits.

All ball arithmetic is python-flint's (Arb): an `arb` is a midpoint and a radius, every operation rounds
outward, and the working precision is `flint.ctx.prec`, set here only through `ctx.workprec`.
"""

import math
import numbers
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

import sympy
from flint import arb, ctx, fmpq, fmpz

from ntk_theory.enclosure.program import real_program
from ntk_theory.errors import DataError, EnclosureError

EXACT_DIGITS = 1000
"""What `Enclosure.digits` says of an exact value: more than anyone asks for."""


@dataclass(frozen=True, eq=False, repr=False)
class Enclosure:
    """A real number known to lie within `radius` of `mid`, proven by ball arithmetic.

    - `mid`: the digits that are certified, as a SymPy number: `print(e.mid)` shows all of them (the last one
      may be off by one, as in every rounded number), `float(e)` is the nearest double;
    - `radius`: a bound on |true value - mid|, rounded up; 0 if the value is exact;
    - `digits`: the number of certified significant digits;
    - `ball`: the `flint.arb` itself, for further ball arithmetic.

    Raises `EnclosureError` for a ball that is not finite: such a ball says nothing.
    """

    ball: arb

    def __post_init__(self) -> None:
        if not self.ball.is_finite():
            raise EnclosureError("The ball is not finite: the expression has no value there.")

    @property
    def exact(self) -> bool:
        """Whether the value is known exactly."""
        return bool(self.ball.is_exact())

    @property
    def mid(self) -> sympy.Number:
        """All certified digits. A SymPy Float, or an Integer where the value is exactly that."""
        if self.exact:
            value = sympy.Rational(*_dyadic(self.ball))
            return value if value.is_Integer else sympy.Float(value, max(15, len(str(value.p))))
        decimal = _decimal(self.ball)
        return sympy.Float(str(decimal), len(decimal.as_tuple().digits)) if decimal else sympy.Float(0)

    @property
    def radius(self) -> float:
        """An upper bound on the distance from `mid` to the true value: of the Float, and of it as printed."""
        return 0.0 if self.exact else math.nextafter(float(self._distance()), math.inf)

    @property
    def digits(self) -> int:
        """How many significant digits of `mid` are certified."""
        if self.exact:
            return EXACT_DIGITS
        decimal = _decimal(self.ball)
        return len(decimal.as_tuple().digits) if decimal else 0

    def contains(self, value: "Number") -> bool:
        """Whether the ball contains `value`; of a value with a radius, all of it."""
        with ctx.workprec(self._bits()):
            return bool(self.ball.contains(as_ball(value)))

    def overlaps(self, other: "Enclosure") -> bool:
        """Whether the two have a point in common. Enclosures of one number always do."""
        return bool(self.ball.overlaps(other.ball))

    def rounded(self, digits: int) -> "Enclosure":
        """The same number to about `digits` digits, its radius grown by what was rounded off."""
        with ctx.workprec(int(3.33 * digits) + 4):
            return Enclosure(+self.ball)

    def __float__(self) -> float:
        return float(self.ball.mid())

    def __str__(self) -> str:
        return str(self.mid) if self.exact else f"{self.mid} ± {self._shown_radius()}"

    def __repr__(self) -> str:
        return f"Enclosure({self})"

    def as_dict(self) -> dict[str, Any]:
        """For JSON: {"mid": text, "radius": number, "digits": number, "value": number, "exact": bool}."""
        return {
            "mid": str(self.mid),
            "radius": self.radius,
            "digits": self.digits,
            "value": float(self),
            "exact": self.exact,
        }

    def latex(self, digits: int | None = None) -> str:
        r"""In LaTeX: `1.7609546\ldots` to at most `digits` digits, or all with `\pm` the radius."""
        if self.exact:
            return str(sympy.latex(self.mid))
        mantissa, _, exponent = str(self.mid).lower().partition("e")
        power = rf" \times 10^{{{int(exponent)}}}" if exponent else ""
        if digits is not None and digits < self.digits:
            return f"{_truncated(mantissa, digits)}\\ldots{power}"
        size, _, order = self._shown_radius().partition("e")
        return rf"{mantissa}{power} \pm {size} \times 10^{{{int(order)}}}"

    def _distance(self) -> arb:
        printed = Fraction(_decimal(self.ball))
        with ctx.workprec(self._bits()):
            shown = (_exactly(self.mid), arb(fmpq(printed.numerator, printed.denominator)))
            near, far = (arb((self.ball - value).abs_upper().upper()) for value in shown)
            return near if near > far else far

    def _shown_radius(self) -> str:
        """The radius to one digit, rounded up, even where it is beyond all doubles."""
        if math.isfinite(self.radius):
            return _one_digit(Decimal(self.radius))
        return _one_digit(Decimal(self._distance().str(5, radius=False)) * Decimal("1.0001"))

    def _bits(self) -> int:
        return max(64, 2 * self.ball.bits() + 64)


Number: TypeAlias = float | Fraction | Decimal | str | sympy.Expr | Enclosure
"""A number as users give it. A float is the decimal that it prints as: 0.05 is 1/20, as on the page."""


def as_ball(value: Number, name: str = "the number") -> arb:
    """`value` as a ball at the working precision. Raises `DataError` where it is not a finite real number."""
    if isinstance(value, Enclosure):
        return value.ball
    if isinstance(value, sympy.Expr) and not value.is_Rational:
        return _constant(value, name)
    rational = as_fraction(value, name)
    return arb(fmpq(rational.numerator, rational.denominator))


def as_fraction(value: Number, name: str = "the number") -> Fraction:
    """`value` as an exact rational. Raises `DataError`, naming it, where it is not a finite rational number."""
    try:
        if isinstance(value, bool):
            raise ValueError
        if isinstance(value, sympy.Rational):
            return Fraction(int(value.p), int(value.q))
        if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
            return Fraction(repr(float(value)))  # the shortest decimal that denotes the float
        return Fraction(value)  # type: ignore[arg-type]  # what is no number is its TypeError, caught below
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        raise DataError(
            f"{name} = {value!r} is not a finite number. Give one, or exactly: '0.05', Fraction(1, 20)."
        ) from None


def _constant(value: sympy.Expr, name: str) -> arb:
    if isinstance(value, sympy.Float):
        return as_ball(Fraction(str(value)), name)
    ball = real_program(value, ()).at() if value.is_number and value.is_finite else arb.nan()
    if not ball.is_finite():
        raise DataError(f"{name} = {value} is not a finite real number. Its symbols need values.")
    return ball


def _dyadic(ball: arb) -> tuple[int, int]:
    mantissa, exponent = (int(part) for part in ball.man_exp())
    return (mantissa << exponent, 1) if exponent >= 0 else (mantissa, 1 << -exponent)


def _exactly(value: sympy.Number) -> arb:
    rational = sympy.Rational(value)
    return arb(fmpq(fmpz(int(rational.p)), fmpz(int(rational.q))))


def _decimal(ball: arb) -> Decimal:
    """The midpoint with as many digits as the radius leaves certain: Arb's own printing decides."""
    with ctx.workprec(max(64, 2 * ball.bits() + 64)):
        text = ball.str(max(1, int(ball.rel_accuracy_bits() * 0.30103) + 2))
    return Decimal(text.strip("[]").split("+/-")[0].strip() or 0)


def _one_digit(exact: Decimal) -> str:
    """A radius rounded up to one digit, as in 2e-31."""
    exponent = exact.adjusted()
    mantissa = math.ceil(exact.scaleb(-exponent))
    return f"1e{exponent + 1:+03d}" if mantissa == 10 else f"{mantissa}e{exponent:+03d}"


def _truncated(text: str, digits: int) -> str:
    """The first `digits` significant digits of a decimal."""
    kept, seen = "", 0
    for character in text:
        seen += character.isdigit() and (seen > 0 or character != "0")
        if seen > digits:
            break
        kept += character
    return kept
