r"""Proven bounds |f(x + iy)| ≤ C (1 + |x|)^d e^{b|x|} for all real x and |y| ≤ a: what cuts off a Gaussian
integral (a = 0), and what the strip theorem asks of an integrand (a > 0).

The bound is read off the expression, one rule a function, and found by certified boxes (`boxes`) where no rule
applies. `GrowthError` where neither proves one, so a strip that comes too near to a pole is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import sympy
from flint import arb, ctx
from sympy import Expr

from ntk_theory.activation.activation import tanh_form
from ntk_theory.enclosure.boxes import ray_bound, strip_bound
from ntk_theory.enclosure.leading import GrowthError as GrowthError
from ntk_theory.enclosure.leading import larger
from ntk_theory.enclosure.program import real_program
from ntk_theory.errors import EnclosureError
from ntk_theory.symbols import x

WIDEST = 8.0
"""Strips are never taken wider: a Gaussian's own factor e^{a²/2} makes more useless."""


@dataclass(frozen=True)
class Growth:
    """|f(x + iy)| ≤ constant · (1 + |x|)^degree · e^(rate·|x|)."""

    constant: arb
    degree: int
    rate: arb

    @property
    def bounded(self) -> bool:
        """Whether the bound is a constant."""
        return self.degree == 0 and bool(self.rate == 0)

    def __add__(self, other: "Growth") -> "Growth":
        return Growth(
            self.constant + other.constant, max(self.degree, other.degree), larger(self.rate, other.rate)
        )

    def __mul__(self, other: "Growth") -> "Growth":
        return Growth(self.constant * other.constant, self.degree + other.degree, self.rate + other.rate)

    def __pow__(self, exponent: int) -> "Growth":
        return Growth(self.constant**exponent, self.degree * exponent, self.rate * exponent)

    def at(self, point: arb) -> arb:
        """The bound over a ball of real points."""
        size = arb(abs(point).upper())
        return self.constant * (1 + size) ** self.degree * (self.rate * size).exp()

    def exponential(self, scale: arb) -> tuple[arb, arb]:
        """(C, β) with |f| ≤ C e^{β|x|}, by 1 + |x| ≤ s e^{|x|/s} for s = max(1, scale)."""
        s = larger(arb(1), scale)
        return self.constant * s**self.degree, self.rate + self.degree / s


@dataclass(frozen=True)
class _Region:
    """|y| ≤ half_width, and x ≥ 0 only where `right` is set."""

    half_width: arb
    right: bool

    @property
    def real(self) -> bool:
        return bool(self.half_width == 0)

    def nonnegative(self, f: Expr) -> bool:
        """Whether SymPy knows f ≥ 0 on the real part of the region."""
        return bool((f.xreplace({x: _RIGHT}) if self.right else f).is_nonnegative)


_RIGHT = sympy.Symbol("x", positive=True)


def growth(f: Expr, half_width: float = 0.0) -> Growth:
    """The bound for `f`, an expression in x without pieces, in |y| ≤ half_width. Raises `GrowthError`."""
    with ctx.workprec(64):
        try:
            return _growth(_normal(f), _Region(arb(half_width), False))
        except GrowthError:
            return _boxed(f, half_width)


def right_growth(f: Expr) -> Growth:
    """The bound for `f` on x ≥ 0 alone. Raises `GrowthError`."""
    with ctx.workprec(64):
        try:
            return _growth(_normal(f), _Region(arb(0), True))
        except GrowthError:
            return Growth(*ray_bound(_normal(f)))


def _boxed(f: Expr, half_width: float) -> Growth:
    """By certified boxes. They take some 10 ms, so bounds are kept for a few half-widths, and the next serves."""
    if half_width == 0:
        return Growth(*_strip_bound(f, 0.0))
    for width in _kept_widths(f):
        if width >= half_width:
            return Growth(*_strip_bound(f, width))
    return Growth(*_strip_bound(f, half_width))


@lru_cache(maxsize=1024)
def _kept_widths(f: Expr) -> tuple[float, ...]:
    most = strip(f)
    return tuple(most * k / 8 for k in range(1, 9))


