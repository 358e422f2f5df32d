"""Numbers as a page prints them: no more digits than the error allows, powers of ten as powers of ten."""

import re
from dataclasses import dataclass
from math import floor, isfinite, log10


@dataclass(frozen=True)
class Proven:
    """A number in ball arithmetic: its certified digits as text, and a bound on what they leave out."""

    text: str
    radius: float
    value: float


def with_error(value: float, error: float, *, places: int | None = None) -> str:
    """value ± error, the error to two digits and the value to the same place, or to `places`, in \\( … \\).

    >>> with_error(0.97352, 0.0061)
    '\\\\(0.9735 \\\\pm 0.0061\\\\)'
    """
    if not (isfinite(value) and isfinite(error)) or error <= 0:
        return plain(value)
    if places is None:
        places = max(0, 1 - floor(log10(error)))
    if places > 6 or abs(value) >= 1e6:
        return rf"\({_scientific(value, 4)} \pm {_scientific(error, 2)}\)"
    return rf"\({value:.{places}f} \pm {error:.{places}f}\)"


def plain(value: float, digits: int = 4, *, trim: bool = True) -> str:
    """A number to so many digits, in \\( … \\); `trim` drops zeros at its end, which a measured number keeps."""
    if not isfinite(value):
        return r"\(\infty\)" if value == float("inf") else r"\(-\infty\)" if value == float("-inf") else "none"
    if value == 0:
        return r"\(0\)"
    if not 1e-3 <= abs(value) < 1e6:
        return rf"\({_scientific(value, digits)}\)"
    return rf"\({_decimal(value, digits, trim)}\)"


def proven(number: Proven, digits: int) -> str:
    """The first digits of a proven number: cut and not rounded, so that all that are shown are its own."""
    whole, _, rest = number.text.partition(".")
    keep = max(0, digits - len(whole.lstrip("-0")))
    if number.radius == 0 and not rest[keep:].strip("0"):
        rest = rest[:keep].rstrip("0")
        return f"\\({whole}.{rest}\\)" if rest else f"\\({whole}\\)"
    if len(rest) <= keep:
        return f"\\({number.text}\\)"
    return f"\\({whole}.{rest[:keep]}\\ldots\\)"


def percent(value: float, places: int = 1) -> str:
    """0.974 as 97.4 (the header says %)."""
    return rf"\({100 * value:.{places}f}\)"


_TERMINAL = (
    (r"\\dot K", "K̇"),
    (r"\\sigma_w\^2", "σ_w²"),
    (r"\\sigma_b\^2", "σ_b²"),
    (r"\\sigma_b", "σ_b"),
    (r"\\(?:hat)?\\?Theta", "Θ"),
    (r"\\Sigma", "Σ"),
    (r"\\phi", "φ"),
    (r"\\alpha", "α"),
    (r" ?\\pm ?", " ± "),
    (r" ?\\times ?10\^\{(-?\d+)\}", r"e\1"),
    (r"\\ldots", "…"),
    (r"\\infty", "∞"),
    (r"\\[()]", ""),
)


def terminal(text: str) -> str:
    """Text with \\( … \\) as a terminal can show it."""
    for pattern, replacement in _TERMINAL:
        text = re.sub(pattern, replacement, text)
    return text


def _decimal(value: float, digits: int, trim: bool) -> str:
    places = max(0, digits - 1 - floor(log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if trim and "." in text else text


def _scientific(value: float, digits: int) -> str:
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"
