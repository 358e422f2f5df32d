"""Activations with thresholds: their densities and Φ₂ cancel near c = ±1 unless they are formed well.

Held against ball arithmetic for pairs of equal, nearly equal and different norms, at all angles.
"""

import numpy as np
import pytest
import sympy

from ntk_theory.enclosure import enclose_kernel
from ntk_theory.network import mlp

ANGLES = (0.0, 1e-8, 1e-4, 1e-2, 0.5, 1.5, 2.5, 3.1, np.pi)
GROWTH = (1.0, 1 + 1e-6, 1.0001, 1.3, 3.0)


@pytest.mark.parametrize("name", ["hard_tanh", pytest.param("soft_shrink", marks=pytest.mark.slow)])
def test_one_layer_against_balls(name: str) -> None:
    net = mlp(name, depth=1)
    first = np.array([[np.sqrt(2), 0.0]])
    pairs = [(r, t) for r in GROWTH for t in ANGLES]
    others = np.sqrt(2) * np.array([[r * np.cos(t), r * np.sin(t)] for r, t in pairs])
    found = net.kernel_fn(first, others)
    for i, (r, t) in enumerate(pairs):
        q1, q2 = (sympy.Rational(float(np.mean(v * v))) for v in (first[0], others[i]))
        c = sympy.Rational(float(np.cos(t)))
        K, slope = (float(enclose_kernel(name, q1, q2, c, derivative=d, digits=15)) for d in (False, True))
        size = np.sqrt(float(q1 * q2))
        # where norms differ K̇ is no power series in √(1 - c), and Price's rule leaves some 1e-12
        assert found.nngp[0, i] == pytest.approx(K, abs=1e-11 * size), (r, t)
        # K̇ rises to c = 1 like √(1 - c), and the angle is known to the last bit of its cosine only
        assert found.ntk[0, i] == pytest.approx(K + slope * size * float(c), abs=2e-8 * size), (r, t)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("W_std", [1.0, 1.5])
def test_near_duplicates_leave_the_kernels_positive(dtype: type, W_std: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 5))
    near = x[:2] + 1e-3 * rng.normal(size=(2, 5))
    x = np.concatenate([x, near, x[:1] * (1 + 1e-4), -x[:1], x[1:2] * 1.03])
    kernels = mlp("hard_tanh", depth=3, W_std=W_std, b_std=0.2).kernel_fn(x.astype(dtype))
    for gram in kernels:
        assert np.linalg.eigvalsh(gram.astype(np.float64))[0] > -10 * np.finfo(dtype).eps * gram.max()
