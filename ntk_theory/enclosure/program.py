"""A SymPy expression compiled to a straight-line program over python-flint's balls.

Two readings: `real_program` over `arb`, where the expression must be real (roots and inverse sines are taken
of the part of the ball where they are), and `complex_program` over `acb`, for integrands, where a function
says "not finite" on a ball that touches its branch cut, as `acb.integral` demands.

Common subexpressions are computed once: a node of the expression is a line of the program.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
from flint import acb, arb, ctx, fmpq
from sympy import Expr, Symbol

from ntk_theory.errors import EnclosureError

_METHODS: dict[type, str] = {
    sympy.exp: "exp",
    sympy.erf: "erf",
    sympy.erfc: "erfc",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.tan: "tan",
    sympy.sinh: "sinh",
    sympy.cosh: "cosh",
    sympy.tanh: "tanh",
    sympy.sech: "sech",
    sympy.gamma: "gamma",
}
_BRANCHED: dict[type, str] = {
    sympy.log: "log",
    sympy.asin: "asin",
    sympy.acos: "acos",
    sympy.atan: "atan",
    sympy.asinh: "asinh",
}
_NAN = arb.nan()
_COMPLEX_NAN = acb(_NAN, _NAN)


@dataclass
class Program:
    """`source` as text, and the function it becomes once its constants are balls of the working precision."""

    source: str
    constants: tuple[Expr | fmpq, ...]
    namespace: dict[str, Any]
    _built: dict[int, Callable[..., Any]] = field(default_factory=dict)

    def function(self) -> Callable[..., Any]:
        """The compiled function at the working precision `flint.ctx.prec`."""
        if ctx.prec not in self._built:
            values = {f"k{i}": _constant_ball(value) for i, value in enumerate(self.constants)}
            scope = self.namespace | values
            exec(compile(self.source, "<ball program>", "exec"), scope)
            self._built[ctx.prec] = scope["program"]
        return self._built[ctx.prec]

    def at(self, *values: Any) -> Any:
        """The value at these arguments. Not finite where the expression is not defined on all of the balls."""
        return self.function()(*values)


def real_program(expression: Expr, arguments: Sequence[Symbol], nodes: "Nodes | None" = None) -> Program:
    """`expression` as a function of `arb` arguments. `nodes` gives functions for SymPy classes of one's own."""
    return _Compiler(arguments, _REAL, nodes or {}).program(expression)


def complex_program(expression: Expr, argument: Symbol, *, continued: bool = False) -> Program:
    """`expression` as a function (z, analytic) of an `acb`, as `acb.integral` calls it.

    `continued`: on a ball that meets the real line, log(1 + eʷ) is continued from there, and not cut where its
    principal value is; so that an integrand is analytic on balls of any size far from ±iπ.
    """
    nodes: Nodes = {sympy.log: _softplus_node} if continued else {}
    return _Compiler((argument,), complex_functions, nodes, ", analytic=False").program(expression)


Nodes = dict[type, Callable[[Expr], tuple[Callable[..., Any], tuple[Expr, ...]]]]
"""For a SymPy class: from its node, the function to call, and the subexpressions to call it with."""


class _Compiler:
    """Numbers the nodes of an expression, each a line `t3 = t1*t2`."""

    def __init__(
        self, arguments: Sequence[Symbol], operations: dict[str, Any], nodes: Nodes, extra: str = ""
    ) -> None:
        self.names: dict[Expr, str] = {symbol: f"a{i}" for i, symbol in enumerate(arguments)}
        self.signature = ", ".join(self.names.values()) + extra
        self.analytic = ", analytic" if extra else ""
        self.namespace: dict[str, Any] = dict(operations)
        self.nodes = nodes
        self.lines: list[str] = []
        self.constants: list[Expr] = []

    def program(self, expression: Expr) -> Program:
        result = self.name(sympy.sympify(expression))
        body = "".join(f"    {line}\n" for line in [*self.lines, f"return {result}"])
        return Program(f"def program({self.signature}):\n{body}", tuple(self.constants), self.namespace)

    def name(self, node: Expr) -> str:
        if node not in self.names:
            if node.is_Rational or node in (sympy.pi, sympy.E) or (self.analytic and node.is_number):
                self.names[node] = f"k{len(self.constants)}"
                self.constants.append(node)
            else:
                code = self.code(node)
                self.names[node] = f"t{len(self.lines)}"
                self.lines.append(f"{self.names[node]} = {code}")
        return self.names[node]

    def code(self, node: Expr) -> str:
        if node.is_Float:
            return self.name(sympy.Rational(node))
        if node.is_Add:
            return " + ".join(map(self.name, node.args))
        if node.is_Mul:
            return self.product(node)
        if node.is_Pow and not isinstance(node, sympy.exp):
            return self.power(self.name(node.base), node.exp)
        if type(node) in self.nodes:
            function, arguments = self.nodes[type(node)](node)
            name = f"node{len(self.lines)}"
            self.namespace[name] = function
            return f"{name}({', '.join(map(self.name, arguments))}{self.analytic})"
        if type(node) in _METHODS:
            return f"{self.name(node.args[0])}.{_METHODS[type(node)]}()"
        if type(node) in _BRANCHED:
            return f"{_BRANCHED[type(node)]}({self.name(node.args[0])}{self.analytic})"
        if node.is_Symbol:
            known = ", ".join(map(str, (s for s in self.names if s.is_Symbol))) or "none"
            raise EnclosureError(f"The symbol {node} has no value; values are given for: {known}.")
        raise EnclosureError(
            f"No ball arithmetic is known for {type(node).__name__}, in {node}. "
            "Rewrite it in exp, log, erf, sqrt, the trigonometric and hyperbolic functions."
        )

    def product(self, node: Expr) -> str:
        """Numerator over one denominator: one division instead of many."""
        above, below = [], []
        for factor in node.args:
            if factor.is_Pow and factor.exp.is_Rational and factor.exp < 0 and not factor.base.is_Rational:
                below.append(self.name(1 / factor))
            else:
                above.append(self.name(factor))
        top = "*".join(above) if above else "1"
        return f"{top}/({'*'.join(below)})" if below else top

    def power(self, base: str, exponent: Expr) -> str:
        if exponent.is_Rational and exponent < 0:
            return f"1/({self.power(base, -exponent)})"
        if exponent == sympy.S.Half:
            return f"sqrt({base}{self.analytic})"
        if exponent.is_Integer:
            return f"power({base}, {exponent})"
        if exponent.is_Rational and exponent.q == 2:
            return f"power(sqrt({base}{self.analytic}), {exponent.p})"
        return f"(log({base}{self.analytic})*{self.name(exponent)}).exp()"


