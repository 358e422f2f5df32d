"""SymPy expressions printed as JAX functions, elementwise: for φ in finite networks and for compiled kernels.

`freeze` is the last place that sees SymPy. Unknown nodes are an error, loudly; branches that are not taken
see an argument clamped to where they hold, so that neither values nor gradients become NaN there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
import sympy
from jaxtyping import Array, Float
from sympy import Expr, Symbol, oo
from sympy.printing.pycode import PythonCodePrinter

from ntk_theory import special
from ntk_theory.activation import Activation
from ntk_theory.activation.activation import tanh_form
from ntk_theory.activation.pieces import pieces
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.special import Orthant, Phi2
from ntk_theory.symbols import x


def _softplus(w: Float[Array, "..."]) -> Float[Array, "..."]:
    return jnp.logaddexp(w, 0)


class Hypergeometric(sympy.Function):
    """Hypergeometric(a, b, c, z, w) is ₂F₁(a, b; c; z), for the printer, with w = 1 - z in a form that keeps its
    digits where z is near 1."""

    nargs = 5


class BivariateNormal(sympy.Function):
    """BivariateNormal(h, k, ρ, 1 - ρ, 1 + ρ) is Φ₂(h, k; ρ), for the printer."""

    nargs = 5


class Quadrant(sympy.Function):
    """Quadrant(a, b, ρ) is E[e^{-aX - bY}; X > 0, Y > 0], for the printer, which adds 1 - ρ and 1 + ρ."""

    nargs = (3, 5)


class NormalTail(sympy.Function):
    """NormalTail(z, e, e - z²) is ½eᵉ erfc(z), for the printer: 1 - erf(z) has no digits where eᵉ is large."""

    nargs = 3


class Exponential(sympy.Function):
    """Exponential(e) is eᵉ, for the printer: of SymPy's own it makes products of eᵉ and e⁻ᵉ, which overflow."""

    nargs = 1
    is_positive = True


class Expm1(sympy.Function):
    """Expm1(e) is eᵉ - 1, for the printer."""

    nargs = 1
    is_real = True


class Printed(sympy.Atom):
    """Source text that stands as it is, an atom to SymPy."""

    def __new__(cls, text: str) -> "Printed":
        self = super().__new__(cls)
        self.text = text
        return self

    def _hashable_content(self) -> tuple[str, ...]:
        return (self.text,)


class PieceMean(sympy.Function):
    """PieceMean(q, a, b, f) is E[f(√q z); a < √q z < b], f an `integrand`, for the printer."""

    nargs = 4
    is_real = True


class Either(sympy.Function):
    """Either(q, b, e, f) is e where q < b and f elsewhere, for the printer."""

    nargs = 4
    is_real = True


class Drop(sympy.Function):
    """Drop(e, f, e - f) is eᵉ - eᶠ, for the printer."""

    nargs = 3
    is_real = True


class Size(sympy.Function):
    """Size(q) is a power of two near max(1, √q), a scale for sums of powers of √q."""

    nargs = 1
    is_positive = True


class Share(sympy.Function):
    """Share(q) is √q/Size(q)."""

    nargs = 1
    is_positive = True


class Unit(sympy.Function):
    """Unit(q) is 1/Size(q)."""

    nargs = 1
    is_positive = True


class _Clip(sympy.Function):
    """_Clip(x, lower, upper) is x within the interval where a piece stands, and the interval's end beyond."""

    nargs = 3
    is_real = True


class _Select(sympy.Function):
    """_Select(x, b_1, f_1, …, b_n, f_n, f_last) is f_k for the first b_k > x."""


def _guarded(expression: Expr) -> Expr:
    """Every Piecewise over x < b as a _Select whose branches see x clipped to where they stand."""
    expression = expression.replace(lambda part: isinstance(part, sympy.Piecewise), _select)
    expression = expression.replace(lambda part: part.is_Mul and part.has(sympy.erf), _tail)
    return complemented(expression, lambda z: 1 - z).replace(sympy.exp, Exponential)


def _tail(product: Expr) -> Expr:
    """A product with both eᵉ and k(1 - erf z) among its factors."""
    exponent = next((a.args[0] for a in product.args if isinstance(a, sympy.exp)), None)
    for factor in product.args if exponent is not None else ():
        erfs = list(factor.atoms(sympy.erf))
        if factor.is_Add and len(erfs) == 1 and sympy.expand(factor - factor.coeff(erfs[0]) * (erfs[0] - 1)) == 0:
            z = erfs[0].args[0]
            rest = sympy.expand(exponent - z**2)
            if any(power.exp.is_negative and not power.is_number for power in rest.atoms(sympy.Pow)):
                continue  # quotients that cancel in the difference, as those by 1 - c², would lose its digits
            tail = NormalTail(z, exponent, rest)
            return product / (factor * sympy.exp(exponent)) * (-2 * factor.coeff(erfs[0])) * tail
    return product


