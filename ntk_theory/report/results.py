"""The report's results as one tree of plain records: what the tables, the page and results.json are made of.

`compute` runs the six sections one after the other. Arrays that only figures need are kept apart, in
`Pictures`; results.json holds every number that the page shows, with its error.
"""

import json
import math
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from fractions import Fraction
from importlib import metadata
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ntk_theory.proofs.table import ProofRow
from ntk_theory.report.claims import Claim, claims
from ntk_theory.report.data import PREPROCESSING, Dataset, split
from ntk_theory.report.derivation import Accuracy, Curves, Derivation, accuracy, curves, derive
from ntk_theory.report.double_descent import DoubleDescent, double_descent
from ntk_theory.report.flow import Flow, Paths, flow
from ntk_theory.report.function_space import Film, FunctionSpace, Strayed, film, function_space
from ntk_theory.report.learning import Learned, learn, sorted_thumbnail
from ntk_theory.report.phases import Diagram, Phases, diagram, phases
from ntk_theory.report.settings import TITLES, Settings
from ntk_theory.report.simulation import Simulated, simulate
from ntk_theory.report.theorems import proven_theorems
from ntk_theory.verify import Convergence

Progress = Callable[[str, str], None]
"""Called with a section's name and what is being done in it, before it is done."""

SECTIONS = ("derived", "phases", "learned", "simulated", "flow", "theorems")
PACKAGES = ("ntk_theory", "sympy", "python-flint", "numpy", "scipy", "jax", "matplotlib", "scikit-learn")


@dataclass(frozen=True)
class Data:
    """What the networks were given."""

    name: str
    inputs: int
    features: int
    classes: tuple[str, ...]
    train: int
    test: int
    preprocessing: str


