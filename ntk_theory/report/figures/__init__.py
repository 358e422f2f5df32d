"""The report's figures, one file a section. Each takes results and a palette and returns a matplotlib figure."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ntk_theory.report.figures.convergence import convergence_figure
from ntk_theory.report.figures.curves import curves_figure
from ntk_theory.report.figures.diagram import diagram_figure
from ntk_theory.report.figures.double_descent import double_descent_figure
from ntk_theory.report.figures.flow import flow_figure
from ntk_theory.report.figures.function_space import function_space_figure
from ntk_theory.report.figures.learning import accuracy_figure, calibration_figure, gram_figure
from ntk_theory.report.results import Pictures, Results
from ntk_theory.report.style import Palette

__all__ = ["figures"]


def figures(results: Results, pictures: Pictures) -> dict[str, Callable[[Palette], Any]]:
    """Every figure by name, still to be drawn."""
    phases = {one.activation: one for one in results.phases}
    simulated = {one.activation: one for one in results.simulated}
    return {
        "activations": partial(curves_figure, pictures.curves),
        "phases": partial(diagram_figure, pictures.diagrams, phases),
        "gram": partial(gram_figure, pictures.grams, pictures.gram_classes, results.data.classes),
        "accuracy": partial(accuracy_figure, results.learned),
        "calibration": partial(calibration_figure, results.learned),
        "convergence": partial(convergence_figure, pictures.convergences, simulated),
        "flow": partial(flow_figure, pictures.paths),
        "double_descent": partial(double_descent_figure, pictures.descent),
        "function_space": partial(function_space_figure, pictures.space),
    }
