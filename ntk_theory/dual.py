"""The dual of an activation: K = E[φ(u)φ(v)], K̇ = E[φ′(u)φ′(v)], V = E[φ²], derived from φ.

One type for both kinds: a closed form from the Gaussian calculus, or, outside its class, the best exact
representation known, in unevaluated expectations. Recursion, code generation and reports read both alike.
"""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache

import sympy
from sympy import Expr, Lambda, Symbol

from ntk_theory import symbols
from ntk_theory.activation import Activation, activation
from ntk_theory.activation.activation import jump_error
from ntk_theory.activation.pieces import joined
from ntk_theory.errors import DataError, DivergentExpectationError, NotInClassError
from ntk_theory.gaussian import GaussianCovariance
from ntk_theory.gaussian.budget import time_limit
from ntk_theory.gaussian.certificate import Certificate
from ntk_theory.gaussian.closed_form import ClosedForm, mixed
from ntk_theory.gaussian.condition import Condition
from ntk_theory.gaussian.paper import latex, latex_lines
from ntk_theory.gaussian.powers import PowerForm, power_form
from ntk_theory.gaussian.readable import expression
from ntk_theory.gaussian.represent import Representation, represent

__all__ = ["Certificate", "Condition", "Dual", "dual", "latex", "mixed_kernel"]


@dataclass(frozen=True)
class Dual:
    """The dual of `activation`, in the symbols q1, q2, c (and q) of `ntk_theory.symbols`.

    - `kernel`: K(q1, q2, c) = E[φ(u)φ(v)];
    - `derivative`: K̇(q1, q2, c) = E[φ′(u)φ′(v)], with ∂K/∂c = √(q1 q2) K̇ (Price 1958);
    - `variance`: V(q) = K(q, q, 1) = E[φ(√q z)²]; `derivative_variance`: E[φ′(√q z)²];
    - `mean`: E[φ(√q z)];
    - `closed_form`: whether these are elementary; if not, `reason` says why;
    - `certificates`: the checks that were made, `trace`: the steps of the derivation;
    - `conditions`: where K (and K̇), V (and E[φ′²]) and the mean exist, for φ that grow like exp(a·x²).
    """

    activation: Activation
    kernel: Expr
    variance: Expr
    mean: Expr
    derivative_kernel: Expr | None
    derivative_square: Expr | None
    closed_form: bool
    reason: str
    certificates: tuple[Certificate, ...]
    trace: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()

    @property
    def derivative(self) -> Expr:
        """K̇. Raises `DivergentExpectationError` where φ jumps."""
        if self.derivative_kernel is None:
            raise _no_derivative(self.activation)
        return self.derivative_kernel

    @property
    def derivative_variance(self) -> Expr:
        """E[φ′(√q z)²], in q. Raises `DivergentExpectationError` where φ jumps."""
        if self.derivative_square is None:
            raise _no_derivative(self.activation)
        return self.derivative_square

    def replace(
        self,
        *,
        kernel: Expr | None = None,
        variance: Expr | None = None,
        derivative: Expr | None = None,
        derivative_variance: Expr | None = None,
    ) -> "Dual":
        """A theory of your own in place of parts of this one; it carries no certificates."""
        return dataclasses.replace(
            self,
            kernel=self.kernel if kernel is None else kernel,
            variance=self.variance if variance is None else variance,
            derivative_kernel=self.derivative_kernel if derivative is None else derivative,
            derivative_square=self.derivative_square if derivative_variance is None else derivative_variance,
            certificates=(),
            trace=("replaced by hand",),
        )

    def hermite(self, n: int) -> Expr:
        """a_n(q) = E[φ(√q z) h_n(z)], h_n the orthonormal Hermite polynomial: K(q, q, c) = Σ a_n(q)² cⁿ."""
        if n < 0:
            raise DataError(f"n = {n} must be at least 0: it is the degree of a Hermite polynomial.")
        return _form(self.activation).hermite_expression(n)

    def value(self, q1: Expr | float | str, q2: Expr | float | str, c: Expr | float | str) -> Expr:
        """K at exact numbers, at c = ±1 and at variances 0 by its limits, where the formula has poles.

        Numbers may be anything SymPy reads exactly; floats are taken as the decimals they print as. Raises
        `DataError` outside q1, q2 ≥ 0, -1 ≤ c ≤ 1, `DivergentExpectationError` outside `conditions`.
        """
        first, second, correlation = (sympy.nsimplify(v, rational=True) for v in (q1, q2, c))
        finite = all(v.is_finite for v in (first, second, correlation))
        if not (finite and first >= 0 and second >= 0 and abs(correlation) <= 1):
            raise DataError(
                f"K has no value at q1 = {q1}, q2 = {q2}, c = {c}: q1, q2 ≥ 0 and -1 ≤ c ≤ 1 are needed."
            )
        numbers = {symbols.q1: first, symbols.q2: second, symbols.c: correlation}
        self._check("K", numbers)
        form = _form(self.activation)
        if first == 0 or second == 0:
            return form.mean_at(first) * form.mean_at(second)
        if abs(correlation) == 1:
            return form.full_correlation(first, second, int(correlation))
        return self.kernel.subs(numbers)

    def _check(self, of: str, numbers: dict[Symbol, Expr]) -> None:
        for condition in self.conditions:
            failing = condition.failing(numbers) if condition.of == of else None
            if failing is not None:
                at = ", ".join(f"{symbol} = {value}" for symbol, value in numbers.items())
                raise DivergentExpectationError(
                    f"{of} of {self.activation.name} does not exist at {at}: {failing} is "
                    f"{failing.subs(numbers)} there and must be positive. Choose smaller variances."
                )

    def latex(self) -> str:
        """K, K̇ and V as lines of an `align*`, to paste into a paper."""
        equations = [(r"\phi(x)", self.activation.expression), ("K(q_1, q_2, c)", self.kernel)]
        if self.derivative_kernel is not None:
            equations.append((r"\dot K(q_1, q_2, c)", self.derivative_kernel))
        equations.append(("V(q)", self.variance))
        lines = []
        for left, right in equations:
            first, *further = latex_lines(right)
            lines += [f"{left} &= {first}", *(f"&{line}" for line in further)]
        lines += [rf"& {one.of} \text{{ where }} {one.latex()}" for one in self.conditions[:2]]
        return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def dual(what: str | Expr | Activation, *, seconds: float = 60.0) -> Dual:
    """Derive the dual of an activation (a name, a text, a SymPy expression, an `Activation`).

    A derivation that takes longer than `seconds` is stopped by a `DerivationTimeError` that names the part.
    Raises `ActivationSyntaxError` for text that is none, `DivergentExpectationError` where E[φ²] is infinite,
    `NotInClassError` where neither a closed form nor an exact representation is known.
    """
    with time_limit(seconds):
        return _derive(activation(what))


