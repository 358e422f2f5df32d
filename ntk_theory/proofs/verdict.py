"""Check theorems: run each derivation, send its lemmas to the kernel, and say what was proven and by what."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from ntk_theory.errors import NtkTheoryError
from ntk_theory.proofs.coq import Lemma
from ntk_theory.proofs.derivation import Derivation, Step
from ntk_theory.proofs.kernel import Certificate, Kernel, missing
from ntk_theory.proofs.theorem import Theorem, theorems


@dataclass(frozen=True)
class Verdict:
    """What checking a theorem gave.

    - `steps`: every claim checked here; `lemmas`: those for the kernel; `certificate`: its answer, None where the
      theorem has no lemma for it or the kernel is missing, which `kernel_missing` then says;
    - `holds`: every step holds and the kernel, if it ran, accepted;
    - `error`: what stopped the derivation, or "".
    """

    theorem: Theorem
    steps: tuple[Step, ...]
    lemmas: tuple[Lemma, ...]
    certificate: Certificate | None
    kernel_missing: str | None
    error: str = ""

    @property
    def holds(self) -> bool:
        accepted = self.certificate is None or self.certificate.accepted
        return bool(self.steps or self.lemmas) and not self.error and all(s.holds for s in self.steps) and accepted

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that took part and hold: "exact", "balls", "kernel"."""
        used = [m for m in ("exact", "balls") if any(s.method == m and s.holds for s in self.steps)]
        return (*used, "kernel") if self.certificate is not None and self.certificate.accepted else tuple(used)

    @property
    def seconds(self) -> float:
        """Time of all checks, the kernel's among them."""
        return sum(s.seconds for s in self.steps) + (self.certificate.seconds if self.certificate else 0.0)

    @property
    def failures(self) -> tuple[str, ...]:
        """The claims that do not hold, each with what is known of why."""
        lines = [f"{s.claim} [{s.method}]{': ' if s.detail else ''}{s.detail}" for s in self.steps if not s.holds]
        lines += [f"kernel: {self.certificate.message}"] if self.certificate and self.certificate.message else []
        return (*lines, self.error) if self.error else tuple(lines)

    @property
    def text(self) -> str:
        """The verdict in words, honest about what is cited and what was not checked."""
        if not self.holds:
            return "FAILED"
        given = f"proved, given {'; '.join(self.theorem.given)}" if self.theorem.given else "proved"
        if not (self.lemmas and self.kernel_missing):
            return given
        return f"{given} (kernel not checked: {self.kernel_missing.split(' (')[0]})"


def check(
    which: Sequence[Theorem] | None = None,
    *,
    kernel: bool = True,
    workers: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Verdict, ...]:
    """Check theorems (all of this checkout's by default) by all methods; `kernel=False` leaves the third one out.

    `progress` is told each theorem's name before its derivation.
    """
    chosen = theorems() if which is None else tuple(which)
    absent = missing() if kernel else "not asked for"
    if absent:
        return tuple(_verdict(_derived(theorem, progress), None, absent) for theorem in chosen)
    with Kernel(workers) as running:
        begun = [_begin(running, _derived(theorem, progress)) for theorem in chosen]
        certificates = running.checked([future.result() for _, future in begun if future is not None])
        by_name = {certificate.name: certificate for certificate in certificates}
        return tuple(_verdict(derived, by_name.get(derived.theorem.name), None) for derived, _ in begun)


@dataclass(frozen=True)
class _Derived:
    theorem: Theorem
    derivation: Derivation
    error: str


def _derived(theorem: Theorem, progress: Callable[[str], None]) -> _Derived:
    progress(theorem.name)
    derivation = Derivation()
    try:
        theorem.derive(derivation)
    except NtkTheoryError as error:
        return _Derived(theorem, derivation, f"{type(error).__name__}: {error}")
    return _Derived(theorem, derivation, "")


def _begin(kernel: Kernel, derived: _Derived) -> tuple[_Derived, "Future[Certificate] | None"]:
    lemmas = derived.derivation.lemmas
    return derived, kernel.submit(derived.theorem.name, lemmas) if lemmas else None


def _verdict(derived: _Derived, certificate: Certificate | None, absent: str | None) -> Verdict:
    made = derived.derivation
    return Verdict(derived.theorem, tuple(made.steps), tuple(made.lemmas), certificate, absent, derived.error)
