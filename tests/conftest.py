"""Don't panic: the folders here mirror the package; each test's reference comes from outside the code it tests.

Profiles of hypothesis: `dev` (default), `ci` (derandomized, no deadline), `nightly` (many examples); choose one
with the environment variable HYPOTHESIS_PROFILE. Warnings are errors (pyproject.toml).
"""

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("dev", deadline=None, max_examples=20)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=30,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def reference():
    """The values of a file in tests/data, a list of dictionaries; the file names its source."""
    return lambda name: json.loads((Path(__file__).parent / "data" / name).read_text())["values"]


@pytest.fixture(scope="session")
def gaussian_pair():
    """E[f(u)g(v)] by Gauss-Legendre panels cut at the kinks, to about 1e-12: shares no code with the package.

    f and g are functions of NumPy arrays, `cuts` the points where they are not smooth.
    """
    return _gaussian_pair


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


def _gaussian_pair(f, g, q1, q2, c, cuts=()):
    total = 0.0
    s1, s2, across = np.sqrt(q1), np.sqrt(q2), np.sqrt(1 - c * c)
    for z, weight in zip(*_panels([t / s1 for t in cuts]), strict=True):
        w, inner = _panels([(t / s2 - c * z) / across for t in cuts] if across > 0 else [])
        total += weight * f(np.array([s1 * z]))[0] * np.sum(inner * g(s2 * (c * z + across * w)))
    return total


def _panels(cuts):
    """Nodes and weights of the standard normal law on panels of length at most 3, cut where asked."""
    ends = sorted({-9.5, 9.5, *np.linspace(-9.5, 9.5, 8), *(t for t in cuts if -9.5 < t < 9.5)})
    nodes = np.concatenate([(a + b) / 2 + (b - a) / 2 * _NODES for a, b in pairwise(ends)])
    weights = np.concatenate([(b - a) / 2 * _WEIGHTS for a, b in pairwise(ends)])
    return nodes, weights * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
