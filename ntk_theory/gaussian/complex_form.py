"""Trigonometric functions are integrated as complex exponentials; here the sum is brought back to real form.

i enters the fraction field as a generator of its own. R·√D·exp(E)·S with R = R₀ + iR₁ and E = E₀ + iE₁ has the
real part √D·exp(E₀)·S·(R₀ cos E₁ - R₁ sin E₁); the imaginary parts cancel over the sum, which is checked.
"""

from sympy.polys.fields import FracElement

from ntk_theory.gaussian.algebra import IMAGINARY, Algebra
from ntk_theory.gaussian.normal_form import NormalForm, Surd


def real_form(form: NormalForm) -> NormalForm:
    """The form without i. Raises `ArithmeticError` should the imaginary part not cancel."""
    algebra = form.algebra
    if IMAGINARY not in algebra.constants:
        return form
    real, imaginary = NormalForm(algebra), NormalForm(algebra)
    for (radicand, power, atoms), coefficient in form.table.items():
        damping, phase = parts(algebra, power)
        along, across = (Surd(part, radicand) for part in parts(algebra, coefficient))
        cosine, sine = (algebra.apply(name, [Surd(phase)]) for name in ("cos", "sin"))
        outer = algebra.term(Surd(algebra.one), damping, atoms)
        real += outer * (cosine.scaled(along) - sine.scaled(across))
        imaginary += outer * (sine.scaled(along) + cosine.scaled(across))
    if not imaginary.is_zero:
        raise ArithmeticError("an expectation of a real function came out complex")
    return real


def parts(algebra: Algebra, element: FracElement) -> tuple[FracElement, FracElement]:
    """Real and imaginary part, with i² = -1."""
    position = algebra.field.symbols.index(IMAGINARY)
    sums = [algebra.field.ring.zero, algebra.field.ring.zero]
    for monomial, value in element.numer.terms():
        exponent = monomial[position]
        rest = algebra.field.ring({(*monomial[:position], 0, *monomial[position + 1 :]): value})
        sums[exponent % 2] += rest * (-1 if exponent % 4 >= 2 else 1)
    return sums[0] / algebra.field(element.denom), sums[1] / algebra.field(element.denom)
