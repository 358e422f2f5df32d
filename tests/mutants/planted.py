"""Errors planted in theories, as people make them. Each is a function of (name, settings) that gives a theory.

`PLANTED` hold for every network; `LIKE_THEIRS` are those that were planted in neural-tangents' own kernels, of
which its own tests let fourteen of seventeen pass, each with the network that it concerns (the seventeenth, of
sign, is in the test: sign has no NTK). `COEFFICIENTS` are errors of the terms in 1/n, with the claim that they
contradict.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import sympy

import ntk_theory as ntk
from ntk_theory.finite_width import first_order
from ntk_theory.verify.claims import bias, outputs, variance
from ntk_theory.verify.theory import KernelTheory, kernel_theory

X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
NETWORKS = {
    "relu": {"depth": 3, "W_std": 2**0.5, "b_std": 0.2},
    "erf": {"depth": 2, "W_std": 1.5, "b_std": 0.3},
    "logistic": {"depth": 3, "W_std": 4.0, "b_std": 0.5},
}


def true(name, settings):
    return ntk.mlp(name, **settings)


def other_dual(**parts):
    """K, K̇ or V replaced in every layer: the equations themselves are wrong."""

    def build(name, settings):
        dual = ntk.dual(name)
        wrong = dual.replace(**{part: change(dual) for part, change in parts.items()})
        return ntk.mlp(name, **settings, theory=wrong)

    return build


def times(factor):
    """K̇ times a factor."""
    exact = sympy.Rational(factor)
    return other_dual(
        derivative=lambda d: d.derivative * exact, derivative_variance=lambda d: d.derivative_variance * exact
    )


def kernel_times(factor):
    exact = sympy.Rational(factor)
    return other_dual(kernel=lambda d: d.kernel * exact, variance=lambda d: d.variance * exact)


def other_settings(**changes):
    """The right kernels of another network."""

    def build(name, settings):
        changed = {key: change(settings[key]) for key, change in changes.items()}
        return ntk.mlp(name, **{**settings, **changed})

    return build


def other_layers(change):
    """The right kernels of a network whose layers differ: change(list of layers)."""

    def build(name, settings):
        return ntk.serial(*change(list(ntk.mlp(name, **settings).layers)))

    return build


def other_result(change):
    """The right kernels, changed afterwards: change(theory, that of one layer less, settings, x)."""

    def build(name, settings):
        def kernel_fn(x, get):  # noqa: ARG001
            right = kernel_theory(ntk.mlp(name, **settings), None, x)
            below = kernel_theory(ntk.mlp(name, **{**settings, "depth": settings["depth"] - 1}), None, x)
            return change(right, below, settings, np.asarray(x))

        return kernel_fn

    return build


def shares(change):
    """What the layers add to the NTK, changed: the NTK is their sum."""

    def changed(right, below, settings, x):  # noqa: ARG001
        layers = change(right.ntk_layers.copy(), settings)
        return KernelTheory(right.nngp, layers.sum(0), layers)

    return other_result(changed)


def without(index):
    def change(layers, settings):  # noqa: ARG001
        layers[index] = 0
        return layers

    return change


def own(name):
    """Σ or Θ of the theory alone, with a factor."""
    return lambda factor: other_result(lambda r, b, s, x: replace(r, **{name: factor * getattr(r, name)}))  # noqa: ARG005


def layer_by_layer(change):
    """change(C, K, settings) for the shares C_l and the kernels K_l that enter them."""

    def build(name, settings):
        below = [ntk.mlp(name, **{**settings, "depth": depth}) for depth in range(settings["depth"] + 1)]

        def kernel_fn(x, get):  # noqa: ARG001
            right = kernel_theory(below[-1], None, np.asarray(x))
            K = np.array([net.kernel_fn(np.asarray(x, dtype=np.float64), get="nngp") for net in below])
            layers = change(right.ntk_layers, K, settings)
            return KernelTheory(right.nngp, layers.sum(0), layers)

        return kernel_fn

    return build


def standard_parameterization(C, K, settings):
    """∂/∂W and ∂/∂b without the factors σ_w and σ_b: the standard parameterization's share, up to n."""
    W, b = settings["W_std"] ** 2, settings["b_std"] ** 2
    return C * ((K - b) / W + 1) / K


