"""The printed recursion is the recursion that is compiled: iterating it in mpmath gives the kernel function."""

import numpy as np
import pytest
import sympy
from sympy import Symbol

import ntk_theory as ntk
from ntk_theory.symbols import sigma_b, sigma_w

X = np.array([[1.0, -0.5, 0.7], [0.2, 0.9, -0.4]])
SIGMAS = {sigma_w: sympy.Rational(3, 2), sigma_b: sympy.Rational(1, 4)}


def iterate(network):
    """Σ and Θ of the pair X by substituting numbers into the printed equations, layer by layer."""
    squares = [sympy.Rational(float(v)) for v in np.mean(X * X, axis=1)]
    known = {Symbol("x.x'/n0", real=True): sympy.Rational(float(np.mean(X[0] * X[1])))}
    singles = [{Symbol("|x|^2/n0", positive=True): square} for square in squares]
    for step in network.recursion().steps:
        for l in range(step.first, step.last + 1):
            variances = [step.variance.rhs.subs(single | SIGMAS).evalf(15) for single in singles]
            covariance = step.covariance.rhs.subs(known | SIGMAS).evalf(15)
            theta = step.ntk.rhs.subs({step.covariance.lhs: covariance} | known | SIGMAS).evalf(15)
            correlation = covariance / sympy.sqrt(variances[0] * variances[1])
            values = {
                "q1": variances[0],
                "q2": variances[1],
                "c": correlation,
                "Sigma": covariance,
                "Theta": theta,
            }
            # the equations of the next layer call this one l - 1, or by its number
            for index in ("l-1", l):
                known |= {Symbol(f"{n}[{index}]", positive=True): v for n, v in values.items() if n[0] == "q"}
                known |= {Symbol(f"{n}[{index}]", real=True): v for n, v in values.items() if n[0] != "q"}
                for single, value in zip(singles, variances, strict=True):
                    single[Symbol(f"q[{index}]", positive=True)] = value
    return float(covariance), float(theta)


@pytest.mark.parametrize(("name", "depth"), [("relu", 3), ("erf_sigmoid", 3), ("gelu", 2), ("logistic", 1)])
def test_iterating_the_printed_equations_gives_the_kernel(name, depth):
    network = ntk.mlp(name, depth=depth, W_std=1.5, b_std=0.25)
    nngp, theta = iterate(network)
    kernels = network.kernel_fn(X)
    assert kernels.nngp[0, 1] == pytest.approx(nngp, rel=1e-12)
    assert kernels.ntk[0, 1] == pytest.approx(theta, rel=1e-12)


def test_equal_steps_are_merged_and_named():
    recursion = ntk.mlp("relu", depth=3).recursion()
    assert [step.where for step in recursion.steps] == ["l = 1", "l = 2, …, 4"]
    assert len(recursion.equations) == 6
    text = str(recursion)
    assert "Theta[l] = Sigma[l] + Theta[l-1]*sigma_w**2*(pi - acos(c[l-1]))/(2*pi)" in text


def test_latex_is_an_align():
    text = ntk.mlp("erf", depth=2).recursion().latex()
    assert text.startswith(r"\begin{align*}")
    assert r"\Theta^{(l)} &= \Sigma^{(l)} +" in text
    assert "[" not in text.replace(r"\left[", "")


def test_a_network_of_two_activations():
    relu, erf = (ntk.Nonlinearity(ntk.activation(a)) for a in ("relu", "erf"))
    network = ntk.serial(ntk.Dense(1.5, 0.25), relu, ntk.Dense(1.5, 0.25), erf, ntk.Dense(1.5, 0.25))
    assert [step.where for step in network.recursion().steps] == ["l = 1", "l = 2", "l = 3"]
    nngp, theta = iterate(network)
    kernels = network.kernel_fn(X)
    assert kernels.nngp[0, 1] == pytest.approx(nngp, rel=1e-12)
    assert kernels.ntk[0, 1] == pytest.approx(theta, rel=1e-12)
