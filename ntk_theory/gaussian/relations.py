"""What the fraction field does not know of its constants: i² = -1, and k² = n for k = √n.

Trigonometric functions are integrated as complex exponentials, with i a generator of its own. R·√D·exp(E)·S with
R = R₀ + iR₁ and E = E₀ + iE₁ has the real part √D·exp(E₀)·S·(R₀ cos E₁ - R₁ sin E₁); the imaginary parts cancel
over the sum, which is checked.
"""

from sympy.polys.fields import FracElement
from sympy.polys.rings import PolyElement

from ntk_theory.gaussian.algebra import IMAGINARY, Algebra, is_square_root
from ntk_theory.gaussian.normal_form import NormalForm, Surd


def reduced(form: NormalForm) -> NormalForm:
    """The form with all relations used, and without i. Raises `ArithmeticError` should it not be real."""
    algebra = form.algebra
    roots = _square_roots(algebra)
    if roots:
        form = _without_squares(form, roots)
    return _real_part(form) if IMAGINARY in algebra.constants else form


def parts(algebra: Algebra, element: FracElement) -> tuple[FracElement, FracElement]:
    """Real and imaginary part, with i² = -1; i stands in numerators only."""
    position = algebra.field.symbols.index(IMAGINARY)
    even, odd = _split(algebra, element.numer, position, -algebra.field.ring.one)
    return even / algebra.field(element.denom), odd / algebra.field(element.denom)


def _real_part(form: NormalForm) -> NormalForm:
    algebra = form.algebra
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


def _square_roots(algebra: Algebra) -> list[tuple[int, PolyElement]]:
    """Where the generators √n stand, and n."""
    found = []
    for symbol, value in algebra.constants.items():
        if is_square_root(value) and value.exp > 0:
            square = algebra.element(value**2)
            if square.denom == 1:
                found.append((algebra.field.symbols.index(symbol), square.numer))
    return found


def _without_squares(form: NormalForm, roots: list[tuple[int, PolyElement]]) -> NormalForm:
    algebra = form.algebra
    result = NormalForm(algebra)
    for (radicand, power, atoms), coefficient in form.table.items():
        term = algebra.term(Surd(_reduce(algebra, coefficient, roots), radicand), _reduce(algebra, power, roots))
        for atom, multiplicity in atoms:
            arguments = [Surd(_reduce(algebra, a.coefficient, roots), a.radicand) for a in atom.arguments]
            value = algebra.apply(atom.function, arguments)
            for _ in range(multiplicity):
                term = term * value
        result += term
    return result


def _reduce(algebra: Algebra, element: FracElement, roots: list[tuple[int, PolyElement]]) -> FracElement:
    for position, square in roots:
        k = algebra.field.gens[position]
        over, over_k = _split(algebra, element.numer, position, square)
        under, under_k = _split(algebra, element.denom, position, square)
        if under_k:
            # (a + bk)/(c + dk) = (a + bk)(c - dk)/(c² - d²k²)
            n = algebra.field(square)
            over, over_k = over * under - over_k * under_k * n, over_k * under - over * under_k
            under = under**2 - under_k**2 * n
        element = (over + over_k * k) / under
    return element


def _split(
    algebra: Algebra, polynomial: PolyElement, position: int, square: PolyElement
) -> tuple[FracElement, FracElement]:
    """a and b in polynomial = a + b·k, for the generator k at `position` with k² = square."""
    ring = algebra.field.ring
    sums = [ring.zero, ring.zero]
    for monomial, value in polynomial.terms():
        exponent = monomial[position]
        rest = ring({(*monomial[:position], 0, *monomial[position + 1 :]): value})
        sums[exponent % 2] += rest * square ** (exponent // 2)
    return algebra.field(sums[0]), algebra.field(sums[1])
