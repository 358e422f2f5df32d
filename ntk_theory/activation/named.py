"""Names that activations go by, each as the text a person would write for it. No kernel stands here.

A name alone takes its parameters' defaults; called, it takes others: leaky_relu(x, 1/5), elu(x, alpha).
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Named:
    """A formula in x, and the defaults of its parameters in the order in which a call gives them."""

    formula: str
    parameters: dict[str, str] = field(default_factory=dict)


NAMED: dict[str, Named] = {
    "abrelu": Named("a*max(x, 0) + b*min(x, 0)", {"a": "1", "b": "1/2"}),
    "abs": Named("abs(x)"),
    "arctan": Named("arctan(x)"),
    "celu": Named("where(x > 0, x, alpha*(exp(x/alpha) - 1))", {"alpha": "1"}),
    "cos": Named("cos(x)"),
    "elu": Named("where(x > 0, x, alpha*(exp(x) - 1))", {"alpha": "1"}),
    "erf": Named("erf(x)"),
    "erf_sigmoid": Named("(1 + erf(x))/2"),
    "exp": Named("exp(x)"),
    "gabor": Named("exp(-x**2)*sin(x)"),
    "gaussian": Named("exp(-x**2)"),
    "gelu": Named("x*Phi(x)"),
    "hard_shrink": Named("where(abs(x) > threshold, x, 0)", {"threshold": "1/2"}),
    "hard_sigmoid": Named("min(max(x/6 + 1/2, 0), 1)"),
    "hard_swish": Named("x*min(max(x + 3, 0), 6)/6"),
    "hard_tanh": Named("min(max(x, -1), 1)"),
    "huber": Named("where(abs(x) < 1, x**2/2, abs(x) - 1/2)"),
    "identity": Named("x"),
    "laplace": Named("exp(-abs(x))"),
    "laplace_cdf": Named("where(x < 0, exp(x)/2, 1 - exp(-x)/2)"),
    "leaky_relu": Named("where(x > 0, x, alpha*x)", {"alpha": "1/10"}),
    "logistic": Named("1/(1 + exp(-x))"),
    "mexican_hat": Named("(1 - x**2)*exp(-x**2/2)"),
    "mish": Named("x*tanh(log(1 + exp(x)))"),
    "probit": Named("Phi(x)"),
    "rbf": Named("sin(sqrt(2*gamma)*x) + cos(sqrt(2*gamma)*x)", {"gamma": "1"}),
    "relu": Named("max(x, 0)"),
    "relu2": Named("max(x, 0)**2"),
    "relu3": Named("max(x, 0)**3"),
    "relu6": Named("min(max(x, 0), 6)"),
    "selu": Named(
        "where(x > 0, scale*x, scale*alpha*(exp(x) - 1))",
        {"alpha": "1.6732632423543772848170429916717", "scale": "1.0507009873554804934193349852946"},
    ),
    "shifted_relu": Named("max(x - threshold, 0)", {"threshold": "1"}),
    "sign": Named("sign(x)"),
    "silu": Named("x/(1 + exp(-x))"),
    "sin": Named("sin(x)"),
    "sinh": Named("sinh(x)"),
    "snake": Named("x + sin(a*x)**2/a", {"a": "1"}),
    "soft_shrink": Named("max(x - threshold, 0) + min(x + threshold, 0)", {"threshold": "1/2"}),
    "softplus": Named("log(1 + exp(x))"),
    "softsign": Named("x/(1 + abs(x))"),
    "step": Named("heaviside(x)"),
    "tanh": Named("tanh(x)"),
    "ternary": Named("(sign(x - 1/2) + sign(x + 1/2))/2"),
    "triangle": Named("max(1 - abs(x), 0)"),
}

ALIASES: dict[str, str] = {
    "GELU": "gelu",
    "Phi": "probit",
    "ReLU": "relu",
    "heaviside": "step",
    "linear": "identity",
    "sigmoid": "logistic",
    "swish": "silu",
}
