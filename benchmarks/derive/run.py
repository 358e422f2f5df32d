"""How long does a derivation take, beside SymPy's own integration?

    python benchmarks/derive/run.py [--seconds 20] [--out benchmarks/results/derive.json]

For every named activation: CPU seconds of K alone, and of `ntk_theory.dual` (K, K̇, V, E[φ], E[φ′²], with all
certificates), each in this one process after one warm-up derivation, caches of SymPy cleared in between.
For the peers' list: the same K by `sympy.integrate` over the joint density, and by `sympy.stats.E`, each in a
process of its own with a time limit.
The answer of a peer is checked at one point against quadrature; a wrong one is marked so.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import time
from pathlib import Path

import sympy
from sympy.core.cache import clear_cache

from ntk_theory.activation import NAMED, activation
from ntk_theory.dual import _derive, _form, dual
from ntk_theory.errors import NtkTheoryError
from ntk_theory.gaussian import check
from ntk_theory.gaussian.moments import covariance
from ntk_theory.gaussian.readable import expression
from ntk_theory.gaussian.terms import algebra_of, canonical_terms
from ntk_theory.symbols import c, q1, q2, x

PEERS = (
    "identity",
    "relu",
    "abs",
    "step",
    "sign",
    "leaky_relu",
    "erf",
    "gelu",
    "gaussian",
    "sin",
    "exp",
    "hard_tanh",
)


def ours() -> dict[str, dict[str, object]]:
    """CPU seconds and outcome of each named activation."""
    dual("max(x - 1, 0) + erf(x)")  # imports, and code that runs once
    found: dict[str, dict[str, object]] = {}
    for name in NAMED:
        _clear()
        start = time.process_time()
        try:
            terms = canonical_terms(activation(name))
            expression(covariance(algebra_of((), terms), terms, terms))
            kernel = round(time.process_time() - start, 4)
        except NtkTheoryError:
            kernel = None
        _clear()
        start = time.process_time()
        try:
            derived = dual(name)
            outcome = "closed form" if derived.closed_form else "exact representation"
            if not all(certificate.holds for certificate in derived.certificates):
                outcome = "a certificate fails"
        except NtkTheoryError as error:
            outcome = type(error).__name__
        seconds = round(time.process_time() - start, 4)
        found[name] = {"kernel_cpu_seconds": kernel, "cpu_seconds": seconds, "outcome": outcome}
    return found


def _clear() -> None:
    _derive.cache_clear()
    _form.cache_clear()
    clear_cache()


def _by_integrate(phi: sympy.Expr) -> sympy.Expr:
    y = sympy.Symbol("y", real=True)
    spread = 1 - c**2
    square = (x**2 / q1 - 2 * c * x * y / sympy.sqrt(q1 * q2) + y**2 / q2) / (2 * spread)
    density = sympy.exp(-square) / (2 * sympy.pi * sympy.sqrt(q1 * q2 * spread))
    inner = sympy.integrate(phi * phi.subs(x, y) * density, (y, -sympy.oo, sympy.oo))
    return sympy.integrate(inner, (x, -sympy.oo, sympy.oo))


def _by_stats(phi: sympy.Expr) -> sympy.Expr:
    from sympy.stats import E, Normal

    u, w = Normal("u", 0, 1), Normal("w", 0, 1)
    v = sympy.sqrt(q2) * (c * u + sympy.sqrt(1 - c**2) * w)
    return E(phi.subs(x, sympy.sqrt(q1) * u) * phi.subs(x, v))


METHODS = {"sympy.integrate": _by_integrate, "sympy.stats": _by_stats}


def _attempt(method: str, name: str, queue: multiprocessing.Queue) -> None:
    start = time.process_time()
    try:
        result = METHODS[method](activation(name).expression)
        closed = not result.has(sympy.Integral)
        right = closed and check.agrees(result, activation(name))
        queue.put(("right" if right else "wrong" if closed else "unevaluated", time.process_time() - start))
    except (
        Exception
    ) as error:  # SymPy raises what it likes (NotImplementedError, PolynomialError, …): a row says what
        queue.put((type(error).__name__, time.process_time() - start))


def peers(seconds: float) -> dict[str, dict[str, dict[str, object]]]:
    """Outcome and CPU seconds of each peer on each of PEERS."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for name in PEERS:
        found[name] = {}
        for method in METHODS:
            queue: multiprocessing.Queue = multiprocessing.Queue()
            process = multiprocessing.Process(target=_attempt, args=(method, name, queue))
            process.start()
            process.join(seconds)
            if process.is_alive():
                process.kill()
                process.join()
            outcome, cpu = ("no answer in time", seconds) if queue.empty() else queue.get()
            found[name][method] = {"outcome": outcome, "cpu_seconds": round(cpu, 2)}
            print(f"{name:12} {method:16} {outcome} {cpu:.1f} s", flush=True)
    return found


def main() -> None:
    """Run both, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="a peer's time limit")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/derive.json"))
    options = parser.parse_args()
    own = ours()
    kernels = [float(str(row["kernel_cpu_seconds"])) for row in own.values() if row["kernel_cpu_seconds"]]
    times = [float(str(row["cpu_seconds"])) for row in own.values()]
    result = {
        "machine": f"{platform.machine()}, {multiprocessing.cpu_count()} cores",
        "python": platform.python_version(),
        "sympy": sympy.__version__,
        "median_kernel_cpu_seconds": statistics.median(kernels),
        "median_cpu_seconds": statistics.median(times),
        "worst_cpu_seconds": max(times),
        "ours": own,
        "peer_limit_seconds": options.seconds,
        "peers": peers(options.seconds),
    }
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    for name, row in sorted(own.items(), key=lambda item: item[1]["cpu_seconds"]):
        print(f"{name:14} {row['cpu_seconds']:8.3f} s  {row['outcome']}")
    print(
        f"median {result['median_cpu_seconds']:.3f} s (K alone {result['median_kernel_cpu_seconds']:.3f} s), ",
        end="",
    )
    print(f"worst {result['worst_cpu_seconds']:.3f} s")


if __name__ == "__main__":
    main()
