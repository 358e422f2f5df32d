"""After a refutation: the smallest example that is refuted too, as a reader would want to see it.

Candidates are tried in order of reading ease: one input, inputs of one decimal, fewer hidden layers, no bias, σ_w
on a grid of 1/8. Changes of the network are tried only where the theory changes with it, that is where the layers
carry it. Each step keeps what is refuted at the same alpha, so the result is as sure as the first verdict.
"""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntk_theory.errors import NtkTheoryError
from ntk_theory.layers import Dense
from ntk_theory.verify.claims import Claim
from ntk_theory.verify.procedure import verify
from ntk_theory.verify.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ntk_theory.network import Network

_GRID = 8


def smallest(net: "Network", x: Any, verdict: Verdict, **settings: Any) -> Verdict | None:
    """A verdict REFUTED on a smaller example than that of `verdict`, or None where none was found.

    `settings` are those of `verify` that gave `verdict`. Every candidate may cost as many neurons as it did. A
    `Claim`, or a maker with arguments filled in by `functools.partial`, holds numbers that belong to this network
    and these inputs alone: then there is nothing to make smaller.
    """
    if isinstance(settings.get("claim"), Claim | partial):
        return None
    inputs = np.asarray(x, dtype=np.float64)
    settings = {**settings, "alpha": verdict.alpha, "budget": max(2 * verdict.neurons, 2**26)}
    found: Verdict | None = None
    own = settings.get("kernel_fn") is None
    changed = True
    while changed:
        changed = False
        for smaller_net, smaller_x in _candidates(net, inputs, own=own):
            try:
                tried = verify(smaller_net, smaller_x, **settings)
            except NtkTheoryError:
                continue  # such as a claim about pairs, asked of one input
            if tried.verdict == "REFUTED":
                net, inputs, found, changed = smaller_net, smaller_x, tried, True
                break
    return found


def _candidates(
    net: "Network", x: Float[np.ndarray, "k features"], *, own: bool
) -> "Iterator[tuple[Network, Float[np.ndarray, 'k features']]]":
    if len(x) > 1:
        yield from ((net, x[i : i + 1]) for i in range(len(x)))
    if len(x) > 2:
        yield from ((net, x[[i, j]]) for i in range(len(x)) for j in range(i))
    if x.shape[1] > 2:
        yield net, x[:, :2]
    rounded = np.round(x)
    if not np.array_equal(rounded, x) and rounded.any(axis=1).all():
        yield net, rounded
    if not own:
        return
    if net.depth > 1:
        yield replace(net, layers=net.layers[2:]), x
    for change in (_without_bias, _on_grid):
        layers = tuple(change(layer) if isinstance(layer, Dense) else layer for layer in net.layers)
        if layers != net.layers:
            yield replace(net, layers=layers), x


def _without_bias(layer: Dense) -> Dense:
    return replace(layer, b_std=0.0)


def _on_grid(layer: Dense) -> Dense:
    W, b = (round(value * _GRID) / _GRID for value in (layer.W_std, layer.b_std))
    return replace(layer, W_std=max(W, 1 / _GRID), b_std=b)
