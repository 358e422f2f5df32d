"""Tables of the claims and of sections 1 and 2: derivations, proven digits, the order-to-chaos line."""

from collections.abc import Sequence

from ntk_theory.proofs.table import ProofRow
from ntk_theory.report.claims import Claim
from ntk_theory.report.derivation import Accuracy, Derivation
from ntk_theory.report.numbers import plain, proven
from ntk_theory.report.phases import PhasePoint, Phases
from ntk_theory.report.settings import PARTS, TITLES
from ntk_theory.tables.table import Cell, Row, Table, grouped, prose


def claims_table(claims: Sequence[Claim]) -> Table:
    """Every claim of the report."""
    return Table(
        "claims",
        "What this report claims, and how likely each claim is to be wrong.",
        ("claim", "verdict", "error rate", "section"),
        tuple(
            (
                c.statement,
                Cell(c.verdict, "good" if c.as_it_should else "bad"),
                Cell(c.error, "quiet"),
                Cell(PARTS[c.where], link=c.where),
            )
            for c in claims
        ),
        "llll",
    )


def theorems_table(theorems: Sequence[ProofRow]) -> Table:
    """Section 6: a row a theorem."""
    caption = prose(
        """The theorems in proofs/, checked when this report was made: each claim of a derivation by a zero test
        that shares no code with the engine (exact) or in ball arithmetic (balls), and statements that are nearly
        true rejected by the same means. Given: how many well-known results are cited, not checked."""
    )
    rows = tuple(
        (
            one.title,
            _verdict(one),
            ", ".join(one.methods),
            str(one.checks - one.falsehoods),
            str(one.falsehoods),
            f"\\({one.statement}\\)",
        )
        for one in theorems
    )
    header = ("theorem", "verdict", "by", "claims", "falsehoods", "statement")
    return Table("theorems", caption, header, rows, "lllrrl")


def _verdict(one: ProofRow) -> Cell:
    if one.failed:
        return Cell("FAILED", "bad")
    return Cell(f"proved, given {len(one.given)}" if one.given else "proved", "good")


def derived_table(derived: Sequence[Derivation]) -> Table:
    """Section 1: values of K and K̇ to proven digits."""
    caption = prose(
        r"""The duals, and their values at \(q_1 = q_2 = 1\), \(c = \tfrac12\) in ball arithmetic: every digit
        is proven, up to one unit in the last. The time is the derivation's alone."""
    )
    rows = []
    for one in derived:
        held = sum(line.holds for line in one.certificates)
        certificates = Cell(f"{held} of {len(one.certificates)} hold", "good" if one.certified else "bad")
        values = f"\\({one.kernel_value}\\)", f"\\({one.derivative_value}\\)"
        rows.append((one.title, "yes" if one.closed_form else "no", certificates, *values, f"{one.seconds:.2f} s"))
    header = ("activation", "closed form", "certificates", r"\(K\)", r"\(\dot K\)", "time")
    return Table("derived", caption, header, tuple(rows), "lllrrr")


def digits_table(accuracies: Sequence[Accuracy], depth: int) -> Table:
    """Section 1: the compiled kernel in double precision against ball arithmetic."""
    caption = prose(
        rf"""\(\Theta(x, x')\) of two of the inputs at depth {depth}: in ball arithmetic (all digits proven),
        and as the compiled kernel computes it in double precision. The last column bounds what a truncated
        series leaves out, relative to the kernel, given its coefficients; closed forms leave nothing out. An
        error above that bound comes from the quadrature of the coefficients."""
    )
    names = dict.fromkeys(one.activation for one in accuracies)
    rows, rules = grouped(
        (TITLES[name], [_digits(a) for a in accuracies if a.activation == name]) for name in names
    )
    header = ("activation", "phase", r"\(\sigma_w^2\)", "proven", "compiled", "relative error", "truncation")
    return Table("digits", caption, header, rows, "llrrrrr", rules)


def _digits(one: Accuracy) -> Row:
    tiny = 0 < one.truncation < 1e-30
    return (
        one.phase,
        plain(one.W_var, 6),
        f"\\({one.proven}\\)",
        f"\\({one.compiled!r}\\)",
        plain(one.relative_error, 2),
        r"\(< 10^{-30}\)" if tiny else plain(one.truncation, 2),
    )


def lines_table(found: Sequence[Phases]) -> Table:
    """Section 2: the order-to-chaos line at two values of σ_b²."""
    b_var = found[0].b_var
    caption = prose(
        rf"""Where order turns to chaos: \(\sigma_w^2\) on the line at \(\sigma_b = 0\), the variance \(q^*\)
        there, and \(\sigma_w^2\) on the line at \(\sigma_b^2 = {b_var}\). Every digit is proven; results.json
        has the radii. ReLU's line is exact and vertical, since \(\chi_1 = \sigma_w^2/2\) at every variance."""
    )
    rows = tuple(
        (
            TITLES[one.activation],
            proven(one.start, 16),
            "every" if one.start_q is None else proven(one.start_q, 12),
            proven(one.critical, 16),
        )
        for one in found
    )
    header = ("activation", r"\(\sigma_w^2\) at \(\sigma_b = 0\)", r"\(q^*\) there")
    return Table("lines", caption, (*header, rf"\(\sigma_w^2\) at \(\sigma_b^2 = {b_var}\)"), rows, "lrrr")


def phases_table(found: Sequence[Phases]) -> Table:
    """Section 2: the three networks of each activation."""
    caption = prose(
        rf"""The networks of section 3, \(\sigma_b^2 = {found[0].b_var}\): the fixed point \(q^*\) of the
        variance, \(\chi_1\), the correlation \(c^*\) that all pairs of inputs tend to, and the depth scales
        of variance and correlation, in layers. The digits are proven. \(\infty\): a power law in place of an
        exponential. ReLU's variance has no fixed point from \(\sigma_w^2 = 2\) on."""
    )
    rows, rules = grouped((TITLES[one.activation], [_point(point) for point in one.points]) for one in found)
    header = ("activation", "phase", r"\(\sigma_w^2\)", r"\(q^*\)", r"\(\chi_1\)", r"\(c^*\)")
    return Table("phases", caption, (*header, r"\(\xi_q\)", r"\(\xi_c\)"), rows, "llrrrrrr", rules)


def _point(point: PhasePoint) -> tuple[Cell | str, ...]:
    none = Cell("none", "quiet")
    on_line = point.phase == "critical" and point.q is not None
    return (
        point.phase,
        f"\\({point.W_var}\\)",
        *(none if value is None else proven(value, 6) for value in (point.q, point.chi_1, point.c_star)),
        none if point.xi_q is None else proven(point.xi_q, 5),
        r"\(\infty\)" if on_line else none if point.xi_c is None else proven(point.xi_c, 5),
    )
