"""Julia: functions of numbers, to be broadcast with a dot; erf from SpecialFunctions, ₂F₁ from its own package."""

from collections.abc import Sequence

from sympy import Expr
from sympy.printing.julia import JuliaCodePrinter

from ntk_theory.codegen.targets.language import NODES, STEP, STEPS, WEIGHTS, Language, Own

RESERVED = frozenset(
    (
        "baremodule", "begin", "break", "catch", "const", "continue", "do", "else", "elseif", "end", "export",
        "false", "finally", "for", "function", "global", "if", "import", "in", "let", "local", "macro", "module",
        "quote", "return", "struct", "true", "try", "using", "while",
    )
)  # fmt: skip


class _Printer(Own, JuliaCodePrinter):
    language = "Julia"
    reserved_words = RESERVED

    def doprint(self, expr: Expr, assign_to: object = None) -> str:
        # SymPy writes for arrays; numbers need no dots, and arrays broadcast the whole function
        text = super().doprint(expr, assign_to)
        return text.replace(" .* ", " * ").replace(" ./ ", " / ").replace(" .^ ", " ^ ")

    def _print_atan2(self, expr: Expr) -> str:
        return f"atan({', '.join(map(self._print, expr.args))})"

    def _print_Hypergeometric(self, expr: Expr) -> str:
        return f"HypergeometricFunctions._₂F₁({', '.join(map(self._print, expr.args[:4]))})"


def _function(name: str, documentation: str, arguments: Sequence[str], lines: Sequence[str], result: str) -> str:
    body = "".join(f"    {line}\n" for line in [*lines, f"return {result}"] if line)
    return f'"{documentation}"\nfunction {name}({", ".join(arguments)})\n{body}end\n'


_OWENS_T = f"""
const NODES = [{NODES}]
const WEIGHTS = [{WEIGHTS}]

ndtr(x) = erfc(-x / sqrt(2)) / 2

"Owen's T, the integral from 0 to a of exp(-h^2 (1 + x^2)/2)/(1 + x^2)/(2 pi); for |a| > 1 by T(a h, 1/a)."
function owens_t(h, a)
    h, size = abs(h), abs(a)
    steep = size > 1
    slope, at = steep ? (1 / size, size * h) : (size, h)
    square(x) = 1 + (slope * x)^2
    total = sum(w * slope * exp(-at^2 * square(x) / 2) / square(x) for (x, w) in zip(NODES, WEIGHTS))
    p, r = ndtr(-h), ndtr(-size * h)
    return sign(a) * (steep ? (p + r) / 2 - p * r - total : total)
end
"""

_BIVARIATE = """
"P(X < h, Y < k) of two standard normals, by Owen's T (1956, eq. 3.1); below = 1 - rho, above = 1 + rho."
function bivariate_normal(h, k, rho, below, above)
    if h == 0 && k == 0
        return 0.25 + asin(rho) / (2 * pi)
    end
    across = sqrt(below * above)
    slope(a, b) = (rho > 0 ? (b - a) / a + below : (b + a) / a - above) / across
    half(a, b) = ndtr(a) / 2 - (a == 0 ? sign(b) / 4 : owens_t(a, slope(a, b)))
    opposite = h * k < 0 || (h * k == 0 && h + k < 0)
    return half(h, k) + half(k, h) - (opposite ? 0.5 : 0.0)
end
"""

_GRID = f"""
const GRID = {STEP} * (-{STEPS}:{STEPS})
const GRID_WEIGHTS = {STEP} * exp.(-GRID .^ 2 / 2) / sqrt(2 * pi)
"""

_MEAN = """
"E[f(sqrt(q) z)], z standard normal, by the trapezoidal rule."
gaussian_mean(f, q) = sum(w * f(sqrt(q) * z) for (z, w) in zip(GRID, GRID_WEIGHTS))
"""

_COVARIANCE = """
"E[f(u) g(v)] of a centred Gaussian pair with variances q1, q2 and correlation c, by the trapezoidal rule."
function gaussian_covariance(f, g, q1, q2, c, sine)
    inner(z) = sum(w * g(sqrt(q2) * (c * z + sine * y)) for (y, w) in zip(GRID, GRID_WEIGHTS))
    return sum(w * f(sqrt(q1) * z) * inner(z) for (z, w) in zip(GRID, GRID_WEIGHTS))
end
"""

_SOFTPLUS = """
"log(1 + exp(w))."
softplus(w) = max(w, 0) + log1p(exp(-abs(w)))
"""

LANGUAGE = Language(
    printer=_Printer({"strict": True}),
    opening="using SpecialFunctions\n",
    comment="#",
    library={
        "hypergeometric": "import HypergeometricFunctions\n",
        "owens_t": _OWENS_T,
        "bivariate_normal": _BIVARIATE,
        "grid": _GRID,
        "gaussian_mean": _MEAN,
        "gaussian_covariance": _COVARIANCE,
        "softplus": _SOFTPLUS,
    },
    calls={
        "bivariate_normal": ("owens_t",),
        "gaussian_mean": ("grid",),
        "gaussian_covariance": ("grid",),
    },
    together="c = float(c)",
    sides={
        "delta": "delta = max(1 - c, eps(typeof(c))^2)",
        "gamma": "gamma = max(1 + c, eps(typeof(c))^2)",
        "sine": "sine = sqrt(delta * gamma)",
        "angle": "angle = atan(sine, c)",
        "supplement": "supplement = atan(sine, -c)",
    },
    define=_function,
)
