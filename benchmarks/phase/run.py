"""How long does a critical point take, and how many of its digits are right, beside mpmath and SciPy?

    python benchmarks/phase/run.py [--out benchmarks/results/phase.json]

σ_w² on the order-to-chaos line at a σ_b²: `Phase.critical_W_var` to 30 certified digits, every root in the range
found, against `mpmath.findroot` over `mpmath.quad` at 35 digits and `scipy.optimize.brentq` over
`scipy.integrate.quad`, both started beside the root that ours found. CPU seconds in this one process, with the
derivation of the dual in ours. The peers state no error: their digits are counted against our enclosure.
"""

import argparse
import json
import math
import platform
import time
from collections.abc import Callable
from pathlib import Path

import mpmath
import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

from ntk_theory.dual import _derive, _form, dual
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.phase import Phase, phase
from ntk_theory.phase.critical import _roots

CASES = (("tanh", "0.05"), ("tanh", "1"), ("logistic", "0"), ("erf", "0.05"), ("elu", "0.1"), ("gelu", "1"))


def _functions(m):
    """φ and φ′ by name, over the functions of a module."""
    half = m.mpf(1) / 2 if m is mpmath else 0.5
    erf = mpmath.erf if m is mpmath else math.erf
    root2, pi = m.sqrt(2), m.pi
    normal = (
        (lambda x: mpmath.npdf(x)) if m is mpmath else (lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi))
    )
    return {
        "tanh": (m.tanh, lambda x: 1 / m.cosh(x) ** 2),
        "logistic": (lambda x: half + half * m.tanh(x / 2), lambda x: half**2 / m.cosh(x / 2) ** 2),
        "erf": (erf, lambda x: 2 * m.exp(-x * x) / m.sqrt(pi)),
        "elu": (lambda x: x if x > 0 else m.exp(x) - 1, lambda x: 1 if x > 0 else m.exp(x)),
        "gelu": (
            lambda x: x * half * (1 + erf(x / root2)),
            lambda x: half * (1 + erf(x / root2)) + x * normal(x),
        ),
    }


def ours(name: str, b_var: str) -> tuple[object, float]:
    """The enclosure, and CPU seconds the caches of derivations and programs cold."""
    for cache in (_derive, _form, _roots, ball_function):
        cache.cache_clear()
    start = time.process_time()
    value = Phase(dual(name)).critical_W_var(b_var, digits=30)
    return value, time.process_time() - start


def by_mpmath(name: str, b_var: str, guess: float) -> tuple[mpmath.mpf, float]:
    """The root of q - V/D - σ_b² by the secant method from 1% below and above."""
    start = time.process_time()
    with mpmath.workdps(35):
        f, slope = _functions(mpmath)[name]
        cuts = [-14, -6, -2, 0, 2, 6, 14]

        def mean(g: Callable, q: mpmath.mpf) -> mpmath.mpf:
            root = mpmath.sqrt(q)
            return mpmath.quad(lambda z: g(root * z) ** 2 * mpmath.npdf(z), cuts)

        def residual(q: mpmath.mpf) -> mpmath.mpf:
            return q - mean(f, q) / mean(slope, q) - mpmath.mpf(b_var)

        q = mpmath.findroot(residual, (0.99 * guess, 1.01 * guess), solver="secant", tol=1e-60, verify=False)
        value = 1 / mean(slope, q)
    return value, time.process_time() - start


def by_scipy(name: str, b_var: str, guess: float) -> tuple[float, float]:
    """The same in doubles, by bracketing."""
    start = time.process_time()
    f, slope = _functions(math)[name]

    def mean(g: Callable, q: float) -> float:
        root = math.sqrt(q)
        density = lambda z: g(root * z) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)  # noqa: E731
        return quad(density, -12, 0, epsabs=0, epsrel=1e-13)[0] + quad(density, 0, 12, epsabs=0, epsrel=1e-13)[0]

    q = brentq(lambda q: q - mean(f, q) / mean(slope, q) - float(b_var), 0.9 * guess, 1.1 * guess, xtol=1e-15)
    return 1 / mean(slope, q), time.process_time() - start


def digits(value: object, enclosure: object) -> float:
    """Significant digits of `value` that agree with the middle of the enclosure."""
    with mpmath.workdps(60):
        true = mpmath.mpf(str(enclosure.mid))
        gap = abs(mpmath.mpf(value) - true)
        return 30.0 if gap == 0 else min(30.0, float(-mpmath.log10(gap / true)))


def main() -> None:
    """Run all, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/phase.json"))
    options = parser.parse_args()
    phase("sin").critical_W_var("0.1", digits=5)  # imports, and code that runs once
    rows = {}
    for name, b_var in CASES:
        value, seconds = ours(name, b_var)
        guess = float(next(p.q for p in phase(name).critical_points(b_var, digits=10) if p.stable))
        high, high_seconds = by_mpmath(name, b_var, guess)
        low, low_seconds = by_scipy(name, b_var, guess)
        rows[f"{name}, σ_b² = {b_var}"] = {
            "W_var": str(value),
            "cpu_seconds": round(seconds, 3),
            "certified_digits": value.digits,
            "mpmath": {"cpu_seconds": round(high_seconds, 3), "right_digits": round(digits(high, value), 1)},
            "scipy": {"cpu_seconds": round(low_seconds, 4), "right_digits": round(digits(low, value), 1)},
        }
        print(name, b_var, rows[f"{name}, σ_b² = {b_var}"], flush=True)
    result = {
        "machine": f"{platform.machine()}, 2 cores",
        "python": platform.python_version(),
        "mpmath": mpmath.__version__,
        "numpy": np.__version__,
        "cases": rows,
    }
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
