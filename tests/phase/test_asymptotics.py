"""Depth asymptotics against iterations of the exact maps in ball arithmetic, down to 10⁴ layers.

Kernels here are the published closed forms (Cho & Saul 2009, Williams 1996, E[sin u sin v]), not the package's.
Leading orders are approached like log l/l or l^(-1/2), so the next order is compared as well: what is left
must fall as the remainder says.
"""

import json
import math
from itertools import pairwise

import pytest
import sympy
from flint import arb, ctx

from ntk_theory.activation import activation
from ntk_theory.enclosure import enclose
from ntk_theory.errors import DataError, DivergentExpectationError, EnclosureError, NoFixedPointError
from ntk_theory.phase import phase
from ntk_theory.phase.asymptotics import m
from ntk_theory.phase.near_one import near_one
from ntk_theory.phase.power_law import l, power_law

BITS = 256


def arc_cosine(left, right):
    """K and K̇ of φ = right·max(x, 0) + left·min(x, 0)."""

    def kernel(q1, q2, c):
        angle, size = c.acos(), (q1 * q2).sqrt()
        even = ((1 - c * c).sqrt() + (arb.pi() - angle) * c) / (2 * arb.pi())
        odd = ((1 - c * c).sqrt() - angle * c) / (2 * arb.pi())
        return size * ((left**2 + right**2) * even - 2 * left * right * odd)

    def slope(_q1, _q2, c):
        angle = c.acos() / (2 * arb.pi())
        return (left**2 + right**2) * (arb(1) / 2 - angle) + 2 * left * right * angle

    return kernel, slope


def erf_kernel(q1, q2, c):
    return 2 / arb.pi() * (2 * c * (q1 * q2).sqrt() / ((1 + 2 * q1) * (1 + 2 * q2)).sqrt()).asin()


def erf_slope(q1, q2, c):
    return 4 / arb.pi() / ((1 + 2 * q1) * (1 + 2 * q2) - 4 * c * c * q1 * q2).sqrt()


def bent_sine(k):
    """K and K̇ of sin x + k(1 - cos x)."""

    def kernel(q1, q2, c):
        both, cross = (-(q1 + q2) / 2).exp(), c * (q1 * q2).sqrt()
        ones = 1 - (-q1 / 2).exp() - (-q2 / 2).exp()
        return both * cross.sinh() + k**2 * (ones + both * cross.cosh())

    def slope(q1, q2, c):
        both, cross = (-(q1 + q2) / 2).exp(), c * (q1 * q2).sqrt()
        return both * cross.cosh() + k**2 * both * cross.sinh()

    return kernel, slope


def iterated(kernel, slope, W, b, q, c, layers, keep):
    """(q, 1 - c, Θ(x, x), Θ(x, x′), their difference) at the layers `keep`, by the exact recursion, Θ¹ = Σ¹."""
    one, covariance, diagonal, ntk, found = arb(1), q * c, q, q * c, {}
    for layer in range(1, layers + 1):
        if layer in keep:
            found[layer] = tuple(map(float, (q, 1 - covariance / q, diagonal, ntk, diagonal - ntk)))
        gain, cross = W * slope(q, q, one), W * slope(q, q, covariance / q)
        q, covariance = W * kernel(q, q, one) + b, W * kernel(q, q, covariance / q) + b
        diagonal, ntk = q + gain * diagonal, covariance + cross * ntk
        q, covariance, diagonal, ntk = (arb(value.mid()) for value in (q, covariance, diagonal, ntk))
    return found


def run(kernel, slope, W, b, q, c=0.3, layers=10_000, keep=(2500, 5000, 10_000)):
    with ctx.workprec(BITS):
        return iterated(kernel, slope, arb(W), arb(b), arb(q), arb(c), layers, keep)


