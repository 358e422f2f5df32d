"""NumPy and SciPy: Φ₂ by `scipy.special.owens_t`, ₂F₁ by `scipy.special.hyp2f1`."""

from sympy import Expr
from sympy.printing.numpy import SciPyPrinter

from ntk_theory.codegen.targets.language import STEP, STEPS, Language, Own, python_function


class _Printer(Own, SciPyPrinter):
    def _print_Hypergeometric(self, expr: Expr) -> str:
        return f"scipy.special.hyp2f1({', '.join(map(self._print, expr.args[:4]))})"


_BIVARIATE = '''
def bivariate_normal(h, k, rho, below, above):
    """P(X < h, Y < k) of two standard normals, by Owen's T (1956, eq. 3.1); below = 1 - rho, above = 1 + rho."""
    h, k, rho, below, above = numpy.broadcast_arrays(h, k, rho, below, above)
    across = numpy.sqrt(below * above)

    def half(a, b):
        safe = numpy.where(a == 0, 1, a)
        slope = numpy.where(rho > 0, (b - a) / safe + below, (b + a) / safe - above) / across
        inside = numpy.where(a == 0, numpy.sign(b) / 4, scipy.special.owens_t(safe, slope))
        return scipy.special.ndtr(a) / 2 - inside

    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    quadrant = 0.25 + numpy.arcsin(rho) / (2 * numpy.pi)
    return numpy.where((h == 0) & (k == 0), quadrant, half(h, k) + half(k, h) - opposite / 2)
'''

_MEAN = f'''
def gaussian_mean(f, q):
    """E[f(sqrt(q) z)], z standard normal, by the trapezoidal rule."""
    z = {STEP} * numpy.arange(-{STEPS}, {STEPS + 1})
    weights = {STEP} * numpy.exp(-(z**2) / 2) / numpy.sqrt(2 * numpy.pi)
    return f(numpy.sqrt(numpy.asarray(q, float))[..., None] * z) @ weights
'''

_COVARIANCE = f'''
def gaussian_covariance(f, g, q1, q2, c, sine):
    """E[f(u) g(v)] of a centred Gaussian pair with variances q1, q2 and correlation c, by the trapezoidal rule."""
    z = {STEP} * numpy.arange(-{STEPS}, {STEPS + 1})
    weights = {STEP} * numpy.exp(-(z**2) / 2) / numpy.sqrt(2 * numpy.pi)
    q1, q2, c, sine = numpy.broadcast_arrays(q1, q2, c, sine)
    total = 0.0
    for node, weight in zip(z, weights):
        v = numpy.sqrt(q2)[..., None] * (c[..., None] * node + sine[..., None] * z)
        total = total + weight * f(numpy.sqrt(q1) * node) * (g(v) @ weights)
    return total
'''

_SOFTPLUS = '''
def softplus(w):
    """log(1 + exp(w))."""
    return numpy.logaddexp(w, 0)
'''

LANGUAGE = Language(
    printer=_Printer({"fully_qualified_modules": True, "strict": True}),
    opening="import numpy\nimport scipy.special\n",
    comment="#",
    library={
        "bivariate_normal": _BIVARIATE,
        "gaussian_mean": _MEAN,
        "gaussian_covariance": _COVARIANCE,
        "softplus": _SOFTPLUS,
    },
    calls={},
    together="q1, q2, c = numpy.broadcast_arrays(q1, q2, c)",
    sides={
        "delta": "delta = numpy.maximum(1 - c, 5e-32)",
        "gamma": "gamma = numpy.maximum(1 + c, 5e-32)",
        "sine": "sine = numpy.sqrt(delta * gamma)",
        "angle": "angle = numpy.arctan2(sine, c)",
        "supplement": "supplement = numpy.arctan2(sine, -c)",
    },
    define=python_function,
)
