"""Σ, Θ and 1 - c of pairs of inputs to 30 digits, by the derived K, K̇ and V iterated in ball arithmetic.

    python benchmarks/accuracy/reference.py [--names relu tanh …] [--phases …] [--depth 200] [--out FILE.json]

Nothing is shared with the compiled kernels beyond the formulas: every layer is enclosed by `ntk_theory.enclosure`
at `BITS` bits, and iterated from its midpoint. What a layer leaves open is far below what cancels in any of them.
Activations without a closed form take the sums of `quadrature`, whose first layer is held against the enclosures.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import quadrature
import sympy
from flint import arb, ctx
from quadrature import FORMS, Form

import ntk_theory as ntk
from ntk_theory.activation import NAMED
from ntk_theory.enclosure.evaluate import ball_function
from ntk_theory.errors import NtkTheoryError
from ntk_theory.symbols import c, q, q1, q2

BITS = 420
AGREE = 1e-24
"""Between the sums of `quadrature` and enclosures, relative to √(K(1)K(1)), in the first layer."""
LARGEST = 50.0
"""Variance at which the sums of `quadrature` have too many terms."""
Maps = tuple[Callable[[arb], tuple[arb, arb]], Callable[[arb, arb, arb], tuple[arb, arb]]]
DEPTHS = (1, 10, 50, 200)
PAIRS = {"apart": (0, 1), "near": (0, 2), "equal norms": (0, 3)}
FACTORS = {"ordered": 0.8, "critical": 1.0, "chaotic": 1.25}


def inputs() -> np.ndarray:
    """Four inputs of 8 features, exact in float32: x, another, x + 2⁻¹²z, and one of |x| up to 3e-4."""
    rng = np.random.default_rng(5)
    x, y, z = np.round(rng.normal(size=(3, 8)) * 2**10) / 2**10
    turned = np.roll(x, 3)
    turned[0] += 2.0**-9
    return np.stack([x, 1.25 * y, x + 2.0**-12 * z, turned])


def settings(name: str) -> dict[str, tuple[float, float]]:
    """{phase: (W_std, b_std)}, on the critical line and on either side of it."""
    phase = ntk.phase(name)
    for b_var in (0.05, 0.0, 1.0):
        try:
            line = float(phase.critical_W_var(b_var=b_var, digits=15).mid)
        except NtkTheoryError:
            continue
        return {label: ((factor * line) ** 0.5, b_var**0.5) for label, factor in FACTORS.items()}
    return {"no critical line": (0.8, 0.05**0.5)}


def enclosed(dual: ntk.Dual) -> Maps:
    """(V, W) of one variance and (K, K̇) of a pair, by ball arithmetic."""
    zero = sympy.S.Zero
    slopes = dual.derivative_square or zero, dual.derivative_kernel or zero
    V, W = (ball_function(e, (q,)) for e in (dual.variance, slopes[0]))
    K, Kdot = (ball_function(e, (q1, q2, c)) for e in (dual.kernel, slopes[1]))
    return lambda at: (V(at), W(at)), lambda *at: (K(*at), Kdot(*at))


def summed(form: Form) -> Maps:
    """The same by sums in one and two dimensions."""
    single_map = lru_cache(maxsize=8)(partial(quadrature.single, form))

    def pair_map(first: arb, second: arb, rho: arb) -> tuple[arb, arb]:
        lengths = single_map(first)[0], single_map(second)[0]
        gap, slope = quadrature.pair(form, first, second, 1 - rho, *lengths)
        return (1 - gap) * (lengths[0] * lengths[1]).sqrt(), slope

    return single_map, pair_map


def check_sums(name: str) -> None:
    """`summed` held against `enclosed` at two pairs, K̇ and K, and V and W."""
    for first, second, rho in (("1.25", "0.75", "-0.625"), ("0.5", "0.5", "0.96875")):
        with ctx.workprec(120):
            at = arb(first), arb(second), arb(rho)
            exact, found = enclosed(ntk.dual(name)), summed(FORMS[name])
            for one, other in zip(
                (*exact[0](at[0]), *exact[1](*at)), (*found[0](at[0]), *found[1](*at)), strict=True
            ):
                if not float((one - other).abs_upper()) < AGREE:
                    raise SystemExit(f"{name} at {at}: {one.str(30)} by balls, {other.str(30)} by sums.")


def recursion(name: str, W_std: float, b_std: float, depth: int) -> list[dict[str, Any]]:
    """One row for each depth of `DEPTHS` and each of `PAIRS`; fewer where a kernel outgrows its expectations."""
    dual = ntk.dual(name)
    single_map, pair_map = enclosed(dual) if dual.closed_form else summed(FORMS[name])
    rows = []
    with ctx.workprec(BITS):
        x = [[arb(float(v)) for v in row] for row in inputs()]
        W_var, b_var = arb(W_std) ** 2, arb(b_std) ** 2

        def product(a: list[arb], b: list[arb]) -> tuple[arb, arb]:
            first = W_var * sum((s * t for s, t in zip(a, b, strict=True)), arb(0)) / len(a) + b_var
            return first, first

        def after(value: arb, slope: arb, theta: arb) -> tuple[arb, arb]:
            sigma = W_var * value + b_var
            return sigma.mid(), (sigma + W_var * slope * theta).mid()

        single = [product(a, a) for a in x]
        pairs = {label: product(x[i], x[j]) for label, (i, j) in PAIRS.items()}
        for layer in range(1, depth + 1):
            for label, (i, j) in PAIRS.items():
                first, second = single[i][0], single[j][0]
                rho = (pairs[label][0] / (first * second).sqrt()).mid()
                pairs[label] = after(*pair_map(first, second, rho), pairs[label][1])
            single = [after(*single_map(variance), theta) for variance, theta in single]
            if not all(v.is_finite() for state in (*pairs.values(), *single) for v in state):
                return rows
            if not dual.closed_form and max(float(variance) for variance, _ in single) > LARGEST:
                return rows
            if layer not in DEPTHS:
                continue
            for label, (i, j) in PAIRS.items():
                sigma, theta = pairs[label]
                found = {"nngp": sigma, "ntk": theta, "gap": 1 - sigma / (single[i][0] * single[j][0]).sqrt()}
                if dual.derivative_kernel is None:
                    del found["ntk"]
                digits = {key: value.str(30, radius=False) for key, value in found.items()}
                for key, of in (("nngp", 0), ("ntk", 1)):
                    digits[f"{key}_scale"] = (single[i][of] * single[j][of]).sqrt().str(18, radius=False)
                rows.append({"depth": layer, "pair": label, **digits})
    return rows


def main() -> None:
    """Compute all, one activation after the other, and write each as it comes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", nargs="+", default=list(NAMED))
    parser.add_argument("--phases", nargs="+", default=[*FACTORS, "no critical line"])
    parser.add_argument("--depth", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/accuracy/reference.json"))
    options = parser.parse_args()
    found = json.loads(options.out.read_text()) if options.out.exists() else {}
    for name in options.names:
        start = time.process_time()
        if name in FORMS:
            check_sums(name)
        found[name] = [one for one in found.get(name, []) if one["phase"] not in options.phases]
        for phase, (W_std, b_std) in settings(name).items():
            if phase in options.phases:
                rows = recursion(name, W_std, b_std, options.depth)
                found[name].append({"phase": phase, "W_std": W_std, "b_std": b_std, "rows": rows})
        print(name, [len(one["rows"]) for one in found[name]], round(time.process_time() - start, 1), flush=True)
        options.out.write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    main()
