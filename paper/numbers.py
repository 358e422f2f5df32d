"""Every number and formula that the text quotes, by a key: \\val{key} in the sources prints it.

What the library derives is derived here, anew; what the study measured is read from its results, where it stands
with its error. A key that is used and not defined is an error of LaTeX, and of the tests before.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ntk_theory.tables.numbers import plain_decimal, rounded
from ntk_theory.tables.table import Cell, Number, Row, Table

PARTS = ("initialization", "samples", "training", "map", "ensemble")
"""The parts of the study, in the document's order; each is DIR/NAME.json."""

B_VAR = "0.05"
"""The σ_b² of the examples in the text."""

FEW = (64, 32)
"""The width and depth at which the text shows what few samples do."""


@dataclass(frozen=True)
class Value:
    """What \\val{key} prints, and the command that makes it."""

    key: str
    latex: str
    source: str


def macros(results: Path) -> str:
    """The text of numbers.tex. Raises `SystemExit` with the parts of the study that are missing."""
    values = [*derived(), *measured(results)]
    lines = ["% Made by python -m paper; a line a number, with what makes it."]
    lines += [
        rf"\expandafter\def\csname val@{v.key}\endcsname{{{v.latex}}} % {' '.join(v.source.split())}"
        for v in values
    ]
    return "\n".join([*lines, ""])


def derived() -> Iterator[Value]:
    """What the library derives, proves or computes exactly."""
    from sympy import Add, Pow, Rational, expand, limit, nsolve, oo, series, together

    import ntk_theory as ntk
    from ntk_theory.finite_width import dispersion_formula, dispersion_limit, ntk_growth, relu_ntk_dispersion
    from ntk_theory.gaussian.paper import latex
    from ntk_theory.phase.power_law import l
    from ntk_theory.symbols import L, n, ratio
    from ntk_theory.tables.kernels import ACTIVATIONS
    from ntk_theory.tables.verdicts import DEPTH, TESTS

    yield Value("activations", _number(len(ACTIVATIONS)), "len(ntk_theory.tables.kernels.ACTIVATIONS)")
    yield Value("verdict.tests", _number(len(TESTS)), "len(ntk_theory.tables.verdicts.TESTS)")
    yield Value("verdict.depth", _number(DEPTH), "ntk_theory.tables.verdicts.DEPTH")
    yield Value("version", rf"\text{{{ntk.__version__}}}", "ntk.__version__")

    for name in ("relu", "erf"):
        dual = ntk.dual(name)
        yield Value(f"{name}.kernel", latex(dual.kernel), f"ntk-theory derive {name}")
        yield Value(f"{name}.derivative", latex(dual.derivative), f"ntk-theory derive {name}")
    yield Value("b_var", rf"\num{{{B_VAR}}}", "paper.numbers.B_VAR")
    for name, b_var in (("tanh", B_VAR), ("logistic", "0")):
        line = ntk.phase(name).critical_W_var(b_var=b_var, digits=30)
        yield Value(f"critical.{name}", line.latex(12), f"ntk-theory phase {name} --b-var {b_var} --digits 30")
    point = ntk.phase("gelu").universality(digits=12).critical
    assert point is not None
    for part in ("W_var", "b_var"):
        yield Value(f"critical.gelu.{part}", getattr(point, part).latex(8), "ntk.phase('gelu').universality()")

    laws = {"smooth": ("tanh", B_VAR), "kink": ("relu", "0"), "kink-bias": ("relu", B_VAR)}
    for label, (name, b_var) in laws.items():
        deep = ntk.phase(name).asymptotics(b_var=b_var)
        source = f"ntk-theory phase {name} --b-var {b_var}"
        yield Value(f"ratio.{label}", latex(limit(deep.ntk_ratio, l, oo)), source)
        yield Value(f"condition.{label}", latex(together(limit(deep.condition, l, oo))), source)
    deep = ntk.phase("relu").asymptotics()
    yield Value("relu.correlation", latex(deep.correlation), "ntk-theory phase relu --b-var 0")

    exact, far = dispersion_formula("relu"), dispersion_limit("relu")
    terms = [term.as_coeff_Mul() for term in Add.make_args(exact * (L + 1) ** 2)]
    below = terms[0][0].q
    for label, (sign, term) in zip(("second", "first"), sorted(terms, key=lambda t: -t[0]), strict=True):
        polynomial, power = term.as_independent(Pow(1 + 5 / n, L), Pow(1 - 1 / n, L))
        shown = f"{latex(power)} \\left({latex(expand(sign * below * polynomial))}\\right)"
        yield Value(f"dispersion.{label}", shown, 'dispersion_formula("relu")')
    yield Value("dispersion.denominator", latex(below * (L + 1) ** 2), 'dispersion_formula("relu")')
    yield Value("dispersion.limit", latex(far), 'dispersion_limit("relu")')
    yield Value("dispersion.slope", latex(series(far, ratio, 0, 2).coeff(ratio)), 'dispersion_limit("relu")')
    for label, at in (("quarter", Rational(1, 4)), ("half", Rational(1, 2)), ("one", Rational(1))):
        source = f'dispersion_limit("relu").subs(lambda, {at})'
        yield Value(f"dispersion.at.{label}", _number(float(far.subs(ratio, at)), digits=4), source)
        yield Value(f"{label}", str(at), source)
    for label, size in (("tenth", 1.01), ("whole", 2.0)):
        root = float(nsolve(far - size, ratio, (1e-3, 1), solver="bisect", tol=1e-12))
        yield Value(f"dispersion.{label}", _number(root, digits=3), f'dispersion_limit("relu") = {size}')
    few = relu_ntk_dispersion(*FEW, math.sqrt(2), 0.0)
    source = f"relu_ntk_dispersion({FEW[0]}, {FEW[1]}, sqrt(2), 0)"
    yield from (
        Value(f"few.{name}", _number(size), source) for name, size in zip(("width", "depth"), FEW, strict=True)
    )
    yield Value("few.dispersion", _number(few, digits=4), source)

    critical = float(ntk.phase("tanh").critical_W_var(b_var=B_VAR, digits=15))
    for label, W_var in (("critical", critical), ("chaotic", 2 * critical)):
        slope = ntk_growth("tanh", W_var=W_var, b_var=float(B_VAR)).slope
        yield Value(
            f"growth.tanh.{label}", _number(slope, digits=4), f'ntk_growth("tanh", W_var={W_var}, b_var={B_VAR})'
        )