def two_orders(found, law, distance, ratio):
    """Both orders hold: u = δ^-κ less A·l(1 + E) and the ratio's rest times l settle as l doubles."""
    kappa, speed = float(law.kappa), float(law.speed)
    rest, gap = [], []
    for layer, (_, delta, diagonal, ntk, _) in found.items():
        at = {l: layer}
        rest.append(delta**-kappa - speed * layer * (1 + float(law.correction.subs(at))))
        gap.append(layer * (ntk / diagonal - float(ratio.subs(at))))
        assert delta == pytest.approx(float(distance.subs(at)), rel=40 * math.log(layer) / layer)
    return rest, gap


@pytest.mark.parametrize(
    ("name", "left", "right", "left_over"),
    [("relu", 0, 1, 0.05), ("leaky_relu", 0.1, 1, 0.05), ("abs", -1, 1, 0.05), ("abrelu", 0.5, 1, 0.3)],
)
def test_homogeneous_activations_have_their_constants(name, left, right, left_over):
    found = run(*arc_cosine(arb(left), arb(right)), 2 / (arb(left) ** 2 + arb(right) ** 2), 0, 1)
    derived = phase(name).asymptotics()
    bend = sympy.Rational(right - left).limit_denominator(10) ** 2
    spread = bend / (sympy.Rational(left).limit_denominator(10) ** 2 + right**2)
    expected = 1 - 9 * sympy.pi**2 / (2 * spread**2 * l**2) * (1 - 3 * sympy.log(l) / l)
    assert sympy.simplify(derived.correlation - expected) == 0
    assert derived.ntk_ratio == sympy.Rational(1, 4) + 3 * sympy.log(l) / (8 * l)
    law = power_law(
        near_one(activation(name)), 2 / sympy.Rational(1 + sympy.Rational(left).limit_denominator(10) ** 2)
    )
    rest, gap = two_orders(found, law, 1 - derived.correlation, derived.ntk_ratio)
    # u - A l(1 + E) tends to a constant like log l/l; without log l it would grow by A·(3/2)·log 2 a doubling
    assert abs(rest[2] - rest[1]) < left_over * float(law.speed) * 1.5 * math.log(2)
    assert abs(gap[2] - gap[1]) < left_over * 0.375 * math.log(2)


def test_relu_has_the_values_of_the_reference():
    # ntk/relu/ratio_seq: orthogonal inputs, Θ(x, x′)/Θ(x, x) at depth 100, 1000, 10000
    found = run(*arc_cosine(arb(0), arb(1)), 2, 0, 1, c=0, keep=(100, 1000, 10_000))
    ratios = [ntk / diagonal for _, _, diagonal, ntk, _ in found.values()]
    assert ratios == pytest.approx([0.272667587783423, 0.253293421459226, 0.250417449027929], rel=1e-12)
    derived = phase("relu").asymptotics()
    assert derived.condition_number(7).subs(l, 10**9).evalf(12) == pytest.approx((7 + 3) / 3, abs=1e-5)
    assert derived.value("ntk_ratio", 10_000).contains(sympy.Rational(1, 4) + 3 * sympy.log(10_000) / 80_000)


def test_smooth_activations_at_criticality():
    point = phase("erf").critical_points("0.05", digits=40)[0]
    found = run(erf_kernel, erf_slope, point.W_var.ball, arb("0.05"), point.q.ball)
    derived = phase("erf").asymptotics(b_var="0.05")
    values = {c.symbol: float(c.value) for c in derived.constants}
    assert derived.phase == "critical"
    assert sympy.limit(derived.ntk_ratio, l, sympy.oo) == sympy.Rational(1, 3)
    assert sympy.limit(derived.condition_number(), l, sympy.oo) == (m + 2) / 2
    from ntk_theory.symbols import q

    near = near_one(activation("erf"))
    at = {q: sympy.Float(str(point.q.mid), 30)}
    terms = [type(t)(t.power, t.coefficient.subs(at).evalf(20)) for t in (near.leading, near.second)]
    law = power_law(type(near)(*terms), sympy.Float(str(point.W_var.mid), 30))
    assert values[sympy.Symbol("a", positive=True)] == pytest.approx(float(law.speed), rel=1e-12)
    rest, gap = two_orders(found, law, 1 - derived.correlation.subs(values), derived.ntk_ratio.subs(values))
    slope = float(law.correction.subs(l, 1000) * 1000 / math.log(1000) * law.speed)
    assert abs(rest[2] - rest[1]) < 0.02 * abs(slope) * math.log(2)
    assert abs(gap[2] - gap[1]) < 0.05 * abs(float(law.ratio_correction.subs(l, 1000) * 1000 / 10))