def _constant_ball(value: Expr) -> arb:
    if value.is_Rational:
        return arb(fmpq(int(value.p), int(value.q)))
    if value in (sympy.pi, sympy.E):
        return arb.pi() if value == sympy.pi else arb.const_e()
    return real_program(value, ()).at()  # of a complex program, whose constants are real


def _power(base: Any, exponent: int) -> Any:
    """By repeated squaring: Arb's own power is not finite on a ball around 0."""
    result = None
    while exponent:
        if exponent & 1:
            result = base if result is None else result * base
        exponent >>= 1
        if exponent:
            base = base * base
    return 1 if result is None else result


def _clipped(value: arb, lower: int | None, upper: int | None) -> arb:
    """The part of the ball where the function is real: rounding may have carried it past the end."""
    least, most = value.lower(), value.upper()
    if lower is not None and not least >= lower:
        least = arb(lower)
    if upper is not None and not most <= upper:
        most = arb(upper)
    return least.union(most) if least <= most else _NAN


def _real_sqrt(value: arb) -> arb:
    if value >= 0:
        return value.sqrt()
    return arb(0).union(value.upper().sqrt()) if value.upper() >= 0 else _NAN


def _real_asin(value: arb) -> arb:
    if -1 < value < 1:
        return value.asin()
    inside = _clipped(value, -1, 1)
    return _end_asin(inside.lower()).union(_end_asin(inside.upper())) if inside.is_finite() else _NAN


def _end_asin(value: arb) -> arb:
    if value >= 1 or value <= -1:  # union of clipped ends rounds outward by a last bit
        return arb.pi() / (2 if value > 0 else -2)
    return value.asin()


def _real_log(value: arb) -> arb:
    return value.log() if value > 0 else _NAN


def _softplus_node(node: Expr) -> tuple[Callable[..., Any], tuple[Expr, ...]]:
    inner = node.args[0] - 1
    return (_softplus, (inner.args[0],)) if isinstance(inner, sympy.exp) else (complex_functions["log"], node.args)


def _softplus(w: acb, analytic: bool) -> acb:
    """log(1 + eʷ), on Re w > 0 as w + log(1 + e⁻ʷ): both logarithms are of numbers around 1."""
    if w.real > 0:
        return w + (1 + (-w).exp()).log(analytic=analytic)
    return (1 + w.exp()).log(analytic=analytic)


def _off_cut(name: str, value: acb, analytic: bool) -> acb:
    """asin, acos (cuts beyond ±1), atan and asinh (beyond ±i): not finite where the ball touches a cut."""
    across, along = (value.imag, value.real) if name in ("asin", "acos") else (value.real, value.imag)
    if analytic and across.contains(0) and not (-1 < along < 1):
        return _COMPLEX_NAN
    return getattr(value, name)()


_REAL: dict[str, Any] = {
    "power": _power,
    "sqrt": _real_sqrt,
    "log": _real_log,
    "asin": _real_asin,
    "acos": lambda value: arb.pi() / 2 - _real_asin(value),
    "atan": lambda value: value.atan(),
    "asinh": lambda value: value.asinh(),
}
complex_functions: dict[str, Any] = {
    "power": _power,
    "sqrt": lambda value, analytic: value.sqrt(analytic=analytic),
    "log": lambda value, analytic: value.log(analytic=analytic),
    "asin": lambda value, analytic: _off_cut("asin", value, analytic),
    "acos": lambda value, analytic: _off_cut("acos", value, analytic),
    "atan": lambda value, analytic: _off_cut("atan", value, analytic),
    "asinh": lambda value, analytic: _off_cut("asinh", value, analytic),
}
"""Functions with branch cuts, as (z, analytic): not finite on a ball that meets a cut if `analytic`."""
