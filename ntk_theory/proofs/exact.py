"""Zero tests for proofs, sharing no code with the engine that derives kernels.

An expression becomes a fraction of polynomials over generators: its symbols, π, i, one generator for each root
b^(1/k) with the relation g^k = b, one for each exponential of a monomial (sines, cosines and hyperbolic functions
are written by exponentials), and one for each other function value, such as asin(c) or φ(h). If the numerator is 0
modulo the relations and the denominator is not, the expression is 0 wherever it is defined. The converse is not
claimed: what is not recognised as 0 is left to balls, which separate it from 0 or do not.
"""

from math import lcm

import sympy
from sympy import Add, Dummy, Expr, I, Integer, Poly, Rational, Symbol

_BY_EXPONENTIALS = (sympy.sin, sympy.cos, sympy.tan, sympy.sinh, sympy.cosh, sympy.tanh)


def is_zero(expression: Expr) -> bool:
    """Whether `expression` is proven to be 0 wherever it is defined."""
    expression = sympy.sympify(expression).rewrite(_BY_EXPONENTIALS, sympy.exp)
    forms = _Generators(_parts(expression))
    numerator, denominator = _fraction(forms.rational(expression))
    if forms.reduced(denominator) == 0:
        return False  # 0/0 says nothing
    return forms.reduced(numerator) == 0


def _fraction(form: Expr) -> tuple[Expr, Expr]:
    """Numerator and denominator; sums without denominators are not touched, which is much quicker."""
    if any(power.exp.is_negative for power in form.atoms(sympy.Pow)):
        return sympy.fraction(sympy.together(form))
    return form, Integer(1)


def _parts(expression: Expr) -> dict[Expr, int]:
    """For each monomial m in an exponent the least k such that all its exponentials are powers of exp(m/k)."""
    parts: dict[Expr, int] = {}
    for node in expression.atoms(sympy.exp):
        for number, monomial in _terms(node.args[0]):
            parts[monomial] = lcm(parts.get(monomial, 1), int(number.q))
    return parts


def _terms(exponent: Expr) -> list[tuple[Rational, Expr]]:
    """The exponent as a sum of rational multiples of monomials, over one denominator in a form of its own."""
    over, under = sympy.fraction(sympy.cancel(sympy.together(exponent)))
    content, under = sympy.expand(under).primitive()
    if under.could_extract_minus_sign():
        content, under = -content, -under
    pairs = (term.as_coeff_Mul(rational=True) for term in Add.make_args(sympy.expand(over)))
    return [(number / content, monomial / under) for number, monomial in pairs]


class _Generators:
    """The generators met so far, and the relations between them, innermost first."""

    def __init__(self, parts: dict[Expr, int]) -> None:
        self.parts = parts
        self.known: dict[object, Symbol] = {}
        self.relations: list[tuple[Symbol, int, Expr]] = []

    def rational(self, node: Expr) -> Expr:
        """`node` as a rational function of generators."""
        if node.is_Rational or isinstance(node, Dummy):
            return node
        if node is I:
            return self._root(Integer(-1), 2)
        if node.is_Symbol or node in (sympy.pi, sympy.EulerGamma):
            return self._named(node)
        if node.is_Add or node.is_Mul:
            return node.func(*(self.rational(argument) for argument in node.args))
        if node is sympy.E:
            return self._exponential(Integer(1))
        if isinstance(node, sympy.exp):
            return self._exponential(node.args[0])
        if node.is_Pow:
            return self._power(node.base, node.exp)
        if isinstance(node, sympy.acos):
            return self.rational(sympy.pi / 2) - self.rational(sympy.asin(node.args[0]))
        if isinstance(node, sympy.erfc):
            return 1 - self.rational(sympy.erf(node.args[0]))
        if isinstance(node, sympy.Function):
            return self._named(node.func(*(sympy.cancel(sympy.together(a)) for a in node.args)))
        return self._named(node)

    def reduced(self, polynomial: Expr) -> Expr:
        """A polynomial in the generators modulo the relations; only whether it is 0 matters."""
        for generator, degree, value in reversed(self.relations):
            total: Expr = Integer(0)
            for (power,), coefficient in Poly(polynomial, generator).terms():
                total += coefficient * generator ** (power % degree) * value ** (power // degree)
            polynomial = sympy.expand(_fraction(total)[0])
        return sympy.expand(polynomial)

    def _named(self, key: object) -> Symbol:
        if key not in self.known:
            self.known[key] = Dummy(str(key), commutative=True)
        return self.known[key]

    def _power(self, base: Expr, exponent: Expr) -> Expr:
        if exponent.is_Integer:
            return self.rational(base) ** exponent
        if exponent.is_Rational:
            return self._root(base, int(exponent.q)) ** int(exponent.p)
        return self._exponential(exponent * sympy.log(base))

    def _root(self, base: Expr, degree: int) -> Expr:
        if base.is_Integer and base > 1:
            parts = sympy.factorint(base)
            if len(parts) > 1 or set(parts.values()) != {1}:
                return sympy.prod([self._root(Integer(p), degree) ** k for p, k in parts.items()])
        if base.is_Rational and not base.is_Integer:
            return self._root(Integer(base.p * base.q ** (degree - 1)), degree) / base.q
        if not base.is_Integer:
            parts = sympy.Mul.make_args(sympy.factor(sympy.together(base)))
            positive = [part for part in parts if part.is_positive]
            if positive and (len(parts) > 1 or parts[0].is_Pow):
                rest = sympy.Mul(*(part for part in parts if not part.is_positive))
                roots = [self._root_of_power(part, degree) for part in positive]
                return sympy.prod(roots) * (self._root(rest, degree) if rest != 1 else 1)
            base = sympy.expand(sympy.cancel(sympy.together(base)))
        key = ("root", base, degree)
        if key not in self.known:
            value = self.rational(base)
            self.relations.append((self._named(key), degree, value))
        return self.known[key]

    def _root_of_power(self, positive: Expr, degree: int) -> Expr:
        if positive.is_Pow and positive.exp.is_Integer:
            return self._root(positive.base, degree) ** positive.exp
        return self._root(positive, degree)

    def _exponential(self, exponent: Expr) -> Expr:
        result: Expr = Integer(1)
        for number, monomial in _terms(exponent):
            if isinstance(monomial, sympy.log):
                result *= self._power(monomial.args[0], number)
            else:
                parts = lcm(self.parts.get(monomial, 1), int(number.q))
                if parts != self.parts.setdefault(monomial, parts):
                    return self._named(("exp", exponent))  # met after its finer parts were fixed: on its own
                result *= self._named(("exp", monomial)) ** Integer(number * parts)
        return result