def measured(results: Path) -> Iterator[Value]:
    """What the study measured: PART.NAME for each of the numbers of each part.

    Raises `SystemExit` where a part is missing, or not of the size of the others.
    """
    sizes = {part: str(part_of_study(results, part)["size"]) for part in PARTS}
    if len(set(sizes.values())) > 1:
        raise SystemExit(f"The parts in {results} are of different sizes: {sizes}. Make those of one size again.")
    claims = [claim for part in PARTS for claim in part_of_study(results, part)["claims"]]
    for verdict in ("VERIFIED", "REFUTED", "UNDECIDED"):
        count = sum(claim.get("verdict") == verdict for claim in claims)
        yield Value(f"claims.{verdict}", _number(count), "python -m paper.study")
    yield Value("claims.all", _number(len(claims)), "python -m paper.study")
    yield Value("study.size", sizes[PARTS[0]], "python -m paper.study --size")
    for part in PARTS:
        record = part_of_study(results, part)
        for name, entry in record["numbers"].items():
            error = entry.get("error")
            digits = 4 if error is None else None
            if set(name) & set("%#\\{}~"):
                raise SystemExit(
                    f"{part}.json: the number {name!r} has a letter in its name that TeX takes apart."
                )
            yield Value(f"{part}.{name}", _number(entry["value"], error, digits=digits), record["command"])
        yield Value(f"{part}.claims", _number(len(record["claims"])), record["command"])
        for name, size in _sizes(record.get("settings", {})):
            yield Value(f"{part}.settings.{name}", _number(size), record["command"])


def measured_table(results: Path) -> Table:
    """Every number that the study quotes, with the claim that it belongs to."""
    rows: list[Row] = []
    sources, rules = [], set()
    for part in PARTS:
        record = part_of_study(results, part)
        for place, (name, entry) in enumerate(record["numbers"].items()):
            first = Cell(part if place == 0 else "", plain=part)
            rows.append(
                (first, name, _as_number(entry["value"], entry.get("error")), str(entry.get("claim") or ""))
            )
            sources.append(record["command"])
        rules.add(len(rows) - 1)
    caption = (
        "The numbers that the study quotes, with their standard errors where they have one, and their claims."
    )
    header = ("part", "number", "value", "claim")
    return Table("measured", caption, header, tuple(rows), "llSl", frozenset(rules), tuple(sources), long=True)


def _as_number(value: float, error: float | None) -> Number | Cell:
    if not math.isfinite(value):
        return Cell(r"\(\infty\)", plain="oo")
    if error is not None and math.isfinite(error) and error > 0:
        places = 1 - math.floor(math.log10(error))
        return Number(plain_decimal(round(Decimal(repr(float(value))), places)), repr(float(error)))
    return Number(str(value)) if isinstance(value, int) else rounded(value, 4)


def _sizes(settings: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers among settings, by their names; those of a group as GROUP.NAME."""
    for name, entry in settings.items():
        if isinstance(entry, Mapping):
            yield from ((f"{name}.{inner}", value) for inner, value in _sizes(entry))
        elif isinstance(entry, int | float):
            yield name, entry


def part_of_study(results: Path, part: str) -> Mapping[str, Any]:
    """One part's record. Raises `SystemExit` where it is missing, and says what makes it."""
    path = results / f"{part}.json"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: python -m paper.study --size full|quick --only {part} makes it.")
    record: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    missing = [key for key in ("command", "size", "numbers", "claims") if key not in record]
    if missing:
        raise SystemExit(
            f"{path} has no {missing[0]}: it was made by another version of the study; make it again."
        )
    return record


def _number(value: float, error: float | None = None, *, digits: int | None = None) -> str:
    """For siunitx: an error to two digits and the value to its place, or the value to so many digits."""
    if error is not None and math.isfinite(error) and error > 0:
        places = 1 - math.floor(math.log10(error))
        shown = round(Decimal(repr(float(value))), places)
        return rf"\num{{{shown:f} +- {round(Decimal(repr(float(error))), places):f}}}"
    if isinstance(value, int):
        return rf"\num{{{value}}}"
    if not math.isfinite(value):
        return r"\infty"
    text = f"{value:.6g}" if digits is None else f"{value:#.{digits}g}".rstrip(".")
    return rf"\num{{{text}}}"
