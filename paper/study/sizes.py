"""How much is simulated: `quick`, for trying, and `full`, whose results are committed."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Sizes:
    """Grids and counts of all parts; every one of them stands in the results.

    - Initialization: `networks` of each of `widths` × `depths`, and of the papers' `paper_widths` × `paper_depths`
      over `paper_W_vars` at σ_b² = 1; `far` are (width, depth) of ReLU networks without biases, `far_networks` of
      each; `wide` (width, depth) of the others, `wide_networks` of each.
    - Samples: `repeats` times 200 initializations.
    - Training: `members` networks of `train_widths` × `train_depths` on `train_inputs` digits for `train_steps`
      steps of `fraction` of the critical step.
    - Map: at `map_width`, `map_points` values of σ_w².
    - Ensemble: `ensemble_members` networks of `ensemble_width`, `ensemble_depths`.
    """

    name: str
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    networks: int
    paper_widths: tuple[int, ...]
    paper_depths: tuple[int, ...]
    paper_W_vars: tuple[float, ...]
    far: tuple[tuple[int, int], ...]
    far_networks: int
    wide: tuple[tuple[int, int], ...]
    wide_networks: int
    repeats: int
    train_widths: tuple[int, ...]
    train_depths: tuple[int, ...]
    train_inputs: int
    train_steps: int
    members: int
    scale_depths: tuple[int, ...]
    scale_points: int
    map_width: int
    map_depths: tuple[int, ...]
    map_points: int
    ensemble_depths: tuple[int, ...]
    ensemble_width: int
    ensemble_members: int
    fraction: float = 0.25
    seed: int = 0


QUICK = Sizes(
    name="quick",
    widths=(64, 128),
    depths=(8, 16),
    networks=16384,
    paper_widths=(100, 500),
    paper_depths=(10, 30),
    paper_W_vars=(1.0, 2.0, 3.0),
    far=((100, 20), (100, 100), (1000, 100), (1000, 500), (100_000, 500)),
    far_networks=8192,
    wide=((1024, 128),),
    wide_networks=1024,
    repeats=500,
    train_widths=(32, 128),
    train_depths=(3, 10),
    train_inputs=32,
    train_steps=100,
    members=3,
    scale_depths=(5, 20),
    scale_points=5,
    map_width=64,
    map_depths=(2, 4, 8, 16, 32),
    map_points=5,
    ensemble_depths=(3, 10, 30),
    ensemble_width=64,
    ensemble_members=96,
)
FULL = replace(
    QUICK,
    name="full",
    depths=(4, 8, 16, 32),
    paper_widths=(50, 100, 200, 500),
    paper_depths=(10, 30, 90),
    paper_W_vars=(0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
    far=(
        *((100, depth) for depth in (5, 10, 20, 50, 100, 200, 500)),
        *((1000, depth) for depth in (10, 20, 50, 100, 200, 500)),
        *((10_000, depth) for depth in (20, 50, 100, 200, 500)),
        *((100_000, depth) for depth in (50, 100, 200, 500)),
    ),
    far_networks=32_768,
    wide=((4096, 128),),
    repeats=4000,
    train_depths=(3, 10, 20),
    scale_depths=(5, 20, 40),
    scale_points=7,
    map_depths=(2, 4, 8, 16, 32, 64),
    map_points=5,
)
SIZES = {size.name: size for size in (QUICK, FULL)}