def test_a_jump_of_the_second_derivative_gives_half_powers():
    # relu²: φ″ jumps by 2 at 0. Arc-cosine kernel of order 2, at χ₁ = 1, whatever the variance does
    def kernel(_q1, _q2, c):
        angle = c.acos()
        sine = (1 - c * c).sqrt()
        return (3 * sine * c + (arb.pi() - angle) * (1 + 2 * c * c)) / (2 * arb.pi())

    keep, W = (2500, 5000, 10_000), arb(1) / 2  # D(q) = 4·(1/2) at q = 1
    with ctx.workprec(BITS):
        c, found = arb("0.3"), {}
        for layer in range(1, 10_001):
            if layer in keep:
                found[layer] = float(1 - c)
            c = arb((1 - W * (kernel(1, 1, arb(1)) - kernel(1, 1, c))).mid())
    from ntk_theory.symbols import q

    near = near_one(activation("relu2"))
    terms = [
        type(t)(t.power, sympy.nsimplify(enclose(t.coefficient, {q: 1}).mid, [sympy.sqrt(2) / sympy.pi]))
        for t in (near.leading, near.second)
    ]
    law = power_law(type(near)(*terms), sympy.Rational(1, 2))
    assert law.speed == sympy.Rational(1, 2)
    beta = float(law.correction.subs(l, 1))
    rest = [1 / d - float(law.speed) * k * (1 + float(law.correction.subs(l, k))) for k, d in found.items()]
    lost = float(law.speed) * abs(beta) * (math.sqrt(10_000) - math.sqrt(5000))
    assert abs(rest[2] - rest[1]) < 0.05 * lost  # what is left grows like log l
    assert law.ratio_correction.has(sympy.sqrt(l)) or law.ratio_correction.has(l)


def test_hard_tanh_from_its_two_kinks():
    # F″(δ) = -2σ_w² q (p(1, 1; c) - p(1, -1; c)), p the density of the pair: integrated from 0 with t = s²
    import numpy as np

    point = phase("hard_tanh").critical_points("0.05", digits=15)[0]
    variance, W = float(point.q), float(point.W_var)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    nodes, weights = (nodes + 1) / 2, weights / 2

    def bend(t):
        spread = t * (2 - t)
        near, far = np.exp(-1 / (variance * (2 - t))), np.exp(-1 / (variance * np.maximum(t, 1e-300)))
        return (near - far) / (np.pi * np.sqrt(spread))  # = 2q(p(1, 1) - p(1, -1))

    delta, found = 0.7, {}
    for layer in range(1, 10_001):
        if layer in (2500, 5000, 10_000):
            found[layer] = delta
        s = np.sqrt(delta) * nodes
        delta -= W * np.sum(weights * np.sqrt(delta) * 2 * s * (delta - s * s) * bend(s * s))
    derived = phase("hard_tanh").asymptotics(b_var="0.05")
    a = float(derived.constants[-1].value)
    rest = [d**-0.5 - a / 2 * k * (1 + 1.5 * math.log(k) / k) for k, d in found.items()]
    assert abs(rest[2] - rest[1]) < 0.02 * a / 2 * 1.5 * math.log(2)
    assert derived.ntk_ratio == sympy.Rational(1, 4) + 3 * sympy.log(l) / (8 * l)


