"""The errors of ntk_theory. Each message says which value, why, and what to do instead."""


class NtkTheoryError(Exception):
    """Base of every error that ntk_theory raises on purpose."""


class ActivationSyntaxError(NtkTheoryError, ValueError):
    """The text does not name an activation. Says where, and what was expected there."""


class NotInClassError(NtkTheoryError):
    """No closed form by the Gaussian calculus. Says which part is outside, and what is offered instead."""


class DerivationTimeError(NtkTheoryError):
    """A derivation was stopped at its time limit. Says which part was hard."""


class DivergentExpectationError(NtkTheoryError):
    """An expectation that the theory needs is infinite: E[φ²], or E[φ′²] where φ has a jump."""


class NoFixedPointError(NtkTheoryError):
    """The variance map or the critical line has no point where one was asked for."""


class EnclosureError(NtkTheoryError):
    """Ball arithmetic could not reach the digits asked for. A wrong enclosure is never returned instead."""


class ShapeError(NtkTheoryError, ValueError):
    """An array's shape does not fit. Names the argument, its shape and the shape expected."""


class DataError(NtkTheoryError, ValueError):
    """A data file or a number cannot be used: empty, ragged, not finite, out of its range."""


class OutOfMemoryError(NtkTheoryError, MemoryError):
    """Arrays would not fit into memory. Raised before they are made; says how large blocks may be."""


class ProofKernelError(NtkTheoryError):
    """The proof kernel is there but unusable: its libraries are missing or of another version."""


class MissingExtraError(NtkTheoryError, ImportError):
    """An optional dependency is not installed. Says which extra brings it."""
