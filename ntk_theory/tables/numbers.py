"""Proven and measured values as the numbers of tables."""

from decimal import ROUND_CEILING, Decimal

from ntk_theory.enclosure import Enclosure
from ntk_theory.tables.table import Cell, Number


def certified(value: Enclosure | None) -> Number | Cell:
    """All proven digits, and the radius, at least a unit of the last; a dash where there is no such number."""
    if value is None:
        return Cell("–", plain="")
    digits, _, radius = str(value).partition(" ± ")
    if radius and not Number(digits, radius).units:
        # which part of a unit depends on how the ball was reached, and would change from run to run
        radius = f"{Decimal(1).scaleb(int(Decimal(digits).as_tuple().exponent)):.0e}"
    return Number(digits, radius)


def rounded(value: float, digits: int) -> Number:
    """A computed number to so many digits, without an error: what was cut off is smaller than the last of them."""
    return Number(plain_decimal(Decimal(f"{value:.{digits - 1}e}")))


def rounded_up(bound: float) -> str:
    """A bound to one digit, and not below it: 1.2e-6 is 2e-6."""
    exact = Decimal(repr(float(bound)))
    return f"{exact.quantize(Decimal(1).scaleb(exact.adjusted()), ROUND_CEILING):.0e}"


def plain_decimal(value: Decimal) -> str:
    """Without an exponent unless it is far from 1."""
    return format(value, "f") if -5 <= value.adjusted() <= 6 else f"{value:e}"