def test_relu_with_biases_at_two():
    found = run(*arc_cosine(arb(0), arb(1)), 2, 1, 1)
    derived = phase("relu").asymptotics(2, 1)
    assert derived.ntk_ratio == sympy.Rational(4, 7)
    assert derived.correlation == 1 - 9 * sympy.pi**2 / (8 * l**2)
    gaps = []
    for layer, (variance, delta, diagonal, ntk, _) in found.items():
        assert variance == layer
        gaps.append((layer**2 * delta / (9 * math.pi**2 / 8) - 1, 1.75 * ntk / diagonal - 1))
        assert diagonal == pytest.approx(layer**2 / 2, rel=2 / layer)
    for first, second in pairwise(gaps):  # O(l^(-1/2))
        assert second[0] / first[0] == pytest.approx(2**-0.5, abs=0.1)
        assert abs(second[1]) < abs(first[1]) < 0.1


def test_the_bias_free_start_of_the_line_keeps_correlations_and_freezes_the_ntk():
    found = run(erf_kernel, erf_slope, arb.pi() / 4, 0, 1)
    derived = phase("erf").asymptotics()
    drift = sympy.expand(l * (derived.correlation - sympy.limit(derived.correlation, l, sympy.oo)))
    limit = sympy.Symbol("c_oo", real=True)
    layer = 10_000
    # c_∞ from c at 10⁴ by the derived drift, then everything at 5·10³ from it
    c_oo = sympy.nsolve(limit + drift / layer - (1 - found[layer][1]), limit, 0.5)
    at = {l: 5000, limit: c_oo}
    assert float(derived.correlation.subs(at)) == pytest.approx(1 - found[5000][1], abs=2e-8)
    assert abs(float(drift.subs(limit, c_oo)) / 5000) > 100 * 2e-8
    rest = {"variance": [], "ntk_diagonal": [], "ntk": []}
    for k, (variance, _, diagonal, ntk, _) in found.items():
        at = {l: k, limit: c_oo}
        rest["variance"].append(
            k * (variance * k / sympy.limit(derived.variance * l, l, sympy.oo) - 1)
            - k * (derived.variance.subs(at) * k / sympy.limit(derived.variance * l, l, sympy.oo) - 1)
        )
        rest["ntk_diagonal"].append(k * (diagonal - derived.ntk_diagonal.subs(at)))
        rest["ntk"].append(k * (ntk - derived.ntk.subs(at)))
    for name, values in rest.items():
        before = [float(v) for v in values]
        assert abs(before[2] - before[1]) < 0.02 * max(0.1, abs(before[2])), name


def test_a_second_derivative_at_zero_brings_correlations_to_one_half():
    found = run(*bent_sine(arb("0.9")), 1, 0, arb("0.1"), keep=(2500, 5000, 10_000))
    derived = phase("sin(x) + 9/10*(1 - cos(x))").asymptotics()
    e2, A = 0.2025, 0.3925
    gaps = [0.5 - (1 - delta) for _, delta, _, _, _ in found.values()]
    assert gaps[2] / gaps[1] == pytest.approx(2 ** -(e2 / A), rel=5e-3)
    assert sympy.simplify(
        derived.correlation.diff(l) * l / (derived.correlation - sympy.Rational(1, 2))
    ) == -sympy.Rational(81, 157)
    assert float(derived.ntk_diagonal) == pytest.approx(1 / 0.19)
    assert float(derived.ntk) == pytest.approx(0.5 / 0.595)
    assert found[10_000][2] == pytest.approx(1 / 0.19, rel=0.1)
    assert found[10_000][3] == pytest.approx(0.5 / 0.595, rel=0.05)


_LONG = [pytest.param(name, marks=pytest.mark.slow) for name in ("where(x > 0, tanh(x), sin(x))", "softsign")]


