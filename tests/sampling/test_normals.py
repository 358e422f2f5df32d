"""The Box-Muller numbers are standard normal and independent, at stated false-alarm rates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from ntk_theory.errors import DataError
from ntk_theory.sampling.normals import standard_normal, threefry_key

COUNT = 2**20


def draw(seed, shape=(COUNT,)):
    return np.asarray(standard_normal(jax.random.key(seed), shape, jnp.float32), np.float64)


def test_law_is_normal():
    """Kolmogorov-Smirnov at 1e-6, on z and on the tails by |z|³ against its mean 2√(2/π), six standard errors."""
    z = draw(11)
    assert kstest(z, "norm").pvalue > 1e-6
    assert abs(np.mean(np.abs(z) ** 3) - 2 * np.sqrt(2 / np.pi)) < 6 * np.sqrt((15 - 8 / np.pi) / COUNT)
    assert abs(np.mean(z > 4) - 3.167e-5) < 6 * np.sqrt(3.167e-5 / COUNT)


def test_pairs_are_independent():
    """The two numbers of one pair share a radius: their squares' correlation must vanish, at six sigma."""
    z = draw(12).reshape(2, -1)
    assert abs(np.corrcoef(z)[0, 1]) < 6 / np.sqrt(COUNT / 2)
    assert abs(np.corrcoef(z**2)[0, 1]) < 6 / np.sqrt(COUNT / 2)
    assert abs(np.corrcoef(z[0], z[1] ** 2)[0, 1]) < 6 / np.sqrt(COUNT / 2)


def test_odd_sizes_and_other_types():
    assert draw(13, (3, 5)).shape == (3, 5)
    with jax.enable_x64(True):
        z = standard_normal(jax.random.key(0), (7,), jnp.float64)
    assert z.dtype == jnp.float64


def test_any_kind_of_key_will_do():
    for key in (jax.random.key(3), jax.random.key(3, impl="rbg"), jax.random.PRNGKey(3)):
        assert jax.random.key_impl(threefry_key(key)) == "threefry2x32"
    with pytest.raises(DataError, match="key = 0 is no key"):
        threefry_key(0)