def mixed_kernel(first: str | Expr | Activation, second: str | Expr | Activation) -> Expr:
    """E[φ(u)ψ(v)] of two activations, in q1, q2, c: the cross-covariance of two networks on shared weights.

    Raises what `dual` raises.
    """
    phi, psi = activation(first), activation(second)
    try:
        return expression(mixed(phi, psi))
    except NotInClassError as error:
        for one in (phi, psi):
            represent(one, str(error))  # raises where its expectations do not exist
        f, g = (Lambda(symbols.x, joined(a.pieces)) for a in (phi, psi))
        return GaussianCovariance(f, g, symbols.q1, symbols.q2, symbols.c)


@lru_cache(maxsize=512)
def _derive(phi: Activation) -> Dual:
    form = _form(phi)
    return Dual(
        activation=phi,
        kernel=form.kernel_expression,
        variance=form.variance_expression,
        mean=form.mean_expression,
        derivative_kernel=form.derivative_expression,
        derivative_square=form.derivative_variance_expression,
        closed_form=form.closed,
        reason=form.reason,
        certificates=form.certificates,
        trace=form.trace,
        conditions=form.conditions,
    )


@lru_cache(maxsize=512)
def _form(phi: Activation) -> ClosedForm | PowerForm | Representation:
    try:
        return ClosedForm(phi)
    except NotInClassError as error:
        try:
            return power_form(phi)
        except NotInClassError:
            return represent(phi, str(error))


def _no_derivative(phi: Activation) -> DivergentExpectationError:
    if phi.jumps:
        return jump_error(phi)
    return DivergentExpectationError(
        f"The slope of {phi.name} is not square-integrable, so E[φ′²] and the NTK are infinite. "
        "The NNGP kernel exists: use .kernel and .variance."
    )
