"""Certificates checked by a program of somebody else's: Coq's compiler, and its independent checker coqchk.

coqc runs the scripts and writes proof objects; coqchk reads these again without any script and lists the axioms
they rest on. Both run under a time limit, because a search for the proof of a false statement may never end.
"""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from ntk_theory.errors import ProofKernelError
from ntk_theory.proofs.coq import Lemma

LEMMA_SECONDS = 120
_PRELUDE = files("ntk_theory.proofs").joinpath("prelude.v").read_text()
_FILE_SECONDS = 600
_CHECKER_SECONDS = 600
_REJECTED = re.compile(r"command has indeed failed with message:\s*(.*)")
_NOT_A_REJECTION = ("Syntax error", "not found in the current environment", "Stack overflow")


@dataclass(frozen=True)
class Certificate:
    """The lemmas of one theorem as a .v file, and what the kernel said of it.

    `accepted`: coqc proved every lemma and rejected every falsehood, and coqchk found the proofs valid without an
    axiom of their own. `message`: the first thing that went wrong.
    """

    name: str
    text: str
    accepted: bool
    seconds: float
    message: str = ""


def missing() -> str | None:
    """Why there is no kernel on this machine, or None if there is one."""
    absent = [program for program in ("coqc", "coqchk") if shutil.which(program) is None]
    if absent:
        return f"{' and '.join(absent)} missing (Debian: apt-get install coq libcoq-interval libcoq-coquelicot)"
    return None


def source(lemmas: Iterable[Lemma]) -> str:
    """The .v file of some lemmas."""
    return "From Ntk Require Import prelude.\n\n" + "\n".join(lemma.text(LEMMA_SECONDS) for lemma in lemmas)


class Kernel:
    """A folder where certificates are compiled, each by a process of its own, and then checked together.

    Use as a context: it makes the folder and removes it. Raises `ProofKernelError` if its own prelude fails, which
    means that the libraries are missing or of another version.
    """

    def __init__(self, workers: int = 2) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ntk_proofs_")
        self.path = Path(self._folder.name)
        self._pool = ThreadPoolExecutor(workers)

    def __enter__(self) -> "Kernel":
        (self.path / "prelude.v").write_text(_PRELUDE)
        failed, _ = self._coqc("prelude")
        if failed:
            self.__exit__()
            raise ProofKernelError(
                f"The prelude of all certificates does not compile: {failed} Are libcoq-interval and "
                "libcoq-coquelicot installed (Known to work: Coq 8.16, Interval 4.6, as in Debian 12.)"
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def submit(self, name: str, lemmas: Sequence[Lemma]) -> "Future[Certificate]":
        """Compile the lemmas of a theorem; its certificate is accepted by coqc, not yet by coqchk."""
        return self._pool.submit(self._compile, name, source(lemmas), sum(lemma.falsehood for lemma in lemmas))

    def checked(self, certificates: Sequence[Certificate]) -> tuple[Certificate, ...]:
        """The same, with the verdict of coqchk on all that coqc accepted: one run, it reads the libraries once."""
        if not any(c.accepted for c in certificates):
            return tuple(certificates)
        names = ["prelude", *(c.name for c in certificates if c.accepted)]
        start = time.perf_counter()
        modules = [part for name in names for part in ("-norec", f"Ntk.{name}")]
        try:
            ended = self._run(["coqchk", "-silent", "-o", "-Q", ".", "Ntk", *modules], _CHECKER_SECONDS)
            own = re.findall(r"^\s+(Ntk\.\S+)$", ended.stdout + ended.stderr, re.MULTILINE)
            failed = ended.stderr.strip()[-500:] if ended.returncode else ""
        except subprocess.TimeoutExpired:
            own, failed = [], f"no answer in {_CHECKER_SECONDS} s"
        share = (time.perf_counter() - start) / len(names)

        def verdict(certificate: Certificate) -> Certificate:
            assumed = [axiom for axiom in own if axiom.startswith((f"Ntk.{certificate.name}.", "Ntk.prelude."))]
            message = f"coqchk: {failed}" if failed else f"rests on {', '.join(assumed)}" if assumed else ""
            return replace(certificate, accepted=not message, seconds=certificate.seconds + share, message=message)

        return tuple(verdict(c) if c.accepted else c for c in certificates)

    def _compile(self, name: str, text: str, falsehoods: int) -> Certificate:
        (self.path / f"{name}.v").write_text(text)
        start = time.perf_counter()
        failed, output = self._coqc(name)
        if not failed:
            failed = _not_rejected(output, falsehoods)
        return Certificate(name, text, not failed, time.perf_counter() - start, failed)

    def _coqc(self, name: str) -> tuple[str, str]:
        """What went wrong, or "", and what was printed."""
        try:
            ended = self._run(
                ["coqc", "-q", "-test-mode", "-w", "none", "-Q", ".", "Ntk", f"{name}.v"], _FILE_SECONDS
            )
        except subprocess.TimeoutExpired:
            return f"no answer in {_FILE_SECONDS} s.", ""
        return (ended.stderr.strip()[-800:] or "coqc failed.") if ended.returncode else "", ended.stdout

    def _run(self, command: list[str], seconds: int) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, cwd=self.path, timeout=seconds, capture_output=True, text=True, check=False)


def _not_rejected(output: str, falsehoods: int) -> str:
    """Falsehoods must fail for want of a proof: a misspelt tactic would fail too, and show nothing."""
    reasons = _REJECTED.findall(output)
    if len(reasons) != falsehoods:
        return f"{len(reasons)} falsehoods rejected, not {falsehoods}."
    spurious = [reason for reason in reasons if any(word in reason for word in _NOT_A_REJECTION)]
    return f"A falsehood failed for another reason: {spurious[0]}" if spurious else ""
