"""Runs in neural-tangents' own environment: reads one job a line, answers with CPU and wall seconds."""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from neural_tangents import stax


def kernel(name, depth, W_std, b_std):
    """The stack as the peer runs it best: a scan over equal layers."""
    phi = {
        "relu": stax.Relu,
        "erf": stax.Erf,
        "gelu": stax.Gelu,
        "tanh": lambda: stax.ElementwiseNumerical(jnp.tanh, deg=25),
        "logistic": lambda: stax.ElementwiseNumerical(jax.nn.sigmoid, deg=25),
    }
    dense = stax.Dense(1, W_std, b_std)
    _, _, function = stax.serial(dense, stax.repeat(stax.serial(phi[name](), dense), depth))
    return jax.jit(lambda x: function(x, None, ("nngp", "ntk")))


held = {}
for line in sys.stdin:
    job = json.loads(line)
    jax.config.update("jax_enable_x64", job["dtype"] == "float64")
    key = json.dumps(job)
    if key not in held:
        x = np.random.default_rng(0).normal(size=(job["n"], 784))
        if job["one_norm"]:
            x *= 28 / np.linalg.norm(x, axis=1, keepdims=True)
        x = x.astype(job["dtype"])
        held.clear()
        start = time.process_time()
        held[key] = kernel(job["name"], job["depth"], job["W_std"], job["b_std"]), x
        jax.block_until_ready(held[key][0](x))
        first = time.process_time() - start
    function, x = held[key]
    cpu, wall = time.process_time(), time.perf_counter()
    jax.block_until_ready(function(x))
    answer = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "first": first}
    print(json.dumps(answer), flush=True)
