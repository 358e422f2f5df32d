"""Theory against finite networks, with stated error rates."""

from ntk_theory.verify.convergence import Convergence, convergence
from ntk_theory.verify.procedure import verify
from ntk_theory.verify.verdict import Row, Verdict

__all__ = ["Convergence", "Row", "Verdict", "convergence", "verify"]
