"""Text to SymPy by a grammar: precedence climbing over a closed list of names. Nothing is ever evaluated.

expression  := term (("+" | "-") term)*
term        := factor (("*" | "/") factor)*
factor      := ("+" | "-") factor | power
power       := atom (("**" | "^") factor)?
atom        := number | name | name "(" argument ("," argument)* ")" | "(" expression ")"
argument    := expression | condition | "(" expression "," condition ")"     in where and Piecewise
condition   := expression (">" | ">=" | "<" | "<=") expression | "True"
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import sympy
from sympy import Expr, Rational, Symbol

from ntk_theory.activation.named import ALIASES, NAMED, Named
from ntk_theory.errors import ActivationSyntaxError
from ntk_theory.symbols import x

MAX_BYTES = 4096
MAX_DEPTH = 60
MAX_EXPONENT = 100
MAX_DIGITS = 60

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d{1,3})?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<operator>\*\*|>=|<=|[-+*/^(),<>]))"
)


def _phi(z: Expr) -> Expr:
    return (1 + sympy.erf(z / sympy.sqrt(2))) / 2


_ONE_ARGUMENT: dict[str, Callable[[Expr], Expr]] = {
    "Phi": _phi,
    "Abs": sympy.Abs,
    "Heaviside": sympy.Heaviside,
    "abs": sympy.Abs,
    "arctan": sympy.atan,
    "atan": sympy.atan,
    "cos": sympy.cos,
    "cosh": sympy.cosh,
    "erf": sympy.erf,
    "erfc": lambda z: 1 - sympy.erf(z),
    "exp": sympy.exp,
    "heaviside": sympy.Heaviside,
    "log": sympy.log,
    "sign": sympy.sign,
    "sin": sympy.sin,
    "sinh": sympy.sinh,
    "sqrt": sympy.sqrt,
    "step": sympy.Heaviside,
    "tan": sympy.tan,
    "tanh": sympy.tanh,
}
_MANY_ARGUMENTS: dict[str, Callable[..., Expr]] = {
    "max": sympy.Max,
    "Max": sympy.Max,
    "min": sympy.Min,
    "Min": sympy.Min,
}
_CONSTANTS: dict[str, Expr] = {"pi": sympy.pi, "E": sympy.E}
_NO_PARAMETERS = frozenset({"i", "j", "nan", "inf", "infinity", "oo", "zoo", "none", "null", "true", "false"})
_RELATIONS = {">": sympy.Gt, ">=": sympy.Ge, "<": sympy.Lt, "<=": sympy.Le}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: int


def parse(text: str) -> Expr:
    """The SymPy expression in the real symbol x that `text` writes.

    Numbers are exact rationals, names outside the list are positive parameters. Raises
    `ActivationSyntaxError` with the place and what was expected.
    """
    if len(text.encode()) > MAX_BYTES:
        raise ActivationSyntaxError(
            f"The activation has {len(text.encode())} bytes; at most {MAX_BYTES} are read. "
            "Build longer ones as a SymPy expression."
        )
    try:
        expression = _Parser(text).whole()
    except RecursionError as error:  # SymPy's own recursion, on deep products
        raise ActivationSyntaxError(f"The activation is nested too deeply: {text[:60]!r} …") from error
    except ZeroDivisionError as error:
        raise ActivationSyntaxError(f"{text[:60]!r} divides by zero.") from error
    if expression.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        raise ActivationSyntaxError(f"{text!r} divides by zero or is infinite everywhere.")
    if expression.has(sympy.I):
        raise ActivationSyntaxError(
            f"{text[:60]!r} is not real: it has a root or a logarithm of a negative number in it. "
            "Activations are real functions of a real x."
        )
    return expression


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            raise _error(text, start, f"the character {text[start]!r} has no meaning here")
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        position = match.end()


def _error(text: str, position: int, why: str) -> ActivationSyntaxError:
    shown = text if len(text) <= 100 else text[max(0, position - 40) : position + 40]
    offset = position if len(text) <= 100 else min(position, 40)
    return ActivationSyntaxError(
        f"Not an activation: {why}.\n  {shown}\n  {' ' * offset}^\n"
        "Write it as in max(x, 0), x*Phi(x), where(x > 0, x, exp(x) - 1), or name one: "
        + ", ".join(sorted(NAMED))
        + "."
    )


def substituted(named: Named, argument: Expr = x, *values: Expr) -> Expr:
    """The named activation of `argument`, its first parameters as given, the others at their defaults."""
    defaults = [_Parser(text).whole() for text in named.parameters.values()]
    chosen = [*values, *defaults[len(values) :]]
    names = (Symbol(name, positive=True) for name in named.parameters)
    body = _Parser(named.formula).whole()
    return body.subs({x: argument, **dict(zip(names, chosen, strict=True))}, simultaneous=True)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [*_tokens(text), _Token("end", "", len(text))]
        self.index = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.index]

    def fail(self, why: str) -> ActivationSyntaxError:
        return _error(self.text, self.token.position, why)

    def accept(self, *texts: str) -> str | None:
        if self.token.kind == "operator" and self.token.text in texts:
            self.index += 1
            return self.tokens[self.index - 1].text
        return None

    def expect(self, text: str) -> None:
        if self.accept(text) is None:
            raise self.fail(f"expected {text!r}, found {self.token.text or 'the end'!r}")

    def whole(self) -> Expr:
        result = self.expression()
        if self.token.kind != "end":
            raise self.fail(f"expected an operator or the end, found {self.token.text!r}")
        return result

    def expression(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"more than {MAX_DEPTH} levels of nesting")
        result = self.term()
        while operator := self.accept("+", "-"):
            term = self.term()
            result = result + term if operator == "+" else result - term
        self.depth -= 1
        return result

    def term(self) -> Expr:
        result = self.factor()
        while operator := self.accept("*", "/"):
            factor = self.factor()
            if operator == "/" and factor.is_zero:
                raise self.fail("division by zero")
            result = result * factor if operator == "*" else result / factor
        return result

    def factor(self) -> Expr:
        if operator := self.accept("+", "-"):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.fail(f"more than {MAX_DEPTH} levels of nesting")
            result = self.factor()
            self.depth -= 1
            return -result if operator == "-" else result
        return self.power()

    def power(self) -> Expr:
        base = self.atom()
        if self.accept("**", "^") is None:
            return base
        exponent = self.factor()
        if exponent.is_number and not abs(exponent) <= MAX_EXPONENT:
            raise self.fail(f"the exponent {exponent} is beyond {MAX_EXPONENT}")
        if base.is_Number and exponent.is_number and base != 0:
            digits = abs(sympy.log(abs(base), 10) * exponent)
            if digits > MAX_DIGITS:
                raise self.fail(f"a number of more than {MAX_DIGITS} digits")
        power = base**exponent
        if any(abs(p.exp) > MAX_EXPONENT for p in power.atoms(sympy.Pow) if p.exp.is_number):
            raise self.fail(f"a power beyond {MAX_EXPONENT}")
        return power

    def atom(self) -> Expr:
        token = self.token
        self.index += 1
        if token.kind == "number":
            if len(token.text) > MAX_DIGITS or abs(int((token.text.lower() + "e0").split("e")[1])) > MAX_DIGITS:
                raise self.fail(f"a number of more than {MAX_DIGITS} digits")
            return Rational(token.text)
        if token.kind == "name":
            return self.call(token) if self.accept("(") else self.name(token)
        if token.kind == "operator" and token.text == "(":
            result = self.expression()
            self.expect(")")
            return result
        self.index -= 1
        raise self.fail(f"expected a number, a name or '(', found {token.text or 'the end'!r}")

    def name(self, token: _Token) -> Expr:
        if token.text == "x":
            return x
        if token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        if token.text.startswith("_") or token.text in {*_ONE_ARGUMENT, *_MANY_ARGUMENTS, *NAMED, *ALIASES}:
            self.index -= 1
            raise self.fail(f"{token.text!r} needs an argument, as in {token.text}(x)")
        if token.text.lower() in _NO_PARAMETERS:
            self.index -= 1
            raise self.fail(f"{token.text!r} is no real parameter; name parameters otherwise")
        return Symbol(token.text, positive=True)

    def call(self, token: _Token) -> Expr:
        name = token.text
        if name == "where":
            condition = self.condition()
            self.expect(",")
            then = self.expression()
            self.expect(",")
            otherwise = self.expression()
            self.expect(")")
            return sympy.Piecewise((then, condition), (otherwise, True))
        if name == "Piecewise":
            return self.piecewise()
        arguments = [self.expression()]
        while self.accept(","):
            arguments.append(self.expression())
        self.expect(")")
        if name in _MANY_ARGUMENTS:
            return _MANY_ARGUMENTS[name](*arguments)
        expected = 1
        if name in _ONE_ARGUMENT:
            result = _ONE_ARGUMENT[name]
        else:
            named = NAMED.get(ALIASES.get(name, name))
            if named is None:
                self.index = self.tokens.index(token)
                raise self.fail(f"there is no function named {name!r}")
            expected += len(named.parameters)
            result = partial(substituted, named)
        if not 1 <= len(arguments) <= expected:
            most = f"at most {expected} arguments" if expected > 1 else "one argument"
            raise self.fail(f"{name} takes {most}, {len(arguments)} were given")
        return result(*arguments)

    def condition(self) -> sympy.Basic:
        if self.token.kind == "name" and self.token.text == "True":
            self.index += 1
            return sympy.true
        left = self.expression()
        relation = self.accept(*_RELATIONS)
        if relation is None:
            raise self.fail("expected a comparison, as in x > 0")
        return _RELATIONS[relation](left, self.expression())

    def piecewise(self) -> Expr:
        branches = []
        while True:
            self.expect("(")
            value = self.expression()
            self.expect(",")
            branches.append((value, self.condition()))
            self.expect(")")
            if self.accept(",") is None:
                break
        self.expect(")")
        if branches[-1][1] is not sympy.true:
            raise self.fail("the last branch of Piecewise needs the condition True")
        return sympy.Piecewise(*branches)
