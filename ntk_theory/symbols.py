"""The symbols that every closed form is written in, one meaning each (the paper's notation)."""

from sympy import Symbol

x = Symbol("x", real=True)
"""The argument of an activation φ(x)."""

q = Symbol("q", positive=True)
"""A variance; in V(q) = E[φ(√q z)²], z standard normal."""

q1 = Symbol("q1", positive=True)
q2 = Symbol("q2", positive=True)
"""The variances of the two pre-activations u and v."""

c = Symbol("c", real=True)
"""Their correlation, in [-1, 1]: Cov(u, v) = c √(q1 q2)."""

kappa = Symbol("kappa", real=True)
"""Their covariance κ = c √(q1 q2)."""

theta = Symbol("Theta", real=True)
"""The NTK of a pair before a layer."""

sigma_w = Symbol("sigma_w", positive=True)
sigma_b = Symbol("sigma_b", nonnegative=True)
"""Standard deviations of weights and biases; papers' variances are their squares."""

n = Symbol("n", positive=True)
L = Symbol("L", positive=True)
ratio = Symbol("lambda", positive=True)
"""The width of the hidden layers, their number, and L/n where both are large."""
