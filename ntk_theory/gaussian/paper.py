"""Formulas as a paper sets them, in LaTeX and in plain text.

SymPy splits √(q1 q2) into two roots, sorts a sum by its monomials and puts all of a product over one bar. Here
products of roots stand under one root, discriminants as (1 + 2q1)(1 + 2q2) - 4c²q1q2, (1 + erf(h/√2))/2 as Φ(h),
what is added before what is subtracted, and what is long beside the fraction, not in it.
"""

from collections.abc import Callable

import sympy
from sympy import Expr
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from ntk_theory.symbols import c

_HALF = sympy.S.Half
_Print = Callable[[Expr], str]

_LINE = 320
"""How many characters of LaTeX go on one line: about the width of a page."""


def latex(formula: Expr, names: dict[sympy.Symbol, str] | None = None) -> str:
    """A formula in LaTeX; `names` says how symbols are written."""
    return _printer(names).doprint(_grouped(formula))


def latex_lines(formula: Expr, longest: int = _LINE) -> list[str]:
    """A formula in LaTeX, broken between its terms where it is longer than a line, `longest` characters."""
    whole = latex(formula)
    formula = _grouped(formula)
    sums = [f for f in sympy.Mul.make_args(formula) if f.is_Add and f.has(sympy.Function)]
    if len(whole) <= longest or len(sums) != 1:
        return [whole]
    printer = _printer()
    front = "" if formula.is_Add else printer.doprint(formula / sums[0])
    lines = [f"{front} \\Bigl[" if front else ""]
    length = 0
    for number, term in enumerate(_in_order(sums[0].as_ordered_terms())):
        shown = printer.doprint(term)
        shown = shown if not number or shown.startswith("-") else f"+ {shown}"
        length += len(shown)
        if number and length > longest:
            lines.append("\\qquad")
            length = len(shown)
        lines[-1] = f"{lines[-1]} {shown}".lstrip()
    if front:
        lines[-1] += " \\Bigr]"
    return lines


def _printer(names: dict[sympy.Symbol, str] | None = None) -> LatexPrinter:
    return _PaperPrinter(
        {"inv_trig_style": "full", "ln_notation": False, "fold_frac_powers": True, "symbol_names": names or {}}
    )


def text(formula: Expr) -> str:
    """A formula in one line of text, with Phi for the Gaussian CDF."""
    return _TextPrinter().doprint(_grouped(formula))


def _grouped(formula: Expr) -> Expr:
    """Polynomials in c with factored coefficients where that is shorter, (1 - c)(1 + c) as 1 - c²."""
    if not isinstance(formula, (sympy.Add, sympy.Mul, sympy.Pow, sympy.Function)) or formula.is_number:
        return formula
    arguments = [_grouped(part) for part in formula.args]
    formula = formula if arguments == list(formula.args) else formula.func(*arguments)
    if formula.is_Mul:
        return _joined_conjugates(formula)
    if not formula.is_Add or not formula.has(c) or not formula.is_polynomial(c):
        return formula
    symbols = formula.free_symbols
    if not formula.is_polynomial(*symbols, *(sympy.sqrt(s) for s in symbols - {c})):
        return formula
    by_power = sympy.Poly(formula, c)
    shorter = sympy.Add(*(_factored(value) * c**k for (k,), value in by_power.terms()))
    return shorter if _length(shorter) < _length(formula) else formula


