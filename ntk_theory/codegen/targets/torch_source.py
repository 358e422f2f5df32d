"""PyTorch: tensors in, tensors out, differentiable; Φ₂ by Owen's T as an integral, no ₂F₁."""

from sympy import Expr
from sympy.printing.pytorch import TorchPrinter

from ntk_theory.codegen.targets.language import NODES, STEP, STEPS, WEIGHTS, Language, Own, python_function


class _Printer(Own, TorchPrinter):
    language = "PyTorch"

    def _print_Function(self, expr: Expr) -> str:
        if type(expr) not in self.mapping:
            return self._print_not_supported(expr)
        return super()._print_Function(expr)

    _print_Application = _print_Expr = _print_Function


_OWENS_T = f'''
NODES = [{NODES}]
WEIGHTS = [{WEIGHTS}]


def owens_t(h, a):
    """Owen's T, the integral from 0 to a of exp(-h^2 (1 + x^2)/2)/(1 + x^2)/(2 pi); for |a| > 1 by T(a h, 1/a)."""
    h, steep = torch.abs(h), torch.abs(a) > 1
    size = torch.abs(a)
    slope = torch.where(steep, 1 / torch.where(steep, size, 1), size)
    at = torch.where(steep, size * h, h)
    total = torch.zeros_like(h + a)
    for node, weight in zip(NODES, WEIGHTS):
        square = 1 + (slope * node) ** 2
        total = total + weight * slope * torch.exp(-(at**2) * square / 2) / square
    p, r = torch.special.ndtr(-h), torch.special.ndtr(-size * h)
    return torch.sign(a) * torch.where(steep, (p + r) / 2 - p * r - total, total)
'''

_BIVARIATE = '''
def bivariate_normal(h, k, rho, below, above):
    """P(X < h, Y < k) of two standard normals, by Owen's T (1956, eq. 3.1); below = 1 - rho, above = 1 + rho."""
    h, k = (torch.as_tensor(v, dtype=rho.dtype, device=rho.device) for v in (h, k))
    h, k, rho, below, above = torch.broadcast_tensors(h, k, rho, below, above)
    across = torch.sqrt(below * above)

    def half(a, b):
        safe = torch.where(a == 0, 1, a)
        slope = torch.where(rho > 0, (b - a) / safe + below, (b + a) / safe - above) / across
        inside = torch.where(a == 0, torch.sign(b) / 4, owens_t(safe, slope))
        return torch.special.ndtr(a) / 2 - inside

    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    quadrant = 0.25 + torch.atan2(rho, across) / (2 * torch.pi)
    return torch.where((h == 0) & (k == 0), quadrant, half(h, k) + half(k, h) - opposite / 2)
'''

_MEAN = f'''
def gaussian_mean(f, q):
    """E[f(sqrt(q) z)], z standard normal, by the trapezoidal rule."""
    z = {STEP} * torch.arange(-{STEPS}, {STEPS + 1}, dtype=q.dtype, device=q.device)
    weights = {STEP} * torch.exp(-(z**2) / 2) / (2 * torch.pi) ** 0.5
    return f(torch.sqrt(q)[..., None] * z) @ weights
'''

_COVARIANCE = f'''
def gaussian_covariance(f, g, q1, q2, c, sine):
    """E[f(u) g(v)] of a centred Gaussian pair with variances q1, q2 and correlation c, by the trapezoidal rule."""
    z = {STEP} * torch.arange(-{STEPS}, {STEPS + 1}, dtype=c.dtype, device=c.device)
    weights = {STEP} * torch.exp(-(z**2) / 2) / (2 * torch.pi) ** 0.5
    q1, q2, c, sine = torch.broadcast_tensors(q1, q2, c, sine)
    total = torch.zeros_like(c)
    for node, weight in zip(z, weights):
        v = torch.sqrt(q2)[..., None] * (c[..., None] * node + sine[..., None] * z)
        total = total + weight * f(torch.sqrt(q1) * node) * (g(v) @ weights)
    return total
'''

_SOFTPLUS = '''
def softplus(w):
    """log(1 + exp(w))."""
    return torch.logaddexp(w, torch.zeros_like(w))
'''

LANGUAGE = Language(
    printer=_Printer({"strict": True, "fully_qualified_modules": True}),
    opening="import torch\n",
    comment="#",
    library={
        "owens_t": _OWENS_T,
        "bivariate_normal": _BIVARIATE,
        "gaussian_mean": _MEAN,
        "gaussian_covariance": _COVARIANCE,
        "softplus": _SOFTPLUS,
    },
    calls={"bivariate_normal": ("owens_t",)},
    together="q1, q2, c = torch.broadcast_tensors(q1, q2, c)",
    sides={
        "delta": "delta = torch.clamp(1 - c, min=torch.finfo(c.dtype).eps ** 2)",
        "gamma": "gamma = torch.clamp(1 + c, min=torch.finfo(c.dtype).eps ** 2)",
        "sine": "sine = torch.sqrt(delta * gamma)",
        "angle": "angle = torch.atan2(sine, c)",
        "supplement": "supplement = torch.atan2(sine, -c)",
    },
    define=python_function,
)