@lru_cache(maxsize=4096)
def _strip_bound(f: Expr, half_width: float) -> tuple[arb, int, arb]:
    return strip_bound(_normal(f), half_width)


@lru_cache(maxsize=1024)
def strip(f: Expr) -> float:
    """A half-width of a strip in which `f` is proven analytic with bounded growth, near the widest; 0 if none."""
    if _holds(f, WIDEST):
        return WIDEST
    inside, outside = 0.0, WIDEST
    for _ in range(12):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if _holds(f, middle) else (inside, middle)
    return 0.96 * inside if _holds(f, 2.0**-9) else 0.0


def _holds(f: Expr, half_width: float) -> bool:
    try:
        with ctx.workprec(64):
            return bool(_growth(_normal(f), _Region(arb(half_width), False)).constant.is_finite())
    except GrowthError:
        pass
    try:
        return bool(_strip_bound(f, half_width)[0].is_finite())
    except EnclosureError:
        return False


@lru_cache(maxsize=1024)
def _normal(f: Expr) -> Expr:
    """sech as 1/cosh, 1/(1 + eʷ) as tanh: the forms that the rules know."""
    return tanh_form(f.replace(sympy.sech, lambda w: 1 / sympy.cosh(w)))


def _growth(f: Expr, region: _Region) -> Growth:
    if not f.has(x):
        return _constant(abs(real_program(f, ()).at()))
    if f == x:
        return Growth(larger(arb(1), region.half_width), 1, arb(0))
    if f.is_Add:
        return _sum([_growth(term, region) for term in f.args])
    if f.is_Mul:
        product = _constant(arb(1))
        for factor in f.args:
            product = product * _growth(factor, region)
        return product
    if f.is_Pow and not isinstance(f, sympy.exp):
        return _power(f.base, f.exp, region)
    rule = _RULES.get(type(f))
    if rule is None:
        raise _no_rule(f, region)
    return rule(f.args[0], region)


