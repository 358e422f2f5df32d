"""Sections 1 and 2 of the page: what was derived, and the phases."""

from collections.abc import Mapping

from ntk_theory.codegen.series import TERMS
from ntk_theory.report.derivation import Derivation
from ntk_theory.report.page.html import card, details, display, heading, note, paragraph, picture, section
from ntk_theory.report.phases import Phases
from ntk_theory.report.results import Results
from ntk_theory.report.settings import TITLES
from ntk_theory.tables.table import Table, html_text, prose

RECURSION = r"""\begin{align*}
\Sigma^{(1)}(x, x') &= \sigma_w^2\, \frac{x \cdot x'}{n_0} + \sigma_b^2, \quad \Theta^{(1)} = \Sigma^{(1)}, \\[4pt]
\Sigma^{(l+1)}(x, x') &= \sigma_w^2\, K\big(q^{(l)}(x), q^{(l)}(x'), c^{(l)}\big) + \sigma_b^2, \\[4pt]
\Theta^{(l+1)}(x, x') &= \Sigma^{(l+1)}(x, x')
  + \sigma_w^2\, \dot K\big(q^{(l)}(x), q^{(l)}(x'), c^{(l)}\big)\, \Theta^{(l)}(x, x'),
\end{align*}"""


def derived(results: Results, tables: Mapping[str, Table]) -> str:
    """Section 1."""
    return section(
        "derived",
        1,
        "Derived",
        paragraph(
            prose(
                r"""The pre-activations of two inputs in an infinitely wide network are a centred Gaussian
                pair \((u, v)\) with variances \(q_1\), \(q_2\) and correlation \(c\). An activation \(\phi\)
                enters through \(K = \mathbb{E}[\phi(u)\phi(v)]\), \(\dot K = \mathbb{E}[\phi'(u)\phi'(v)]\)
                and \(V(q) = K(q, q, 1)\) alone. In the NTK parameterization, with \(L\) hidden layers, the
                network's covariance (NNGP) and its neural tangent kernel are \(\Sigma^{(L+1)}\) and
                \(\Theta^{(L+1)}\) of"""
            )
        ),
        display(RECURSION),
        paragraph(
            prose(
                r"""with \(q^{(l)}(x) = \Sigma^{(l)}(x, x)\) and \(c^{(l)}\) the correlation that
                \(\Sigma^{(l)}\) holds (Jacot, Gabriel & Hongler 2018). The forms below were derived from
                \(\phi\) when this report was made; none is looked up. Each derivation carries certificates:
                identities that were checked anew in exact arithmetic."""
            )
        ),
        *(_activation(one) for one in results.derived),
        picture(
            "activations",
            "Three panels: the activations, K and its derivative against the correlation.",
            prose(
                r"""The activations, and their duals at \(q_1 = q_2 = 1\) from the compiled kernels. ReLU's
                \(\dot K\) has a square-root singularity at \(c = 1\), its kink's trace; the sigmoids' are
                smooth."""
            ),
        ),
        heading("How exact the numbers are"),
        tables["derived"].html(),
        tables["digits"].html(),
    )


def _activation(one: Derivation) -> str:
    duals = "\\begin{align*}\n" + " \\\\[5pt]\n".join(
        f"{name} &= {formula}"
        for name, formula in (
            (r"\phi(x)", one.phi),
            ("K(q_1, q_2, c)", one.kernel),
            (r"\dot K(q_1, q_2, c)", one.derivative),
            ("V(q)", one.variance),
        )
    )
    lines = "".join(
        f'<li><b class="{"" if line.holds else "fails"}">{"holds" if line.holds else "fails"}</b> '
        f"{html_text(line.name)}: \\({html_text(line.statement)}\\)</li>"
        for line in one.certificates
    )
    honest = [] if one.closed_form else [_representation()]
    return heading(one.title) + card(
        display(duals + "\n\\end{align*}"),
        *honest,
        heading("The recursion, with these written in", 4),
        display(one.recursion.replace("\\\\\n", "\\\\[5pt]\n")),
        f'<ul class="certificates">{lines}</ul>',
    )


