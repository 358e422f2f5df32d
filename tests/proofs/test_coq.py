"""Statements printed for the kernel, and the kernel: truths accepted, falsehoods rejected for want of proof."""

from dataclasses import replace

import pytest
from sympy import Rational, Symbol, acos, asin, atan, erf, exp, pi, sqrt, symbols

from ntk_theory.errors import DataError, ProofKernelError
from ntk_theory.proofs import coq
from ntk_theory.proofs.coq import by_hand
from ntk_theory.proofs.kernel import Kernel, missing

x, y = symbols("x y", real=True)
q = symbols("q", positive=True)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (x - y, "(x - y)"),
        (Rational(-3, 4) * x**2, "(- ((3 * (x ^ 2)) / 4))"),
        (1 / sqrt(1 + q), "(/ (sqrt (q + 1)))"),
        (q ** Rational(3, 2), "((sqrt q) ^ 3)"),
        (exp(-x) * pi, "(PI * (exp (- x)))"),
        (acos(x), "(PI / 2 - asin x)"),
    ],
)
def test_expressions(expression, text):
    assert coq.coq(expression) == text


def test_what_can_not_be_said():
    with pytest.raises(DataError, match="erf"):
        coq.coq(erf(x))
    with pytest.raises(DataError, match="only square roots"):
        coq.coq(q ** Rational(1, 3))
    with pytest.raises(DataError, match="begin with a letter"):
        coq.coq(Symbol("θ"))


def test_assumptions_become_hypotheses():
    lemma = coq.equality("name", "claim", q / q**2, 1 / q)
    assert "forall q : R, 0 < q -> " in lemma.statement


needs_kernel = pytest.mark.skipif(missing() is not None, reason=f"PROOFS NOT CHECKED BY THE KERNEL: {missing()}")


SQUARE = "pose proof (pow2_ge_0 (x - y)); nra"
INSIDE = [x > -1, x < 1]
SLOPE = 1 / sqrt(1 - x**2)
TRUE_AND_FALSE = {
    "derivative": coq.derivative("slope", "asin′", asin(x), x, SLOPE, where=INSIDE),
    "wrong_derivative": coq.derivative(
        "d", "no", asin(x), x, SLOPE * Rational(1001, 1000), where=INSIDE, falsehood=True
    ),
    "bound": coq.bound("near", "atan x < x", x - atan(x), x, Rational(1, 10), Rational(3), least=Rational(0)),
    "wrong_bound": coq.bound("b", "atan 1 < 3/4", atan(x), x, 0, Rational(1), most=Rational(3, 4), falsehood=True),
    "integral": coq.integral("area", "e - 1", exp(x), x, 0, 1, least=Rational(171, 100), most=Rational(172, 100)),
    "equality": coq.equality("square", "binomial", (x + y) ** 2, x**2 + 2 * x * y + y**2),
    "wrong_equality": coq.equality("e", "no", (x + y) ** 2, x**2 + x * y + y**2, falsehood=True),
    "inequality": coq.inequality("means", "means", x**2 + y**2 >= 2 * x * y, script=SQUARE),
    "wrong_inequality": coq.inequality("n", "no", x**2 + y**2 >= 3 * x * y, script=SQUARE, falsehood=True),
}
BAD = {
    "misspelt": by_hand("m", "no such tactic", "1 = 2", "by_magic", falsehood=True),
    "unread": by_hand("u", "no statement at all", "1 = ", "lra"),
    "endless": by_hand("endless", "never done", "1 = 2", "do 1000000000 (assert (1 = 1) by lra)"),
    "assumed": by_hand(
        "real", "true", "1 = 1", "lra]). Qed.\nAxiom smuggled : 1 = 2.\nGoal True. Proof. (solve [exact I"
    ),
}


@needs_kernel
def test_truths_are_accepted_and_nothing_else(monkeypatch):
    """All in one file; then each passed off as its opposite in a file of its own."""
    monkeypatch.setattr("ntk_theory.proofs.kernel.LEMMA_SECONDS", 5)
    swapped = {name: [replace(l, falsehood=not l.falsehood)] for name, l in TRUE_AND_FALSE.items()}
    bad = {name: [lemma] for name, lemma in BAD.items()}
    with Kernel() as kernel:
        files = {"honest": list(TRUE_AND_FALSE.values()), **swapped, **bad}
        compiled = [kernel.submit(name, lemmas) for name, lemmas in files.items()]
        answers = {c.name: c for c in kernel.checked([future.result() for future in compiled])}
    assert answers["honest"].message == ""
    assert [name for name, answer in answers.items() if answer.accepted] == ["honest"]
    assert "another reason" in answers["misspelt"].message, "a falsehood must fail for want of a proof"
    assert "Syntax error" in answers["unread"].message
    assert "Timeout" in answers["endless"].message
    assert "assumed.smuggled" in answers["assumed"].message


@needs_kernel
def test_a_broken_prelude_is_named(monkeypatch):
    monkeypatch.setattr("ntk_theory.proofs.kernel._PRELUDE", "From Nowhere Require Import nothing.")
    with pytest.raises(ProofKernelError, match="prelude"), Kernel():
        pass