def _power(base: Expr, exponent: Expr, region: _Region) -> Growth:
    if exponent.is_Integer and exponent > 0:
        return _growth(base, region) ** int(exponent)
    if exponent.is_Rational and exponent < 0:
        least = _least(base, region)
        if exponent.is_Integer or region.real:
            return _constant((1 / least) ** _as_ball(-exponent))
    if exponent.is_Rational and exponent > 0 and region.real:
        inner = _growth(base, region)
        p = _as_ball(exponent)
        return Growth(inner.constant**p, -int(-(inner.degree * exponent) // 1), inner.rate * p)
    raise _no_rule(base**exponent, region)


def _least(base: Expr, region: _Region) -> arb:
    """A positive lower bound of |base| in the strip."""
    if isinstance(base, sympy.cosh):  # |cosh(s + it)|² = sinh²s + cos²t
        slope, _ = _affine(base.args[0], base)
        if slope * region.half_width < arb.pi() / 2:
            return (slope * region.half_width).cos()
    constant, rest = base.as_independent(x, as_Add=True)
    if constant.is_positive:
        if region.real and region.nonnegative(rest):
            return _as_ball(constant)
        factor, square = rest.as_independent(x, as_Add=False)
        if factor.is_positive and square.is_Pow and square.exp == 2:  # |k + κw²| ≥ k + κ(s² - t²) ≥ k - κt²
            slope, _ = _affine(square.base, base)
            least = _as_ball(constant) - _as_ball(factor) * (slope * region.half_width) ** 2
            if least > 0:
                return least
    raise _no_rule(1 / base, region)


def _exp(w: Expr, region: _Region) -> Growth:
    if w.is_polynomial(x):
        coefficients = sympy.Poly(w, x).all_coeffs()
        if len(coefficients) == 2:
            slope, intercept = _affine(w, w)
            return Growth(intercept.exp(), 0, slope)
        if len(coefficients) == 3 and coefficients[0].is_negative:
            leading, linear, constant = coefficients
            top = constant - linear**2 / (4 * leading)  # Re w = leading·((x - m)² - y²) + top, largest at x = m
            return _constant((_as_ball(top) - _as_ball(leading) * region.half_width**2).exp())
    if region.real and region.nonnegative(-w):
        return _constant(arb(1))
    inner = _growth(w, region)
    if inner.bounded:
        return _constant(inner.constant.exp())
    raise _no_rule(sympy.exp(w), region)


def _tanh(w: Expr, region: _Region) -> Growth:
    """|tanh(s + it)| ≤ max(1, tan|t|) for |t| < π/2."""
    if region.real:
        return _constant(arb(1))
    slope, _ = _affine(w, sympy.tanh(w))
    if slope * region.half_width < arb.pi() / 2:
        return _constant(larger(arb(1), (slope * region.half_width).tan()))
    raise _no_rule(sympy.tanh(w), region)


def _erf(w: Expr, region: _Region) -> Growth:
    """erf(s + it) = erf s + (2/√π)∫: at most 1 + (2/√π)|t|e^{t²}."""
    if region.real:
        return _constant(arb(1))
    slope, _ = _affine(w, sympy.erf(w))
    t = slope * region.half_width
    return _constant(1 + 2 / arb.pi().sqrt() * t * (t * t).exp())


def _sine(w: Expr, region: _Region) -> Growth:
    if region.real:
        return _constant(arb(1))
    slope, _ = _affine(w, sympy.sin(w))
    return _constant((slope * region.half_width).cosh())


def _hyperbolic(w: Expr, region: _Region) -> Growth:  # noqa: ARG001 (|cosh(s + it)|, |sinh(s + it)| ≤ cosh s)
    slope, intercept = _affine(w, sympy.cosh(w))
    return Growth(intercept.exp(), 0, slope)


def _atan(w: Expr, region: _Region) -> Growth:
    """|Re atan| ≤ π/2, |Im atan(s + it)| ≤ atanh|t| for |t| < 1."""
    if region.real:
        return _constant(arb.pi() / 2)
    slope, _ = _affine(w, sympy.atan(w))
    if slope * region.half_width < 1:
        return _constant(arb.pi() / 2 + (slope * region.half_width).atanh())
    raise _no_rule(sympy.atan(w), region)


def _log(w: Expr, region: _Region) -> Growth:
    rest = w - 1
    if isinstance(rest, sympy.exp):  # log(1 + eᵛ): |1 + eᵛ| ≥ sin|Im v| beyond π/2, else ≥ 1
        slope, intercept = _affine(rest.args[0], w)
        t = slope * region.half_width
        if t < arb.pi():
            least = t.sin() if t > arb.pi() / 2 - 0.01 else arb(1)
            flat = intercept + arb(2).log() - least.log() + t
            return Growth(flat + slope, 1, arb(0))
    if region.real and region.nonnegative(rest):  # 0 ≤ log w ≤ w - 1
        return _growth(rest, region)
    raise _no_rule(sympy.log(w), region)


_RULES: dict[type, Callable[[Expr, _Region], Growth]] = {
    sympy.exp: _exp,
    sympy.tanh: _tanh,
    sympy.erf: _erf,
    sympy.sin: _sine,
    sympy.cos: _sine,
    sympy.sinh: _hyperbolic,
    sympy.cosh: _hyperbolic,
    sympy.atan: _atan,
    sympy.log: _log,
}


def _affine(w: Expr, within: Expr) -> tuple[arb, arb]:
    """(|α|, |β|) where w = αx + β. Raises `GrowthError` otherwise."""
    slope = w.diff(x)
    if slope.has(x) or not slope.is_number:
        raise GrowthError(f"The growth of {within} can't be bounded: {w} is not of the form α·x + β.")
    return abs(_as_ball(slope)), abs(_as_ball(w.subs(x, 0)))


def _sum(parts: list[Growth]) -> Growth:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _constant(value: arb) -> Growth:
    return Growth(value, 0, arb(0))


def _as_ball(value: Expr) -> arb:
    return real_program(sympy.sympify(value), ()).at()


def _no_rule(f: Expr, region: _Region) -> GrowthError:
    where = "on the real line" if region.real else f"in the strip |Im x| ≤ {float(region.half_width):.3g}"
    return GrowthError(f"No proven bound is known for {f} {where}.")
