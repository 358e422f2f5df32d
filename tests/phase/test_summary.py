"""What the command line prints and writes."""

import json

import pytest

import ntk_theory as ntk
from ntk_theory.phase import phase


@pytest.mark.parametrize("name", ["relu", "erf", "tanh", "gelu", "identity"])
def test_a_summary_prints_and_goes_through_json(name):
    summary = ntk.phase(name).summary(b_var="0.05", digits=12)
    record = json.loads(json.dumps(summary.as_dict()))
    assert record["activation"] == name
    assert record["b_var"] == "0.05"
    assert len(record["rows"]) == 2
    assert name in str(summary)


def test_without_a_choice_there_is_one_row_in_each_phase():
    ordered, chaotic = phase("erf").summary().rows
    assert (ordered.scales.point.phase, chaotic.scales.point.phase) == ("ordered", "chaotic")
    assert ordered.W_var == "0.69"


def test_a_chosen_row_and_its_reasons():
    (row,) = phase("relu").summary(b_var=1, W_var="5/2").rows
    assert row.scales is None
    assert "grows without bound" in row.note
    assert phase("relu").summary(b_var=1).critical_W_var.mid == 2
    assert phase("gelu").summary(b_var="0.05", W_var=2).critical_W_var is None


def test_the_dual_may_be_given_and_changed():
    derived = ntk.dual("erf")
    assert phase(derived).critical_W_var(0.05).overlaps(phase("erf").critical_W_var(0.05))
    wrong = derived.replace(derivative_variance=derived.derivative_variance * 2)
    assert not phase(wrong).critical_W_var(0.05).overlaps(phase("erf").critical_W_var(0.05))
