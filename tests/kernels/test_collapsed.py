"""Many pairs: the whole network as two polynomials, beside the map layer by layer."""

import jax
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.codegen.collapse import Domain
from ntk_theory.codegen.series import FINEST
from ntk_theory.errors import DataError
from ntk_theory.kernels import collapsed, gram

RNG = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(gram, "MANY_PAIRS", 1)


def spread(n, norms, features=40):
    """Inputs with angles of about π/2 ± 0.5 and log norms within ±`norms`."""
    x = RNG.normal(size=(n, features))
    return 6 * x * np.exp(RNG.uniform(-norms, norms, size=(n, 1))) / np.linalg.norm(x, axis=1, keepdims=True)


def layer_by_layer(network, *x):
    compiled = network.kernel_fn.compiled
    with jax.enable_x64(True):
        x = [np.asarray(v, np.float64) for v in x]
        found = jax.jit(compiled.symmetric if len(x) == 1 else compiled.pairs)(*x)
        return [np.asarray(matrix) for matrix in found[:2]]


def fits(kernel_fn):
    return {key: made for key, made in kernel_fn._made.items() if "Domain" in repr(key)}


def compared(network, x, most):
    """The kernels of one batch and of two, in both precisions, against those layer by layer."""
    kernel_fn = gram.KernelFunction(network.kernel_fn.compiled)
    for inputs, dtypes in (((x,), ("float64", "float32")), ((x[:6], x[6:]), ("float32",))):
        exact = layer_by_layer(network, *inputs)
        for dtype in dtypes:
            tolerance = {"float64": 1e-13, "float32": 1e-6}[dtype]
            found = kernel_fn(*(v.astype(dtype) for v in inputs))
            for matrix, right in zip(found, exact, strict=True):
                assert matrix.dtype == dtype
                # float32 rounds the inputs, and where they stand
                np.testing.assert_allclose(matrix, right, rtol=0, atol=np.max(right) * tolerance)
    for whole, _ in fits(kernel_fn).values():
        assert max(len(side.left) for side in (whole.nngp, whole.ntk)) < most
    return kernel_fn


def test_it_is_the_map_layer_by_layer():
    compared(ntk.mlp("erf", depth=3, W_std=1.4, b_std=0.3), spread(10, 0.2), most=80)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [3, 50])
@pytest.mark.parametrize("name", ["relu", "gelu", "tanh", "logistic"])
def test_at_any_depth(name, depth):
    compared(ntk.mlp(name, depth=depth, W_std=1.4, b_std=0.3), spread(10, 0.2), most=120)


def test_one_norm_needs_one_product_a_power():
    network = ntk.mlp("relu", depth=4, W_std=1.3, b_std=0.3)
    x = spread(9, 0.0, features=3)
    x[1], x[2], x[3] = x[0], -x[0], x[0] + 1e-6 * x[4]
    x *= 2 / np.linalg.norm(x, axis=1, keepdims=True)
    kernel_fn = compared(network, x, most=97)
    assert {whole.nngp.ranks[0] for whole, _ in fits(kernel_fn).values()} == {1}
    # another norm: other coefficients, the same program
    program = kernel_fn._made["evaluate", FINEST]
    before = program._cache_size()
    np.testing.assert_allclose(kernel_fn(1.5 * x).ntk, layer_by_layer(network, 1.5 * x)[1], rtol=1e-12)
    assert program._cache_size() <= before + 1  # at most for other lengths


def test_domains_hold_the_data_and_are_few():
    one = Domain(-0.11, 0.12, 1.31, 1.9).rounded()
    assert one.low <= -0.11 < 0.12 <= one.high
    assert one.near <= 1.31 < 1.9 <= one.far
    assert Domain(-0.12, 0.1, 1.3, 1.92).rounded() == one
    assert Domain(0.0, 0.0, 1e-5, 3.14).rounded().near > 0
    assert Domain(0.0, 0.0, 0.0, np.pi).rounded() == Domain(0.0, 0.0)
    half = Domain(0.0, 0.0, np.pi / 2, np.pi / 2).rounded()
    assert half.near < np.pi / 2 <= half.far


def test_what_has_no_short_polynomials_goes_layer_by_layer():
    network = ntk.mlp("relu", depth=2, b_std=0.1)
    kernel_fn = gram.KernelFunction(network.kernel_fn.compiled)
    x = spread(6, 0.0)
    for changed in (x * 10.0 ** np.arange(6)[:, None], x * np.arange(6)[:, None]):  # far apart, and a zero input
        np.testing.assert_allclose(kernel_fn(changed).ntk, layer_by_layer(network, changed)[1], rtol=1e-13)
    assert not fits(kernel_fn)
    with pytest.raises(DataError, match=r"x1\[2, 1\] is nan"):
        kernel_fn(np.where(np.arange(40) == 1, np.where(np.arange(6) == 2, np.nan, 1)[:, None], x))


def test_a_few_close_pairs_go_layer_by_layer_beside_the_polynomials():
    network = ntk.mlp("relu", depth=3, W_std=1.4, b_std=0.3)
    x = spread(280, 0.2)  # more than one block
    x[5], x[270] = x[4] * (1 + 1e-4), x[2] + 1e-3 * x[3]
    kernel_fn = gram.KernelFunction(network.kernel_fn.compiled)
    for inputs in ((x,), (x[:6], x[5:])):
        for found, right in zip(kernel_fn(*inputs), layer_by_layer(network, *inputs), strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-13)
    made = list(fits(kernel_fn).values())
    assert made[0] is None  # nothing short fits all pairs
    assert any(fit is not None for fit in made)


def test_no_pair_is_taken_for_a_close_one():
    folds = np.array([[[1.0, 0.5], [0.5, 1.0]]])
    two = collapsed.Measured(np.ones(2), None, folds, np.zeros(4))
    assert collapsed.close(two, 0.3) is None
    few = collapsed.close(two, 1.2)
    assert few is not None
    assert set(zip(few.rows.tolist(), few.columns.tolist(), strict=True)) == {(0, 1), (1, 0)}


def test_a_jump_has_its_nngp():
    network = ntk.mlp("sign", depth=2, W_std=1.4, b_std=0.3)
    x = spread(8, 0.1)
    kernel_fn = gram.KernelFunction(network.kernel_fn.compiled)
    np.testing.assert_allclose(kernel_fn(x, get="nngp"), layer_by_layer(network, x)[0], atol=1e-13)
    assert [whole.ntk for whole, _ in fits(kernel_fn).values()] == [None]
