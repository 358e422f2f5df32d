"""How to see a verdict again: a few lines of Python, and one line of the shell."""

import inspect
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntk_theory.errors import NtkTheoryError
from ntk_theory.layers import Dense, Nonlinearity
from ntk_theory.verify.example import Example

if TYPE_CHECKING:
    from ntk_theory.network import Network


@dataclass(frozen=True)
class Call:
    """What `verify` was called with, as its caller wrote it: the theory, and the claim's name or None."""

    kernel_fn: "Callable[..., Any] | Network | None"
    claim: str | None


def snippet(call: Call, example: Example) -> str:
    """Python that asks the same question of the same networks; the reader has to bring a theory of their own."""
    own = call.kernel_fn is not None or _carries_theory(example.net)
    theory = ", kernel_fn=yours" if own else ""
    claim = "" if call.claim == "limit" else f", claim={call.claim!r}" if call.claim else ", claim=yours"
    return "\n".join(
        [
            f"net = {network(example.net)}",
            f"x = numpy.array({example.x.tolist()})",
            f"ntk.verify(net, x, widths={example.widths}{theory}, alpha={example.alpha:g}, "
            f"min_detectable={example.min_detectable:g}{claim}, seed={example.seed})",
        ]
    )


def command(call: Call, example: Example) -> str | None:
    """The `ntk-theory verify` line; None where the network, the claim or the theory has no name there."""
    settings = _uniform(example.net)
    theory = _address(call.kernel_fn)
    if settings is None or theory is None or call.claim is None or _carries_theory(example.net):
        return None
    name, depth, W_std, b_std = settings
    parts = ["ntk-theory", "verify", name, "--depth", depth, "--W-std", W_std, "--b-std", b_std]
    parts += ["--inputs", json.dumps(example.x.tolist()), "--widths", *example.widths]
    parts += ["--alpha", f"{example.alpha:g}", "--min-detectable", f"{example.min_detectable:g}"]
    parts += ["--seed", example.seed]
    if call.claim != "limit":
        parts += ["--claim", call.claim]
    if theory:
        parts += ["--theory", theory]
    return shlex.join(str(part) for part in parts)


def network(net: "Network") -> str:
    """The network as Python; theories that its layers carry are left out."""
    settings = _uniform(net)
    if settings is not None:
        name, depth, W_std, b_std = settings
        return f"ntk.mlp({name!r}, depth={depth}, W_std={W_std!r}, b_std={b_std!r})"
    parts = []
    for layer in net.layers:
        if isinstance(layer, Nonlinearity):
            parts.append(f"ntk.Nonlinearity(ntk.activation({layer.activation.name!r}))")
        elif isinstance(layer, Dense):
            width = "" if layer.width is None else f", width={layer.width}"
            parts.append(f"ntk.Dense({layer.W_std!r}, {layer.b_std!r}{width})")
        else:
            parts.append(repr(layer))
    return f"ntk.serial({', '.join(parts)})"


def _carries_theory(net: "Network") -> bool:
    return any(isinstance(layer, Nonlinearity) and layer.theory is not None for layer in net.layers)


def _uniform(net: "Network") -> tuple[str, int, float, float] | None:
    """Name, depth, σ_w and σ_b of what `mlp` with one output makes; None for other networks."""
    from ntk_theory.network import mlp

    phis = {layer.activation for layer in net.layers if isinstance(layer, Nonlinearity)}
    first = net.layers[0]
    if len(phis) != 1 or not isinstance(first, Dense):
        return None
    phi = phis.pop()
    try:
        made = mlp(phi.name, depth=net.depth, W_std=first.W_std, b_std=first.b_std)
    except NtkTheoryError:
        return None  # the name is no text that could be parsed
    bare = [Nonlinearity(one.activation) if isinstance(one, Nonlinearity) else one for one in net.layers]
    same = [
        one.activation.expression == other.activation.expression
        if isinstance(one, Nonlinearity) and isinstance(other, Nonlinearity)
        else one == other
        for one, other in zip(bare, made.layers, strict=False)
    ]
    if len(made.layers) != len(bare) or not all(same):
        return None
    return phi.name, net.depth, float(first.W_std), float(first.b_std)


def _address(theory: Any) -> str | None:
    """FILE:NAME of a function at the top level of its file, "" for no theory, None for one without such a name."""
    if theory is None:
        return ""
    name = getattr(theory, "__qualname__", "")
    if not inspect.isfunction(theory) or not name.isidentifier() or theory.__name__ == "<lambda>":
        return None
    try:
        path = Path(inspect.getsourcefile(theory) or "")
    except TypeError:
        return None
    return f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}:{name}"
