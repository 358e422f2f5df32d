"""Several devices, and several processes, give bit for bit what one gives. Each runs in a process of its own."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import ntk_theory as ntk
from ntk_theory.sampling import draw_explicit, draw_kernels

NET = ntk.mlp("erf", depth=1, W_std=1.5, b_std=0.3)
X = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])

CODE = """
import sys, jax, numpy as np
import ntk_theory as ntk
devices, processes, index, address, out = sys.argv[1:]
if int(processes) > 1:
    jax.distributed.initialize(address, int(processes), int(index))
from ntk_theory.sampling import draw_explicit, draw_kernels
assert len(jax.local_devices()) == int(devices) and jax.process_count() == int(processes)
net = ntk.mlp("erf", depth=1, W_std=1.5, b_std=0.3)
x = np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.5]])
every = int(processes) > 1
exact = draw_kernels(net, x, 256, 2501, jax.random.key(3), processes=every)
explicit = draw_explicit(net, x, 8, 301, jax.random.key(4), processes=every)
np.savez(out + index, *exact, *explicit)
"""


@pytest.fixture(scope="module")
def alone():
    exact = draw_kernels(NET, X, 256, 2501, jax.random.key(3))
    return [*exact, *draw_explicit(NET, X, 8, 301, jax.random.key(4))]


def run(folder, devices, processes):
    """The arrays that each process saved."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    environment = os.environ | {
        "XLA_FLAGS": flags,
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = [str(devices), str(processes)]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, *settings, str(index), address, str(Path(folder) / "draws")],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(processes)
    ]
    try:
        said = [process.communicate(timeout=240)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    assert all(process.returncode == 0 for process in started), said
    saved = [np.load(Path(folder) / f"draws{index}.npz") for index in range(processes)]
    return [[file[f"arr_{number}"] for number in range(8)] for file in saved]


def test_four_devices_give_what_one_gives(alone, tmp_path):
    (drawn,) = run(tmp_path, devices=4, processes=1)
    assert all(np.array_equal(a, b) for a, b in zip(drawn, alone, strict=True))


@pytest.mark.slow
def test_two_processes_of_two_devices_each_get_what_one_gets(alone, tmp_path):
    """By `jax.distributed` on the loopback address."""
    for drawn in run(tmp_path, devices=2, processes=2):
        assert all(np.array_equal(a, b) for a, b in zip(drawn, alone, strict=True))
