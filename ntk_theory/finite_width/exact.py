"""Exact moments of K̂ and Θ̂ at every width, for φ(z) = a·max(z, 0) + b·min(z, 0) and a single input.

One row (z_i, J_i) for each neuron i: its pre-activation, and its gradient with respect to all parameters of the
layers before. Given those, rows are independent N(0, C), and the neuron's own parameters add a gradient of
squared length C_11 = K̂, orthogonal to all others. As φ(z) = φ′(z) z, the next layer has

    C′ = (σ_w²/n) Σ_i φ′(z_i)² r_i r_iᵀ + σ_b² e₁e₁ᵀ,   r_i = (z_i, J_i and own gradient).

(z, J) and (-z, -J) are equally likely, so φ′(z_i)² = a² or b² is independent of r_i r_iᵀ: a fair coin. With
μ₂ = (a² + b²)/2, μ₄ = (a⁴ + b⁴)/2, C = [[k, vᵀ], [v, S]], t = tr S, u = |v|², r = tr S² the means of
(1, k, t, k², kt, t², u, r) go linearly into those of the next layer; moments of r are Isserlis's. At the output
E[Θ̂ | C] = k + t, Var[Θ̂ | C] = 2r/outputs. Hanin & Nica 2019 (arXiv 1909.05989) bound the same moments; the
transfer matrices here are exact. E k² alone gives their (1 + 5/n)^l for ReLU without biases.
"""

from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any, TypeAlias

import mpmath
import sympy
from sympy import Expr

from ntk_theory.activation import Activation, activation
from ntk_theory.activation.activation import jump_error
from ntk_theory.errors import DataError, NotInClassError
from ntk_theory.symbols import x

Number: TypeAlias = int | float | Fraction | Expr
_DIGITS = 40


@dataclass(frozen=True)
class ExactMoments:
    """E[K̂], E[K̂²], E[Θ̂], E[Θ̂²] and E[K̂Θ̂]: SymPy where the arguments were exact, else floats.

    K̂ is σ_w² |h|²/n + σ_b² of the last hidden layer, Θ̂ the mean over outputs of the network's NTK.
    """

    nngp: Any
    ntk: Any
    nngp_square: Any
    ntk_square: Any
    product: Any

    @property
    def nngp_variance(self) -> Any:
        """Var K̂."""
        return self.nngp_square - self.nngp**2

    @property
    def ntk_variance(self) -> Any:
        """Var Θ̂."""
        return self.ntk_square - self.ntk**2

    @property
    def ntk_dispersion(self) -> Any:
        """E[Θ̂²]/E[Θ̂]², 1 for a kernel that is not random."""
        return self.ntk_square / self.ntk**2

    @property
    def output_kurtosis(self) -> Any:
        """Excess kurtosis of an output, E[f⁴]/E[f²]² - 3: given the hidden layers f is N(0, K̂)."""
        return 3 * (self.nngp_square / self.nngp**2 - 1)


def exact_moments(
    what: str | Expr | Activation,
    *,
    width: int | Expr,
    depth: int,
    W_std: Number,
    b_std: Number = 0,
    input_square: Number = 1,
    outputs: int = 1,
) -> ExactMoments:
    """Moments of the kernels of `mlp(what, depth, W_std, b_std, outputs)` at hidden width `width`, one input.

    `input_square` is |x|²/n₀. Whole numbers, fractions and SymPy numbers or symbols (`width` too may be a symbol)
    give exact results, floats give floats. Raises `NotInClassError` unless φ is a·max(x, 0) + b·min(x, 0)
    (relu, abs, leaky_relu, identity, …), `DataError` for what is no width, depth or standard deviation.
    """
    found = _moments(*_coin(activation(what)), width, depth, W_std, b_std, input_square, outputs)
    if isinstance(found[0], mpmath.mpf):
        floats = [float(value) for value in found]
        if any(value == float("inf") for value in floats):
            raise DataError(
                f"The moments at width {width} and depth {depth} exceed all floats; give W_std and b_std as "
                "fractions or SymPy numbers, or ask for the dispersion alone."
            )
        return ExactMoments(*floats)
    return ExactMoments(*(sympy.factor(value) for value in found))


def relu_ntk_dispersion(width: int, depth: int, W_std: float, b_std: float) -> float:
    """E[Θ̂²]/E[Θ̂]² of a ReLU network with one output, exact at every width and depth, at |x|² = n₀.

    Without biases it does not depend on W_std; then `dispersion_formula` is its closed form. Raises `DataError`
    for arguments out of range, or where the ratio exceeds all floats.
    """
    for name, value in (("W_std", W_std), ("b_std", b_std)):
        check_size(name, value, positive=name == "W_std")
    _, mean, _, square, _ = _moments(*_coin(activation("relu")), width, depth, float(W_std), b_std, 1, 1)
    dispersion = float(square / mean**2)
    if dispersion == float("inf"):
        raise DataError(f"E[Θ²]/E[Θ]² at width {width} and depth {depth} exceeds all floats; take a larger width.")
    return dispersion


