"""What the command line prints and writes."""

import json

import pytest

import ntk_theory as ntk
from ntk_theory.cli import main
from ntk_theory.phase import phase


@pytest.mark.parametrize("name", ["relu", "erf", "tanh", "identity", "softplus", "sin"])
def test_a_summary_prints_and_goes_through_json(name):
    summary = ntk.phase(name).summary(b_var="0.05", digits=12)
    record = json.loads(json.dumps(summary.as_dict()))
    assert record["activation"] == name
    assert record["b_var"] == "0.05"
    assert len(record["rows"]) == 2
    assert record["universality"]["class"] in str(summary)
    assert name in str(summary)


def test_without_a_choice_there_is_one_row_in_each_phase():
    summary = phase("erf").summary()
    ordered, chaotic = summary.rows
    assert (ordered.scales.point.phase, chaotic.scales.point.phase) == ("ordered", "chaotic")
    assert ordered.W_var == "0.69"
    assert summary.asymptotics.phase == "critical"
    assert summary.searched.complete


def test_a_chosen_row_and_its_reasons():
    (row,) = phase("relu").summary(b_var=1, W_var="5/2").rows
    assert row.scales is None
    assert "grows without bound" in row.note
    assert "outgrown" in row.asymptotics.law
    assert phase("relu").summary(b_var=1).critical_W_var.mid == 2


@pytest.mark.slow
def test_unstable_lines_are_said_to_be_so():
    summary = phase("gelu").summary(b_var="0.05", W_var=2)
    assert summary.critical_W_var is None
    assert "half-stable" in str(summary)


def test_the_ends_of_the_line_are_said():
    for name in ("tanh", "sin"):
        assert (
            phase(name).line_ends().endswith("every q > 0 has its point, with σ_b² = q E[(φ′ - φ/x)²]/E[φ′²] > 0")
        )
    assert phase("logistic").line_ends().endswith("has its point, with σ_b² > 0")
    assert "none with q in" in phase("softplus").line_ends()
    assert "σ_b² would be negative" in phase("softplus").line_ends()
    assert "vertical" in phase("relu").line_ends()
    assert "not proven" in phase("cos").line_ends()


def test_the_dual_may_be_given_and_changed():
    derived = ntk.dual("erf")
    assert phase(derived).critical_W_var(0.05).overlaps(phase("erf").critical_W_var(0.05))
    wrong = derived.replace(derivative_variance=derived.derivative_variance * 2)
    assert not phase(wrong).critical_W_var(0.05).overlaps(phase("erf").critical_W_var(0.05))


def test_the_command_line(capsys, tmp_path):
    assert main(["phase", "erf", "--b-var", "0.05", "--W-var", "2", "--json", "--digits", "10"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["rows"][0]["asymptotics"]["phase"] == "chaotic"
    assert main(["phase", "relu", "--residual", "1", "--json"]) == 0
    assert "1/4" in json.loads(capsys.readouterr().out)["asymptotics"]["ntk_ratio"]
    assert main(["phase", "relu", "--residual", "1/L"]) == 0
    assert "exp(sigma_w**2/2)" in capsys.readouterr().out
    figure = tmp_path / "relu.png"
    assert main(["phase", "relu", "--figure", str(figure)]) == 0
    assert figure.exists()
    assert str(figure) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["relu", "--residual", "1", "--figure", "a.png"], "DataError"),
        (["relu", "--residual", "0"], "DataError"),
        (["relu", "--residual", "many"], "DataError"),
        (["relu", "--figure", "a.txt"], "DataError"),
        (["tanh", "--W-var", "-1"], "DataError"),
        (["tanh", "--b-var", "x"], "DataError"),
        (["step"], "DivergentExpectationError"),
        (["sin", "--residual", "1"], "NotInClassError"),
        (["exp(x", "--b-var", "0"], "ActivationSyntaxError"),
    ],
)
def test_bad_input_exits_with_two(capsys, arguments, error):
    assert main(["phase", *arguments]) == 2
    assert capsys.readouterr().err.startswith(error)
