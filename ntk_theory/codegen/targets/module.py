"""A dual as a module of source text: `source(dual, target)`."""

from collections.abc import Sequence

import sympy
from sympy import Expr, Symbol

from ntk_theory.activation.activation import tanh_form
from ntk_theory.codegen.stable import SIDES, in_range, in_sides, sine
from ntk_theory.codegen.targets import julia_source, scipy_source, torch_source
from ntk_theory.codegen.targets.language import OWN, Covariance, Language, Mean, Softplus
from ntk_theory.dual import Dual
from ntk_theory.errors import DataError, NotInClassError
from ntk_theory.gaussian import GaussianCovariance, GaussianMean
from ntk_theory.symbols import c, q, q1, q2, x

TARGETS: dict[str, Language] = {
    "numpy": scipy_source.LANGUAGE,
    "torch": torch_source.LANGUAGE,
    "julia": julia_source.LANGUAGE,
}


def source(dual: Dual, target: str) -> str:
    """K, K̇, V and E[φ′²] of an activation as a module in another language, printed by SymPy's printer for it.

    It defines `kernel(q1, q2, c)`, `variance(q)` and, where there is an NTK, `derivative(q1, q2, c)` and
    `derivative_variance(q)`, of arrays ("numpy", which uses SciPy too), tensors ("torch", differentiable) or
    numbers ("julia", with SpecialFunctions); parameters of the activation follow as further arguments, by name.
    q > 0 and -1 ≤ c ≤ 1; at c = ±1 values are the limits. Expectations without a closed form are sums by the
    trapezoidal rule with a fixed step, good to 1e-13 for tanh at q ≤ 10.

    Raises `NotInClassError` where the language lacks a function (₂F₁ in PyTorch, orthant probabilities in all),
    or φ has kinks and no closed form; `DataError` for a target that is none of these.
    """
    if target not in TARGETS:
        raise DataError(f"target = {target!r} is not among {', '.join(TARGETS)}.")
    language = TARGETS[target]
    wanted: list[tuple[str, str, Sequence[Symbol], Expr | None]] = [
        ("kernel", "E[phi(u) phi(v)], variances q1 and q2, correlation c.", (q1, q2, c), dual.kernel),
        ("derivative", "E[phi'(u) phi'(v)].", (q1, q2, c), dual.derivative_kernel),
        ("variance", "E[phi(u)^2], u of variance q.", (q,), dual.variance),
        ("derivative_variance", "E[phi'(u)^2].", (q,), dual.derivative_square),
    ]
    parameters = _parameters(dual)
    integrands: dict[Expr, Symbol] = {}
    functions = []
    for name, documentation, arguments, expression in wanted:
        if expression is None:
            continue
        printable = _printable(expression.xreplace(parameters), integrands)
        arguments = (*arguments, *parameters.values())
        functions.append((language.function(name, documentation, arguments, printable), printable))
    inner = []
    for f, name in integrands.items():
        printable = _logarithms(tanh_form(f))
        inner.append((language.function(str(name), f"{name}, a function of x.", (x,), printable), printable))
    library = _library(language, [expression for _, expression in (*inner, *functions)])
    head = [
        f"{language.comment} {dual.activation.name}: phi(x) = {dual.activation.expression}",
        *(f"{language.comment} {one.of} exists where {one}" for one in dual.conditions),
        language.opening,
    ]
    texts = [text for text, _ in (*inner, *functions)]
    return "\n\n".join(["\n".join(head).rstrip(), *(t.strip("\n") for t in (*library, *texts))]) + "\n"


def _parameters(dual: Dual) -> dict[Symbol, Symbol]:
    """The activation's parameters, renamed where their names are taken."""
    expressions = (dual.kernel, dual.derivative_kernel, dual.variance, dual.derivative_square)
    free = set().union(*(e.free_symbols for e in expressions if e is not None)) - {q1, q2, c, q, x}
    taken = {str(s) for s in (*SIDES, q1, q2, c, q, x)}
    return {s: Symbol(f"{s}_", **s.assumptions0) if str(s) in taken else s for s in sorted(free, key=str)}


def _printable(expression: Expr, integrands: dict[Expr, Symbol]) -> Expr:
    """In the forms of c that keep digits, its expectations as calls; `integrands` collects their functions."""

    def name(f: Expr) -> Symbol:
        if f(x).has(sympy.Piecewise, sympy.Max, sympy.Min, sympy.Abs, sympy.Heaviside):
            raise NotInClassError(
                f"E[f(u)f(v)] of {f(x)} has no closed form and f has kinks, where the trapezoidal rule is off. "
                "`dual.value(q1, q2, c)` gives it to any number of digits."
            )
        return integrands.setdefault(f(x), Symbol(f"f{len(integrands)}"))

    calls = {}
    for node in expression.atoms(GaussianMean, GaussianCovariance):
        if isinstance(node, GaussianMean):
            calls[node] = Mean(name(node.args[0]), node.args[1])
        else:
            f, g, *rest = node.args
            calls[node] = Covariance(name(f), name(g), *rest, sine)
    return _logarithms(in_sides(in_range(expression.xreplace(calls)), scaled=False))


def _logarithms(expression: Expr) -> Expr:
    """log(1 + eʷ) as a function of its own."""
    w = sympy.Wild("w")
    return expression.replace(sympy.log(1 + sympy.exp(w)), Softplus(w))


def _library(language: Language, expressions: list[Expr]) -> list[str]:
    """The functions that the module must bring, each after those it calls."""
    used = {OWN[type(f)] for e in expressions for f in e.atoms(*OWN)}
    used |= {called for one in used for called in language.calls.get(one, ())}
    return [text for name, text in language.library.items() if name in used]
