"""An example is a network, inputs, widths and an error rate; its canonical text decides the random numbers."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy
from jaxtyping import Array, Float

from ntk_theory.layers import Nonlinearity
from ntk_theory.verify.claims.claim import Claim

if TYPE_CHECKING:
    from ntk_theory.network import Network


@dataclass(frozen=True)
class Example:
    """What is verified, and how strictly. The theory is no part of it: all theories meet the same networks."""

    net: "Network"
    x: Float[np.ndarray, "k features"]
    claim: Claim
    widths: tuple[int, ...]
    alpha: float
    min_detectable: float
    seed: int = 0

    @cached_property
    def canonical(self) -> str:
        """JSON that is the same for the same example, whichever machine or process writes it."""
        settings = {"widths": self.widths, "alpha": self.alpha, "min_detectable": self.min_detectable}
        return canonical(self.net, self.x, **settings, seed=self.seed, claim=self.claim.name)


@dataclass
class Sampler:
    """Draws the example's networks from a key made of its canonical text, and counts them."""

    example: Example
    samples: dict[int, int] = field(default_factory=dict)

    @property
    def neurons(self) -> int:
        """Networks × width, all widths together."""
        return sum(width * count for width, count in self.samples.items())

    def averages(self, width: int, count: int, size: int, part: int) -> Float[np.ndarray, "count quantities"]:
        """`count` averages over `size` networks each; every `part` has networks of its own."""
        example = self.example
        key = jax.random.fold_in(random_key(example.canonical), part)
        draws = example.claim.draw(example.net, example.x, width, count * size, key)
        self.samples[width] = self.samples.get(width, 0) + count * size
        return example.claim.estimates(draws, width, count * size).reshape(count, size, -1).mean(1)


def canonical(net: "Network", x: Float[np.ndarray, "k features"], **settings: Any) -> str:
    """A network on inputs, and further settings, as JSON.

    A `Nonlinearity` is written by its activation alone, without the theory that it may carry.
    """
    layers = []
    for layer in net.layers:
        if isinstance(layer, Nonlinearity):
            fields: dict[str, Any] = {"activation": sympy.srepr(layer.activation.expression)}
        else:
            fields = {name: repr(value) for name, value in sorted(vars(layer).items())}
        layers.append({"layer": type(layer).__name__, **fields})
    inputs = [[float(value).hex() for value in row] for row in x]
    return json.dumps({"layers": layers, "x": inputs, **settings}, sort_keys=True)


def random_key(text: str) -> Array:
    """A threefry key made of the SHA-256 of a text."""
    digest = hashlib.sha256(text.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "big") for i in (0, 4)]
    return jax.random.wrap_key_data(jnp.array(words, dtype=jnp.uint32), impl="threefry2x32")