def _representation() -> str:
    return note(
        prose(
            r"""No elementary form of this two-point dual is known, and none is claimed. What stands above is
            exact: \(1/(1 + e^{-x}) = \tfrac12 + \tfrac12\tanh(x/2)\), and
            \(\mathbb{E}_{q_1, q_2, c}[f(u)\,g(v)]\) is the expectation over the Gaussian pair."""
        ),
        prose(
            rf"""It is evaluated in two ways. In ball arithmetic, by the trapezoidal rule with the strip
            theorem's bound on its error: proven digits. In the compiled kernel, by the Hermite series
            \(\mathbb{{E}}[f(u)g(v)] = \sum_n a_n b_n c^n\) with {TERMS} terms, whose remainder is at most
            \(|c|^{{{TERMS}}}\,\big[(\mathbb{{E}}f^2 - \sum a_n^2)(\mathbb{{E}}g^2 - \sum
            b_n^2)\big]^{{1/2}}\); the bound's value at these inputs stands in the table of digits."""
        ),
    )


def phase_section(results: Results, tables: Mapping[str, Table]) -> str:
    """Section 2."""
    return section(
        "phases",
        2,
        "Phases",
        paragraph(
            prose(
                r"""With depth the variance goes to a fixed point, \(q^* = \sigma_w^2 V(q^*) + \sigma_b^2\),
                and \(\chi_1 = \sigma_w^2\, \mathbb{E}[\phi'(\sqrt{q^*} z)^2]\) decides what becomes of two
                inputs: below 1 they grow alike (order), above 1 they part (chaos). The line between, \(\chi_1
                = 1\), is where deep networks can be trained (Poole et al. 2016; Schoenholz et al. 2017). It
                has a parametric form in \(q = q^*\):"""
            )
        ),
        *(_line(one) for one in results.phases if not one.scale_invariant),
        paragraph(
            prose(
                r"""For ReLU, \(\chi_1 = \sigma_w^2/2\) whatever the variance: the line is \(\sigma_w^2 = 2\).
                The logistic sigmoid's line is rarely drawn, for it lies far out: \(\sigma_w \approx 10.15\)
                at \(\sigma_b = 0\). Every number in the tables is enclosed in ball arithmetic; the colours of
                the figure are computed in plain floating point."""
            )
        ),
        picture(
            "phases",
            "Phase diagrams of four activations with the depth scale of correlations in colour.",
            prose(
                r"""The order-to-chaos line (white) over the depth scale \(\xi_c\) of correlations: \(|c^{(l)}
                - c^*|\) falls like \(e^{-l/\xi_c}\), and on the line like a power. Dots: the networks of
                section 3. ReLU's variance has no fixed point right of its line."""
            ),
        ),
        tables["lines"].html(),
        tables["phases"].html(),
    )


def _line(one: Phases) -> str:
    name = TITLES[one.activation]
    return display(rf"\text{{{name}:}}\quad \sigma_w^2 = {one.line_W_var}, \qquad \sigma_b^2 = {one.line_b_var}")


def theorems(results: Results, tables: Mapping[str, Table]) -> str:
    """Section 6."""
    if results.theorems:
        cited = [f"{one.title}: {'; '.join(one.given)}." for one in results.theorems if one.given]
        shown = tables["theorems"].html() + details("What is cited", cited)
    else:
        shown = paragraph("The theorems stand in the checkout's proofs/, and this installation comes without it.")
    lead = prose(
        """What the other sections use, each a file to be read from top to bottom whose every equality is checked.
        make proofs also has Coq's kernel check certificates generated from the same objects, and draws which
        theorem rests on which."""
    )
    return section("theorems", 6, "Theorems", paragraph(lead), shown)