def complemented(expression: Expr, complement: Callable[[Expr], Expr]) -> Expr:
    """Every ₂F₁(a, b; c; z) with 1 - z beside z, every Φ₂(h, k; ρ) and quadrant with 1 - ρ and 1 + ρ beside ρ.

    Raises `NotInClassError` for other hypergeometric functions.
    """
    expression = expression.replace(
        Phi2, lambda h, k, rho: BivariateNormal(h, k, rho, complement(rho), complement(-rho))
    )
    expression = expression.replace(
        lambda part: isinstance(part, Quadrant) and len(part.args) == 3,
        lambda part: Quadrant(*part.args, complement(part.args[2]), complement(-part.args[2])),
    )

    def with_complement(node: Expr) -> Expr:
        above, below, z = node.args
        if (len(above), len(below)) != (2, 1) or not all(v.is_number for v in (*above, *below)):
            raise NotInClassError(f"{node} is no ₂F₁ with numbers for parameters; write them into the activation.")
        return Hypergeometric(*above, *below, z, complement(z))

    return expression.replace(lambda part: isinstance(part, sympy.hyper), with_complement)


def _select(piecewise: Expr) -> Expr:
    parts, arguments = pieces(piecewise), []
    for part in parts:
        clipped = part.expression.subs(x, _Clip(x, part.lower, part.upper))
        arguments += [part.upper, clipped] if part.upper != oo else [clipped]
    return _Select(x, *arguments) if len(parts) > 1 else arguments[0]


_FUNCTIONS: dict[type, tuple[str, Callable[..., Any]]] = {
    sympy.exp: ("exp", jnp.exp),
    sympy.log: ("log", jnp.log),
    sympy.erf: ("erf", jax.scipy.special.erf),
    sympy.sin: ("sin", jnp.sin),
    sympy.cos: ("cos", jnp.cos),
    sympy.tan: ("tan", jnp.tan),
    sympy.asin: ("arcsin", jnp.arcsin),
    sympy.acos: ("arccos", jnp.arccos),
    sympy.atan: ("arctan", jnp.arctan),
    sympy.atan2: ("arctan2", jnp.arctan2),
    sympy.sinh: ("sinh", jnp.sinh),
    sympy.cosh: ("cosh", jnp.cosh),
    sympy.tanh: ("tanh", jnp.tanh),
    Exponential: ("exp", jnp.exp),
    Expm1: ("expm1", jnp.expm1),
    Drop: ("drop", special.drop),
    Size: ("size", special.size),
    Share: ("share", special.share),
    Unit: ("unit", special.unit),
    NormalTail: ("normal_tail", special.normal_tail),
    Quadrant: ("quadrant", special.quadrant),
    BivariateNormal: ("bivariate_normal", special.bivariate_normal),
    Orthant: ("orthant", special.orthant),
    Hypergeometric: ("hypergeometric", special.hypergeometric),
}
_NAMESPACE: dict[str, Any] = dict(_FUNCTIONS.values()) | {
    "clip": jnp.clip,
    "inf": jnp.inf,
    "piece_mean": special.piece_mean,
    "sqrt": special.root,
    "where": jnp.where,
    "softplus": _softplus,
    "pi": jnp.pi,
    "e": jnp.e,
}


