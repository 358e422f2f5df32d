"""The closed class, member by member: a closed form for each, with every certificate, within its time."""

from time import process_time

import pytest

from ntk_theory.dual import dual

MEMBERS = [
    "step", "sign", "relu", "relu2", "relu3", "max(x, 0)**5", "max(x, 0)**k", "leaky_relu(x, alpha)",
    "abrelu(x, a, b)", "abs", "hard_tanh", "hard_sigmoid", "relu6", "hard_swish", "soft_shrink(x, t)",
    "hard_shrink(x, t)", "shifted_relu(x, t)", "triangle", "huber", "ternary", "erf", "erf_sigmoid", "probit",
    "erf(a*x + b)", "gelu", "x*erf(x)", "gaussian", "mexican_hat", "gabor", "elu(x, alpha)", "selu",
    "celu(x, alpha)", "exp(-abs(x))", "laplace_cdf", "sin", "cos", "sin(x) + cos(x)", "sin(a*x) + cos(b*x)",
    "snake(x, a)", "x*sin(x)", "exp", "sinh", "x**4", "x**5 - 10*x**3 + 15*x", "1 + x - x**2/3",
    "x**10 - 45*x**8 + 630*x**6 - 3150*x**4 + 4725*x**2 - 945", "rbf(x, gamma)", "erf(x)**2",
    "max(x, 0)**1.5", "max(x, 0)**p", "exp(a*x**2)",
]  # fmt: skip
SLOW = {"max(x, 0)*erf(x)", "x**10 - 45*x**8 + 630*x**6 - 3150*x**4 + 4725*x**2 - 945"}


@pytest.mark.parametrize("text", [pytest.param(t, marks=[pytest.mark.slow] * (t in SLOW)) for t in MEMBERS])
def test_members_have_closed_forms_with_certificates(text):
    derived = dual(text)
    assert derived.closed_form
    assert derived.certificates
    assert all(certificate.holds for certificate in derived.certificates)


def test_a_quantiser_of_sixteen_levels():
    steps = [f"heaviside(x - ({k})/4)" for k in range(-7, 8)]
    start = process_time()
    derived = dual(" + ".join(steps))
    assert process_time() - start < 5
    assert derived.closed_form
    assert len(derived.activation.jumps) == 15
    assert all(certificate.holds for certificate in derived.certificates)
