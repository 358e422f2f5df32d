"""The report's tables, made from the results alone: one file a group of sections."""

from ntk_theory.report.results import Results
from ntk_theory.report.tables import kernels, learning, networks
from ntk_theory.tables.table import Table


def tables(results: Results) -> dict[str, Table]:
    """All tables by name, in the page's order."""
    made = (
        kernels.claims_table(results.claims),
        kernels.derived_table(results.derived),
        kernels.digits_table(results.accuracies, results.settings.depth),
        kernels.lines_table(results.phases),
        kernels.phases_table(results.phases),
        learning.learning_table(results),
        learning.posterior_table(results),
        networks.verdicts_table(results.simulated),
        networks.widths_table(results.simulated),
        networks.laws_table(results.simulated),
        networks.flow_table(results.flows),
        *([kernels.theorems_table(results.theorems)] if results.theorems else []),
    )
    return {table.name: table for table in made}


__all__ = ["tables"]
