"""Source text in other languages: what it computes where it runs, against quadrature; Price's law; refusals."""

import shutil
import subprocess

import numpy as np
import pytest
from scipy.special import erf

import ntk_theory as ntk
from ntk_theory.codegen import source
from ntk_theory.codegen.targets import TARGETS
from ntk_theory.errors import DataError, NotInClassError
from ntk_theory.gaussian.special import Orthant
from ntk_theory.symbols import c

# (φ, φ′, where they are not smooth)
CASES = {
    "relu": (lambda u: np.maximum(u, 0), lambda u: (u > 0) * 1.0, (0.0,)),
    "erf": (erf, lambda u: 2 / np.sqrt(np.pi) * np.exp(-(u**2)), ()),
    "elu": (lambda u: np.where(u > 0, u, np.expm1(np.minimum(u, 0))), lambda u: np.exp(np.minimum(u, 0)), (0.0,)),
    "hard_tanh": (lambda u: np.clip(u, -1, 1), lambda u: (np.abs(u) < 1) * 1.0, (-1.0, 1.0)),
    "max(x, 0)**(5/2)": (lambda u: np.maximum(u, 0) ** 2.5, lambda u: 2.5 * np.maximum(u, 0) ** 1.5, (0.0,)),
    "softplus": (lambda u: np.logaddexp(u, 0), lambda u: 1 / (1 + np.exp(-u)), ()),
}
POINTS = np.array([[0.7, 1.1, 0.35], [2.0, 2.0, -0.6], [1.3, 0.5, 0.99]])


def loaded(text):
    """The names that a module of this text defines."""
    names = {}
    exec(compile(text, "<printed>", "exec"), names)
    return names


def quadratures(name, gaussian_pair):
    """K and K̇ at all points, V and E[φ′²] at their q1."""
    f, g, cuts = CASES[name]
    kernel, derivative = ([gaussian_pair(h, h, *p, cuts) for p in POINTS] for h in (f, g))
    variance, square = ([gaussian_pair(h, h, q, q, 1.0, cuts) for q in POINTS[:, 0]] for h in (f, g))
    return {"kernel": kernel, "derivative": derivative, "variance": variance, "derivative_variance": square}


def tolerance(name):
    return 1e-7 if "5/2" in name else 1e-10  # a root at the kink is beyond the panels


@pytest.mark.parametrize("name", CASES)
def test_numpy(name, gaussian_pair):
    module = loaded(source(ntk.dual(name), "numpy"))
    for function, exact in quadratures(name, gaussian_pair).items():
        arguments = POINTS.T if "variance" not in function else POINTS.T[:1]
        np.testing.assert_allclose(module[function](*arguments), exact, rtol=tolerance(name))


def test_at_the_ends_of_the_correlation_stand_the_limits():
    for name in ("relu", "elu", "hard_tanh", "gelu"):
        module = loaded(source(ntk.dual(name), "numpy"))
        assert module["kernel"](1.5, 1.5, 1.0) == pytest.approx(module["variance"](1.5), rel=1e-12)
        assert np.isfinite(module["derivative"](np.ones(2), 2 * np.ones(2), np.array([1.0, -1.0]))).all()


def test_parameters_are_arguments_and_shapes_those_that_come_in():
    module = loaded(source(ntk.dual("leaky_relu(x, alpha)"), "numpy"))
    fixed = loaded(source(ntk.dual("leaky_relu(x, 1/5)"), "numpy"))
    np.testing.assert_allclose(module["kernel"](*POINTS.T, 0.2), fixed["kernel"](*POINTS.T), rtol=1e-15)
    # γ is 1 + c in the printed formulas; lambda is a word of Python's
    wave = loaded(source(ntk.dual("sin(gamma*x) + 0*x"), "numpy"))
    assert wave["variance"](0.5, 2.0) == pytest.approx((1 - np.exp(-4.0)) / 2)
    step = loaded(source(ntk.dual("sign"), "numpy"))
    assert step["kernel"](np.ones((3, 1)), np.ones(4), 0.5).shape == (3, 4)
    assert step["variance"](np.ones(3)).shape == (3,)


@pytest.mark.parametrize("name", [n for n in CASES if "5/2" not in n])
def test_torch_and_its_gradients(name, gaussian_pair):
    torch = pytest.importorskip("torch")
    module = loaded(source(ntk.dual(name), "torch"))
    exact = quadratures(name, gaussian_pair)
    q1, q2, c = (torch.tensor(v, requires_grad=True) for v in POINTS.T)
    kernel, derivative = module["kernel"](q1, q2, c), module["derivative"](q1, q2, c)
    np.testing.assert_allclose(kernel.detach(), exact["kernel"], rtol=1e-10)
    np.testing.assert_allclose(derivative.detach(), exact["derivative"], rtol=1e-10)
    np.testing.assert_allclose(module["variance"](q1).detach(), exact["variance"], rtol=1e-10)
    (slope,) = torch.autograd.grad(kernel.sum(), c)
    np.testing.assert_allclose(slope, (torch.sqrt(q1 * q2) * derivative).detach(), rtol=1e-9)
    single = [torch.tensor(v, dtype=torch.float32) for v in POINTS.T]
    assert module["kernel"](*single).dtype == torch.float32


@pytest.mark.skipif(shutil.which("julia") is None, reason="Julia is not installed")
@pytest.mark.parametrize("name", [n for n in CASES if "5/2" not in n])
def test_julia(name, gaussian_pair, tmp_path):
    calls = [
        f"println({f}({', '.join(map(repr, map(float, p)))}))" for f in ("kernel", "derivative") for p in POINTS
    ]
    program = tmp_path / "kernel.jl"
    program.write_text("\n".join([source(ntk.dual(name), "julia"), *calls]))
    result = subprocess.run(["julia", program], capture_output=True, text=True, timeout=300)
    if "Package SpecialFunctions not found" in result.stderr:
        pytest.skip("the printed module imports Julia's SpecialFunctions, a package that is not installed here")
    exact = quadratures(name, gaussian_pair)
    printed = [float(v) for v in result.stdout.split()]
    np.testing.assert_allclose(printed, [*exact["kernel"], *exact["derivative"]], rtol=1e-10)


def test_julia_is_julia():
    text = source(ntk.dual("elu"), "julia")
    assert text.count("\nfunction ") == text.count("\nend\n")
    assert not any(foreign in text for foreign in ("**", "numpy", "torch", " .* ", "def "))
    assert "function kernel(q1, q2, c)" in text
    assert "import HypergeometricFunctions" in source(ntk.dual("max(x, 0)**(5/2)"), "julia")


@pytest.mark.parametrize(
    ("name", "target", "error", "message"),
    [
        ("relu", "matlab", DataError, "'matlab' is not among numpy, torch, julia"),
        ("max(x, 0)**(5/2)", "torch", NotInClassError, "PyTorch has no function for Hypergeometric"),
        ("softsign", "numpy", NotInClassError, "has kinks"),
    ],
)
def test_what_is_refused(name, target, error, message):
    with pytest.raises(error, match=message):
        source(ntk.dual(name), target)


def test_a_function_that_no_language_has_is_refused():
    probability = Orthant(0, 0, 0, c / 2, c / 3, c / 4)
    for target in TARGETS:
        with pytest.raises(NotInClassError, match="no function for Orthant"):
            source(ntk.dual("relu").replace(kernel=probability), target)
