"""What the tables hold: forty different kernels, proven digits, derived laws, exact dispersions, verdicts."""

import csv
import io
import json
from fractions import Fraction

import mpmath
import pytest

from ntk_theory.errors import DataError
from ntk_theory.finite_width import relu_ntk_dispersion
from ntk_theory.phase import phase
from ntk_theory.tables import table, widths
from ntk_theory.tables.critical import ACTIVATIONS as CRITICAL
from ntk_theory.tables.critical import DIGITS, critical
from ntk_theory.tables.formats import comma_separated
from ntk_theory.tables.kernels import ACTIVATIONS
from ntk_theory.tables.rates import leading
from ntk_theory.tables.verdicts import claims


def rows_of(made):
    return list(csv.DictReader(io.StringIO(comma_separated(made))))


def test_forty_activations_and_none_twice():
    assert len(ACTIVATIONS) == len(set(ACTIVATIONS)) == 40


@pytest.mark.slow
def test_forty_kernels_differ_and_every_certificate_holds():
    rows = rows_of(table("kernels"))
    kernels = [row["formula"] for row in rows if row["dual"] == "K"]
    assert len(kernels) == len(set(kernels)) == 40
    assert all(Fraction(row["checks"]) == 1 for row in rows)
    relu = next(row for row in rows if row["source"].endswith("derive relu"))
    assert relu["formula"] == "sqrt(q1*q2)*(c*(pi - acos(c)) + sqrt(1 - c**2))/(2*pi)"


@pytest.mark.slow
def test_critical_points_satisfy_their_equations():
    rows = {row["activation"]: row for row in rows_of(critical())}
    assert list(rows) == list(CRITICAL)
    # χ₁ = σ_w²E[φ′²] = 1 and q = σ_w²E[φ²] + σ_b² for tanh, by mpmath's quadrature
    q = float(phase("tanh").critical_points("0.05", digits=15)[-1].q)

    def mean(f):
        with mpmath.workdps(20):
            return mpmath.quad(lambda z: f(mpmath.sqrt(q) * z) * mpmath.npdf(z), mpmath.linspace(-8, 8, 9))

    W_var = 1 / mean(lambda h: mpmath.sech(h) ** 4)
    assert abs(W_var - mpmath.mpf(rows["tanh"]["W_var at b_var 0.05"])) < 10 ** (2 - DIGITS)
    assert abs(q - W_var * mean(lambda h: mpmath.tanh(h) ** 2) - mpmath.mpf("0.05")) < 1e-9
    assert rows["gelu"]["class"] == "half-stable"
    assert rows["gelu"]["W_var at b_var 0"] == ""
    assert rows["softplus"]["class"] == "none"


def test_leading_terms_of_derived_laws():
    deep = phase("relu").asymptotics()
    law, coefficient = leading(1 - deep.correlation, deep)
    assert str(law) == "9*pi**2/(2*l**2)"
    assert coefficient is not None
    assert coefficient.contains(9 * mpmath.pi**2 / 2)
    assert str(leading(deep.ntk_ratio, deep)[0]) == "1/4"
    assert str(leading(deep.condition, deep)[0]) == "m/3 + 1"


def test_dispersions_are_the_exact_ones(monkeypatch):
    monkeypatch.setattr(widths, "WIDTHS", (16,))
    monkeypatch.setattr(widths, "EXACT", (("relu", "2", "0"),))
    finite, limit = rows_of(widths.dispersion())
    for ratio in widths.RATIOS:
        exact = relu_ntk_dispersion(16, int(16 * ratio), 2**0.5, 0.0)
        assert float(finite[f"lambda {ratio}"]) == pytest.approx(exact, rel=1e-5)
        r = float(ratio)
        closed = ((9 * r**2 + 6 * r - 1) * mpmath.exp(5 * r) + mpmath.exp(-r)) / (27 * r**2)
        assert float(limit[f"lambda {ratio}"]) == pytest.approx(float(closed), rel=1e-5)
    assert limit["n"] == "oo"


CLAIM = {
    "id": "a",
    "statement": "at $\\chi_1 > 1$ it moves",
    "verdict": "REFUTED",
    "alpha": 1.2e-6,
    "evidence": "5\\% of runs",
    "command": "python -m paper.study --only a",
}


def test_claims_of_a_file(tmp_path):
    path = tmp_path / "claims.json"
    path.write_text(json.dumps({"claims": [CLAIM, {**CLAIM, "alpha": None}, {**CLAIM, "verdict": "UNDECIDED"}]}))
    made = claims(path)
    assert r"at \(\chi_1 > 1\) it moves & REFUTED & 2e-6 & 5\% of runs \\ % python -m paper.study" in made.tex()
    assert [row["alpha"] for row in rows_of(made)] == ["2e-6", "", ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "is no JSON"),
        ("{}", "holds no claims"),
        ('{"claims": []}', "holds no claims"),
        (json.dumps({"claims": [{**CLAIM, "verdict": "TRUE"}]}), "Claim 1 .*'TRUE'"),
        (json.dumps({"claims": [CLAIM, {"statement": "x"}]}), "Claim 2 .*no verdict"),
    ],
)
def test_files_without_claims_are_refused(tmp_path, content, message):
    path = tmp_path / "claims.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        claims(path)