@dataclass(frozen=True)
class Results:
    """Everything the page says. `seconds` is by section; `versions` of this package and those it rests on."""

    data: Data
    settings: Settings
    derived: tuple[Derivation, ...]
    accuracies: tuple[Accuracy, ...]
    phases: tuple[Phases, ...]
    learned: tuple[Learned, ...]
    simulated: tuple[Simulated, ...]
    flows: tuple[Flow, ...]
    strayed: tuple[Strayed, ...]
    theorems: tuple[ProofRow, ...]
    claims: tuple[Claim, ...]
    seconds: dict[str, float]
    versions: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: records as objects, tuples as lists; a number that is not finite as null."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    def json(self) -> str:
        """The text of results.json."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


@dataclass(frozen=True)
class Pictures:
    """What the figures draw, by activation."""

    curves: dict[str, Curves]
    diagrams: dict[str, Diagram]
    grams: dict[tuple[str, str], Float[np.ndarray, "m m"]]
    gram_classes: Int[np.ndarray, "m"]
    convergences: dict[str, Convergence]
    paths: dict[str, Paths]
    space: FunctionSpace
    film: Film
    descent: DoubleDescent


def compute(data: Dataset, settings: Settings, progress: Progress) -> tuple[Results, Pictures]:
    """Run the job. Raises what its parts raise."""
    clock = _Clock()
    trained, tested = split(data, settings.train, settings.test, settings.seed)
    names = settings.activations
    every = (*names, *settings.also_derived)
    b_var = Fraction(settings.b_var)

    derivations, drawn = [], {}
    for name in every:
        progress("derived", f"K, K̇ and V of {TITLES[name]}")
        derivations.append(derive(name, TITLES[name], settings.depth))
        drawn[name] = curves(name)
    clock.lap("derived")

    found, diagrams = [], {}
    for name in every:
        progress("phases", f"the order-to-chaos line of {TITLES[name]}")
        found.append(phases(name, b_var, Fraction(settings.ordered), Fraction(settings.chaotic)))
        diagrams[name] = diagram(name, settings.grid)
    clock.lap("phases")
    by_name = {one.activation: one for one in found}
    critical = {name: by_name[name].critical.value for name in names}

    accuracies = []
    pair = trained.x[_pair(trained)]
    for name in names:
        progress("phases", f"digits of {TITLES[name]}'s compiled kernel")
        for point in by_name[name].points:
            W_var = critical[name] if point.phase == "critical" else float(point.W_var)
            accuracies.append(accuracy(name, point.phase, W_var, float(b_var), pair, depth=settings.depth))
    clock.lap("derived")

    learned, grams = [], {}
    for name in names:
        for point in by_name[name].points:
            progress("learned", f"{TITLES[name]}, {point.phase}: kernels, and networks trained")
            W_var = critical[name] if point.phase == "critical" else float(point.W_var)
            row, gram = learn(
                name,
                point.phase,
                W_var,
                float(b_var),
                depth=settings.depth,
                trained=trained,
                tested=tested,
                widths=settings.learning_widths,
                members=settings.members,
                steps=settings.learning_steps,
                seed=settings.seed,
            )
            learned.append(row)
            grams[name, point.phase] = sorted_thumbnail(gram, trained.labels)
    clock.lap("learned")

    simulated, convergences = [], {}
    for name in names:
        progress("simulated", f"{TITLES[name]}: networks of width {settings.widths[0]} to {settings.widths[-1]}")
        outcome, convergences[name] = simulate(
            name,
            critical[name],
            float(b_var),
            pair,
            depth=settings.depth,
            widths=settings.widths,
            samples=settings.samples,
            verdict_widths=settings.verdict_widths,
            alpha=settings.alpha,
            seed=settings.seed,
        )
        simulated.append(outcome)
    clock.lap("simulated")

    flows, paths = [], {}
    few = trained.take(np.arange(min(settings.flow_train, len(trained.x))))
    others = tested.take(np.arange(min(settings.flow_test, len(tested.x))))
    for name in names:
        progress("flow", f"{TITLES[name]}: one network of width {settings.flow_width}")
        one, paths[name] = flow(
            name,
            critical[name],
            float(b_var),
            depth=settings.depth,
            trained=few,
            tested=others,
            width=settings.flow_width,
            steps=settings.flow_steps,
            seed=settings.seed,
        )
        flows.append(one)
    first, widths = names[0], settings.space_widths
    progress("flow", f"{TITLES[first]}: paths in function space, widths {widths[0]} and {widths[1]}")
    strayed, space = function_space(
        first,
        critical[first],
        float(b_var),
        depth=settings.depth,
        trained=few,
        tested=others,
        widths=widths,
        members=settings.space_members,
        steps=settings.space_steps,
        seed=settings.seed,
    )
    progress("flow", f"{TITLES[first]}: the moving picture")
    moving = film(
        first, critical[first], float(b_var), depth=settings.depth, width=settings.film_width, seed=settings.seed
    )
    progress("flow", "double descent of random features")
    descent = double_descent(seed=settings.seed, runs=settings.descent_runs)
    clock.lap("flow")

    proven = proven_theorems(lambda theorem: progress("theorems", theorem))
    clock.lap("theorems")

    described = Data(
        name=data.name,
        inputs=len(data.x),
        features=data.x.shape[1],
        classes=data.classes,
        train=len(trained.x),
        test=len(tested.x),
        preprocessing=PREPROCESSING,
    )
    parts = (
        tuple(derivations),
        tuple(accuracies),
        tuple(found),
        tuple(learned),
        tuple(simulated),
        tuple(flows),
        proven,
    )
    results = Results(
        described, settings, *parts[:-1], strayed, proven, claims(*parts), clock.seconds, _versions()
    )
    labels = np.sort(trained.labels, kind="stable")
    shown = labels[np.linspace(0, len(labels) - 1, len(next(iter(grams.values())))).astype(int)]
    return results, Pictures(drawn, diagrams, grams, shown, convergences, paths, space, moving, descent)


class _Clock:
    def __init__(self) -> None:
        self.seconds = dict.fromkeys(SECTIONS, 0.0)
        self._last = time.perf_counter()

    def lap(self, section: str) -> None:
        now = time.perf_counter()
        self.seconds[section] += now - self._last
        self._last = now


def _pair(data: Dataset) -> list[int]:
    """The first input, and the one of another class whose cosine with it is nearest to ½: clear of ±1."""
    other = np.flatnonzero(data.labels != data.labels[0])
    cosines = data.x[other] @ data.x[0] / data.x.shape[1]
    return [0, int(other[np.argmin(np.abs(cosines - 0.5))])]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed" if name not in sys.modules else "unknown"
    return found


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