@pytest.mark.parametrize("name", ["elu", "hard_tanh", *_LONG])
def test_activations_whose_sides_differ_at_zero_vanish_by_their_laws(name):
    derived, length = phase(name).asymptotics(), phase(name).length_map
    variance = diagonal = arb("0.2")
    gaps, sizes = [], []
    for layer in range(2, 1601):
        gain, variance = arb(length.gain(variance).mid()), arb(length.variance(variance).mid())
        diagonal = variance + gain * diagonal
        if layer in (400, 800, 1600):
            at = float(derived.variance.subs(l, layer))
            gaps.append(float(variance) / at - 1)
            sizes.append(float(diagonal) / (layer * float(variance)))
    if name == "hard_tanh":  # the next factor is 1 + O(log log l/log l)
        assert abs(gaps[2]) < abs(gaps[1]) < abs(gaps[0]) < 0.2
        assert abs(sizes[2] - 1) < abs(sizes[1] - 1) < abs(sizes[0] - 1) < 0.1
    else:  # 1 + O(1/l), with no log l/l left
        assert gaps[2] == pytest.approx(gaps[1] / 2, rel=0.1)
        assert gaps[1] == pytest.approx(gaps[0] / 2, rel=0.1)
        assert abs(sizes[2] - 1) < 0.6 * abs(sizes[1] - 1) + 1e-3


def test_ordered_phases_merge_at_their_rates():
    for name, kernel, slope, W, b in (
        ("erf", erf_kernel, erf_slope, 1, "0.05"),
        ("relu", *arc_cosine(arb(0), arb(1)), 1, "0.05"),
    ):
        derived = phase(name).asymptotics(W, b)
        point = phase(name).fixed_point(W, b, digits=60)
        found = run(kernel, slope, W, arb(b), point.q.ball, layers=160, keep=(30, 40, 80, 160))
        chi, values = float(point.chi_1), {c.symbol: float(c.value) for c in derived.constants}
        D = found[160][1] * chi**-160
        letters = {key: sympy.Float(value, 40) for key, value in values.items()}
        letters[sympy.Symbol("D", positive=True)] = sympy.Float(D, 40)
        for layer in (30, 40):
            guess = float((1 - derived.correlation.subs({l: layer, **letters})).evalf(40))
            first = D * chi**layer
            assert abs(guess - found[layer][1]) < 0.2 * abs(first - found[layer][1]), name
        gaps = {}
        for layer in (80, 160):
            exact = found[layer][4] * (1 - chi) / float(point.q)
            gaps[layer] = exact / float((1 - derived.ntk_ratio).subs({l: layer, **letters}).evalf(60)) - 1
        # O(1/l) where φ′ is continuous; exponential in l, times l, where it jumps
        assert abs(gaps[160]) < 0.55 * abs(gaps[80]), name
        assert abs(gaps[160]) < 0.05, name


def test_the_chaotic_phase_leaves_the_identity():
    derived = phase("erf").asymptotics(2, "0.05")
    point = phase("erf").fixed_point(2, "0.05", digits=60)
    found = run(erf_kernel, erf_slope, 2, arb("0.05"), point.q.ball, c=0.9, layers=300, keep=(40, 60, 150, 300))
    values = {c.symbol: sympy.Float(str(c.value.mid), 15) for c in derived.constants}
    c_star, rate = (float(values[sympy.Symbol(name, positive=True)]) for name in ("c_star", "chi_c"))
    D = (1 - found[150][1] - c_star) * rate**-150
    letters = values | {sympy.Symbol("D", real=True): D}
    first = c_star + D * rate**40
    guess = float(derived.correlation.subs({l: 40, **letters}))
    assert abs(guess - (1 - found[40][1])) < 0.25 * abs(first - (1 - found[40][1]))
    for layer in (150, 300):
        _, _, diagonal, ntk, _ = found[layer]
        assert ntk == pytest.approx(float(derived.ntk.subs({l: layer, **letters})), rel=1e-4)
        assert ntk / diagonal == pytest.approx(float(derived.ntk_ratio.subs({l: layer, **letters})), rel=1e-4)
        number = (diagonal + 4 * ntk) / (diagonal - ntk)
        assert number - 1 == pytest.approx(
            float(derived.condition_number(5).subs({l: layer, **letters})) - 1, rel=1e-3
        )


