"""Certificates see every term: each result of each named activation is corrupted, one term at a time."""

import copy

import pytest
import sympy

from ntk_theory.activation import NAMED, activation
from ntk_theory.errors import NotInClassError
from ntk_theory.gaussian.algebra import ROOT_1, Algebra
from ntk_theory.gaussian.closed_form import ClosedForm
from ntk_theory.gaussian.diagonal import on_diagonal
from ntk_theory.gaussian.normal_form import NormalForm, Surd
from ntk_theory.gaussian.relations import reduced
from ntk_theory.symbols import c

RESULTS = ("kernel", "derivative", "variance", "derivative_variance", "mean")
OUTSIDE = {"arctan", "logistic", "mish", "silu", "softplus", "softsign", "tanh"}
EVERYDAY = {"relu", "erf", "gaussian", "hard_shrink", "step"}
GROWING = ("exp(x**2/8)*max(x - 1, 0)", "where(abs(x) < 1, x, exp(-x))")


def test_what_is_outside_is_known():
    for name in OUTSIDE:
        with pytest.raises(NotInClassError):
            ClosedForm(activation(name))


@pytest.mark.parametrize("text", [*sorted(set(NAMED) - OUTSIDE), *GROWING])
def test_every_identity_applies_and_none_is_blind(text):
    form = ClosedForm(activation(text))
    names = [certificate.name for certificate in form.identities]
    wanted = ["independence", "diagonal"]
    assert names == (wanted if form.derivative is None else ["Price", *wanted, "diagonal of K̇"])
    assert all(certificate.holds for certificate in form.identities)
    if form.derivative is None:
        return  # without Price's identity quadrature is needed: the next test
    # the identities are linear in K: a term that changes neither ∂K/∂c nor K(c = 0) would pass
    for key, coefficient in form.kernel.table.items():
        term = NormalForm(form.algebra, {key: coefficient})
        slope, start = reduced(term.diff(c)), reduced(term.substitute({c: form.algebra.zero}))
        assert not (start.is_zero and slope.is_zero)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(name, marks=[] if name in EVERYDAY else [pytest.mark.slow])
        for name in [*sorted(set(NAMED) - OUTSIDE), *GROWING]
    ],
)
def test_each_corrupted_term_of_each_result_is_caught(text):
    form = ClosedForm(activation(text))
    for result in RESULTS:
        right = getattr(form, result)
        if right is None:
            continue
        for key, coefficient in right.table.items():
            wrong = copy.copy(form)
            wrong.__dict__[result] = NormalForm(
                form.algebra, {**right.table, key: coefficient * sympy.QQ(101, 100)}
            )
            wrong.__dict__.pop("kernel_expression", None)
            assert not all(z.holds for z in wrong.identities) or not all(z.holds for z in wrong.certificates), key


def test_limits_on_the_diagonal():
    algebra = Algebra()
    r, rho = algebra.generator(ROOT_1), algebra.generator(c)
    far = Surd((1 - 2 * rho) / r) * algebra.sqrt(1 - rho**2).inverse  # → -∞
    assert on_diagonal(algebra.apply("orthant", [far])).is_zero
    assert (on_diagonal(algebra.apply("orthant", [-far])) - algebra.constant(1)).is_zero
    near = Surd((1 - rho) / r) * algebra.sqrt(1 - rho**2).inverse  # → 0
    assert (on_diagonal(algebra.apply("orthant", [near])) - algebra.constant(algebra.one / 2)).is_zero
    pole = algebra.term(Surd(1 / (1 - rho)), -1 / (1 - rho))
    assert on_diagonal(pole).is_zero
    assert on_diagonal(algebra.term(Surd(1 / (1 - rho)))) is None