def squared_slopes(phi: Activation) -> tuple[Expr, Expr]:
    """(a², b²) of φ = a·max(x, 0) + b·min(x, 0). Raises `NotInClassError` for any other φ."""
    if phi.jumps:
        raise jump_error(phi)
    slopes = [sympy.simplify(p.expression / x) for p in phi.pieces]
    inside = all(not slope.has(x) for slope in slopes) and all(p.lower == 0 for p in phi.pieces[1:])
    if not inside or len(slopes) > 2 or not any(slopes):
        raise NotInClassError(
            f"Exact moments at finite width are known for a*max(x, 0) + b*min(x, 0) only, and {phi.name} is none; "
            "finite_width.first_order gives the 1/n terms of any activation."
        )
    return slopes[-1] ** 2, slopes[0] ** 2


def _coin(phi: Activation) -> tuple[Expr, Expr]:
    """μ₂ = E[φ′²] and μ₄ = E[φ′⁴]."""
    a, b = squared_slopes(phi)
    return (a + b) / 2, (a**2 + b**2) / 2


def _moments(
    mu2: Expr,
    mu4: Expr,
    width: int | Expr,
    depth: int,
    W_std: Number,
    b_std: Number,
    input_square: Number,
    outputs: int,
) -> tuple[Any, Any, Any, Any, Any]:
    """E K̂, E Θ̂, E K̂², E Θ̂², E K̂Θ̂, as SymPy numbers or as `mpmath.mpf`."""
    values = {"W_std": W_std, "b_std": b_std, "input_square": input_square}
    for name, value in values.items():
        check_size(name, value, positive=name == "W_std")
    exact = all(isinstance(v, Rational | Expr) for v in values.values())
    if not exact or not isinstance(width, Expr) or width.is_number:
        check_whole("width", width, 1)
    check_whole("depth", depth, 0)
    check_whole("outputs", outputs, 1)
    simplest = sympy.expand if exact else lambda value: value
    convert = sympy.sympify if exact else _as_float
    with mpmath.workdps(_DIGITS):
        s, beta = convert(W_std) ** 2, convert(b_std) ** 2
        k = s * convert(input_square) + beta
        if k == 0:
            raise DataError("The input is 0 and there are no biases: K̂ and Θ̂ are 0, with no dispersion.")
        state = [k, 0 * k, k * k, *[0 * k] * 4]
        once, twice = convert(mu4) / width, convert(mu2) ** 2 * (1 - 1 / convert(width))
        for _ in range(depth):
            state = [simplest(v) for v in next_means(state, s, beta, convert(mu2), once, twice)]
        k, t, kk, kt, tt, _, r = state
        return k, k + t, kk, tt + 2 * kt + kk + 2 * r / outputs, kk + kt


def next_means(state: list[Any], s: Any, beta: Any, mu2: Any, once: Any, twice: Any) -> list[Any]:
    """Means of (k, t, k², kt, t², u, r) from those of the layer before.

    `once` = μ₄/n goes with pairs of equal neurons, `twice` = μ₂²(1 - 1/n) with pairs of different ones.
    """
    k, t, kk, kt, tt, u, r = state
    z_and_gradient = kt + 2 * u + kk  # E[z²(|J|² + k)]
    gradient_twice = tt + 2 * r + 2 * kt + kk  # E[(|J|² + k)²]
    return [
        s * mu2 * k + beta,
        s * mu2 * (t + k),
        beta**2 + 2 * beta * s * mu2 * k + s**2 * (3 * once + twice) * kk,
        beta * s * mu2 * (t + k) + s**2 * (once * z_and_gradient + twice * (kt + kk)),
        s**2 * (once * gradient_twice + twice * (tt + 2 * kt + kk)),
        s**2 * (once * z_and_gradient + twice * u),
        s**2 * (once * gradient_twice + twice * r),
    ]


def check_whole(name: str, value: object, least: int) -> None:
    """Raises `DataError` unless `value` is a whole number of at least `least`."""
    whole = int(value) if isinstance(value, Integral | sympy.Integer) and not isinstance(value, bool) else None
    if whole is None or whole < least:
        raise DataError(f"{name} = {value!r} must be a whole number of at least {least}.")


def _as_float(value: Number) -> Any:
    """An `mpmath.mpf` to the digits in use."""
    if isinstance(value, Expr):
        return mpmath.mpf(str(sympy.N(value, _DIGITS)))
    if isinstance(value, Rational):
        return mpmath.mpf(int(value.numerator)) / int(value.denominator)
    return mpmath.mpf(float(value))


def check_size(name: str, value: object, *, positive: bool) -> None:
    """Raises `DataError` unless `value` is a finite number > 0, or ≥ 0."""
    if isinstance(value, Expr):
        wrong = value.is_finite is False or value.is_negative or (positive and value.is_zero)
    else:
        number = float(value) if isinstance(value, Real) else float("nan")
        wrong = not 0 <= number < float("inf") or (positive and number == 0)
    if wrong:
        raise DataError(f"{name} = {value!r} must be a finite number {'> 0' if positive else '≥ 0'}.")
