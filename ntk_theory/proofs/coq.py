"""Statements for the proof kernel, printed from SymPy objects, each with a script of tactics that proves it.

The kinds of statement: a derivative (Coquelicot's `auto_derive`, then a field equality modulo the squares of
roots), an equality, an inequality over the reals, a bound on an interval and an enclosure of an integral (both by
Interval's verified interval arithmetic), and a statement written by hand where SymPy has no object for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy
from sympy import Expr, Rational, Symbol
from sympy.core.relational import Relational

from ntk_theory.errors import DataError

_FUNCTIONS = {
    sympy.exp: "exp",
    sympy.log: "ln",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.atan: "atan",
    sympy.asin: "asin",
    sympy.Abs: "Rabs",
}
_RELATIONS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "<>"}


@dataclass(frozen=True)
class Lemma:
    """A statement with its script. A `falsehood` is one that the same kind of script must fail to prove."""

    name: str
    claim: str
    statement: str
    script: str
    falsehood: bool = False

    def text(self, seconds: int) -> str:
        """As it stands in a .v file; the script must be done within `seconds`, a false one within 5."""
        if self.falsehood:
            tactic = f'({self.script}; fail "a goal remains")'
            return f"Goal\n  {self.statement}.\nProof.\n  Fail Timeout {min(seconds, 5)} {tactic}.\nAbort.\n"
        body = f"Proof.\n  Timeout {seconds} (solve [{self.script}]).\nQed.\n"
        return f"Theorem {self.name} :\n  {self.statement}.\n{body}"


def derivative(
    name: str,
    claim: str,
    f: Expr,
    x: Symbol,
    slope: Expr,
    *,
    where: Sequence[Relational] = (),
    facts: Sequence[tuple[str, str]] = (),
    falsehood: bool = False,
) -> Lemma:
    """f has the derivative `slope` in x, for all values of the symbols where the conditions hold.

    What is under a root is shown to be positive there. `facts`: further statements of use, each with its tactic.
    """
    inside = _radicands(f, slope)
    atoms = sorted(f.atoms(*_FUNCTIONS) | slope.atoms(*_FUNCTIONS), key=str)
    others = [(_FUNCTIONS[type(a)], coq(a.args[0])) for a in atoms]
    script = [
        "intros",
        *(f"assert ({fact}) by ({tactic})" for fact, tactic in facts),
        *_root_facts(inside),
        "auto_derive",
        *(f"ntk_canon sqrt ({coq(r)})" for r in inside),
        *(f"ntk_canon {function} ({argument})" for function, argument in others),
        f"match goal with |- @eq R _ _ => {_field(inside)} | |- _ => ntk_side end",
    ]
    statement = f"is_derive (fun {identifier(x)} : R => {coq(f)}) {identifier(x)} ({coq(slope)})"
    return Lemma(
        name,
        claim,
        _for_all(f.free_symbols | slope.free_symbols | {x}, where, statement),
        ";\n  ".join(script),
        falsehood,
    )


def equality(
    name: str,
    claim: str,
    left: Expr,
    right: Expr,
    *,
    where: Sequence[Relational] = (),
    facts: Sequence[tuple[str, str]] = (),
    falsehood: bool = False,
) -> Lemma:
    """left = right for all values of the symbols where the conditions hold, by `field`."""
    inside = _radicands(left, right)
    script = [
        "intros",
        *(f"assert ({fact}) by ({tactic})" for fact, tactic in facts),
        *_root_facts(inside),
        _field(inside),
    ]
    statement = f"{coq(left)} = {coq(right)}"
    return Lemma(
        name,
        claim,
        _for_all(left.free_symbols | right.free_symbols, where, statement),
        ";\n  ".join(script),
        falsehood,
    )


def inequality(
    name: str,
    claim: str,
    relation: Relational,
    *,
    where: Sequence[Relational] = (),
    script: str = "ntk_side",
    falsehood: bool = False,
) -> Lemma:
    """A relation between polynomials for all values of the symbols where the conditions hold, by `nra`."""
    return Lemma(
        name, claim, _for_all(relation.free_symbols, where, _relation(relation)), f"intros; {script}", falsehood
    )


def bound(
    name: str,
    claim: str,
    f: Expr,
    x: Symbol,
    lower: Expr,
    upper: Expr,
    *,
    least: Expr | None = None,
    most: Expr | None = None,
    falsehood: bool = False,
) -> Lemma:
    """least < f(x) < most for all x in [lower, upper], by interval arithmetic with bisection and Taylor models."""
    ends = [f"{coq(least)} < {coq(f)}"] if least is not None else []
    ends += [f"{coq(f)} < {coq(most)}"] if most is not None else []
    where = [sympy.Le(lower, x, evaluate=False), sympy.Le(x, upper, evaluate=False)]
    script = f"intros; repeat split; interval with (i_bisect {identifier(x)}, i_taylor {identifier(x)})"
    return Lemma(name, claim, _for_all({x}, where, " /\\ ".join(ends)), script, falsehood)


def integral(
    name: str,
    claim: str,
    f: Expr,
    x: Symbol,
    lower: Expr,
    upper: Expr,
    *,
    least: Expr,
    most: Expr,
    falsehood: bool = False,
) -> Lemma:
    """least <= ∫ f dx over [lower, upper] <= most, by verified quadrature."""
    integral = f"RInt (fun {identifier(x)} : R => {coq(f)}) {coq(lower)} {coq(upper)}"
    statement = f"{coq(least)} <= {integral} <= {coq(most)}"
    return Lemma(name, claim, statement, "integral with (i_fuel 400)", falsehood)


def nonnegative(
    name: str,
    claim: str,
    f: Expr,
    x: Symbol,
    slope: Expr,
    *,
    by: Sequence[str] = (),
    falsehood: bool = False,
) -> Lemma:
    """f(x) >= 0 for all x >= 0: f(0) = 0 and its slope is >= 0 by the lemmas `by`, themselves of this kind."""
    t = identifier(x)
    functions = f"(fun {t} : R => {coq(f)}) (fun {t} : R => {coq(slope)})"
    known = "".join(f" pose proof ({lemma} {t}0 (proj1 T));" for lemma in by)
    script = (
        f"intros {t} H; apply (nonneg_by_derivative {functions} 0 {t}); cbv beta;\n  "
        f"[ intros {t}0 T; auto_derive; match goal with |- @eq R _ _ => {_field([])} | |- _ => ntk_side end\n  "
        f"| intros {t}0 T;{known} ntk_side | rewrite ?sin_0, ?cos_0; lra | lra ]"
    )
    return Lemma(name, claim, f"forall {t} : R, 0 <= {t} -> 0 <= {coq(f)}", script, falsehood)


def by_hand(name: str, claim: str, statement: str, script: str, *, falsehood: bool = False) -> Lemma:
    """A statement and a script in the kernel's own language."""
    return Lemma(name, claim, statement, script, falsehood)


