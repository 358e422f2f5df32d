"""Numbers as a page prints them: no more digits than the error allows, powers of ten as powers of ten."""

from math import floor, isfinite, log10


def with_error(value: float, error: float) -> str:
    """value ± error, the error to two digits and the value to the same place, in \\( … \\).

    >>> with_error(0.97352, 0.0061)
    '\\\\(0.9735 \\\\pm 0.0061\\\\)'
    """
    if not (isfinite(value) and isfinite(error)) or error <= 0:
        return plain(value)
    places = max(0, 1 - floor(log10(error)))
    if places > 6 or abs(value) >= 1e6:
        return rf"\({_scientific(value, 4)} \pm {_scientific(error, 2)}\)"
    return rf"\({value:.{places}f} \pm {error:.{places}f}\)"


def plain(value: float, digits: int = 4) -> str:
    """A number to so many digits, in \\( … \\)."""
    if not isfinite(value):
        return r"\(\infty\)" if value == float("inf") else r"\(-\infty\)" if value == float("-inf") else "none"
    if value == 0:
        return r"\(0\)"
    if not 1e-3 <= abs(value) < 1e6:
        return rf"\({_scientific(value, digits)}\)"
    return rf"\({_trimmed(value, digits)}\)"


def percent(value: float, places: int = 1) -> str:
    """0.974 as 97.4 (the header says %)."""
    return rf"\({100 * value:.{places}f}\)"


def _trimmed(value: float, digits: int) -> str:
    places = max(0, digits - 1 - floor(log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"
