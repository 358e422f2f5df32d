"""Tables of sections 4 and 5: verdicts on simulated networks, their convergence, and gradient flow."""

from collections.abc import Sequence

from ntk_theory.report.flow import Flow
from ntk_theory.report.numbers import percent, plain, with_error
from ntk_theory.report.settings import TITLES
from ntk_theory.report.simulation import NTK_PAIR, Law, Outcome, Simulated
from ntk_theory.tables.table import Cell, Row, Table, grouped, prose


def verdicts_table(simulated: Sequence[Simulated]) -> Table:
    """The derived theory and the planted error, with the evidence."""
    outcome = simulated[0].derived
    caption = prose(
        rf"""Both kernels of a pair of inputs against finite networks. A true theory is refuted with
        probability at most \(\alpha\), and one that is wrong by {100 * outcome.min_detectable:g}% of the
        kernel's size or more is verified with probability at most \(\alpha\). The e-value is the evidence
        against the theory: its expectation is at most 1 if the theory is true, and
        {plain(2 / outcome.alpha, 1)} refutes. What these probabilities assume stands below."""
    )
    header = ("activation", "theory", "verdict", "e-value", r"\(\alpha\)", "neurons drawn")
    rows, rules = grouped(
        (
            TITLES[one.activation],
            [
                _outcome("as derived", one.derived, "VERIFIED"),
                _outcome(r"planted error: \(K\) for \(\dot K\)", one.planted, "REFUTED"),
            ],
        )
        for one in simulated
    )
    return Table("verdicts", caption, header, rows, "lllrrr", rules)


def widths_table(simulated: Sequence[Simulated]) -> Table:
    """Mean NTK of networks of each width, beside the limit."""
    rows: list[Row] = []
    for i, width in enumerate(simulated[0].widths):
        cells = [with_error(one.ntk_mean[i], one.ntk_standard_error[i]) for one in simulated]
        rows.append((f"\\({width}\\)", f"\\({simulated[0].samples[i]}\\)", *cells))
    rows.append(("theory", "", *(plain(one.theory_ntk, 6) for one in simulated)))
    return Table(
        "widths",
        r"\(\hat\Theta(x, x')\) of finite networks, mean and standard error, and the theory's limit.",
        ("width", "networks", *(TITLES[one.activation] for one in simulated)),
        tuple(rows),
        "rr" + "r" * len(simulated),
        frozenset({len(rows) - 2}),
    )


def laws_table(simulated: Sequence[Simulated]) -> Table:
    """Fitted powers of the width."""
    caption = prose(
        r"""How kernels of finite networks approach the theory, relative to the kernel's size: the standard
        deviation of one network is \(a/\sqrt n\), the bias of the mean \(b/n\); \(\pm\) one standard error.
        The fitted exponent of the first is \(-\tfrac12\) up to corrections of relative order \(1/n\)."""
    )
    rows, rules = grouped((TITLES[one.activation], [_law(law) for law in one.laws]) for one in simulated)
    return Table("laws", caption, ("activation", "kernel", "exponent", r"\(a\)", r"\(b\)"), rows, "llrrr", rules)


def flow_table(flows: Sequence[Flow]) -> Table:
    """Distances between one trained network and the closed form."""
    first = flows[0]
    caption = prose(
        rf"""One network of width {first.width} trained by {first.steps} steps of gradient descent on
        {first.train} inputs, against the closed form on {first.test} others: root mean squared distance, in
        per cent of how far the outputs moved, at the end with \(\Theta\) of infinite width and with the
        network's own \(\Theta\) at its start, and the largest on the path with the first."""
    )
    rows = tuple(
        (
            TITLES[one.activation],
            plain(one.W_var, 6),
            plain(one.start_rms, 3, trim=False),
            percent(one.infinite_distance, 2),
            percent(one.own_distance, 2),
            percent(one.largest_distance, 2),
        )
        for one in flows
    )
    header = (
        "activation",
        r"\(\sigma_w^2\)",
        r"rms of \(f_0\)",
        "at the end",
        r"with its own \(\Theta\)",
        "largest",
    )
    return Table("flow", caption, header, rows, "lrrrrr")


def _outcome(theory: str, outcome: Outcome, expected: str) -> Row:
    return (
        theory,
        Cell(outcome.verdict, "good" if outcome.verdict == expected else "bad"),
        f"\\(10^{{{outcome.log10_e_value:.0f}}}\\)",
        plain(outcome.alpha, 1),
        plain(outcome.neurons, 2),
    )


def _law(law: Law) -> Row:
    kernel = r"\(\Theta(x,x')\)" if law.quantity == NTK_PAIR else r"\(\Sigma(x,x')\)"
    slope, bias = with_error(law.slope, law.slope_error), with_error(law.bias, law.bias_error)
    return kernel, slope, plain(law.fluctuation, 3, trim=False), bias