@dataclass(frozen=True)
class Frozen:
    """Source text of one elementwise function: arguments, common subexpressions, results. No SymPy in it."""

    arguments: tuple[str, ...]
    body: str

    @property
    def source(self) -> str:
        return f"def function({', '.join(self.arguments)}):\n{self.body}"

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The function, in `jax.numpy`."""
        namespace = dict(_NAMESPACE)
        exec(compile(self.source, "<printed by ntk_theory>", "exec"), namespace)
        return namespace["function"]


class _Printer(PythonCodePrinter):
    """Python source over the names of `_NAMESPACE`; anything else is refused."""

    def _print_Pow(self, expr: Expr, rational: bool = False) -> str:  # noqa: ARG002 (SymPy's signature)
        base, exponent = expr.as_base_exp()
        if exponent == sympy.Rational(1, 2):
            return f"sqrt({self._print(base)})"
        if exponent == -sympy.Rational(1, 2):
            return f"(1/sqrt({self._print(base)}))"
        return f"({self._print(base)})**({self._print(exponent)})"

    def _print_Rational(self, expr: Expr) -> str:
        return f"({expr.p}/{expr.q})"

    def _print_Integer(self, expr: Expr) -> str:
        # beyond 32 bits JAX has no place for a whole number in its default precision
        return str(expr.p) if abs(expr.p) < 2**31 else repr(float(expr))

    def _print_Float(self, expr: Expr) -> str:
        return repr(float(expr))

    def _print_Pi(self, expr: Expr) -> str:  # noqa: ARG002
        return "pi"

    def _print_Exp1(self, expr: Expr) -> str:  # noqa: ARG002
        return "e"

    def _print__Clip(self, expr: Expr) -> str:
        argument, lower, upper = expr.args
        return f"clip({self._print(argument)}, {float(lower)!r}, {float(upper)!r})"

    def _print__Select(self, expr: Expr) -> str:
        argument, *branches = expr.args
        text = self._print(branches[-1])
        for bound, branch in reversed(list(zip(branches[:-1:2], branches[1:-1:2], strict=True))):
            text = f"where({self._print(argument)} < {float(bound)!r}, {self._print(branch)}, {text})"
        return text

    def _print_log(self, expr: Expr) -> str:
        rest = expr.args[0] - 1
        if isinstance(rest, sympy.exp | Exponential):
            return f"softplus({self._print(rest.args[0])})"
        return f"log({self._print(expr.args[0])})"

    def _print_Function(self, expr: Expr) -> str:
        if expr.is_number:
            return repr(float(expr.evalf(20)))
        if type(expr) not in _FUNCTIONS:
            raise NotInClassError(f"No JAX form is known for {type(expr).__name__}, in {expr}.")
        return f"{_FUNCTIONS[type(expr)][0]}({', '.join(map(self._print, expr.args))})"

    _print_exp = _print_erf = _print_sin = _print_cos = _print_tan = _print_asin = _print_Function
    _print_acos = _print_atan = _print_atan2 = _print_sinh = _print_cosh = _print_tanh = _print_Function
    _print_Exponential = _print_Expm1 = _print_Drop = _print_Size = _print_Share = _print_Unit = _print_Function
    _print_Quadrant = _print_NormalTail = _print_BivariateNormal = _print_Orthant = _print_gamma = _print_Function

    def _print_Hypergeometric(self, expr: Expr) -> str:
        parameters = [float(v) for v in expr.args[:3]]
        special.hypergeometric_series(*parameters)  # raises here, and not when the function is called
        return f"hypergeometric({', '.join([*map(repr, parameters), *map(self._print, expr.args[3:])])})"

    def _print_PieceMean(self, expr: Expr) -> str:
        variance, lower, upper, f = expr.args
        return f"piece_mean({self._print(variance)}, {float(lower)!r}, {float(upper)!r}, {f.text})"

    def _print_Either(self, expr: Expr) -> str:
        variance, bound, small, large = map(self._print, expr.args)
        return f"where({variance} < {bound}, {small}, {large})"

    def emptyPrinter(self, expr: object) -> str:
        raise NotInClassError(f"No JAX form is known for {type(expr).__name__}, in {expr}.")


_PRINTER = _Printer({"fully_qualified_modules": False})


def integrand(f: Expr) -> Printed:
    """A function of x as source text, to stand in a function of something else."""
    return Printed(f"lambda x: {_PRINTER.doprint(_guarded(f))}")


def freeze(arguments: Sequence[Symbol], *results: Expr) -> Frozen:
    """Print a function of `arguments` that returns one result, or a tuple of several; shared parts once.

    Raises `NotInClassError` for a function that has no JAX form, or a symbol that is no argument.
    """
    free = set().union(*(result.free_symbols for result in results)) - set(arguments)
    if free:
        names = ", ".join(sorted(map(str, free)))
        raise NotInClassError(
            f"{names} must be numbers before this can be compiled; write them into the activation."
        )
    shared, reduced = sympy.cse(
        [_guarded(result) for result in results], symbols=(Symbol(f"t{i}") for i in range(10_000)), order="none"
    )
    lines = [f"    {name} = {_PRINTER.doprint(value)}" for name, value in shared]
    lines.append("    return " + ", ".join(_PRINTER.doprint(value) for value in reduced))
    return Frozen(tuple(str(a) for a in arguments), "\n".join(lines))


@lru_cache(maxsize=256)
def elementwise(phi: Activation) -> Callable[[Float[Array, "..."]], Float[Array, "..."]]:
    """φ as a JAX function of an array, its pieces selected without evaluating any outside its interval."""
    parts = [(p, freeze([x], tanh_form(p.expression)).function) for p in phi.pieces]

    def function(h: Float[Array, "..."]) -> Float[Array, "..."]:
        result = jnp.zeros_like(h)
        for piece, smooth in parts:
            inside = h
            if piece.lower != -oo:
                inside = jnp.maximum(inside, float(piece.lower))
            if piece.upper != oo:
                inside = jnp.minimum(inside, float(piece.upper))
            value = jnp.broadcast_to(jnp.asarray(smooth(inside), h.dtype), h.shape)
            result = value if piece.lower == -oo else jnp.where(h > float(piece.lower), value, result)
        return result

    return function
