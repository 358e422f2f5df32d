"""Names that activations go by, each as the text a person would write for it. No kernel stands here."""

NAMED: dict[str, str] = {
    "abs": "abs(x)",
    "arctan": "arctan(x)",
    "cos": "cos(x)",
    "erf": "erf(x)",
    "erf_sigmoid": "(1 + erf(x))/2",
    "exp": "exp(x)",
    "gaussian": "exp(-x**2)",
    "gelu": "x*Phi(x)",
    "identity": "x",
    "leaky_relu": "where(x > 0, x, x/10)",
    "logistic": "1/(1 + exp(-x))",
    "mish": "x*tanh(log(1 + exp(x)))",
    "probit": "Phi(x)",
    "relu": "max(x, 0)",
    "sign": "sign(x)",
    "silu": "x/(1 + exp(-x))",
    "sin": "sin(x)",
    "softplus": "log(1 + exp(x))",
    "step": "heaviside(x)",
    "tanh": "tanh(x)",
}

ALIASES: dict[str, str] = {
    "heaviside": "step",
    "linear": "identity",
    "Phi": "probit",
    "ReLU": "relu",
    "GELU": "gelu",
    "sigmoid": "logistic",
    "swish": "silu",
}
