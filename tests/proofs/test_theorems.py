"""Every theorem of proofs/ holds by every method; the machinery reports failures, cycles and a missing kernel."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sympy import Integer, Rational, exp, symbols

from ntk_theory.errors import DataError, EnclosureError
from ntk_theory.proofs import Derivation, Theorem, check, theorems
from ntk_theory.proofs.coq import derivative
from ntk_theory.proofs.graph import draw, status
from ntk_theory.proofs.kernel import missing
from ntk_theory.proofs.table import rows, table

x = symbols("x", real=True)
ALL = theorems()
PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
def test_theorems_hold_by_every_method(part):
    """In parts, so that workers share them; each part starts the kernel once."""
    verdicts = check(ALL[part::PARTS])
    assert [failure for verdict in verdicts for failure in verdict.failures] == []
    for verdict in verdicts:
        assert verdict.holds, verdict.theorem.name
        falsehoods = [step for step in (*verdict.steps, *verdict.lemmas) if step.falsehood]
        assert falsehoods, f"{verdict.theorem.name} must reject a falsehood too"
    if missing():
        # all that can be checked without Coq has been, above; the skip is there to be seen
        pytest.skip(f"PROOFS NOT CHECKED BY THE KERNEL, only by exact steps and balls: {missing()}")
    assert all("kernel" in verdict.methods for verdict in verdicts if verdict.lemmas)


def theorem(derive, **changes):
    return replace(Theorem("A title", r"x = x", "nowhere", derive, name="a_name"), **changes)


def verdict_of(derive, **changes):
    return check([theorem(derive, **changes)], kernel=False)[0]


@pytest.mark.parametrize(
    "lie",
    [
        lambda prove: prove.equal("wrong", x + 1, x),
        lambda prove: prove.not_equal("it is equal", (x + 1) ** 2, x**2 + 2 * x + 1),
        lambda prove: prove.true("undecided", x > 0),
        lambda prove: prove.between("wrong", exp(x), Integer(0), Integer(1), at={x: 1}),
        lambda prove: prove.not_between("it is", exp(x), Integer(2), Integer(3), at={x: 1}),
        lambda prove: prove.positive("wrong", x, x, -1, 1),
        lambda prove: prove.not_positive("it is", exp(x), x, -1, 1),
        lambda prove: prove.root("none there", exp(x), x, -1, 1),
        lambda _: None,
    ],
)
def test_a_lie_fails_its_theorem(lie):
    verdict = verdict_of(lie)
    assert not verdict.holds
    assert verdict.text == "FAILED"
    assert status(verdict) == "failed"


@pytest.mark.skipif(missing() is not None, reason=f"PROOFS NOT CHECKED BY THE KERNEL: {missing()}")
def test_a_lie_to_the_kernel_fails_its_theorem():
    verdict = check([theorem(lambda prove: prove.kernel(derivative("lie", "lie", x**2, x, x)))])[0]
    assert not verdict.holds
    assert "kernel: " in table([verdict])


def test_the_equality_step_does_not_rest_on_the_zero_test_alone(monkeypatch):
    monkeypatch.setattr("ntk_theory.proofs.derivation.is_zero", lambda _: True)
    assert not verdict_of(lambda prove: prove.equal("balls object", exp(x), exp(x) + Rational(1, 10**9))).holds


def test_what_is_cited_and_what_is_unchecked_is_said():
    verdict = verdict_of(lambda prove: prove.equal("true", x + x, 2 * x), given=("a lemma",))
    assert verdict.text == "proved, given a lemma"
    assert status(verdict) == "derived"
    row = rows([verdict])[0]
    assert (row.methods, row.checks, row.verdict) == (("exact",), 1, "proved, given a lemma")


def test_a_missing_kernel_is_said_loudly(monkeypatch):
    monkeypatch.setattr("ntk_theory.proofs.verdict.missing", lambda: "coqc missing")
    verdicts = check(
        [theorem(lambda prove: (prove.equal("t", x, x), prove.kernel(derivative("d", "", x, x, Integer(1)))))]
    )
    assert verdicts[0].holds
    assert "kernel not checked: coqc missing" in verdicts[0].text
    assert "The kernel checked nothing" in table(verdicts)
    assert status(verdicts[0]) == "derived"


def test_the_graph_is_drawn(tmp_path):
    verdicts = [
        verdict_of(lambda prove: prove.equal("t", x, x), name=n, depends_on=d)
        for n, d in (("a", ()), ("b", ("a",)))
    ]
    assert draw(verdicts, tmp_path / "new" / "graph.svg").read_text().count("A title") >= 1


def write(folder, name, uses):
    text = "from ntk_theory.proofs import Theorem\nTHEOREM = Theorem('t', 's', 'o', lambda prove: None, %r)\n"
    (folder / f"{name}.py").write_text(text % (uses,))


def test_order_and_its_errors(tmp_path):
    with pytest.raises(DataError, match="no theorems"):
        theorems(tmp_path)
    write(tmp_path, "a", ("b",))
    with pytest.raises(DataError, match="a depends on b, which is no theorem"):
        theorems(tmp_path)
    write(tmp_path, "b", ())
    assert [t.name for t in theorems(tmp_path)] == ["b", "a"]
    write(tmp_path, "b", ("a",))
    with pytest.raises(DataError, match="in a circle: a → b → a"):
        theorems(tmp_path)
    (tmp_path / "b.py").write_text("x = 1\n")
    with pytest.raises(DataError, match="sets no THEOREM"):
        theorems(tmp_path)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "ntk_theory.proofs", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command(tmp_path):
    write(tmp_path, "empty", ())
    failed = command("--folder", str(tmp_path))
    assert failed.returncode == 1
    assert "0 of 1 theorems hold" in failed.stdout
    assert command("--folder", str(tmp_path), "other").returncode == 2


@pytest.mark.slow
def test_the_command_writes_certificates(tmp_path):
    passed = command("learning_rate", "--out", str(tmp_path / "out"))
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "✓ kernel Beyond 2/λ the error grows by a factor above 1." in passed.stdout
    assert "1 of 1 theorems hold" in passed.stdout
    assert Path(tmp_path / "out" / "graph.svg").exists()


def test_derivations_stop_with_a_reason():
    def derive(_: Derivation) -> None:
        raise EnclosureError("no digits")

    assert "EnclosureError: no digits" in table([verdict_of(derive)])
