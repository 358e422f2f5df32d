"""K and E[φ] of every activation that has a name, at ordinary and extreme points; refusals by name."""

import json
from pathlib import Path

import mpmath
import pytest
import sympy

from ntk_theory.activation import NAMED, activation
from ntk_theory.enclosure import enclose_kernel, enclose_mean
from ntk_theory.errors import DataError, DivergentExpectationError, EnclosureError
from ntk_theory.symbols import x

ENTRIES = json.loads((Path(__file__).parent / "reference.json").read_text())["entries"]
OWN = ["x*tanh(log(1 + exp(x)))", "sqrt(1 + x**2)", "tanh(x)*exp(-x**2/9)", "where(x > 0, tanh(x), x)"]
KINKED = ("softsign", "where(x > 0, tanh(x), x)")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_every_reference_value_to_all_its_digits(entry):
    # the third number of a reference point is the covariance
    numbers = {name: sympy.Rational(text) for name, text in entry["params"].items()}
    correlation = numbers["c"] / sympy.sqrt(numbers["q1"] * numbers["q2"])
    places = len(entry["value"].partition(".")[2])
    digits = max(5, min(36, len(entry["value"].lstrip("-0.")) - 1))
    found = enclose_kernel(
        entry["activation"],
        numbers["q1"],
        numbers["q2"],
        correlation,
        derivative=entry["id"].endswith("Kdot"),
        digits=digits,
    )
    with mpmath.workdps(50):
        gap = abs(mpmath.mpf(str(found.mid)) - mpmath.mpf(entry["value"]))
        assert gap <= found.radius + mpmath.mpf(10) ** -places
        assert found.radius <= mpmath.mpf(10) ** (2 - digits) * max(1, abs(mpmath.mpf(entry["value"])))


@pytest.mark.parametrize("name", [*NAMED, *OWN])
def test_quadrature_in_doubles_lies_near_for_every_name(name, gaussian_pair):
    act = activation(name)
    cuts = [float(piece.upper) for piece in act.pieces[:-1]]
    f = sympy.lambdify(x, act.expression, ["numpy", "scipy"])
    expected = gaussian_pair(f, f, 0.8, 1.3, -0.4, cuts=cuts)
    found = enclose_kernel(name, "0.8", "1.3", "-0.4", digits=8 if name in KINKED else 15)
    assert abs(float(found) - expected) < 1e-9 * max(1, abs(expected))


SMOOTH = ["tanh", "logistic", "softplus", "gelu", "relu", "erf", "silu"]


@pytest.mark.parametrize("name", SMOOTH)
def test_tiny_variances_follow_the_line_through_zero(name):
    # φ(x) = φ(0) + φ′(0)x + O(x²), with one-sided slopes for ReLU: K = φ(0)² + φ′(0)²κ + O(q)
    found = enclose_kernel(name, "1e-30", "1e-30", "0.5", digits=10)
    at_zero = {"logistic": 0.25, "softplus": float(sympy.log(2) ** 2)}.get(name, 0.0)
    assert abs(float(found) - at_zero) < 3e-30 + found.radius
    assert found.digits >= 10


@pytest.mark.parametrize("name", ["relu", "gelu", "softplus", "silu"])
@pytest.mark.slow
def test_large_variances_follow_relu(name):
    found = enclose_kernel(name, 10000, 10000, "0.5", digits=12)
    relu = enclose_kernel("relu", 10000, 10000, "0.5", digits=12)
    assert abs(float(found) / float(relu) - 1) < 2e-3
    assert found.radius < 1e-7


@pytest.mark.parametrize("name", ["tanh", "logistic", "gelu", "relu"])
def test_full_correlation_and_beside_it(name):
    full = enclose_kernel(name, 1, 1, 1, digits=20)
    assert full.overlaps(enclose_mean(name, 1, square=True, digits=25))
    near = enclose_kernel(name, 1, 1, "0.99999999999999999999", digits=20)
    slope = enclose_kernel(name, 1, 1, 1, derivative=True, digits=5)
    gap = float(full.mid - near.mid)
    assert -near.radius - full.radius <= gap <= 1.1e-20 * float(slope) + near.radius + full.radius
    mirrored = enclose_kernel(name, 1, 1, -1, digits=15)
    opposite = enclose_kernel(name, 1, 1, "-0.99999999999999999999", digits=15)
    assert abs(float(mirrored) - float(opposite)) < 1e-14


@pytest.mark.parametrize("name", ["tanh", "softplus", "gelu"])
def test_very_unequal_variances_go_over_to_a_product(name):
    # v = √q₂ t with q₂ → 0 is as good as linear: K = E[φ]φ(0) + c√(q₁q₂) E[φ′]φ′(0) + O(q₂)
    found = enclose_kernel(name, 25, "1e-8", "0.5", digits=12)
    act = activation(name)
    value, slope = (float(f.subs(x, 0)) for f in (act.expression, act.expression.diff(x)))
    mean, rise = (float(enclose_mean(f, 25, digits=15)) for f in (act.expression, act.derivative.expression))
    assert abs(float(found) - (mean * value + 0.5 * 5e-4 * rise * slope)) < 1e-7


@pytest.mark.parametrize("digits", [5, 17, 40, 80])
def test_any_number_of_digits(digits):
    found = enclose_kernel("logistic", 1, 1, "0.5", digits=digits)
    assert found.digits >= digits
    half = enclose_kernel("tanh", "0.25", "0.25", "0.5", digits=digits)  # K_logistic = 1/4 + K_tanh(q/4)/4
    assert abs(found.mid - (half.mid / 4 + sympy.Rational(1, 4))) <= found.radius + half.radius


@pytest.mark.slow
def test_two_hundred_digits():
    found = enclose_kernel("logistic", 1, 1, "0.5", digits=200)
    assert found.digits >= 200
    assert found.overlaps(enclose_kernel("logistic", 1, 1, "0.5", digits=60))


def test_what_has_no_value_is_refused_by_name():
    with pytest.raises(EnclosureError, match="jumps at 0"):
        enclose_kernel("step", 0, 1, "0.3")
    with pytest.raises(DivergentExpectationError, match="jumps"):
        enclose_kernel("sign", 1, 1, "0.3", derivative=True)
    with pytest.raises(DataError, match="q1"):
        enclose_kernel("tanh", -1, 1, "0.3")
    with pytest.raises(DataError, match="c = 2"):
        enclose_kernel("tanh", 1, 1, 2)
    with pytest.raises(DataError, match="alpha"):
        enclose_kernel("max(x, alpha*x)", 1, 1, 0)
    with pytest.raises(DataError, match="variance"):
        enclose_mean("tanh", -1)


def test_numbers_beyond_all_doubles_print():
    # E[e^u e^v] = e^{(q₁ + q₂ + 2κ)/2}
    found = enclose_kernel("exp", 10000, 10000, "0.5", digits=12)
    assert found.contains(sympy.exp(15000))
    assert str(found).startswith("2.6135363739")
    assert "e+6501" in str(found) or "e+6502" in str(found)
