"""Section 1 of the report: K, K̇ and V of an activation, its recursion, and how exact the numbers are.

Three layers of evidence: the derivation's own certificates (algebra), the values in ball arithmetic (proven
digits), and the compiled kernel's double-precision numbers on two of the data's inputs against the same
recursion carried out in ball arithmetic.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np
import sympy
from flint import arb
from jaxtyping import Float

from ntk_theory.activation import activation
from ntk_theory.dual import dual, latex
from ntk_theory.enclosure import Enclosure, enclose
from ntk_theory.enclosure.ball import as_ball
from ntk_theory.enclosure.evaluate import ball_function, certify
from ntk_theory.network import Network, mlp
from ntk_theory.printing import elementwise
from ntk_theory.symbols import c, kappa, q, q1, q2, theta

POINT = {q1: Fraction(1), q2: Fraction(1), c: Fraction(1, 2)}
"""Where the table evaluates K and K̇."""
PROVEN_DIGITS = 16
CURVE = -np.cos(np.linspace(0, np.pi, 200))  # even: c = 0, where K̇ would be 0/0 below, is not on it


@dataclass(frozen=True)
class CertificateLine:
    """One check that the derivation passed, its statement in LaTeX."""

    name: str
    statement: str
    holds: bool


@dataclass(frozen=True)
class Accuracy:
    """Θ of two inputs: proven in ball arithmetic, and as the compiled kernel gives it in float64.

    `truncation` bounds what a truncated series leaves out, relative to the kernel; 0 for closed forms.
    """

    activation: str
    phase: str
    W_var: float
    proven: str
    radius: float
    compiled: float
    relative_error: float
    truncation: float


@dataclass(frozen=True)
class Derivation:
    """What section 1 shows of one activation; formulas in LaTeX, values to `PROVEN_DIGITS` proven digits."""

    activation: str
    title: str
    phi: str
    kernel: str
    derivative: str
    variance: str
    derivative_variance: str
    recursion: str
    closed_form: bool
    reason: str
    certificates: tuple[CertificateLine, ...]
    seconds: float
    kernel_value: str
    kernel_radius: float
    derivative_value: str
    derivative_radius: float

    @property
    def certified(self) -> bool:
        return all(line.holds for line in self.certificates)


@dataclass(frozen=True)
class Curves:
    """φ on a grid of x, and K and K̇ at q1 = q2 = 1 on a grid of c, for the figure."""

    x: Float[np.ndarray, "grid"]
    phi: Float[np.ndarray, "grid"]
    c: Float[np.ndarray, "grid"]
    kernel: Float[np.ndarray, "grid"]
    derivative: Float[np.ndarray, "grid"]


def derive(name: str, title: str, depth: int) -> Derivation:
    """Derive the dual and prove its values at `POINT`. One that this process derived before takes no time."""
    start = perf_counter()
    derived = dual(name)
    seconds = perf_counter() - start
    value, slope = (
        enclose(formula, POINT, digits=PROVEN_DIGITS) for formula in (derived.kernel, derived.derivative)
    )
    return Derivation(
        activation=name,
        title=title,
        phi=derived.activation.latex(),
        kernel=latex(derived.kernel),
        derivative=latex(derived.derivative),
        variance=latex(derived.variance),
        derivative_variance=latex(derived.derivative_variance),
        recursion=mlp(name, depth=depth).recursion().latex(),
        closed_form=derived.closed_form,
        reason=derived.reason,
        certificates=tuple(CertificateLine(o.name, o.statement, o.holds) for o in derived.certificates),
        seconds=seconds,
        kernel_value=str(value.mid),
        kernel_radius=value.radius,
        derivative_value=str(slope.mid),
        derivative_radius=slope.radius,
    )


def accuracy(
    name: str, phase: str, W_var: float, b_var: float, pair: Float[np.ndarray, "2 features"], *, depth: int
) -> Accuracy:
    """The compiled Θ(x, x′) in float64 against its enclosure, for the two inputs of `pair`."""
    net = mlp(name, depth=depth, W_std=W_var**0.5, b_std=b_var**0.5)
    proven = proven_ntk(net, pair, digits=PROVEN_DIGITS)
    compiled = float(net.kernel_fn(pair[:1], pair[1:], get="ntk")[0, 0])
    exact = Fraction(str(proven.mid))
    return Accuracy(
        activation=name,
        phase=phase,
        W_var=W_var,
        proven=str(proven.mid),
        radius=proven.radius,
        compiled=compiled,
        relative_error=float(abs(Fraction(compiled) - exact) / abs(exact)),
        truncation=net.kernel_fn.truncation(pair[:1], pair[1:]),
    )


def proven_ntk(net: Network, pair: Float[np.ndarray, "2 features"], *, digits: int) -> Enclosure:
    """Θ(x, x′) of two inputs: the equations that the kernel is compiled from, layer by layer in ball arithmetic.

    Raises `EnclosureError` where the digits are not reached.
    """
    rows = [[Fraction(float(v)) for v in row] for row in pair]
    products = [
        sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0)) / pair.shape[1]
        for left, right in ((rows[0], rows[0]), (rows[1], rows[1]), (rows[0], rows[1]))
    ]
    steps = []
    for layer in net.layers:
        equations = layer.equations
        settings = {symbol: sympy.Rational(Fraction(value)) for symbol, value in equations.values.items()}
        variance = ball_function(equations.variance.subs(settings), (q,))
        pairwise = [
            ball_function(formula.subs(settings), (q1, q2, c, kappa, theta))
            for formula in (equations.covariance, equations.ntk)
        ]
        steps.append((variance, pairwise))

    def compute() -> list[arb]:
        first, second, covariance = (as_ball(value) for value in products)
        ntk = arb(0)
        for variance, pairwise in steps:
            correlation = covariance / (first * second).sqrt()
            covariance, ntk = (f(first, second, correlation, covariance, ntk) for f in pairwise)
            first, second = variance(first), variance(second)
        return [ntk]

    return certify(compute, digits, "the NTK of two inputs")[0]


def curves(name: str) -> Curves:
    """The curves of the figure, from the compiled kernel of one hidden layer: Θ - Σ = K̇ c, Σ = K."""
    grid = np.linspace(-3, 3, 241)
    with jax.enable_x64(True):
        values = np.asarray(elementwise(activation(name))(jnp.asarray(grid)))
    angle = np.arccos(CURVE)
    circle = sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    kernels = mlp(name, depth=1).kernel_fn(circle, sqrt(2) * np.array([[1.0, 0.0]]))
    nngp, ntk = kernels.nngp[:, 0], kernels.ntk[:, 0]
    return Curves(grid, values, CURVE, nngp, (ntk - nngp) / CURVE)
