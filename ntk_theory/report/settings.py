"""What a report computes: the defaults that `make report` uses, and a small set of them for tests."""

from dataclasses import dataclass, replace

TITLES = {
    "relu": "ReLU",
    "erf_sigmoid": "erf sigmoid",
    "logistic": "logistic sigmoid",
    "erf": "erf",
}

PARTS = {
    "derived": "1 Derived",
    "phases": "2 Phases",
    "learned": "3 On real data",
    "simulated": "4 Simulated",
    "flow": "5 Gradient flow",
    "theorems": "6 Theorems",
    "written": "Tables, figures, page",
}
"""The report's parts, by the anchors of the page."""


@dataclass(frozen=True)
class Settings:
    """Sizes and seeds. Every one of them is printed on the page and stands in results.json.

    - The phases: σ_w² at the critical line for the given σ_b², and `ordered` and `chaotic` times that.
    - Learning: kernels and networks on the same `train` and `test` inputs; networks of each width in
      `learning_widths`, `members` of each, trained by `learning_steps` steps.
    - Simulation: convergence over `widths` with `samples` networks of the widest and as many neurons of the
      others, the verdict at `verdict_widths` with false-alarm rate `alpha`.
    - Gradient flow: one network of `flow_width` on `flow_train` inputs for `flow_steps` steps; in function space,
      `space_members` networks of each of two `space_widths` for `space_steps` steps, and some of `film_width`;
      regressions on random features, `descent_runs` for each number of them.
    """

    activations: tuple[str, ...] = ("relu", "erf_sigmoid", "logistic")
    also_derived: tuple[str, ...] = ("erf",)
    depth: int = 3
    b_var: str = "1/20"
    ordered: str = "1/4"
    chaotic: str = "4"
    seed: int = 0
    train: int = 300
    test: int = 1000
    learning_widths: tuple[int, ...] = (128, 512)
    members: int = 2
    learning_steps: int = 300
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048, 4096)
    samples: int = 4096
    verdict_widths: tuple[int, ...] = (64, 256, 1024)
    alpha: float = 1e-6
    flow_width: int = 1024
    flow_train: int = 40
    flow_test: int = 60
    flow_steps: int = 1200
    space_widths: tuple[int, int] = (64, 1024)
    space_members: int = 3
    space_steps: int = 300
    film_width: int = 512
    descent_runs: int = 20
    grid: int = 60


DEFAULT = Settings()
QUICK = replace(
    DEFAULT,
    train=30,
    test=40,
    learning_widths=(16,),
    learning_steps=5,
    widths=(64, 128, 256),
    samples=64,
    verdict_widths=(64, 128, 256),
    flow_width=32,
    flow_train=6,
    flow_test=4,
    flow_steps=8,
    space_widths=(16, 32),
    space_members=1,
    space_steps=8,
    film_width=16,
    descent_runs=2,
    grid=6,
)
"""For tests: every part runs, no number means much."""
