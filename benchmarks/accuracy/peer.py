"""Runs in the peer's environment: jobs come in, one a line, and its kernels at depths 1 to 200 go out."""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
from neural_tangents import stax

PHI = {
    "relu": stax.Relu,
    "erf": stax.Erf,
    "gelu": stax.Gelu,
    "tanh": lambda: stax.ElementwiseNumerical(jnp.tanh, deg=25),
    "logistic": lambda: stax.ElementwiseNumerical(jax.nn.sigmoid, deg=25),
}

for line in sys.stdin:
    job = json.loads(line)
    jax.config.update("jax_enable_x64", job["dtype"] == "float64")
    x = jnp.asarray(np.asarray(job["x"], job["dtype"]))
    dense = stax.Dense(1, job["W_std"], job["b_std"])
    layer = jax.jit(stax.serial(PHI[job["name"]](), dense)[2])
    kernel, answer = dense[2](x, None), {}
    for depth in range(1, 201):
        kernel = layer(kernel)
        if depth in (1, 10, 50, 200):
            nngp, ntk = (np.asarray(k, np.float64) for k in (kernel.nngp, kernel.ntk))
            size = np.sqrt(np.diagonal(nngp))
            gap = 1 - nngp / np.outer(size, size)
            answer[depth] = {"nngp": nngp.tolist(), "ntk": ntk.tolist(), "gap": gap.tolist()}
    print(json.dumps(answer), flush=True)