def coq(node: Expr) -> str:
    """A SymPy expression in the kernel's language. Raises `DataError` for what that has no word for."""
    node = sympy.sympify(node)
    if node.is_Integer:
        return str(node) if node >= 0 else f"({node})"
    if node.is_Rational:
        return f"({node.p} / {node.q})"
    if node is sympy.pi:
        return "PI"
    if node is sympy.E:
        return "exp 1"
    if node.is_Symbol:
        return identifier(node)
    if node.is_Add:
        first, *others = node.as_ordered_terms()
        return f"({coq(first)}{''.join(_signed(term) for term in others)})"
    if node.is_Mul:
        return _product(node)
    if isinstance(node, sympy.acos):
        return f"(PI / 2 - asin {coq(node.args[0])})"
    if type(node) in _FUNCTIONS:
        return f"({_FUNCTIONS[type(node)]} {_argument(node.args[0])})"
    if node.is_Pow and node.exp.is_Rational:
        return _power(node.base, node.exp)
    raise DataError(f"{node} can't be said to the proof kernel: it has no {type(node).__name__}.")


def identifier(symbol: Symbol) -> str:
    """A symbol's name there; words that the kernel keeps for itself get an underscore."""
    name = "".join(letter for letter in symbol.name if letter.isascii() and (letter.isalnum() or letter == "_"))
    if not name or not name[0].isalpha():
        raise DataError(f"{symbol} is no name in the proof kernel's language: begin with a letter from a to z.")
    return (
        f"{name}_"
        if name in {"fun", "in", "at", "as", "R", "PI", "lambda", "exp", "sqrt", "S", "O", "I"}
        else name
    )