def slope_of_the_layer_before(right, below, settings, x):  # noqa: ARG001
    return replace(right, ntk=right.nngp + (right.ntk - right.nngp) * below.nngp / right.nngp, ntk_layers=None)


def off_diagonal(change):
    return other_result(
        lambda r, b, s, x: replace(r, nngp=np.where(np.eye(len(x)) > 0, r.nngp, change(r.nngp, s)))  # noqa: ARG005
    )


def first_layer_times(factor):
    return other_layers(lambda layers: [replace(layers[0], W_std=layers[0].W_std * factor), *layers[1:]])


PLANTED = {
    "σ_w + 1%": other_settings(W_std=lambda w: 1.01 * w),
    "σ_w - 1%": other_settings(W_std=lambda w: 0.99 * w),
    "σ_b + 10%": other_settings(b_std=lambda b: 1.1 * b),
    "σ_b omitted": other_settings(b_std=lambda b: 0.0),  # noqa: ARG005
    "σ_b for its square": other_settings(b_std=lambda b: b**0.5),
    "σ_w for its square": other_settings(W_std=lambda w: w**0.5),
    "σ_w² squared once more": other_settings(W_std=lambda w: w**2),
    "one layer too many": other_settings(depth=lambda depth: depth + 1),
    "one layer too few": other_settings(depth=lambda depth: depth - 1),
    "n₀ missing in the first layer": first_layer_times(3**0.5),
    "first layer's σ_w + 2%": first_layer_times(1.02),
    "first layer's σ_b missing": other_layers(lambda ls: [replace(ls[0], b_std=0.0), *ls[1:]]),
    "readout's σ_w + 2%": other_layers(lambda ls: [*ls[:-1], replace(ls[-1], W_std=1.02 * ls[-1].W_std)]),
    "readout's σ_w missing": other_layers(lambda ls: [*ls[:-1], replace(ls[-1], W_std=1.0)]),
    "readout's bias missing": other_layers(lambda ls: [*ls[:-1], replace(ls[-1], b_std=0.0)]),
    "K for K̇": other_dual(derivative=lambda d: d.kernel, derivative_variance=lambda d: d.variance),
    "K̇ doubled": times(2),
    "K̇ halved": times("1/2"),
    "K̇ × 1.01": times("1.01"),
    "K̇ × 0.99": times("0.99"),
    "K × 1.01": kernel_times("1.01"),
    "K × 0.99": kernel_times("0.99"),
    "K doubled": kernel_times(2),
    "the mean subtracted: a covariance": other_dual(
        kernel=lambda d: (
            d.kernel
            - d.mean.subs(ntk.symbols.q, ntk.symbols.q1) * d.mean.subs(ntk.symbols.q, ntk.symbols.q2)
            - sympy.Rational(1, 100)
        ),
        variance=lambda d: d.variance - d.mean**2 - sympy.Rational(1, 100),
    ),
    "K̇ of the wrong layer": other_result(slope_of_the_layer_before),
    "last layer's kernel missing in Θ": shares(without(-1)),
    "first layer's kernel missing in Θ": shares(without(0)),
    "second layer's kernel missing in Θ": shares(without(1)),
    "bias missing in Θ": layer_by_layer(lambda C, K, s: C * (1 - s["b_std"] ** 2 / K)),
    "only the last layer is trained": other_result(
        lambda r, b, s, x: KernelTheory(r.nngp, r.nngp, np.stack([0 * r.nngp] * s["depth"] + [r.nngp]))  # noqa: ARG005
    ),
    "the readout's bias counted twice in Θ": other_result(
        lambda r, b, s, x: replace(r, ntk=r.ntk + s["b_std"] ** 2)  # noqa: ARG005
    ),
    "shares of the first two layers swapped": shares(lambda ls, s: ls[[1, 0, *range(2, len(ls))]]),  # noqa: ARG005
    "standard parameterization": layer_by_layer(standard_parameterization),
    "Θ × 1.02": own("ntk")(1.02),
    "Θ / depth": other_result(lambda r, b, s, x: replace(r, ntk=r.ntk / s["depth"])),  # noqa: ARG005
    "Σ for Θ": other_result(lambda r, b, s, x: replace(r, ntk=r.nngp)),  # noqa: ARG005
    "Σ × 1.02": own("nngp")(1.02),
    "cross-covariance misses σ_b²": off_diagonal(lambda k, s: k - s["b_std"] ** 2),
    "correlations off by 2%": off_diagonal(lambda k, s: k + 0.02 * np.sqrt(np.outer(np.diag(k), np.diag(k)))),  # noqa: ARG005
    "inputs swapped": other_result(
        lambda r, b, s, x: KernelTheory(r.nngp[::-1, ::-1], r.ntk[::-1, ::-1], r.ntk_layers[:, ::-1, ::-1])  # noqa: ARG005
    ),
}


