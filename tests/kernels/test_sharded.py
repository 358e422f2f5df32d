"""Rows over devices: four simulated ones, and processes joined by jax.distributed, beside one device alone."""

import os
import socket
import subprocess
import sys

import pytest

FOUR = """
import numpy as np, jax, ntk_theory as ntk
from ntk_theory.kernels import sharded
assert len(jax.devices()) == 4
x = np.random.default_rng(0).normal(size=(23, 5))
kernel_fn = ntk.mlp("relu", depth=2, W_std=1.3).kernel_fn
alone = kernel_fn(x)
found = sharded(kernel_fn, x)
np.testing.assert_allclose(found.nngp, alone.nngp, rtol=1e-12)
np.testing.assert_allclose(found.ntk, alone.ntk, rtol=1e-12)
assert [rows for rows, _ in found.ntk.local()] == [slice(0, 6), slice(6, 12), slice(12, 18), slice(18, 23)]
assert found.ntk.array.sharding.shard_shape(found.ntk.array.shape) == (6, 23)
three = sharded(kernel_fn, x, get=("ntk",), devices=jax.devices()[:3])
np.testing.assert_allclose(three.ntk, alone.ntk, rtol=1e-12)
assert three.nngp is None
for bad, message in ((1e200 * x, "overflows"), (x * np.nan, "x1[0, 0] is nan")):
    try:
        sharded(kernel_fn, bad)
    except ntk.errors.DataError as error:
        assert message in str(error)
    else:
        raise AssertionError(message)
"""

JOINED = """
import sys
import jax
jax.distributed.initialize(f"127.0.0.1:{sys.argv[1]}", int(sys.argv[2]), int(sys.argv[3]))
import numpy as np, ntk_theory as ntk
from ntk_theory.kernels import sharded
assert jax.process_count() == int(sys.argv[2])
x = np.random.default_rng(0).normal(size=(17, 4))
kernel_fn = ntk.mlp("erf", depth=2, W_std=1.3, b_std=0.1).kernel_fn
alone = kernel_fn(x).ntk
found = sharded(kernel_fn, x).ntk
for rows, block in found.local():
    np.testing.assert_allclose(block, alone[rows], rtol=1e-9)
    print("rows", rows.start, rows.stop, flush=True)
np.testing.assert_allclose(np.asarray(found), alone, rtol=1e-9)
single = np.asarray(sharded(kernel_fn, x.astype(np.float32), x[:7], get=("ntk",)).ntk)
assert single.dtype == np.float32
np.testing.assert_allclose(single, alone[:, :7], rtol=1e-4, atol=1e-5)
"""


def test_four_devices():
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    subprocess.run([sys.executable, "-c", FOUR], check=True, env=environment, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
def test_processes_that_jax_distributed_joins(processes):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", JOINED, str(port), str(processes)]
    started = [
        subprocess.Popen([*command, str(i)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for i in range(processes)
    ]
    rows = []
    for process in started:
        printed, complaints = process.communicate(timeout=300)
        assert process.returncode == 0, complaints
        lines = [line.split() for line in printed.splitlines()]  # gloo prints lines of its own
        rows += [(int(words[1]), int(words[2])) for words in lines if words[0] == "rows"]
    edge = -(-17 // processes)
    assert sorted(rows) == [(start, min(start + edge, 17)) for start in range(0, 17, edge)]