def _signed(term: Expr) -> str:
    return f" - {coq(-term)}" if term.could_extract_minus_sign() else f" + {coq(term)}"


def _product(node: Expr) -> str:
    if node.could_extract_minus_sign():
        return f"(- {coq(-node)})"
    over, under = sympy.fraction(node, exact=True)
    if under != 1:
        return f"({coq(over)} / {coq(under)})"
    return f"({' * '.join(coq(factor) for factor in node.as_ordered_factors())})"


def _argument(node: Expr) -> str:
    text = coq(node)
    return text if text.startswith("(") or text.isalnum() else f"({text})"


def _power(base: Expr, exponent: Rational) -> str:
    if exponent < 0:
        return f"(/ {_power(base, -exponent)})"
    root = _argument(base) if exponent.is_Integer else f"(sqrt {_argument(base)})"
    if exponent.q > 2:
        raise DataError(f"{base}**({exponent}) can't be said to the proof kernel: only square roots can.")
    return root if exponent.p == 1 else f"({root} ^ {exponent.p})"


def _relation(relation: Relational) -> str:
    return f"{coq(relation.lhs)} {_RELATIONS[relation.rel_op]} {coq(relation.rhs)}"


def _for_all(symbols: set[Symbol], where: Sequence[Relational], statement: str) -> str:
    symbols = symbols.union(*(condition.free_symbols for condition in where))
    ordered = sorted(symbols, key=str)
    names = " ".join(identifier(symbol) for symbol in ordered)
    assumed = [f"0 < {identifier(symbol)}" for symbol in ordered if symbol.is_positive]
    assumed += [f"0 <= {identifier(s)}" for s in ordered if s.is_nonnegative and not s.is_positive]
    conditions = "".join(f"{condition} -> " for condition in [*assumed, *map(_relation, where)])
    return f"forall {names} : R, {conditions}{statement}" if names else f"{conditions}{statement}"


def _radicands(*expressions: Expr) -> list[Expr]:
    """What stands under square roots, innermost first."""
    roots = {
        power.base
        for expression in expressions
        for power in sympy.sympify(expression).atoms(sympy.Pow)
        if power.exp.is_Rational and power.exp.q == 2
    }
    return sorted(roots, key=lambda r: (sympy.count_ops(r), str(r)))


def _root_facts(inside: Sequence[Expr]) -> list[str]:
    facts = ["assert (0 < PI) by apply PI_RGT_0"]
    for k, radicand in enumerate(inside):
        text = coq(radicand)
        facts += [
            f"assert (P{k} : 0 < {text}) by ntk_side",
            f"assert (S{k} : 0 < sqrt ({text})) by (apply sqrt_lt_R0; exact P{k})",
            f"assert (Q{k} : sqrt ({text}) ^ 2 = {text}) by (apply pow2_sqrt; lra)",
        ]
    return facts


def _field(inside: Sequence[Expr]) -> str:
    rules = f" [{' '.join(f'Q{k}' for k in range(len(inside)))}]" if inside else ""
    return f"(field{rules}; ntk_side)" if not inside else f"first [(field{rules}; ntk_side) | (field; ntk_side)]"