def _factored(value: Expr) -> Expr:
    """Factors, two by two with a positive constant: (4 - q1)(4 - q2) and not (q1 - 4)(q2 - 4)."""
    factors = list(sympy.Mul.make_args(sympy.factor(value)))
    places = [i for i, f in enumerate(factors) if f.is_Add and f.as_coeff_Add()[0].is_negative]
    for i in places[: len(places) // 2 * 2]:
        factors[i] = -factors[i]
    return sympy.Mul(*factors)


def _length(formula: Expr) -> int:
    return sum(1 for part in sympy.preorder_traversal(formula) if part.is_Atom)


def _joined_conjugates(product: Expr) -> Expr:
    powers = product.as_powers_dict()
    for one, other in ((1 - c, 1 + c), (c - 1, 1 + c)):
        exponent = powers.get(one, 0)
        if exponent and powers.get(other, 0) == exponent:
            rest = product / (one**exponent * other**exponent)
            return rest * (sympy.expand(one * other)) ** exponent
    return product


def _cdf_argument(formula: Expr) -> Expr | None:
    """h where the formula is Φ(h) = (1 + erf(h/√2))/2."""
    if not (formula.is_Add and len(formula.args) == 2 and formula.args[0] == _HALF):
        return None
    factor, function = formula.args[1].as_coeff_Mul()
    if abs(factor) != _HALF or not isinstance(function, sympy.erf):
        return None
    return 2 * factor * sympy.sqrt(2) * function.args[0]


def _in_order(terms: list[Expr]) -> list[Expr]:
    """What is added first, then what is subtracted; numbers first, and monomials by ascending degree."""
    degrees = [_degree(term) for term in terms]
    ranked = all(degree is not None for degree in degrees)

    def key(place: int) -> tuple[bool, bool, Expr]:
        term = terms[place]
        return term.could_extract_minus_sign(), not term.is_number, degrees[place] if ranked else sympy.S.Zero

    return [terms[place] for place in sorted(range(len(terms)), key=key)]


def _degree(term: Expr) -> Expr | None:
    """The degree of a monomial; None for what is none."""
    powers = [(base, n) for base, n in term.as_powers_dict().items() if not base.is_number]
    monomial = all(base.is_Symbol and n.is_Rational for base, n in powers)
    return sum((n for _, n in powers), sympy.S.Zero) if monomial else None


def _over_and_under(product: Expr) -> tuple[list[Expr], list[Expr]]:
    """Factors of numerator and denominator, without 1; √2/2 is 1/√2."""
    over: list[Expr] = []
    under: list[Expr] = []
    for factor in product.as_ordered_factors():
        if factor.is_Rational:
            over += [sympy.Integer(factor.p)] if factor.p != 1 else []
            under += [sympy.Integer(factor.q)] if factor.q != 1 else []
        elif factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
            under.append(1 / factor)
        else:
            over.append(factor)
    number = next((factor for factor in under if factor.is_Integer), sympy.S.One)
    for root in [f for f in over if f.is_Pow and f.exp == _HALF and f.base.is_Integer]:
        if number % root.base == 0:
            over.remove(root)
            under = [f for f in under if f is not number] + [root]
            number = number / root.base
            under = under if number == 1 else [number, *under]
    return over, under


def _is_long(factor: Expr) -> bool:
    """Whether a factor stands beside a fraction and not in it."""
    return bool(factor.has(sympy.Function))


def _parts(factors: list[Expr], printed: _Print, show: _Print, *, under: bool) -> list[str | list[str]]:
    """The factors in the order of print, those under the one root as a list: 2 c √(q1 q2) (1 + c) asin c."""
    radicands = [f.base for f in factors if _is_root(f)]
    alone = len(radicands) == 1
    root: list[str | list[str]] = [[(printed if alone else show)(b) for b in radicands]] if radicands else []
    plain = [f for f in factors if not _is_root(f)]
    simple = [show(f) for f in plain if not (f.is_Add or _is_long(f))]
    sums = [show(f) for f in plain if f.is_Add and not _is_long(f)]
    long = [show(f) for f in plain if _is_long(f)]
    return [*simple, *sums, *root, *long] if under else [*simple, *root, *sums, *long]


def _is_root(factor: Expr) -> bool:
    return bool(factor.is_Pow and factor.exp == _HALF)


def _exponent(formula: Expr) -> tuple[str, Expr, str]:
    """(front, sum, back): a sum of fractions is printed front(sum)back, as -3(a + b)/2."""
    content, rest = formula.primitive()
    sign = "-" if all(term.could_extract_minus_sign() for term in sympy.Add.make_args(rest)) else ""
    front = sign + (str(content.p) if content.p != 1 else "")
    return front, -rest if sign else rest, f"/{content.q}" if content.q != 1 else ""


class _PaperPrinter(LatexPrinter):
    def _print_Add(self, expr: Expr, order: str | None = None) -> str:
        inner = _cdf_argument(expr)
        if inner is not None:
            return rf"\Phi\left({self._print(inner)}\right)"
        return _sum(_in_order(self._as_ordered_terms(expr, order=order)), self._print)

    def _print_Mul(self, expr: Expr) -> str:
        if expr.could_extract_minus_sign():
            return "- " + self._bracketed(-expr)
        over, under = _over_and_under(expr)
        short, long = [f for f in over if not _is_long(f)], [f for f in over if _is_long(f)]
        if not under:
            return self._product([*short, *long])
        if not short and len(long) == 1 and not isinstance(long[0], sympy.exp):
            above = self._product(long)
            if len(above) <= _LINE // 2:
                return rf"\frac{{{above}}}{{{self._product(under, under=True)}}}"
        fraction = rf"\frac{{{self._product(short)}}}{{{self._product(under, under=True)}}}"
        return " ".join([fraction, *map(self._bracketed, long)])

    def _product(self, factors: list[Expr], *, under: bool = False) -> str:
        if len(factors) == 1 and not _is_root(factors[0]):
            return str(self._print(factors[0]))
        parts = _parts(factors, self._print, self._bracketed, under=under)
        return " ".join(rf"\sqrt{{{' '.join(p)}}}" if isinstance(p, list) else p for p in parts) or "1"

    def _bracketed(self, factor: Expr) -> str:
        text = str(self._print(factor))
        return rf"\left({text}\right)" if factor.is_Add and _cdf_argument(factor) is None else text

    def _print_ExpBase(self, expr: Expr, exp: str | None = None) -> str:
        exponent = expr.args[0]
        if exponent.is_Add:
            front, rest, back = _exponent(exponent)
            body = front + (self._bracketed(rest) if front or back else self._print(rest)) + back
        else:
            body = str(self._print(exponent))
            denominator = _over_and_under(exponent)[1] if exponent.is_Mul else []
            if len(denominator) == 1 and denominator[0].is_Integer:
                body = f"{self._print(exponent * denominator[0])}/{denominator[0]}"
        tex = rf"\exp\left({body}\right)" if r"\frac" in body else f"e^{{{body}}}"
        return tex if exp is None else rf"\left({tex}\right)^{{{exp}}}"


class _TextPrinter(StrPrinter):
    def _print_Add(self, expr: Expr, order: str | None = None) -> str:
        inner = _cdf_argument(expr)
        if inner is not None:
            return f"Phi({self._print(inner)})"
        return _sum(_in_order(self._as_ordered_terms(expr, order=order)), self._print)

    def _print_Mul(self, expr: Expr) -> str:
        if expr.could_extract_minus_sign():
            return "-" + self._bracketed(-expr)
        over, under = _over_and_under(expr)
        return self._product(over) + (f"/{self._product(under, under=True)}" if under else "")

    def _product(self, factors: list[Expr], *, under: bool = False) -> str:
        if len(factors) == 1 and not _is_root(factors[0]):
            return self._bracketed(factors[0])
        parts = _parts(factors, self._print, self._bracketed, under=under)
        shown = [f"sqrt({'*'.join(p)})" if isinstance(p, list) else p for p in parts]
        return f"({'*'.join(shown)})" if under and len(shown) > 1 else "*".join(shown) or "1"

    def _bracketed(self, factor: Expr) -> str:
        text = str(self._print(factor))
        return f"({text})" if factor.is_Add and _cdf_argument(factor) is None else text

    def _print_exp(self, expr: Expr) -> str:
        exponent = expr.args[0]
        if not exponent.is_Add:
            return f"exp({self._print(exponent)})"
        front, rest, back = _exponent(exponent)
        front = front if front in ("", "-") else f"{front}*"
        body = f"({self._print(rest)})" if front or back else self._print(rest)
        return f"exp({front}{body}{back})"


def _sum(terms: list[Expr], show: _Print) -> str:
    """Terms joined by + and -."""
    shown = ""
    for term in terms:
        text = show(term)
        if shown and text.startswith("-"):
            shown += " - " + text[1:].lstrip()
        else:
            shown += f" + {text}" if shown else text
    return shown