SMALL = {"depth": 2, "W_std": 1.2, "b_std": 0.3}
ONE = {"depth": 1, "W_std": 1.2, "b_std": 0.3}


def another(text):
    """The kernels of another activation."""
    return lambda name, settings: ntk.mlp(text, **settings)  # noqa: ARG005


LIKE_THEIRS = {
    "GELU: NTK × 2": ("gelu", ONE, own("ntk")(2.0)),
    "GELU: NNGP × 2": ("gelu", ONE, own("nngp")(2.0)),
    "cos as sin": ("cos(x)", SMALL, another("sin(x)")),
    "numerical dual × 2": ("tanh", SMALL, kernel_times(2)),
    "rbf: NTK without 2γ": ("sqrt(2)*sin(x + pi/4)", ONE, times("1/2")),
    "rbf: NTK with 20γ": ("sqrt(2)*sin(x + pi/4)", ONE, times(10)),
    "rbf: NNGP with 10γ": ("sqrt(2)*sin(x + pi/4)", ONE, another("sqrt(2)*sin(sqrt(10)*x + pi/4)")),
    "Hermite: NTK × 2": ("x**2 - 1", ONE, own("ntk")(2.0)),
    "x³: NNGP with 5 for 6": ("x**3", {**ONE, "W_std": 0.7}, lambda n, s: cubic_with_5(n, s)),
    "gabor: NNGP × 1.05": ("exp(-x**2)*sin(x)", SMALL, own("nngp")(1.05)),
    "gabor: NTK × 1.05": ("exp(-x**2)*sin(x)", SMALL, own("ntk")(1.05)),
    "gabor: NTK × 1.2": ("exp(-x**2)*sin(x)", SMALL, own("ntk")(1.2)),
    "erf: NTK × 1.03": ("erf", SMALL, own("ntk")(1.03)),
    "polynomial: NTK without its degree": ("x**2", {**ONE, "W_std": 0.8}, times("1/2")),
    "rectified monomial: NNGP × 1.05": ("max(x, 0)**2", {**ONE, "W_std": 0.8}, kernel_times("1.05")),
    "ReLU: NTK × 1.02": ("relu", SMALL, own("ntk")(1.02)),
}


def cubic_with_5(name, settings):
    """E[u³v³] = 6κ³ + 9 q₁ q₂ κ, with 5 for 6 off the diagonal and on it."""
    q1, q2, c, q = (getattr(ntk.symbols, n) for n in ("q1", "q2", "c", "q"))
    wrong = ntk.dual(name).replace(
        kernel=(q1 * q2) ** sympy.Rational(3, 2) * (5 * c**3 + 9 * c), variance=14 * q**3
    )
    return ntk.mlp(name, **settings, theory=wrong)


def scaled(field, factor):
    return lambda order: replace(order, **{field: factor * getattr(order, field)})


def shifted(field, by):
    return lambda order: replace(order, **{field: getattr(order, field) + by})


COEFFICIENTS = {
    "n·Var Σ × 1.25": (variance, scaled("nngp_covariance", 1.25)),
    "n·Var Σ × 0.8": (variance, scaled("nngp_covariance", 0.8)),
    "n·Var Θ × 1.25": (variance, scaled("ntk_covariance", 1.25)),
    "n·Var Θ × 0.8": (variance, scaled("ntk_covariance", 0.8)),
    "no excess kurtosis": (outputs, scaled("nngp_covariance", 0.0)),
    "excess kurtosis doubled": (outputs, scaled("nngp_covariance", 2.0)),
    "bias of Σ omitted": (bias, scaled("nngp_bias", 0.0)),
    "bias of Σ with the wrong sign": (bias, scaled("nngp_bias", -1.0)),
    "bias of Θ off by half the kernel": (bias, shifted("ntk_bias", 3.0)),
}


def coefficient(name, net, x):
    """The claim with that error in it."""
    claim, change = COEFFICIENTS[name]
    return partial(claim, order=change(first_order(net, x)))
