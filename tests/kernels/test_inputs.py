"""What goes into a kernel function: kinds of numbers, shapes under jit too, and memory asked for beforehand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.errors import DataError, NtkTheoryError, OutOfMemoryError, ShapeError
from ntk_theory.kernels import memory, stream

KERNEL_FN = ntk.mlp("relu", depth=1, W_std=1.5).kernel_fn
GIB = 2**30


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (jnp.ones((2, 2), jnp.complex64), DataError, "x1 must hold real numbers .* complex64"),
        (np.ones((2, 2), complex), DataError, "x1 must hold real numbers .* complex128"),
        ([[1, 2], [3]], DataError, "x1 is no rectangular array"),
        (None, DataError, "x1 must hold real numbers"),
        (3.0, ShapeError, r"x1 has shape \(\)"),
        (jnp.ones((2, 2)).at[1, 0].set(jnp.nan), DataError, r"x1\[1, 0\] is nan"),
    ],
)
def test_refused_by_name_and_index(x, error, message):
    with pytest.raises(error, match=message):
        KERNEL_FN(x)


def test_traced_arrays_are_refused_by_their_shapes():
    with pytest.raises(ShapeError, match=r"x1 has shape \(3,\)"):
        jax.jit(KERNEL_FN)(jnp.ones(3))
    with pytest.raises(ShapeError, match=r"x1 has 2 features and x2 has 4; .* \(3, 2\) and \(3, 4\)"):
        jax.jit(KERNEL_FN)(jnp.ones((3, 2)), jnp.ones((3, 4)))


def test_integers_and_half_precisions():
    whole = np.array([[1, 2, 0], [0, 1, -1]])
    exact = KERNEL_FN(whole.astype(float)).ntk
    np.testing.assert_array_equal(KERNEL_FN(whole).ntk, exact)
    np.testing.assert_array_equal(KERNEL_FN(whole.astype(np.float16)).ntk, exact)
    for x in (jnp.asarray(whole), jnp.asarray(whole, jnp.bfloat16)):
        found = KERNEL_FN(x).ntk
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-6)


def test_memory_is_asked_for_beforehand(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda device=None: GIB)  # noqa: ARG005
    x = np.ones((20_000, 1))
    with pytest.raises(OutOfMemoryError, match=r"\(20000, 20000\) take 8.9 GiB .* 1.0 GiB .* tile=4608") as raised:
        KERNEL_FN(x)
    assert isinstance(raised.value, MemoryError)
    assert isinstance(raised.value, NtkTheoryError)
    # the blocks that it names do fit: half of what is free
    memory.check_memory(4608, 4608, 8)
    assert 3 * 4608**2 * 8 < GIB / 2 < 3 * (4608 + 256) ** 2 * 8


def test_free_memory_is_what_the_system_and_the_container_leave(monkeypatch, tmp_path):
    free = memory.available()
    assert free is None or 2**20 < free < 2**50
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    for name, text in (
        ("max", f"{GIB}\n"),
        ("current", f"{GIB // 2}\n"),
        ("stat", "anon 7\ninactive_file 1024\n"),
    ):
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory._container() == GIB // 2 + 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._container() is None


def test_a_full_disk_is_announced(monkeypatch, tmp_path):
    usage = type("Usage", (), {"free": 2**20})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)  # noqa: ARG005
    with pytest.raises(DataError, match=r"need 0.0 GiB more .* 0.0 GiB are free"):
        stream(KERNEL_FN, np.ones((400, 2)), tmp_path)
