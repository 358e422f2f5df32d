"""The study's claims as the document prints them: a statement, its verdict, its error rate, its evidence."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ntk_theory.errors import DataError
from ntk_theory.tables.numbers import rounded_up

COLOURS = {"VERIFIED": "good", "REFUTED": "bad", "UNDECIDED": "open"}


def claims_list(claims: Sequence[Mapping[str, Any]], part: str) -> str:
    """A list for one part of the study, a claim an item with the command that decides it as a comment.

    Raises `DataError` for a claim that is not whole.
    """
    if not claims:
        return "% This part measures, and decides no claim.\n"
    lines = [r"\begin{claims}"]
    for claim in claims:
        missing = [key for key in ("statement", "verdict", "alpha", "evidence", "command") if key not in claim]
        if missing or claim["verdict"] not in COLOURS:
            raise DataError(f"A claim of the part {part} has no {missing[0] if missing else 'known verdict'}.")
        decided = claim["alpha"] is not None and claim["verdict"] != "UNDECIDED"
        alpha = rf"\num{{{rounded_up(claim['alpha'])}}}" if decided else ""
        statement, evidence = (" ".join(str(claim[key]).split()) for key in ("statement", "evidence"))
        verdict = rf"\verdict{{{COLOURS[claim['verdict']]}}}{{{claim['verdict']}}}{{{alpha}}}"
        lines.append(rf"\item {_sentence(statement)} {verdict} {{\small {_ended(evidence)}}} % {claim['command']}")
    return "\n".join([*lines, r"\end{claims}", ""])


def _sentence(text: str) -> str:
    return _ended(text[:1].upper() + text[1:])


def _ended(text: str) -> str:
    text = re.sub(r"(?<!\\)([%&#])", r"\\\1", text)
    return text if text.endswith((".", "!", "?")) else f"{text}."
