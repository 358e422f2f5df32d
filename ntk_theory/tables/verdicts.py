"""Claims about finite networks, tested with stated error rates: made here, or read from a file of claims."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ntk_theory.dual import dual
from ntk_theory.errors import DataError
from ntk_theory.network import mlp
from ntk_theory.tables.numbers import rounded, rounded_up
from ntk_theory.tables.table import Cell, Number, Row, Table, Tone, prose
from ntk_theory.verify import Verdict, verify

DEPTH = 2
COSINE = 0.5


@dataclass(frozen=True)
class Test:
    """One run of `verify`: an activation, σ_w, σ_b, a claim's name, and whether K stands for K̇ in the theory."""

    activation: str
    W_std: float
    b_std: float
    claim: str
    min_detectable: float
    planted: bool = False


TESTS = (
    Test("relu", 1.4, 0.3, "limit", 0.03),
    Test("relu", 1.4, 0.3, "limit", 0.03, planted=True),
    Test("erf", 1.5, 0.3, "limit", 0.03),
    Test("tanh", 1.5, 0.3, "limit", 0.03),
    Test("logistic", 3.0, 0.5, "limit", 0.03),
    Test("gelu", 1.5, 0.3, "limit", 0.03),
    Test("relu", 1.4, 0.3, "variance", 0.2),
    Test("erf", 1.5, 0.3, "variance", 0.2),
    Test("erf", 1.5, 0.3, "outputs", 0.2),
)
VERDICTS = ("VERIFIED", "REFUTED", "UNDECIDED")


def verdicts() -> Table:
    """Run the tests, the same networks each time; about two minutes on two cores."""
    found = [(test, _run(test)) for test in TESTS]
    alpha = rf"\(\alpha = 10^{{{math.log10(found[0][1].alpha):.0f}}}\)"
    caption = prose(
        rf"""Theory against finite networks of {DEPTH} hidden layers, two inputs of cosine {COSINE}. A right
        theory is REFUTED with probability at most {alpha}, and VERIFIED with at most that
        is one wrong by the detectable size or more; both hold whenever sampling stops. The e-value is the
        evidence against the theory, whose mean is at most one if it is right; \(2/\alpha\) refutes."""
    )
    header = (
        "activation",
        Cell(r"\(\sigma_w\)", plain="W_std"),
        Cell(r"\(\sigma_b\)", plain="b_std"),
        "claim",
        "verdict",
        "detectable",
        Cell(r"\(\log_{10}\) e-value", plain="log10 e-value"),
        "million neurons",
    )
    rows = tuple(_row(test, verdict) for test, verdict in found)
    sources = tuple(_source(test, verdict) for test, verdict in found)
    return Table("verdicts", caption, header, rows, "lllllrSS", frozenset(), sources)


def claims(path: Path) -> Table:
    """The claims of a file: a JSON object whose `claims` have statement, verdict, alpha, evidence and command.

    Raises `DataError` for a file that holds none, naming what is missing.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}.") from error
    found = content.get("claims") if isinstance(content, dict) else None
    if not isinstance(found, list) or not found:
        raise DataError(f'{path} holds no claims: a JSON object with a list "claims" is needed.')
    return claims_table(found, str(path.name))


def claims_table(found: Sequence[Mapping[str, Any]], where: str) -> Table:
    """A row a claim. Raises `DataError` for a claim without one of its parts; `where` names it in messages."""
    rows, sources = [], []
    for number, claim in enumerate(found, 1):
        missing = [key for key in ("statement", "verdict", "alpha", "evidence", "command") if key not in claim]
        if missing or claim["verdict"] not in VERDICTS:
            what = f"has no {missing[0]}" if missing else f"has the verdict {claim['verdict']!r}"
            raise DataError(f"Claim {number} of {where} {what}; its verdict must be one of {', '.join(VERDICTS)}.")
        rate: Number | Cell = Cell("–", plain="")
        if claim["alpha"] is not None and claim["verdict"] != "UNDECIDED":
            rate = Number(rounded_up(claim["alpha"]))
        name = str(claim["verdict"])
        tone: Tone = "good" if name == "VERIFIED" else "bad" if name == "REFUTED" else "quiet"
        evidence = _as_text(str(claim["evidence"]))
        rows.append((_as_text(str(claim["statement"])), Cell(name, tone), rate, evidence))
        sources.append(str(claim["command"]))
    caption = prose(
        r"""The claims and their verdicts. \(\alpha\): the probability, at most, of a wrong VERIFIED or
        REFUTED."""
    )
    header = ("claim", "verdict", Cell(r"\(\alpha\)", plain="alpha"), "evidence")
    return Table("claims", caption, header, tuple(rows), "plSp", frozenset(), tuple(sources))


def _run(test: Test) -> Verdict:
    x = np.sqrt(2) * np.array([[1.0, 0.0], [COSINE, np.sqrt(1 - COSINE**2)]])
    derived = dual(test.activation)
    theory = derived.replace(derivative=derived.kernel)
    net = mlp(test.activation, depth=DEPTH, W_std=test.W_std, b_std=test.b_std)
    wrong = mlp(test.activation, depth=DEPTH, W_std=test.W_std, b_std=test.b_std, theory=theory)
    kernel_fn = wrong.kernel_fn if test.planted else None
    return verify(net, x, kernel_fn=kernel_fn, claim=test.claim, min_detectable=test.min_detectable)


def _row(test: Test, verdict: Verdict) -> Row:
    right = verdict.verdict == ("REFUTED" if test.planted else "VERIFIED")
    error = Cell(test.claim + r", \(K\) for \(\dot K\)", plain=f"{test.claim}, K for K_dot")
    return (
        test.activation,
        str(test.W_std),
        str(test.b_std),
        error if test.planted else test.claim,
        Cell(verdict.verdict, "good" if right else "bad"),
        f"{100 * test.min_detectable:g}%",
        Number(f"{verdict.log10_e_value:.0f}"),
        rounded(verdict.neurons / 1e6, 2),
    )


def _source(test: Test, verdict: Verdict) -> str:
    if verdict.command is not None:
        return verdict.command
    call = f"ntk.verify(net, x, kernel_fn=wrong.kernel_fn, min_detectable={test.min_detectable})"
    return f'{call}, wrong: theory=dual.replace(derivative=dual.kernel) of ntk.dual("{test.activation}")'


def _as_text(text: str) -> str:
    """From LaTeX's text to that of tables: \\( … \\) around mathematics, nothing escaped outside it."""
    text = re.sub(r"\\([%&#_])", r"\1", text)
    return re.sub(r"(?<!\\)\$(.+?)(?<!\\)\$", r"\\(\1\\)", text)