def test_homogeneous_networks_do_not_see_the_weights_variance():
    at = [phase("relu").asymptotics(W) for W in (1, 2, 3)]
    assert len({(a.correlation, a.ntk_ratio) for a in at}) == 1
    assert {a.phase for a in at} == {"ordered", "critical", "chaotic"}
    outgrown = phase("relu").asymptotics(3, 1)
    found = run(*arc_cosine(arb(0), arb(1)), 3, 1, 1, layers=1500, keep=(750, 1500))
    assert outgrown.correlation == at[0].correlation
    gap = [k * (f[3] / f[2] - 0.25 - 0.375 * math.log(k) / k) for k, f in found.items()]
    assert abs(gap[1] - gap[0]) < 0.05 * 0.375 * math.log(2)


def test_other_places():
    vanishing = phase("tanh").asymptotics("0.5", 0)
    assert "vanishes" in vanishing.law
    assert vanishing.ntk_ratio == sympy.Symbol("c_oo", real=True)
    assert phase("relu6").asymptotics("0.5", 0).correlation == phase("relu").asymptotics().correlation
    assert phase("identity").asymptotics().correlation == sympy.Symbol("c_1", real=True)
    logistic = phase("logistic").asymptotics()
    assert logistic.constants[0].value.overlaps(phase("logistic").critical_points(0)[0].q)


def test_results_print_and_go_through_json():
    for name, arguments in (("relu", {}), ("tanh", {"b_var": "0.05"}), ("elu", {"W_var": "0.5", "b_var": "0.1"})):
        derived = phase(name).asymptotics(**arguments)
        record = json.loads(json.dumps(derived.as_dict()))
        assert sympy.sympify(record["ntk_ratio"], {"l": l, "m": m}).has(l)
        assert str(derived.ntk_ratio) in str(derived)
        assert derived.latex().startswith(r"\begin{align*}")


def test_what_has_no_limit_is_refused_by_name():
    with pytest.raises(DivergentExpectationError, match="jumps"):
        phase("sign").asymptotics()
    with pytest.raises(NoFixedPointError):
        phase("x**3").asymptotics(1, 1)
    with pytest.raises(NoFixedPointError, match="repel"):
        phase("gelu").asymptotics(b_var="0.05")
    with pytest.raises(NoFixedPointError, match="σ_w² = 0"):
        phase("relu").asymptotics(0, 0)
    with pytest.raises(DataError, match="W_var"):
        phase("tanh").asymptotics(-1, 0)
    with pytest.raises(DataError, match="at least 2"):
        phase("relu").asymptotics().condition_number(1)
    with pytest.raises(DataError, match="inputs = 'a'"):
        phase("relu").asymptotics().condition_number("a")
    for layer in (0, "a", 1.5):
        with pytest.raises(DataError, match="layer ="):
            phase("relu").asymptotics().value("ntk_ratio", layer)
    with pytest.raises(NoFixedPointError, match="constant"):
        phase("5").asymptotics(1, 1)
    with pytest.raises(NoFixedPointError, match="constant"):
        phase("5").critical_W_var("0.05")
    for q_max in (-1.0, 0.0, float("nan"), float("inf")):
        with pytest.raises(DataError, match="q_max"):
            phase("exp").fixed_points(1, 1, q_max=q_max)
        with pytest.raises(DataError, match="q_max"):
            phase("exp").critical_points(1, q_max=q_max)
        with pytest.raises(DataError, match="q_max"):
            phase("exp").universality(q_max=q_max)
    with pytest.raises(DataError, match="D is"):
        phase("erf").asymptotics(1, "0.05").value("correlation", 10)
    with pytest.raises(EnclosureError, match="can't be told from 1"):
        phase("tanh").asymptotics(str(phase("tanh").critical_W_var("0.05", digits=60).mid), "0.05", digits=5)
